//! Debts, and which payments and documents hold them.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, json, touched_one};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::debt::{Debt, DebtState};
use crate::domain::dispute::Dispute;
use crate::domain::id::{DebtId, PaymentId, SubscriptionId};

queries! {
    /// One cause makes one debt, however often it is told.
    INSERT = "INSERT INTO debts (id, business_id, mode, customer_id, subscription_id, kind, cause, \
        lines, amount_minor, tax_minor, currency, state, settled_by, disputed, created_at, \
        closed_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
        ON CONFLICT (subscription_id, kind, cause) DO NOTHING";
    /// In the order in which documents name them: what recurs before what is bought with it.
    OPEN_OF = "SELECT * FROM debts WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND state = 'open' \
        ORDER BY created_at, CASE kind WHEN 'purchase' THEN 1 ELSE 0 END, id";
    /// The newest first, in the order in which they arose: an older period that a bank took back is
    /// settled again after the one that runs.
    SETTLED_OF = "SELECT * FROM debts WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND state = 'settled' AND created_at >= COALESCE((SELECT MAX(bought.created_at) \
        FROM debts AS bought WHERE bought.business_id = $1 AND bought.mode = $2 \
        AND bought.subscription_id = $3 AND bought.kind = 'period' AND bought.state = 'settled'), 0) \
        ORDER BY created_at DESC, id DESC";
    /// Debts of periods, whatever became of them.
    PERIODS_OF = "SELECT COUNT(*) AS count FROM debts WHERE business_id = $1 AND mode = $2 \
        AND subscription_id = $3 AND kind IN ('period', 'carried')";
    OF_PAYMENT = "SELECT debts.* FROM debts \
        JOIN payment_debts ON payment_debts.debt_id = debts.id \
        WHERE payment_debts.payment_id = $1 ORDER BY debts.created_at, \
        CASE debts.kind WHEN 'purchase' THEN 1 ELSE 0 END, debts.id";
    REOPENED_BY = "SELECT * FROM debts WHERE business_id = $1 AND mode = $2 AND reopened_by = $3 \
        ORDER BY created_at, id";
    CLOSE = "UPDATE debts SET state = $4, settled_by = $5, closed_at = $6 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'open'";
    /// What is open and in no document that was issued may be rounded, or cut, with others.
    REPRICE = "UPDATE debts SET lines = $4, amount_minor = $5, tax_minor = $6 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'open' AND disputed = FALSE \
        AND (amount_minor <> $5 OR tax_minor <> $6 OR lines <> $4)";
    CARRY = "UPDATE debts SET kind = 'carried' \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'open' AND kind = 'period'";
    HOLD = "INSERT INTO payment_debts (payment_id, debt_id, open, business_id, mode) \
        SELECT id, $2, TRUE, business_id, mode FROM payments WHERE id = $1";
    ATTEMPTS = "SELECT COUNT(*) AS count FROM payment_debts WHERE debt_id = $1";
    /// A charge with which its customer wanted to come back was for whatever was due.
    ANSWERS = "SELECT COUNT(*) AS count FROM payments \
        JOIN payment_debts ON payment_debts.payment_id = payments.id \
        WHERE payments.business_id = $1 AND payments.mode = $2 AND payment_debts.debt_id = $3 \
        AND payments.state IN ('declined', 'succeeded') AND payments.purpose <> 'reactivation'";
    RELEASE = "UPDATE payment_debts SET open = FALSE WHERE payment_id = $1";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    subscription_id: Option<String>,
    kind: String,
    cause: String,
    lines: String,
    amount_minor: i64,
    tax_minor: i64,
    currency: String,
    state: String,
    settled_by: Option<String>,
    disputed: bool,
    created_at: i64,
    closed_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

impl TryFrom<Row> for Debt {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "debts",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            subscription: columns.parse_some("subscription_id", row.subscription_id.as_deref())?,
            kind: columns.parse("kind", &row.kind)?,
            lines: columns.json("lines", &row.lines)?,
            amount: columns.money(row.amount_minor, &row.currency)?,
            tax_minor: row.tax_minor,
            state: columns.parse("state", &row.state)?,
            settled_by: columns.parse_some("settled_by", row.settled_by.as_deref())?,
            disputed: row.disputed,
            created_at: columns.time("created_at", row.created_at)?,
            closed_at: columns.time_some("closed_at", row.closed_at)?,
            cause: row.cause,
        })
    }
}

