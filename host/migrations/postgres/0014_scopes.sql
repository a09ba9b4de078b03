-- Lists over all customers, newest first, read as many rows as they show.
CREATE INDEX payments_by_age ON payments (business_id, mode, created_at, id);
CREATE INDEX subscriptions_by_age ON subscriptions (business_id, mode, created_at, id);
CREATE INDEX licenses_by_age ON licenses (business_id, mode, created_at, id);

-- What belongs to a payment, an invoice or a license key belongs to their business and mode.
ALTER TABLE invoice_debts ADD COLUMN business_id TEXT;
ALTER TABLE invoice_debts ADD COLUMN mode TEXT;
UPDATE invoice_debts SET business_id = invoices.business_id, mode = invoices.mode
    FROM invoices WHERE invoices.id = invoice_debts.invoice_id;
ALTER TABLE invoice_debts ALTER COLUMN business_id SET NOT NULL;
ALTER TABLE invoice_debts ALTER COLUMN mode SET NOT NULL;
ALTER TABLE invoice_debts ADD FOREIGN KEY (business_id, mode, invoice_id) REFERENCES invoices (business_id, mode, id);
ALTER TABLE invoice_debts ADD FOREIGN KEY (business_id, mode, debt_id) REFERENCES debts (business_id, mode, id);

ALTER TABLE payment_debts ADD COLUMN business_id TEXT;
ALTER TABLE payment_debts ADD COLUMN mode TEXT;
UPDATE payment_debts SET business_id = payments.business_id, mode = payments.mode
    FROM payments WHERE payments.id = payment_debts.payment_id;
ALTER TABLE payment_debts ALTER COLUMN business_id SET NOT NULL;
ALTER TABLE payment_debts ALTER COLUMN mode SET NOT NULL;
ALTER TABLE payment_debts ADD FOREIGN KEY (business_id, mode, payment_id) REFERENCES payments (business_id, mode, id);
ALTER TABLE payment_debts ADD FOREIGN KEY (business_id, mode, debt_id) REFERENCES debts (business_id, mode, id);

ALTER TABLE license_instances ADD COLUMN business_id TEXT;
ALTER TABLE license_instances ADD COLUMN mode TEXT;
UPDATE license_instances SET business_id = licenses.business_id, mode = licenses.mode
    FROM licenses WHERE licenses.id = license_instances.license_id;
ALTER TABLE license_instances ALTER COLUMN business_id SET NOT NULL;
ALTER TABLE license_instances ALTER COLUMN mode SET NOT NULL;
ALTER TABLE license_instances ADD FOREIGN KEY (business_id, mode, license_id) REFERENCES licenses (business_id, mode, id);
ALTER TABLE license_instances ADD UNIQUE (business_id, mode, id);
