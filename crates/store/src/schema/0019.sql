-- Version 19: the content of a file is kept in pieces, each written by itself, so that a long file holds up nobody; and which files are
-- being written, so that what a process left half-way is found when the next one starts.

DROP INDEX attachment_contents_by_id;
ALTER TABLE attachment_contents ADD COLUMN piece INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX attachment_contents_by_piece ON attachment_contents (tenant, id, piece);

CREATE TABLE attachments_begun (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL
);
CREATE UNIQUE INDEX attachments_begun_by_id ON attachments_begun (tenant, id);
