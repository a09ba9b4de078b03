-- Where merchants want events delivered to, what is delivered where, and every try. The endpoint
-- of a business's file has no row; its deliveries have, under an id that follows from the scope.
-- Secrets and headers are sealed with the host's key.

CREATE TABLE webhook_endpoints (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    metadata TEXT NOT NULL,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    filter_types TEXT,
    rate_limit INTEGER,
    secrets TEXT NOT NULL,
    headers TEXT NOT NULL,
    idempotency_key TEXT,
    paced_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (business_id, mode, id),
    UNIQUE (business_id, mode, idempotency_key)
) STRICT;

-- An event on its way to one endpoint. The endpoint may be gone.
CREATE TABLE webhook_deliveries (
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    failures INTEGER NOT NULL,
    slot_at INTEGER,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (endpoint_id, event_id),
    FOREIGN KEY (business_id, mode, event_id) REFERENCES events (business_id, mode, id)
) STRICT;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (ended_at);
CREATE INDEX webhook_deliveries_by_time
    ON webhook_deliveries (business_id, mode, endpoint_id, created_at, event_id);

-- A try; one without an end was cut off, and nobody knows whether it arrived.
CREATE TABLE webhook_attempts (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    took_us INTEGER,
    status INTEGER,
    error TEXT,
    FOREIGN KEY (endpoint_id, event_id)
        REFERENCES webhook_deliveries (endpoint_id, event_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX webhook_attempts_by_delivery ON webhook_attempts (endpoint_id, event_id, id);

-- Deliveries wait for others' machines, so they are claimed apart from the host's own work.
DROP INDEX jobs_due;
CREATE INDEX jobs_due_work ON jobs (run_at, id)
    WHERE state = 'queued' AND kind <> 'deliver-event';
CREATE INDEX jobs_due_deliveries ON jobs (run_at, id)
    WHERE state = 'queued' AND kind = 'deliver-event';
DROP INDEX jobs_leased;
CREATE INDEX jobs_leased_work ON jobs (lease_until)
    WHERE state = 'running' AND kind <> 'deliver-event';
CREATE INDEX jobs_leased_deliveries ON jobs (lease_until)
    WHERE state = 'running' AND kind = 'deliver-event';
