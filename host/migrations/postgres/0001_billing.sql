-- Customers, what they buy, what they owe, what they paid, and the work that follows.
-- Every row carries business and mode; foreign keys use (business_id, mode, id).
-- Times are microseconds since the epoch. JSON stands only where nothing asks for a part.

CREATE TABLE clocks (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    offset_us BIGINT NOT NULL,
    PRIMARY KEY (business_id, mode)
);

CREATE TABLE customers (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    phone TEXT,
    locale TEXT,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (business_id, mode, id)
);
CREATE INDEX customers_by_email ON customers (business_id, mode, email_folded, id);

CREATE TABLE products (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    price_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    tax_inclusive BOOLEAN NOT NULL,
    tax_category TEXT NOT NULL,
    is_recurring BOOLEAN NOT NULL,
    interval_unit TEXT,
    interval_count BIGINT,
    term_unit TEXT,
    term_count BIGINT,
    trial_days BIGINT NOT NULL,
    license_key_enabled BOOLEAN NOT NULL,
    activations_limit BIGINT,
    license_unit TEXT,
    license_count BIGINT,
    activation_message TEXT,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (business_id, mode, id)
);

CREATE TABLE payment_methods (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    reference TEXT NOT NULL,
    customer_reference TEXT,
    kind TEXT NOT NULL,
    brand TEXT,
    last4 TEXT,
    expiry_month BIGINT,
    expiry_year BIGINT,
    holder TEXT,
    country TEXT,
    funding TEXT,
    mandate_reference TEXT,
    network_reference TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    detached_at BIGINT,
    UNIQUE (business_id, mode, id),
    UNIQUE (business_id, mode, gateway, reference, customer_id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id)
);
CREATE INDEX payment_methods_by_customer ON payment_methods (business_id, mode, customer_id, id);

CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    unit_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    tax_inclusive BOOLEAN NOT NULL,
    interval_unit TEXT NOT NULL,
    interval_count BIGINT NOT NULL,
    term_unit TEXT NOT NULL,
    term_count BIGINT NOT NULL,
    trial_days BIGINT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT,
    hold_reason TEXT,
    anchor_at BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    period_end BIGINT NOT NULL,
    expires_at BIGINT,
    cancel_at_period_end BOOLEAN NOT NULL,
    cancel_reason TEXT,
    cancel_feedback TEXT,
    cancel_comment TEXT,
    method_id TEXT,
    billing_country TEXT NOT NULL,
    billing_city TEXT,
    billing_state TEXT,
    billing_street TEXT,
    billing_zipcode TEXT,
    tax_id TEXT,
    business_name TEXT,
    metadata TEXT NOT NULL,
    return_url TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id),
    FOREIGN KEY (business_id, mode, product_id) REFERENCES products (business_id, mode, id),
    FOREIGN KEY (business_id, mode, method_id) REFERENCES payment_methods (business_id, mode, id)
);
CREATE INDEX subscriptions_by_customer ON subscriptions (business_id, mode, customer_id, id);

CREATE TABLE debts (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT,
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    lines TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    settled_by TEXT,
    disputed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id),
    FOREIGN KEY (business_id, mode, subscription_id)
        REFERENCES subscriptions (business_id, mode, id)
);
CREATE UNIQUE INDEX debts_by_cause ON debts (subscription_id, kind, cause);

CREATE TABLE invoices (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT,
    number BIGINT,
    number_text TEXT,
    issued_at BIGINT,
    currency TEXT NOT NULL,
    lines TEXT NOT NULL,
    totals TEXT NOT NULL,
    gross_minor BIGINT NOT NULL,
    seller TEXT NOT NULL,
    buyer TEXT NOT NULL,
    paid_with TEXT,
    locale TEXT NOT NULL,
    theme TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    pdf BYTEA,
    pdf_sha256 TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    UNIQUE (business_id, mode, kind, number),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id)
);
CREATE INDEX invoices_by_customer ON invoices (business_id, mode, customer_id, id);

CREATE TABLE invoice_numbers (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    kind TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (business_id, mode, kind)
);

-- A debt stands in one live document only.
CREATE TABLE invoice_debts (
    invoice_id TEXT NOT NULL,
    debt_id TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    PRIMARY KEY (invoice_id, debt_id),
    FOREIGN KEY (invoice_id) REFERENCES invoices (id),
    FOREIGN KEY (debt_id) REFERENCES debts (id)
);
CREATE UNIQUE INDEX invoice_debts_live ON invoice_debts (debt_id) WHERE live;

