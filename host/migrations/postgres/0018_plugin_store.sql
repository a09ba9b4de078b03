-- What plugins remember, each in a business and mode. Keys are in the order of their bytes.
CREATE TABLE plugin_store (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    plugin TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value BYTEA NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (business_id, mode, plugin, key)
);

-- Calls of plugins wait for other people's code, as deliveries do for their machines: neither keeps
-- the host's own work waiting.
DROP INDEX jobs_due_work;
DROP INDEX jobs_due_deliveries;
DROP INDEX jobs_leased_work;
DROP INDEX jobs_leased_deliveries;
CREATE INDEX jobs_due_work ON jobs (run_at, id)
    WHERE state = 'queued' AND kind NOT IN ('deliver-event', 'tell-plugin', 'call-plugin');
CREATE INDEX jobs_due_deliveries ON jobs (run_at, id)
    WHERE state = 'queued' AND kind IN ('deliver-event', 'tell-plugin', 'call-plugin');
CREATE INDEX jobs_leased_work ON jobs (lease_until)
    WHERE state = 'running' AND kind NOT IN ('deliver-event', 'tell-plugin', 'call-plugin');
CREATE INDEX jobs_leased_deliveries ON jobs (lease_until)
    WHERE state = 'running' AND kind IN ('deliver-event', 'tell-plugin', 'call-plugin');
