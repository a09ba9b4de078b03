-- License keys that ended because all of what they were bought with went back: whether one did, and
-- when it would have stopped otherwise, for the day on which the money of the refund comes back.
ALTER TABLE licenses ADD COLUMN refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded IN (0, 1));
ALTER TABLE licenses ADD COLUMN unrefunded_expires_at INTEGER;
