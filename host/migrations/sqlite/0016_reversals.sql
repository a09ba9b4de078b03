-- Money that was taken back in part, or came back: which debts a reversal made owed again, and what
-- a person has to decide.
ALTER TABLE debts ADD COLUMN reopened_by TEXT;
CREATE INDEX debts_by_reversal ON debts (business_id, mode, reopened_by)
    WHERE reopened_by IS NOT NULL;
ALTER TABLE disputes ADD COLUMN came_back INTEGER NOT NULL DEFAULT 0 CHECK (came_back IN (0, 1));
ALTER TABLE disputes ADD COLUMN attention TEXT;
CREATE INDEX disputes_to_decide ON disputes (id) WHERE attention IS NOT NULL;
