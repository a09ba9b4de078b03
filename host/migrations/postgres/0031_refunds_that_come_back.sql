-- A refund that had succeeded and failed after all: whether somebody has decided about it, and the
-- document that takes its credit note back.
ALTER TABLE refunds ADD COLUMN bounced TEXT;
ALTER TABLE refunds ADD COLUMN correction_id TEXT;
CREATE INDEX refunds_to_decide ON refunds (id) WHERE bounced = 'open';
