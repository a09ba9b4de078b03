-- Everything the processor knows. Times are microseconds since the epoch, money is in minor
-- units, and no column can hold a full card number or a full IBAN.

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- A charge, or a set-up of a method without a charge.
CREATE TABLE intents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'setup')),
    idempotency_key TEXT NOT NULL,
    customer TEXT NOT NULL,
    customer_name TEXT,
    amount INTEGER,
    currency TEXT,
    initiator TEXT NOT NULL,
    save_method INTEGER NOT NULL CHECK (save_method IN (0, 1)),
    return_url TEXT,
    expires_at INTEGER,
    description TEXT,
    only_kind TEXT CHECK (only_kind IN ('card', 'bank_debit')),
    metadata TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    method TEXT REFERENCES methods (id),
    decline TEXT,
    settles_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((kind = 'charge') = (amount IS NOT NULL AND currency IS NOT NULL))
) STRICT;
CREATE INDEX intents_by_key ON intents (account, idempotency_key);
CREATE INDEX intents_by_account ON intents (account, seq);
CREATE INDEX intents_expiring ON intents (expires_at)
    WHERE status IN ('awaiting_method', 'awaiting_authentication');
CREATE INDEX intents_settling ON intents (settles_at) WHERE status = 'processing';

CREATE TABLE methods (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    customer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('card', 'bank_debit')),
    brand TEXT NOT NULL,
    funding TEXT NOT NULL,
    last_four TEXT NOT NULL CHECK (length(last_four) = 4),
    expiry_month INTEGER,
    expiry_year INTEGER,
    holder TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    network_reference TEXT NOT NULL,
    saved INTEGER NOT NULL CHECK (saved IN (0, 1)),
    detached_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX methods_by_customer ON methods (account, customer);

CREATE TABLE refunds (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    charge TEXT NOT NULL REFERENCES intents (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    metadata TEXT NOT NULL,
    status TEXT NOT NULL,
    settles_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_by_key ON refunds (account, idempotency_key);
CREATE INDEX refunds_by_charge ON refunds (charge);
CREATE INDEX refunds_settling ON refunds (settles_at) WHERE status = 'processing';

-- What moved money, once each: the truth that a test counts.
CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
    reference TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (kind, reference)
) STRICT;
CREATE INDEX ledger_by_account ON ledger (account, seq);

-- The answer given to an idempotency key, to be given again.
CREATE TABLE answers (
    account TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account, idempotency_key)
) STRICT;

CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('held', 'due', 'delivered', 'given_up')),
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_answer TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_due ON deliveries (account, due_at, seq) WHERE status = 'due';
