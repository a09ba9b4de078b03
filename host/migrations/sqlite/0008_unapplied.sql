-- Money that settled nothing, for the operator's list.
CREATE INDEX payments_unapplied ON payments (id) WHERE unapplied;
