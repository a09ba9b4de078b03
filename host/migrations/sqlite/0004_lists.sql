-- Lists that people read page by page: each page starts at a place in this order.

CREATE INDEX customers_by_age ON customers (business_id, mode, created_at, id);
CREATE INDEX payments_by_customer_and_age
    ON payments (business_id, mode, customer_id, created_at, id);
