-- Since when a job has failed without success (host time).
ALTER TABLE jobs ADD COLUMN failing_since INTEGER;
UPDATE jobs SET failing_since = COALESCE(finished_at, created_at) WHERE state = 'failed';
CREATE INDEX jobs_failing ON jobs (failing_since, id) WHERE failing_since IS NOT NULL;
