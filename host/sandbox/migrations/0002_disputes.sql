-- Charges that customers contest at their bank, and debits that the bank returned.
CREATE TABLE disputes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    charge TEXT NOT NULL REFERENCES intents (id),
    idempotency_key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('opened', 'won', 'lost', 'returned')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX disputes_by_charge ON disputes (charge);

-- The ledger again, with money that banks took back.
CREATE TABLE movements (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund', 'reversal')),
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
