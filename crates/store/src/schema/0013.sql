-- Version 13: the accounts of patients and of who stands for them, their sessions, invitations, and links of notices
-- (RULES IDN-01, IDN-02; NIST SP 800-63B-4). No token, code or password is stored, only digests and what is sealed.

CREATE TABLE portal_accounts (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index of the patient under whose key it is sealed
  name BLOB,                       -- index of the name it signs in by; NULL = it signs in by passkeys alone
  version INTEGER NOT NULL,        -- counts changes: who changes it says which one was seen
  changed_at INTEGER NOT NULL,
  content BLOB NOT NULL            -- sealed: factors
);
CREATE UNIQUE INDEX portal_accounts_by_id ON portal_accounts (tenant, id);
CREATE UNIQUE INDEX portal_accounts_by_name ON portal_accounts (tenant, name) WHERE name IS NOT NULL;

CREATE TABLE portal_persons (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  account BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index: whose record the account may ask for
  who BLOB NOT NULL,               -- index of the patient with the related person, or of the patient alone
  added_at INTEGER NOT NULL,
  ended_at INTEGER,                -- NULL = it stands
  content BLOB NOT NULL            -- sealed: the related person's reference, where it is one
);
CREATE UNIQUE INDEX portal_persons_by_id ON portal_persons (tenant, id);
CREATE INDEX portal_persons_by_account ON portal_persons (tenant, account);
CREATE UNIQUE INDEX portal_persons_by_who ON portal_persons (tenant, who) WHERE ended_at IS NULL;

CREATE TABLE portal_sessions (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  account BLOB NOT NULL,
  person BLOB NOT NULL,            -- the row of portal_persons whose record is looked at
  token BLOB NOT NULL,             -- SHA-256
  aal INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,        -- moved once a minute at most
  confirmed_at INTEGER,            -- when a strong factor was last shown
  ended_at INTEGER,                -- NULL = it is not ended
  browser TEXT NOT NULL            -- a word of a closed list
);
CREATE UNIQUE INDEX portal_sessions_by_id ON portal_sessions (tenant, id);
CREATE UNIQUE INDEX portal_sessions_by_token ON portal_sessions (token);
CREATE INDEX portal_sessions_by_account ON portal_sessions (tenant, account);

CREATE TABLE portal_invitations (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  secret BLOB NOT NULL,            -- SHA-256 of the code
  patient BLOB NOT NULL,           -- index
  made_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  tries INTEGER NOT NULL,          -- wrong answers to it
  used_at INTEGER,                 -- NULL = nobody enrolled with it, and nobody took it back
  content BLOB NOT NULL            -- sealed: for whom
);
CREATE UNIQUE INDEX portal_invitations_by_id ON portal_invitations (tenant, id);
CREATE UNIQUE INDEX portal_invitations_by_secret ON portal_invitations (tenant, secret);

CREATE TABLE portal_tries (
  tenant INTEGER NOT NULL,
  what BLOB NOT NULL,              -- index of a name that was tried, or of where from
  failures INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, what)
) WITHOUT ROWID;

CREATE TABLE portal_links (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  message BLOB NOT NULL,
  token BLOB NOT NULL,             -- SHA-256 of the opaque part of the link of its notice
  used_at INTEGER                  -- when somebody signed in came by it; NULL = nobody yet
);
CREATE UNIQUE INDEX portal_links_by_token ON portal_links (token);
CREATE UNIQUE INDEX portal_links_by_message ON portal_links (tenant, message);

CREATE TABLE portal_reads (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  message BLOB NOT NULL,
  account BLOB NOT NULL,
  read_at INTEGER NOT NULL         -- the first time
);
CREATE UNIQUE INDEX portal_reads_by_message ON portal_reads (tenant, message, account);
