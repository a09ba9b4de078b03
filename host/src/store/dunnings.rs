//! Dunnings, the declines they follow, and what was told once.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::payments::Row as PaymentRow;
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::dunning::Dunning;
use crate::domain::id::{DebtId, DunningId, MethodId, PaymentId, SubscriptionId};
use crate::domain::payment::Payment;

queries! {
    INSERT = "INSERT INTO dunnings (id, business_id, mode, customer_id, subscription_id, \
        payment_id, trigger_state, state, next_retry_at, failed_at, ended_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    GET = "SELECT * FROM dunnings WHERE business_id = $1 AND mode = $2 AND id = $3";
    OPEN_OF = "SELECT * FROM dunnings WHERE business_id = $1 AND mode = $2 \
        AND subscription_id = $3 AND state IN ('recovering', 'exhausted')";
    SAVE = "UPDATE dunnings SET state = $4, next_retry_at = $5, ended_at = $6 \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    LAST_TRY = "SELECT payments.* FROM payments \
        JOIN payment_debts ON payment_debts.payment_id = payments.id \
        WHERE payments.business_id = $1 AND payments.mode = $2 AND payment_debts.debt_id = $3 \
        AND payments.method_id = $4 AND payments.state = 'declined' \
        ORDER BY payments.state_at DESC, payments.id DESC LIMIT 1";
    TELL = "INSERT INTO notices (business_id, mode, subject, told_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (business_id, mode, subject) DO NOTHING";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    subscription_id: String,
    payment_id: Option<String>,
    trigger_state: String,
    state: String,
    next_retry_at: Option<i64>,
    failed_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for Dunning {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "dunnings",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            subscription: columns.parse("subscription_id", &row.subscription_id)?,
            payment: columns.parse_some("payment_id", row.payment_id.as_deref())?,
            trigger: columns.parse("trigger_state", &row.trigger_state)?,
            state: columns.parse("state", &row.state)?,
            next_retry_at: columns.time_some("next_retry_at", row.next_retry_at)?,
            failed_at: columns.time("failed_at", row.failed_at)?,
            ended_at: columns.time_some("ended_at", row.ended_at)?,
        })
    }
}

impl Tx {
    /// Adds a dunning; [`Error::Conflict`] when the subscription has one that is not over.
    pub async fn insert_dunning(&mut self, dunning: &Dunning) -> Result<()> {
        execute!(
            self,
            INSERT,
            dunning.id.as_str(),
            dunning.scope.business.as_str(),
            dunning.scope.mode.as_str(),
            dunning.customer.as_str(),
            dunning.subscription.as_str(),
            dunning.payment.as_ref().map(PaymentId::as_str),
            dunning.trigger.as_str(),
            dunning.state.as_str(),
            dunning.next_retry_at.map(Timestamp::as_microsecond),
            dunning.failed_at.as_microsecond(),
            dunning.ended_at.map(Timestamp::as_microsecond),
        )?;
        Ok(())
    }

    /// The dunning with this id in this scope.
    pub async fn dunning(&mut self, scope: &Scope, id: &DunningId) -> Result<Option<Dunning>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Dunning::try_from)
        .transpose()
    }

    /// The dunning of a subscription that is not over. Who locks the subscription has it.
    pub async fn open_dunning(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Option<Dunning>> {
        fetch_optional!(
            self,
            Row,
            OPEN_OF,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str()
        )?
        .map(Dunning::try_from)
        .transpose()
    }

    /// Writes how far a dunning has come.
    pub async fn save_dunning(&mut self, dunning: &Dunning) -> Result<()> {
        execute!(
            self,
            SAVE,
            dunning.scope.business.as_str(),
            dunning.scope.mode.as_str(),
            dunning.id.as_str(),
            dunning.state.as_str(),
            dunning.next_retry_at.map(Timestamp::as_microsecond),
            dunning.ended_at.map(Timestamp::as_microsecond),
        )?;
        Ok(())
    }

    /// Notes that `subject` is told; answers false when it was told before.
    pub async fn tell_once(&mut self, scope: &Scope, subject: &str, at: Timestamp) -> Result<bool> {
        let touched = execute!(
            self,
            TELL,
            scope.business.as_str(),
            scope.mode.as_str(),
            subject,
            at.as_microsecond(),
        )?;
        Ok(touched == 1)
    }

    /// The newest payment for a debt that this method was declined for.
    pub async fn last_decline(
        &mut self,
        scope: &Scope,
        debt: &DebtId,
        method: &MethodId,
    ) -> Result<Option<Payment>> {
        fetch_optional!(
            self,
            PaymentRow,
            LAST_TRY,
            scope.business.as_str(),
            scope.mode.as_str(),
            debt.as_str(),
            method.as_str(),
        )?
        .map(Payment::try_from)
        .transpose()
    }
}
