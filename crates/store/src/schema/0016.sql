-- Version 16: files that patients send with what they write in the portal, sealed with the key of the patient; and an index by which
-- what is a patient's in `inbound` is found without walking all that came in.

CREATE TABLE attachments (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index
  at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,          -- as it was sent
  digest BLOB NOT NULL             -- SHA-256 of the sealed content
);
CREATE UNIQUE INDEX attachments_by_id ON attachments (tenant, id);
CREATE INDEX attachments_by_patient ON attachments (tenant, patient, at);

CREATE TABLE attachment_contents (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  content BLOB NOT NULL            -- sealed
);
CREATE UNIQUE INDEX attachment_contents_by_id ON attachment_contents (tenant, id);

CREATE INDEX inbound_by_patient ON inbound (tenant, patient) WHERE patient IS NOT NULL;
