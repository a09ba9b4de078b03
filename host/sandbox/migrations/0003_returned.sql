-- The ledger again, with money that banks took back and gave again.
CREATE TABLE movements (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund', 'reversal', 'reversal_returned')),
    reference TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (kind, reference)
) STRICT;
INSERT INTO movements SELECT * FROM ledger;
DROP TABLE ledger;
ALTER TABLE movements RENAME TO ledger;
CREATE INDEX ledger_by_account ON ledger (account, seq);
