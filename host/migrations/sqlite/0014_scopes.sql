-- Lists over all customers, newest first, read as many rows as they show.
CREATE INDEX payments_by_age ON payments (business_id, mode, created_at, id);
CREATE INDEX subscriptions_by_age ON subscriptions (business_id, mode, created_at, id);
CREATE INDEX licenses_by_age ON licenses (business_id, mode, created_at, id);

-- What belongs to a payment, an invoice or a license key belongs to their business and mode.
CREATE TABLE invoice_debts_scoped (
    invoice_id TEXT NOT NULL,
    debt_id TEXT NOT NULL,
    live INTEGER NOT NULL CHECK (live IN (0, 1)),
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    PRIMARY KEY (invoice_id, debt_id),
    FOREIGN KEY (business_id, mode, invoice_id) REFERENCES invoices (business_id, mode, id),
    FOREIGN KEY (business_id, mode, debt_id) REFERENCES debts (business_id, mode, id)
) STRICT;
INSERT INTO invoice_debts_scoped SELECT invoice_id, debt_id, live, business_id, mode
    FROM invoice_debts JOIN invoices ON invoices.id = invoice_id;
DROP TABLE invoice_debts;
ALTER TABLE invoice_debts_scoped RENAME TO invoice_debts;
CREATE UNIQUE INDEX invoice_debts_live ON invoice_debts (debt_id) WHERE live;

CREATE TABLE payment_debts_scoped (
    payment_id TEXT NOT NULL,
    debt_id TEXT NOT NULL,
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    PRIMARY KEY (payment_id, debt_id),
    FOREIGN KEY (business_id, mode, payment_id) REFERENCES payments (business_id, mode, id),
    FOREIGN KEY (business_id, mode, debt_id) REFERENCES debts (business_id, mode, id)
) STRICT;
INSERT INTO payment_debts_scoped SELECT payment_id, debt_id, open, business_id, mode
    FROM payment_debts JOIN payments ON payments.id = payment_id;
DROP TABLE payment_debts;
ALTER TABLE payment_debts_scoped RENAME TO payment_debts;
CREATE UNIQUE INDEX payment_debts_open ON payment_debts (debt_id) WHERE open;

CREATE TABLE license_instances_scoped (
    id TEXT PRIMARY KEY NOT NULL,
    license_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    business_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    UNIQUE (business_id, mode, id),
    FOREIGN KEY (business_id, mode, license_id) REFERENCES licenses (business_id, mode, id)
) STRICT;
INSERT INTO license_instances_scoped SELECT license_instances.id, license_id, license_instances.name,
    license_instances.created_at, business_id, mode
    FROM license_instances JOIN licenses ON licenses.id = license_id;
DROP TABLE license_instances;
ALTER TABLE license_instances_scoped RENAME TO license_instances;
CREATE INDEX license_instances_by_license ON license_instances (license_id, id);
