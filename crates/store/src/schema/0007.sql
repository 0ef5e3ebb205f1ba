-- Version 7: what comes back by e-mail.

CREATE TABLE suppressions (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  point BLOB NOT NULL,             -- index
  lifted INTEGER NOT NULL,         -- 1 = this row lifts those before it; rows are never changed or deleted
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,            -- hard_bounce, complaint; of a lift: why
  code TEXT,                       -- the server's enhanced status code
  delivery BLOB NOT NULL,          -- what came back; its row holds the address, sealed
  actor TEXT NOT NULL
);
CREATE INDEX suppressions_by_point ON suppressions (tenant, point);

CREATE TABLE kept_mail (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  reference TEXT NOT NULL,         -- SHA-256 of Message-ID and body, cut: the same mail again is kept once
  kind TEXT NOT NULL,
  delivery BLOB,                   -- what it came back of
  patient BLOB,                    -- index; NULL = sealed under the tenant key
  at INTEGER NOT NULL,
  secured INTEGER NOT NULL,        -- 1 = it came in TLS
  reviewed_at INTEGER,
  reviewed_by TEXT,
  name BLOB NOT NULL,              -- 16 random bytes: its row id in the AAD
  content BLOB NOT NULL            -- sealed
);
CREATE UNIQUE INDEX kept_mail_by_reference ON kept_mail (tenant, reference);
