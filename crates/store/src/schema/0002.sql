-- Version 2: every row is stated by an entry (coverage.rs), and a decision can be made again from what it was made from.

ALTER TABLE log ADD COLUMN stated INTEGER NOT NULL DEFAULT 0;   -- 1 = the rows of earlier versions are stated too

CREATE TABLE decisions (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  entry BLOB NOT NULL,             -- the ledger entry that records the decision
  message BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index
  facts BLOB NOT NULL              -- sealed: everything the gate saw
);
CREATE INDEX decisions_by_message ON decisions (tenant, message);

CREATE TABLE policies (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  version TEXT NOT NULL,           -- names the text in entries
  content BLOB NOT NULL            -- sealed under the tenant key: the policy as it was
);
CREATE UNIQUE INDEX policies_by_version ON policies (tenant, version);
