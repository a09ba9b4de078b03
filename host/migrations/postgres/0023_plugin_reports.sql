-- How the plugins of each process stand, for the operator of the host: of no business and no mode.
CREATE TABLE plugin_reports (
    process TEXT PRIMARY KEY NOT NULL,
    label TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    plugins TEXT NOT NULL
);
