-- Version 14: what people who read patients' replies say they mean (RULES TCP-11, TCP-12). Only ever added to; the newest counts.

CREATE TABLE inbound_reviews (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  inbound INTEGER NOT NULL,        -- the row of inbound that was read
  verdict TEXT NOT NULL,           -- stops, wrong_number or nothing
  at INTEGER NOT NULL
);
CREATE INDEX inbound_reviews_by_inbound ON inbound_reviews (tenant, inbound);
