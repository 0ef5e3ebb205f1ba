-- Version 4: the TLS session over which a provider took a message, as evidence (RULES SEC-26). Sealed: the name of a recipient's own
-- mail server says where somebody has a mailbox.

CREATE TABLE sessions (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  attempt BLOB NOT NULL,
  message BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index
  session BLOB NOT NULL            -- sealed
);
CREATE UNIQUE INDEX sessions_by_attempt ON sessions (tenant, attempt);
CREATE INDEX sessions_by_message ON sessions (tenant, message);
