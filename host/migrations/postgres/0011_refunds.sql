-- Money that goes back: refunds, disputes and returned debits, and the comparison of a gateway's
-- books with ours.

-- What really moved, where that is not what was asked for.
ALTER TABLE payments ADD COLUMN moved_minor BIGINT;
ALTER TABLE payments ADD COLUMN moved_currency TEXT;
CREATE INDEX payments_by_sending ON payments (business_id, mode, gateway, sent_at)
    WHERE state = 'succeeded';

-- The documents that a credit note corrects (a JSON array).
ALTER TABLE invoices ADD COLUMN corrects TEXT;

CREATE TABLE refunds (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT,
    gateway TEXT NOT NULL,
    cause TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    moved_minor BIGINT,
    currency TEXT NOT NULL,
    parts TEXT NOT NULL,
    is_partial BOOLEAN NOT NULL,
    reason TEXT,
    metadata TEXT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT,
    failure TEXT,
    sent_at BIGINT,
    request TEXT NOT NULL,
    gateway_ref TEXT,
    lookups BIGINT NOT NULL,
    absent_since BIGINT,
    credit_note_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, payment_id) REFERENCES payments (business_id, mode, id),
    FOREIGN KEY (business_id, mode, credit_note_id) REFERENCES invoices (business_id, mode, id)
);
CREATE INDEX refunds_by_payment ON refunds (business_id, mode, payment_id, id);
CREATE INDEX refunds_by_age ON refunds (business_id, mode, created_at, id);
CREATE INDEX refunds_unsettled ON refunds (id)
    WHERE state IN ('created', 'processing', 'unknown');
CREATE INDEX refunds_by_sending ON refunds (business_id, mode, gateway, sent_at)
    WHERE state = 'succeeded';

-- Disputes, and debits that the bank returned. A state only grows: opened, won, lost.
CREATE TABLE disputes (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    method_id TEXT,
    gateway TEXT NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    reason TEXT,
    reopened BOOLEAN NOT NULL,
    heard_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    UNIQUE (business_id, mode, gateway, reference),
    FOREIGN KEY (business_id, mode, payment_id) REFERENCES payments (business_id, mode, id)
);
CREATE INDEX disputes_by_payment ON disputes (business_id, mode, payment_id, id);
CREATE INDEX disputes_by_age ON disputes (business_id, mode, created_at, id);
CREATE INDEX disputes_open ON disputes (business_id, mode, method_id) WHERE state = 'opened';
CREATE INDEX disputes_by_hearing ON disputes (business_id, mode, gateway, heard_at)
    WHERE state = 'lost';

-- One comparison of a gateway's books with ours, and each difference that it found.
CREATE TABLE balances (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    gateway TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    movements BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    unseen TEXT NOT NULL,
    UNIQUE (business_id, mode, id)
);
CREATE INDEX balances_by_gateway ON balances (business_id, mode, gateway, made_at);

CREATE TABLE balance_differences (
    balance_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    problem TEXT NOT NULL,
    kind TEXT NOT NULL,
    own_id TEXT,
    reference TEXT,
    ours_minor BIGINT,
    ours_currency TEXT,
    theirs_minor BIGINT,
    theirs_currency TEXT,
    at BIGINT,
    PRIMARY KEY (balance_id, place),
    FOREIGN KEY (balance_id) REFERENCES balances (id)
);

CREATE INDEX licenses_by_payment ON licenses (business_id, mode, payment_id);
CREATE INDEX debts_by_payment ON debts (business_id, mode, settled_by);
