-- Pauses that end on a date, subscriptions that are charged on demand, and a customer's round over
-- all subscriptions with one method.

ALTER TABLE subscriptions ADD COLUMN resume_at INTEGER;
ALTER TABLE subscriptions ADD COLUMN on_demand INTEGER NOT NULL DEFAULT 0 CHECK (on_demand IN (0, 1));

-- The method is known from the start, or once the first step has saved it.
CREATE TABLE rounds (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    method_id TEXT,
    setup_id TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id),
    FOREIGN KEY (business_id, mode, method_id) REFERENCES payment_methods (business_id, mode, id)
) STRICT;

-- A step pays the dues that its quote named, or, without a quote, changes the method only.
CREATE TABLE round_steps (
    round_id TEXT NOT NULL REFERENCES rounds (id),
    position INTEGER NOT NULL,
    subscription_id TEXT NOT NULL,
    quote TEXT,
    payment_id TEXT,
    outcome TEXT NOT NULL,
    PRIMARY KEY (round_id, position)
) STRICT;
CREATE INDEX round_steps_by_payment ON round_steps (payment_id);
