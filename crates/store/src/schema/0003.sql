-- Version 3: a tenant's own templates. They are the practice's words, not a patient's: not sealed.

CREATE TABLE templates (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL,             -- draft, proposed, approved, superseded, retired
  source TEXT NOT NULL,            -- the file
  drafted_by TEXT NOT NULL,
  proposed_by TEXT,
  approved_by TEXT,
  changed_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX templates_by_version ON templates (tenant, name, version);