CREATE TABLE payments (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT,
    purpose TEXT NOT NULL,
    gateway TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    method_id TEXT,
    initiator TEXT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT,
    decline_code TEXT,
    decline_advice TEXT,
    decline_gateway_code TEXT,
    action TEXT,
    sent_at BIGINT,
    request TEXT,
    gateway_ref TEXT,
    invoice_id TEXT,
    attempt BIGINT NOT NULL,
    period_start BIGINT,
    period_end BIGINT,
    quote TEXT,
    unapplied BOOLEAN NOT NULL,
    lookups BIGINT NOT NULL,
    absent_since BIGINT,
    buyer TEXT NOT NULL,
    metadata TEXT NOT NULL,
    return_url TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id),
    FOREIGN KEY (business_id, mode, subscription_id)
        REFERENCES subscriptions (business_id, mode, id),
    FOREIGN KEY (business_id, mode, method_id) REFERENCES payment_methods (business_id, mode, id),
    FOREIGN KEY (business_id, mode, invoice_id) REFERENCES invoices (business_id, mode, id)
);
CREATE INDEX payments_by_customer ON payments (business_id, mode, customer_id, id);
CREATE INDEX payments_by_subscription ON payments (business_id, mode, subscription_id, id);
CREATE INDEX payments_unsettled ON payments (business_id, mode, state, id)
    WHERE state IN ('created', 'awaiting-customer', 'processing', 'unknown');
-- One customer-started payment per subscription at a time.
CREATE UNIQUE INDEX payments_one_by_customer ON payments (subscription_id)
    WHERE initiator = 'customer-present'
        AND state IN ('created', 'awaiting-customer', 'processing', 'unknown');

-- At most one open payment per debt.
CREATE TABLE payment_debts (
    payment_id TEXT NOT NULL,
    debt_id TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    PRIMARY KEY (payment_id, debt_id),
    FOREIGN KEY (payment_id) REFERENCES payments (id),
    FOREIGN KEY (debt_id) REFERENCES debts (id)
);
CREATE UNIQUE INDEX payment_debts_open ON payment_debts (debt_id) WHERE open;

-- Collecting a method without charging it.
CREATE TABLE setups (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    state TEXT NOT NULL,
    decline_code TEXT,
    decline_advice TEXT,
    decline_gateway_code TEXT,
    action TEXT,
    expires_at BIGINT NOT NULL,
    gateway_ref TEXT,
    method_id TEXT,
    return_url TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id),
    FOREIGN KEY (business_id, mode, subscription_id)
        REFERENCES subscriptions (business_id, mode, id)
);
CREATE INDEX setups_by_subscription ON setups (business_id, mode, subscription_id, id);

CREATE TABLE licenses (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    subscription_id TEXT,
    payment_id TEXT,
    license_key TEXT NOT NULL,
    activations_limit BIGINT,
    disabled BOOLEAN NOT NULL,
    suspended BOOLEAN NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (business_id, mode, id),
    UNIQUE (mode, license_key),
    FOREIGN KEY (business_id, mode, customer_id) REFERENCES customers (business_id, mode, id),
    FOREIGN KEY (business_id, mode, product_id) REFERENCES products (business_id, mode, id)
);
CREATE INDEX licenses_by_customer ON licenses (business_id, mode, customer_id, id);
CREATE INDEX licenses_by_subscription ON licenses (business_id, mode, subscription_id, id);

CREATE TABLE license_instances (
    id TEXT PRIMARY KEY NOT NULL,
    license_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (license_id) REFERENCES licenses (id)
);
CREATE INDEX license_instances_by_license ON license_instances (license_id, id);

-- Facts for the merchant's webhook; the payload is made when it is delivered.
CREATE TABLE events (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    delivered_at BIGINT,
    UNIQUE (business_id, mode, id)
);
CREATE INDEX events_by_object ON events (business_id, mode, object_id, id);

-- What gateways told us, kept once each, before anything is made of it.
CREATE TABLE gateway_events (
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    gateway TEXT NOT NULL,
    event_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (business_id, mode, gateway, event_id)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    unique_key TEXT,
    clock TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until BIGINT,
    lease_token TEXT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key) WHERE state = 'queued';
CREATE INDEX jobs_by_scope ON jobs (business_id, mode, state, due_at);

CREATE TABLE audit (
    id TEXT PRIMARY KEY NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    origin TEXT,
    action TEXT NOT NULL,
    object_id TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX audit_by_object ON audit (business_id, mode, object_id, id);
