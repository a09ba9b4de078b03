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
