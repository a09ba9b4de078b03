-- Keys of the merchant API, and its calls: what a repeat of a call finds again.
-- A call keeps no body and no answer; what it makes has ids that follow from the call's own.

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    label TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    may_write INTEGER NOT NULL CHECK (may_write IN (0, 1)),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    UNIQUE (business_id, mode, id)
) STRICT;

CREATE TABLE api_calls (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    caller TEXT NOT NULL,
    idempotency_key TEXT,
    fingerprint TEXT NOT NULL,
    outcome TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (business_id, mode, caller, idempotency_key)
) STRICT;
CREATE INDEX api_calls_by_fingerprint
    ON api_calls (business_id, mode, caller, fingerprint, created_at);
CREATE INDEX api_calls_by_age ON api_calls (created_at);
