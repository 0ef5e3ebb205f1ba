-- Version 18: what is wrong with TLS at a place, once for as long as nobody has looked at it: `tls_failures` has a row for every attempt, and a
-- server whose certificate has ended makes thousands of them in a morning.

CREATE TABLE tls_troubles (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name BLOB NOT NULL,              -- index of the code and of what is sealed
  code TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  about BLOB NOT NULL,             -- sealed with the tenant's key: vendor, domain and server; no word of whose mail it was
  reviewed_at INTEGER,
  reviewed_by TEXT
);
CREATE UNIQUE INDEX tls_troubles_open ON tls_troubles (tenant, name) WHERE reviewed_at IS NULL;
CREATE INDEX tls_troubles_by_review ON tls_troubles (tenant, reviewed_at, seq);
