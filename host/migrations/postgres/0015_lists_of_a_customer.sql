-- Lists of one customer, newest first: the index by customer is also in the order of the list, so
-- that no planner prefers one over everybody's rows for its order.
DROP INDEX subscriptions_by_customer;
CREATE INDEX subscriptions_by_customer
    ON subscriptions (business_id, mode, customer_id, created_at, id);
-- The customer's own list: what is over comes last.
CREATE INDEX subscriptions_in_order ON subscriptions (business_id, mode, customer_id,
    (CASE state WHEN 'cancelled' THEN 0 WHEN 'failed' THEN 0 WHEN 'expired' THEN 0 ELSE 1 END),
    created_at, id);
DROP INDEX licenses_by_customer;
CREATE INDEX licenses_by_customer
    ON licenses (business_id, mode, customer_id, created_at, id);
-- payments_by_customer_and_age has what this one had.
DROP INDEX payments_by_customer;
