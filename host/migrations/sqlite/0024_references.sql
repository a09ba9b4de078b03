-- A gateway's reference stands for one payment: the first that had it.
CREATE INDEX payments_by_reference ON payments (business_id, mode, gateway, gateway_ref, id)
    WHERE gateway_ref IS NOT NULL;
UPDATE payments SET gateway_ref = NULL WHERE gateway_ref IS NOT NULL AND EXISTS (
    SELECT 1 FROM payments AS other
    WHERE other.business_id = payments.business_id AND other.mode = payments.mode
    AND other.gateway = payments.gateway AND other.gateway_ref = payments.gateway_ref
    AND other.gateway_ref IS NOT NULL AND other.id < payments.id);
DROP INDEX payments_by_reference;
CREATE UNIQUE INDEX payments_by_reference ON payments (business_id, mode, gateway, gateway_ref)
    WHERE gateway_ref IS NOT NULL;

-- A page without a charge waits for the set-up that its customer is at.
CREATE INDEX setups_open ON setups (business_id, mode, subscription_id)
    WHERE state IN ('created', 'awaiting-customer');

-- When a gateway last saved a method (host time): older news does not take it away.
ALTER TABLE payment_methods ADD COLUMN saved_at INTEGER;

-- A refund that waits for a dispute, and since when the key of one that waited is at the gateway
-- (host time).
ALTER TABLE refunds ADD COLUMN waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1));
ALTER TABLE refunds ADD COLUMN key_from INTEGER;
