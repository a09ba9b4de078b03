-- How much plugins remember, so that nobody counts it for every write.
CREATE TABLE plugin_usage (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    plugin TEXT NOT NULL,
    entries INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (business_id, mode, plugin)
) STRICT;

INSERT INTO plugin_usage (business_id, mode, plugin, entries, bytes)
SELECT business_id, mode, plugin, COUNT(*), SUM(LENGTH(value))
FROM plugin_store GROUP BY business_id, mode, plugin;
