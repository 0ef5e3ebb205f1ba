-- Version 17: files that a practice sends with a message, kept in `attachments` as those that patients send; which message one belongs to. And
-- an index by which tries that nobody remembers any more are found and removed.

CREATE TABLE message_files (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  message BLOB NOT NULL,
  attachment BLOB NOT NULL         -- the id of the row of attachments
);
CREATE UNIQUE INDEX message_files_by_attachment ON message_files (tenant, attachment);

CREATE INDEX portal_tries_by_age ON portal_tries (tenant, last_at);
