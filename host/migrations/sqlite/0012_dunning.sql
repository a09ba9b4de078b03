-- Asking for what a renewal could not take: one row for each failure, until it is paid or
-- no longer asked for.
CREATE TABLE dunnings (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    payment_id TEXT,
    trigger_state TEXT NOT NULL,
    state TEXT NOT NULL,
    next_retry_at INTEGER,
    failed_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id),
    FOREIGN KEY (business_id, mode, subscription_id)
        REFERENCES subscriptions (business_id, mode, id)
) STRICT;
CREATE UNIQUE INDEX dunnings_open ON dunnings (subscription_id)
    WHERE state IN ('recovering', 'exhausted');

-- What was told once and is not told again.
CREATE TABLE notices (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    subject TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, mode, subject)
) STRICT;

-- A bank said never: the method is not charged again until the gateway saves it anew.
ALTER TABLE payment_methods ADD COLUMN refused_at INTEGER;
-- The one method of a customer that is tried when another is declined at a renewal.
ALTER TABLE payment_methods ADD COLUMN is_backup INTEGER NOT NULL DEFAULT 0
    CHECK (is_backup IN (0, 1));
CREATE UNIQUE INDEX payment_methods_backup ON payment_methods (business_id, mode, customer_id)
    WHERE is_backup;

-- How often a method was tried.
CREATE INDEX payments_by_method ON payments (business_id, mode, method_id, created_at);

-- Access lent to a subscription on hold while the bank moves the money, until a date.
CREATE TABLE lent_access (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (business_id, mode, subscription_id),
    FOREIGN KEY (business_id, mode, subscription_id)
        REFERENCES subscriptions (business_id, mode, id),
    FOREIGN KEY (business_id, mode, payment_id) REFERENCES payments (business_id, mode, id)
) STRICT;
