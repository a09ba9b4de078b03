-- Keys of the merchant API, and its calls: what a repeat of a call finds again.
-- A call keeps no body and no answer; what it makes has ids that follow from the call's own.

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    label TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    may_write BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    UNIQUE (business_id, mode, id)
);

CREATE TABLE api_calls (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    caller TEXT NOT NULL,
    idempotency_key TEXT,
    fingerprint TEXT NOT NULL,
    outcome TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (business_id, mode, caller, idempotency_key)
);
CREATE INDEX api_calls_by_fingerprint
    ON api_calls (business_id, mode, caller, fingerprint, created_at);
CREATE INDEX api_calls_by_age ON api_calls (created_at);
