-- What comes with a plan (add-ons, discounts, credit), and changes of plan.

ALTER TABLE subscriptions ADD COLUMN extras TEXT NOT NULL DEFAULT '{}';

CREATE TABLE addons (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    price_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    tax_category TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (business_id, mode, id)
) STRICT;

CREATE TABLE discounts (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    options TEXT NOT NULL,
    restricted_to TEXT NOT NULL,
    eligibility TEXT NOT NULL,
    usage_limit INTEGER,
    per_customer_limit INTEGER,
    times_used INTEGER NOT NULL,
    cycles INTEGER,
    preserve INTEGER NOT NULL CHECK (preserve IN (0, 1)),
    starts_at INTEGER,
    expires_at INTEGER,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    UNIQUE (business_id, mode, id)
) STRICT;
-- A code names one discount at a time.
CREATE UNIQUE INDEX discounts_by_code ON discounts (business_id, mode, code)
    WHERE deleted_at IS NULL;

-- Who used a code for what; one cause uses it once. Given back when nothing came of it.
CREATE TABLE discount_uses (
    discount_id TEXT NOT NULL,
    cause TEXT NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (discount_id, cause),
    FOREIGN KEY (business_id, mode, discount_id) REFERENCES discounts (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id)
) STRICT;
CREATE INDEX discount_uses_by_cause ON discount_uses (business_id, mode, cause);

CREATE TABLE plan_changes (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    state TEXT NOT NULL,
    terms TEXT NOT NULL,
    payment_id TEXT,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, subscription_id)
        REFERENCES subscriptions (business_id, mode, id),
    FOREIGN KEY (business_id, mode, payment_id) REFERENCES payments (business_id, mode, id)
) STRICT;
-- One change of a subscription is to come at a time.
CREATE UNIQUE INDEX plan_changes_to_come ON plan_changes (subscription_id, state)
    WHERE state IN ('pending', 'scheduled');
CREATE INDEX plan_changes_by_payment ON plan_changes (payment_id);
