-- Version 15: alerts: what somebody must look at now (RULES CHT-01). A row for each; who took it up is written once.

CREATE TABLE alerts (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  rule TEXT NOT NULL,
  channel TEXT NOT NULL,           -- by which the patient wrote
  at INTEGER NOT NULL,
  patient BLOB,                    -- index; NULL = it is not known who wrote
  inbound INTEGER,                 -- the row of inbound that it is about; NULL = nothing was kept of what was written
  told_at INTEGER,                 -- when the duty contact took word of it; NULL = not yet
  escalated_at INTEGER,            -- when it had waited too long; NULL = it has not
  acknowledged_at INTEGER,         -- NULL = it waits
  acknowledged_by TEXT
);
CREATE INDEX alerts_waiting ON alerts (tenant, at) WHERE acknowledged_at IS NULL;
