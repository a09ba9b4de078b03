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
    disabled BOOLEAN NOT NULL,
    filter_types TEXT,
    rate_limit BIGINT,
    secrets TEXT NOT NULL,
    headers TEXT NOT NULL,
    idempotency_key TEXT,
    paced_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    UNIQUE (business_id, mode, idempotency_key)
);

-- An event on its way to one endpoint. The endpoint may be gone.
CREATE TABLE webhook_deliveries (
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    failures BIGINT NOT NULL,
    slot_at BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (endpoint_id, event_id),
    FOREIGN KEY (business_id, mode, event_id) REFERENCES events (business_id, mode, id)
);
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
    at BIGINT NOT NULL,
    took_us BIGINT,
    status BIGINT,
    error TEXT,
    FOREIGN KEY (endpoint_id, event_id)
        REFERENCES webhook_deliveries (endpoint_id, event_id) ON DELETE CASCADE
);
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
