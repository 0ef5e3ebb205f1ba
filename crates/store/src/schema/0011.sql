-- Version 11: who holds a key (RULES SEC-07, SEC-17, SEC-23, IDN-01). A row for each principal that was made or changed since.

CREATE TABLE key_holders (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id TEXT NOT NULL,                -- the principal's
  role TEXT,                       -- NULL = nobody said
  second_factor_until INTEGER      -- NULL = none was checked when the key was made
);
CREATE UNIQUE INDEX key_holders_by_id ON key_holders (tenant, id);
