-- The hosts of portals' own, as business files said last: whoever comes to one learns after a
-- restart too that the business is unavailable, when its file went away.
CREATE TABLE portal_hosts (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (business_id, mode)
);
