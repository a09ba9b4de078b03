-- What plugins remember, each in a business and mode.
CREATE TABLE plugin_store (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    plugin TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, mode, plugin, key)
) STRICT;
