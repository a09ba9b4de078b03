-- Hosted pages on which a customer gives a new method for a subscription. What the newest press of
-- the button led to is a payment or a set-up, or nothing yet.

CREATE TABLE method_pages (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    return_url TEXT,
    attempt_id TEXT,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, subscription_id)
        REFERENCES subscriptions (business_id, mode, id)
);
CREATE INDEX method_pages_by_attempt ON method_pages (business_id, mode, attempt_id);
