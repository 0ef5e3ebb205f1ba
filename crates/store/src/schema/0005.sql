-- Version 5: what recipients' mail domains were found to enforce, and TLS sessions with their servers that could not be had
-- (RULES SEC-24, SEC-27; 45 CFR 164.312(e)(1)).

CREATE TABLE mail_domains (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name BLOB NOT NULL,              -- index of the domain
  tier TEXT NOT NULL,
  found_at INTEGER NOT NULL,
  about BLOB NOT NULL              -- sealed with the tenant's key: the domain, and the policy that was fetched
);
CREATE UNIQUE INDEX mail_domains_by_name ON mail_domains (tenant, name);

-- The domain and the server say where somebody has a mailbox: sealed with the patient's key.
CREATE TABLE tls_failures (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  attempt BLOB NOT NULL,
  message BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index
  at INTEGER NOT NULL,
  code TEXT NOT NULL,
  about BLOB NOT NULL,             -- sealed
  reviewed_at INTEGER,
  reviewed_by TEXT
);
CREATE UNIQUE INDEX tls_failures_by_attempt ON tls_failures (tenant, attempt);
CREATE INDEX tls_failures_by_message ON tls_failures (tenant, message);
CREATE INDEX tls_failures_by_review ON tls_failures (tenant, reviewed_at, seq);
