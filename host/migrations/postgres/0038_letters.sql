-- Mails and the links with which people sign in have a lane of their own.
DROP INDEX jobs_due_work;
CREATE INDEX jobs_due_work ON jobs (run_at, id) WHERE state = 'queued'
    AND kind NOT IN ('deliver-event', 'tell-plugin', 'call-plugin', 'mail', 'access-mail',
        'answer-login', 'answer-staff-login');
CREATE INDEX jobs_due_letters ON jobs (run_at, id) WHERE state = 'queued'
    AND kind IN ('mail', 'access-mail', 'answer-login', 'answer-staff-login');
DROP INDEX jobs_leased_work;
CREATE INDEX jobs_leased_work ON jobs (lease_until) WHERE state = 'running'
    AND kind NOT IN ('deliver-event', 'tell-plugin', 'call-plugin', 'mail', 'access-mail',
        'answer-login', 'answer-staff-login');
CREATE INDEX jobs_leased_letters ON jobs (lease_until) WHERE state = 'running'
    AND kind IN ('mail', 'access-mail', 'answer-login', 'answer-staff-login');
