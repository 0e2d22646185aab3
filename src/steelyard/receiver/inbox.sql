-- The inbox: request bodies in the order of their arrival, kept until they are applied and some days more.
CREATE TABLE IF NOT EXISTS bodies (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, also after pruning
  received_at INTEGER NOT NULL,                   -- microseconds since 1970, UTC
  signal      TEXT NOT NULL,
  encoding    TEXT NOT NULL,
  compression TEXT NOT NULL,
  token       TEXT NOT NULL,
  digest      INTEGER NOT NULL,                   -- finds repeats; equal bytes decide
  data        BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS bodies_by_digest ON bodies (digest);

-- Bodies that could not be decoded: a copy with the reason, for a later version to try again.
CREATE TABLE IF NOT EXISTS poison (
  number      INTEGER PRIMARY KEY,
  received_at INTEGER NOT NULL,
  signal      TEXT NOT NULL,
  encoding    TEXT NOT NULL,
  compression TEXT NOT NULL,
  token       TEXT NOT NULL,
  data        BLOB NOT NULL,
  error       TEXT NOT NULL,
  at          INTEGER NOT NULL
);

-- Requests that were declined: one row for all of the same kind from the same place.
CREATE TABLE IF NOT EXISTS refusals (
  status   INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  protocol TEXT NOT NULL,
  path     TEXT NOT NULL,
  peer     TEXT NOT NULL,
  agent    TEXT NOT NULL,
  count    INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (status, reason, protocol, path, peer, agent)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
