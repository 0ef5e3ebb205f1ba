-- Version 9: what somebody attests about a patient beside the directory: look-ups of a number (RULES TCP-18), notices given and objections
-- (RULES PRI-18, PRI-22, PRI-23). Sealed under the patient's key, and only ever added to.

CREATE TABLE attestations (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name BLOB NOT NULL,              -- names the row; of no meaning
  patient BLOB NOT NULL,           -- index
  added_at INTEGER NOT NULL,
  content BLOB NOT NULL            -- sealed: the kind, the contact point, and what is attested
);
CREATE UNIQUE INDEX attestations_by_name ON attestations (tenant, name);
CREATE INDEX attestations_by_patient ON attestations (tenant, patient);