impl Tx {
    /// Adds a debt; answers false when its cause has made one before.
    pub async fn insert_debt(&mut self, debt: &Debt) -> Result<bool> {
        let touched = execute!(
            self,
            INSERT,
            debt.id.as_str(),
            debt.scope.business.as_str(),
            debt.scope.mode.as_str(),
            debt.customer.as_str(),
            debt.subscription.as_ref().map(SubscriptionId::as_str),
            debt.kind.as_str(),
            &debt.cause,
            json(&debt.lines),
            debt.amount.minor,
            debt.tax_minor,
            debt.amount.currency.code(),
            debt.state.as_str(),
            debt.settled_by.as_ref().map(PaymentId::as_str),
            debt.disputed,
            debt.created_at.as_microsecond(),
            debt.closed_at.map(Timestamp::as_microsecond),
        )?;
        Ok(touched == 1)
    }

    /// The dues of a subscription, oldest first.
    pub async fn dues_of(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Vec<Debt>> {
        fetch_all!(
            self,
            Row,
            OPEN_OF,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
        )?
        .into_iter()
        .map(Debt::try_from)
        .collect()
    }

    /// The settled debts of a subscription back to its newest settled period, the newest first.
    pub async fn settled_debts_of(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Vec<Debt>> {
        fetch_all!(
            self,
            Row,
            SETTLED_OF,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
        )?
        .into_iter()
        .map(Debt::try_from)
        .collect()
    }

    /// Whether a period of a subscription was ever owed, whatever became of that.
    pub async fn has_sold_a_period(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<bool> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let found = fetch_optional!(
            self,
            Count,
            PERIODS_OF,
            business,
            mode,
            subscription.as_str()
        )?;
        Ok(found.is_some_and(|row| row.count > 0))
    }

    /// The debts that a payment was made for, whatever became of them.
    pub async fn debts_of_payment(&mut self, payment: &PaymentId) -> Result<Vec<Debt>> {
        fetch_all!(self, Row, OF_PAYMENT, payment.as_str())?
            .into_iter()
            .map(Debt::try_from)
            .collect()
    }

    /// The debts that the loss of a dispute made owed again, whatever became of them.
    pub async fn debts_reopened_by(&mut self, dispute: &Dispute) -> Result<Vec<Debt>> {
        let scope = &dispute.scope;
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        fetch_all!(self, Row, REOPENED_BY, business, mode, dispute.id.as_str())?
            .into_iter()
            .map(Debt::try_from)
            .collect()
    }

    /// Settles or writes off an open debt; answers false when it was not open.
    pub async fn close_debt(
        &mut self,
        scope: &Scope,
        id: &DebtId,
        state: DebtState,
        settled_by: Option<&PaymentId>,
        at: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            CLOSE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            state.as_str(),
            settled_by.map(PaymentId::as_str),
            at.as_microsecond(),
        )?;
        Ok(touched == 1)
    }

    /// Gives an open debt the lines and the amount under which it is paid.
    pub async fn reprice_debt(&mut self, debt: &Debt) -> Result<()> {
        execute!(
            self,
            REPRICE,
            debt.scope.business.as_str(),
            debt.scope.mode.as_str(),
            debt.id.as_str(),
            json(&debt.lines),
            debt.amount.minor,
            debt.tax_minor,
        )?;
        Ok(())
    }

    /// Carries the debt of a period, which is supplied all the same, to the next invoice.
    pub async fn carry_debt(&mut self, scope: &Scope, id: &DebtId) -> Result<()> {
        execute!(
            self,
            CARRY,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
        )?;
        Ok(())
    }

    /// Ties a debt to an open payment; [`Error::Conflict`] when another open payment has it.
    pub async fn hold_debt(&mut self, payment: &PaymentId, debt: &DebtId) -> Result<()> {
        let touched = execute!(self, HOLD, payment.as_str(), debt.as_str())?;
        touched_one(touched, "payments", payment.as_str())
    }

    /// How many payments were made for a debt so far.
    pub async fn attempts_at(&mut self, debt: &DebtId) -> Result<u32> {
        let row = fetch_optional!(self, Count, ATTEMPTS, debt.as_str())?;
        let columns = Columns {
            table: "payment_debts",
            id: debt.as_str(),
        };
        columns.number("count", row.map_or(0, |row| row.count))
    }

    /// Whether a charge that was made for a debt was answered, with a decline or with money.
    pub async fn is_answered(&mut self, debt: &Debt) -> Result<bool> {
        let (business, mode) = (debt.scope.business.as_str(), debt.scope.mode.as_str());
        let row = fetch_optional!(self, Count, ANSWERS, business, mode, debt.id.as_str())?;
        Ok(row.is_some_and(|row| row.count > 0))
    }

    /// Lets go of all debts of a payment that has ended.
    pub async fn release_debts(&mut self, payment: &PaymentId) -> Result<()> {
        execute!(self, RELEASE, payment.as_str())?;
        Ok(())
    }
}
