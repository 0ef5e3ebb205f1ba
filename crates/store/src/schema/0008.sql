-- Version 8: what other mail hosts report on our own domain (RULES SEC-28; RFC 7489, RFC 8460). Numbers; nothing is about a patient.

CREATE TABLE mail_reports (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  reference TEXT NOT NULL,         -- kind, domain, reporter and their name for it: the same report again is kept once
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  doubts_signature INTEGER NOT NULL,
  about TEXT NOT NULL,             -- JSON
  reviewed_at INTEGER,
  reviewed_by TEXT
);
CREATE UNIQUE INDEX mail_reports_by_reference ON mail_reports (tenant, reference);
CREATE INDEX mail_reports_by_doubt ON mail_reports (tenant, doubts_signature, at);
