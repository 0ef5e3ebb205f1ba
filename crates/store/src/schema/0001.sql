-- Version 1. Every row about a tenant carries its number; times are microseconds since 1970 UTC; ids are UUIDv7 as 16 bytes in
-- rowid tables, so that every index on them grows at its end (only the narrow idempotency rows stand in their index). "index" in a comment = keyed blind index (keys.rs), 16 bytes;
-- "sealed" = AES-256-GCM (seal.rs). Large sealed columns stand last, so that reading the others does not read them.

CREATE TABLE installation (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  origin TEXT NOT NULL,            -- the ledger's origin line
  root_check BLOB NOT NULL,        -- sealed under the root key: tells a wrong root key from damage
  signing_seed BLOB NOT NULL       -- sealed under the root key: Ed25519 seed of the ledger
);

CREATE TABLE epochs (
  epoch INTEGER PRIMARY KEY,
  made_at INTEGER NOT NULL,
  wrapped BLOB NOT NULL            -- sealed under the root key
);

CREATE TABLE tenants (
  seq INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  epoch INTEGER NOT NULL,
  wrapped BLOB NOT NULL,           -- tenant key, sealed under the epoch key
  changed_at INTEGER NOT NULL,
  settings BLOB NOT NULL           -- sealed under the tenant key
);

CREATE TABLE patient_keys (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  patient BLOB NOT NULL,           -- index of the patient id
  key_id BLOB NOT NULL,            -- 8 random bytes: the key version in every AAD
  epoch INTEGER NOT NULL,
  wrapped BLOB,                    -- data key, sealed under the epoch key; NULL = destroyed
  name BLOB,                       -- patient id, sealed under the data key; NULL = destroyed
  destroyed_at INTEGER
);
CREATE UNIQUE INDEX patient_keys_by_patient ON patient_keys (tenant, patient);
CREATE INDEX patient_keys_by_epoch ON patient_keys (epoch) WHERE wrapped IS NOT NULL;

CREATE TABLE log (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  size INTEGER NOT NULL,
  frontier BLOB NOT NULL,
  note TEXT                        -- the newest signed checkpoint
);

CREATE TABLE leaves (
  idx INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  message BLOB,
  entry BLOB NOT NULL,
  leaf BLOB NOT NULL
);
CREATE INDEX leaves_by_message ON leaves (tenant, message) WHERE message IS NOT NULL;

CREATE TABLE messages (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index
  purpose TEXT NOT NULL,
  outcome TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  source BLOB NOT NULL,            -- index of the source content
  commitment_key BLOB NOT NULL,    -- sealed
  about BLOB NOT NULL,             -- sealed: event, template
  body BLOB NOT NULL               -- sealed: answer, request, decision, renditions
);
CREATE UNIQUE INDEX messages_by_id ON messages (tenant, id);
CREATE INDEX messages_by_patient ON messages (tenant, patient);

CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  message BLOB NOT NULL,
  patient BLOB NOT NULL,           -- index
  point BLOB NOT NULL,             -- index of the contact point
  purpose TEXT NOT NULL,
  channel TEXT NOT NULL,
  mode TEXT,
  form TEXT NOT NULL,
  level TEXT NOT NULL,
  vendor TEXT,
  service TEXT,
  priority INTEGER NOT NULL,
  due INTEGER NOT NULL,            -- a claim moves it to the end of its lease
  state INTEGER NOT NULL,
  live INTEGER NOT NULL,           -- 1 = may be claimed when due: queued, waiting or attempting, and not waiting for another
  fence INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,   -- 0 = nobody holds it
  attempts INTEGER NOT NULL DEFAULT 0,
  attempt BLOB,                    -- the attempt that was started and has not ended
  after BLOB,
  code TEXT,
  reference TEXT,
  deadline INTEGER,                -- when a receipt is overdue, or a held delivery is worthless
  expires_at INTEGER NOT NULL,
  sent_at INTEGER,                 -- when the last attempt was started
  changed_at INTEGER NOT NULL,
  address BLOB NOT NULL            -- sealed: the contact point
);
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (tenant, id);
CREATE INDEX deliveries_by_message ON deliveries (tenant, message);
CREATE INDEX deliveries_due ON deliveries (priority, due) WHERE live = 1;
CREATE INDEX deliveries_overdue ON deliveries (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX deliveries_held ON deliveries (seq) WHERE state = 2;
CREATE INDEX deliveries_by_reference ON deliveries (vendor, reference) WHERE reference IS NOT NULL;
CREATE INDEX deliveries_sent_to_patient ON deliveries (tenant, patient, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX deliveries_sent_to_point ON deliveries (tenant, point, sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE attempts (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id BLOB NOT NULL,
  delivery BLOB NOT NULL,
  fence INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  code TEXT
);
CREATE UNIQUE INDEX attempts_by_id ON attempts (tenant, id);

CREATE TABLE idempotency (
  tenant INTEGER NOT NULL,
  bucket INTEGER NOT NULL,         -- weeks since 1970: kept for the current and the last one
  key BLOB NOT NULL,               -- index
  fingerprint BLOB NOT NULL,       -- index
  message BLOB NOT NULL,
  PRIMARY KEY (tenant, bucket, key)
) WITHOUT ROWID;

CREATE TABLE opt_outs (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  point BLOB NOT NULL,             -- index
  lifted INTEGER NOT NULL,         -- 1 = this row lifts those before it; rows are never changed or deleted
  at INTEGER NOT NULL,
  channel TEXT,
  purpose TEXT                     -- NULL = everything automated
);
CREATE INDEX opt_outs_by_point ON opt_outs (tenant, point);

CREATE TABLE verifications (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  point BLOB NOT NULL,             -- index
  known INTEGER NOT NULL,          -- 0 = unverified on purpose
  validated INTEGER NOT NULL,
  last INTEGER,
  next INTEGER
);
CREATE INDEX verifications_by_point ON verifications (tenant, point);

CREATE TABLE inbound (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  vendor TEXT NOT NULL,
  reference TEXT NOT NULL,
  channel TEXT NOT NULL,
  point BLOB NOT NULL,             -- index
  patient BLOB,                    -- index; NULL = the point belongs to nobody or to several, sealed under the tenant key
  thread_purpose TEXT,
  at INTEGER NOT NULL,
  name BLOB NOT NULL,              -- 16 random bytes: its row id in the AAD
  text BLOB NOT NULL               -- sealed: address, text
);
CREATE UNIQUE INDEX inbound_by_reference ON inbound (tenant, vendor, reference);
CREATE INDEX inbound_by_point ON inbound (tenant, point, at);

CREATE TABLE resources (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name BLOB NOT NULL,              -- index of type and id
  patient BLOB,                    -- index; NULL = sealed under the tenant key
  version INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  json BLOB NOT NULL               -- sealed
);
CREATE UNIQUE INDEX resources_by_name ON resources (tenant, name);
CREATE INDEX resources_by_patient ON resources (tenant, patient) WHERE patient IS NOT NULL;
CREATE INDEX resources_patients ON resources (tenant) WHERE kind = 'Patient';

CREATE TABLE points (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  point BLOB NOT NULL,             -- index
  resource BLOB NOT NULL,          -- index of type and id
  patient BLOB                     -- index
);
CREATE INDEX points_by_point ON points (tenant, point);
CREATE INDEX points_by_resource ON points (tenant, resource);

CREATE TABLE vendors (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  vendor TEXT NOT NULL,
  service TEXT NOT NULL,
  agreement TEXT NOT NULL          -- JSON (registry.rs)
);
CREATE UNIQUE INDEX vendors_by_service ON vendors (tenant, vendor, service);

CREATE TABLE principals (
  seq INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  scopes TEXT NOT NULL,            -- JSON list
  revoked INTEGER NOT NULL,
  key_hash BLOB NOT NULL
);
CREATE UNIQUE INDEX principals_by_id ON principals (tenant, id);
CREATE UNIQUE INDEX principals_by_hash ON principals (key_hash);
