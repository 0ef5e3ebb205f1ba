-- Version 10: requests not to be called to sell, by number (RULES TCP-10; 47 CFR 64.1200(d)). Rows are never changed or deleted.

CREATE TABLE do_not_call (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  point BLOB NOT NULL,             -- index
  withdrawn INTEGER NOT NULL,      -- 1 = this row takes back those before it
  asked_at INTEGER NOT NULL,
  added_at INTEGER NOT NULL
);
CREATE INDEX do_not_call_by_point ON do_not_call (tenant, point);
