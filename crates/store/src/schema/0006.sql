-- Version 6: certificates of patients' mailboxes, to which mail to them is encrypted (RULES EML-05). Sealed under the patient's key: a
-- certificate holds its owner's address and often their name.

CREATE TABLE certificates (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name BLOB NOT NULL,              -- names the row; of no meaning
  patient BLOB NOT NULL,           -- index
  point BLOB NOT NULL,             -- index
  added_at INTEGER NOT NULL,
  removed_at INTEGER,
  content BLOB NOT NULL            -- sealed: the address, and the certificate with its issuers
);
CREATE UNIQUE INDEX certificates_by_name ON certificates (tenant, name);
CREATE INDEX certificates_by_patient ON certificates (tenant, patient);
