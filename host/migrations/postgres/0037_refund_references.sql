-- A gateway's reference stands for one refund: the first that had it.
CREATE INDEX refunds_by_reference ON refunds (business_id, mode, gateway, gateway_ref, id)
    WHERE gateway_ref IS NOT NULL;
UPDATE refunds SET gateway_ref = NULL WHERE gateway_ref IS NOT NULL AND EXISTS (
    SELECT 1 FROM refunds AS other
    WHERE other.business_id = refunds.business_id AND other.mode = refunds.mode
    AND other.gateway = refunds.gateway AND other.gateway_ref = refunds.gateway_ref
    AND other.gateway_ref IS NOT NULL AND other.id < refunds.id);
DROP INDEX refunds_by_reference;
CREATE UNIQUE INDEX refunds_by_reference ON refunds (business_id, mode, gateway, gateway_ref)
    WHERE gateway_ref IS NOT NULL;
