-- Who may come in: requests for links, links, sessions, browsers known from before, limits,
-- staff, and the mails of test mode. Of tokens and codes only hashes stand here.

-- Somebody asked for a login link. The address may be nobody's: the row looks the same.
CREATE TABLE login_requests (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    browser_hash TEXT NOT NULL,
    known_hash TEXT,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    network TEXT NOT NULL,
    agent TEXT NOT NULL,
    locale TEXT NOT NULL,
    next TEXT,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    answered_at INTEGER,
    token_hash TEXT,
    code_hash TEXT,
    tries INTEGER NOT NULL,
    used_at INTEGER,
    used_by_hash TEXT,
    ended_at INTEGER,
    UNIQUE (business_id, mode, id)
) STRICT;
CREATE UNIQUE INDEX login_requests_by_token ON login_requests (token_hash);
CREATE INDEX login_requests_by_browser ON login_requests (business_id, mode, browser_hash, id);
CREATE INDEX login_requests_by_email ON login_requests (business_id, mode, email_folded, id);

-- A link to the portal of one customer, made by API, console or command.
CREATE TABLE portal_links (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    return_url TEXT,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    used_by_hash TEXT,
    ended_at INTEGER,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id)
) STRICT;
CREATE UNIQUE INDEX portal_links_by_token ON portal_links (token_hash);
CREATE INDEX portal_links_by_customer ON portal_links (business_id, mode, customer_id, id);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    customer_id TEXT,
    email_folded TEXT NOT NULL,
    source TEXT NOT NULL,
    made_by TEXT,
    return_url TEXT,
    network TEXT NOT NULL,
    agent TEXT NOT NULL,
    signed_in_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id)
) STRICT;
CREATE UNIQUE INDEX sessions_by_token ON sessions (token_hash);
CREATE INDEX sessions_by_customer ON sessions (business_id, mode, customer_id, id);
CREATE INDEX sessions_by_email ON sessions (business_id, mode, email_folded, id);

-- Browsers that have signed in before; the address is a keyed hash.
CREATE TABLE known_browsers (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    address_hash TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, mode, token_hash, address_hash)
) STRICT;

-- Uses of what is limited, by a keyed hash of its subject. The first table is what writers of
-- one subject wait for.
CREATE TABLE limits (
    subject TEXT PRIMARY KEY NOT NULL,
    touched_at INTEGER NOT NULL
) STRICT;
CREATE TABLE limit_uses (
    subject TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX limit_uses_by_subject ON limit_uses (subject, at);

CREATE TABLE email_changes (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    old_email TEXT NOT NULL,
    new_email TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    ended_at INTEGER,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id)
) STRICT;
CREATE UNIQUE INDEX email_changes_by_token ON email_changes (token_hash);
CREATE INDEX email_changes_by_customer ON email_changes (business_id, mode, customer_id, id);

-- Staff belong to no business by themselves; their roles do.
CREATE TABLE staff (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_roles (
    staff_id TEXT NOT NULL,
    business_id TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (staff_id, business_id),
    FOREIGN KEY (staff_id) REFERENCES staff (id)
) STRICT;

CREATE TABLE staff_requests (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    network TEXT NOT NULL,
    locale TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    answered_at INTEGER,
    token_hash TEXT,
    used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX staff_requests_by_token ON staff_requests (token_hash);

CREATE TABLE staff_sessions (
    id TEXT PRIMARY KEY NOT NULL,
    staff_id TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    network TEXT NOT NULL,
    agent TEXT NOT NULL,
    signed_in_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_at INTEGER,
    FOREIGN KEY (staff_id) REFERENCES staff (id)
) STRICT;
CREATE INDEX staff_sessions_by_staff ON staff_sessions (staff_id, id);

-- Mails of test mode, shown instead of sent.
CREATE TABLE test_mails (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    message_id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (business_id, mode, message_id)
) STRICT;
CREATE INDEX test_mails_by_time ON test_mails (business_id, mode, at, id);
