//! Disputes and returned debits.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::dispute::{Attention, Dispute, DisputeKind, DisputeState};
use crate::domain::id::{CustomerId, DebtId, DisputeId, MethodId, PaymentId};

queries! {
    /// One reference of a gateway is one dispute, however often it is told.
    INSERT = "INSERT INTO disputes (id, business_id, mode, payment_id, customer_id, method_id, \
        gateway, reference, kind, state, amount_minor, currency, reason, reopened, heard_at, \
        created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    GET = "SELECT * FROM disputes WHERE business_id = $1 AND mode = $2 AND id = $3";
    BY_REFERENCE = "SELECT * FROM disputes \
        WHERE business_id = $1 AND mode = $2 AND gateway = $3 AND reference = $4";
    /// Takes the row's lock on both databases.
    LOCK = "UPDATE disputes SET reference = reference \
        WHERE business_id = $1 AND mode = $2 AND gateway = $3 AND reference = $4 RETURNING *";
    LOCK_ONE = "UPDATE disputes SET reference = reference \
        WHERE business_id = $1 AND mode = $2 AND id = $3 RETURNING *";
    SAVE = "UPDATE disputes SET state = $4, amount_minor = $5, currency = $6, reason = $7, \
        reopened = $8, heard_at = $9, updated_at = $10, came_back = $11, attention = $12 \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    OF_PAYMENT = "SELECT * FROM disputes \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3 ORDER BY id";
    OPEN_OVER = "SELECT * FROM disputes \
        WHERE business_id = $1 AND mode = $2 AND method_id = $3 AND state = 'opened' \
        ORDER BY id LIMIT 1";
    REOPEN = "UPDATE debts SET state = 'open', disputed = TRUE, settled_by = NULL, \
        closed_at = NULL, reopened_by = $5 \
        WHERE business_id = $1 AND mode = $2 AND id = $4 AND settled_by = $3 \
        AND state = 'settled'";
    /// The other way round; a debt that was paid otherwise meanwhile stays so.
    SETTLE_AGAIN = "UPDATE debts SET state = 'settled', disputed = FALSE, settled_by = $3, \
        closed_at = $5, reopened_by = NULL \
        WHERE business_id = $1 AND mode = $2 AND id = $4 AND state IN ('open', 'written-off')";
    TO_DECIDE = "SELECT * FROM disputes WHERE attention IS NOT NULL ORDER BY id LIMIT $1";
    SUSPEND_PURCHASE = "UPDATE licenses SET suspended = $4 \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3 AND subscription_id IS NULL";
    LIST = "SELECT * FROM disputes WHERE business_id = $1 AND mode = $2 \
        AND (CAST($3 AS TEXT) IS NULL OR customer_id = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR state = $4) \
        AND (CAST($5 AS BIGINT) IS NULL OR created_at >= $5) \
        AND (CAST($6 AS BIGINT) IS NULL OR created_at <= $6) \
        ORDER BY created_at DESC, id DESC LIMIT $7 + 0 OFFSET $8";
}

/// Which disputes to list; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct DisputeFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// In this state.
    pub state: Option<DisputeState>,
    /// Heard of at this time or later.
    pub created_from: Option<Timestamp>,
    /// Heard of at this time or earlier.
    pub created_to: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    business_id: String,
    mode: String,
    payment_id: String,
    customer_id: String,
    method_id: Option<String>,
    gateway: String,
    reference: String,
    kind: String,
    state: String,
    amount_minor: i64,
    currency: String,
    reason: Option<String>,
    reopened: bool,
    came_back: bool,
    attention: Option<String>,
    heard_at: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for Dispute {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "disputes",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            payment: columns.parse("payment_id", &row.payment_id)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            method: columns.parse_some("method_id", row.method_id.as_deref())?,
            kind: columns.parse::<DisputeKind>("kind", &row.kind)?,
            state: columns.parse("state", &row.state)?,
            amount: columns.money(row.amount_minor, &row.currency)?,
            heard_at: columns.time("heard_at", row.heard_at)?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            gateway: row.gateway,
            reference: row.reference,
            reason: row.reason,
            reopened: row.reopened,
            came_back: row.came_back,
            attention: columns.parse_some("attention", row.attention.as_deref())?,
        })
    }
}

impl Tx {
    /// Adds a dispute; [`Error::Conflict`] when the gateway's reference is known.
    pub async fn insert_dispute(&mut self, dispute: &Dispute) -> Result<()> {
        execute!(
            self,
            INSERT,
            dispute.id.as_str(),
            dispute.scope.business.as_str(),
            dispute.scope.mode.as_str(),
            dispute.payment.as_str(),
            dispute.customer.as_str(),
            dispute.method.as_ref().map(MethodId::as_str),
            &dispute.gateway,
            &dispute.reference,
            dispute.kind.as_str(),
            dispute.state.as_str(),
            dispute.amount.minor,
            dispute.amount.currency.code(),
            dispute.reason.as_deref(),
            dispute.reopened,
            dispute.heard_at.as_microsecond(),
            dispute.created_at.as_microsecond(),
            dispute.updated_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The dispute with this id in this scope.
    pub async fn dispute(&mut self, scope: &Scope, id: &DisputeId) -> Result<Option<Dispute>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Dispute::try_from)
        .transpose()
    }

    /// The dispute that a gateway knows under this reference.
    pub async fn dispute_by_reference(
        &mut self,
        scope: &Scope,
        gateway: &str,
        reference: &str,
    ) -> Result<Option<Dispute>> {
        fetch_optional!(
            self,
            Row,
            BY_REFERENCE,
            scope.business.as_str(),
            scope.mode.as_str(),
            gateway,
            reference,
        )?
        .map(Dispute::try_from)
        .transpose()
    }

    /// Makes a debt that a payment had settled owed again, marked; answers false when it is not
    /// settled by that payment.
    pub async fn reopen_debt(
        &mut self,
        scope: &Scope,
        (payment, dispute): (&PaymentId, &DisputeId),
        debt: &DebtId,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            REOPEN,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
            debt.as_str(),
            dispute.as_str(),
        )?;
        Ok(touched == 1)
    }

    /// Settles a debt by the payment whose money was gone and came back; answers false when the
    /// debt is not open any more.
    pub async fn settle_debt_again(
        &mut self,
        dispute: &Dispute,
        debt: &DebtId,
        at: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            SETTLE_AGAIN,
            dispute.scope.business.as_str(),
            dispute.scope.mode.as_str(),
            dispute.payment.as_str(),
            debt.as_str(),
            at.as_microsecond(),
        )?;
        Ok(touched == 1)
    }

    /// Disputes of every business about which a person has to decide, oldest first.
    pub async fn disputes_to_decide(&mut self, limit: u32) -> Result<Vec<Dispute>> {
        fetch_all!(self, Row, TO_DECIDE, i64::from(limit))?
            .into_iter()
            .map(Dispute::try_from)
            .collect()
    }

    /// Suspends the license keys that came with a one-time purchase, or lets them work again.
    pub async fn suspend_licenses_of_purchase(
        &mut self,
        scope: &Scope,
        payment: &PaymentId,
        suspended: bool,
    ) -> Result<()> {
        execute!(
            self,
            SUSPEND_PURCHASE,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
            suspended,
        )?;
        Ok(())
    }

    /// The dispute that a gateway knows under this reference, locked; lock its payment first.
    pub async fn lock_dispute(
        &mut self,
        scope: &Scope,
        gateway: &str,
        reference: &str,
    ) -> Result<Option<Dispute>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            gateway,
            reference,
        )?
        .map(Dispute::try_from)
        .transpose()
    }

    /// The dispute with this id, locked; lock its payment first.
    pub async fn lock_dispute_by_id(
        &mut self,
        scope: &Scope,
        id: &DisputeId,
    ) -> Result<Option<Dispute>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        fetch_optional!(self, Row, LOCK_ONE, business, mode, id.as_str())?
            .map(Dispute::try_from)
            .transpose()
    }

    /// Writes what changes of a locked dispute.
    pub async fn save_dispute(&mut self, dispute: &Dispute) -> Result<()> {
        let touched = execute!(
            self,
            SAVE,
            dispute.scope.business.as_str(),
            dispute.scope.mode.as_str(),
            dispute.id.as_str(),
            dispute.state.as_str(),
            dispute.amount.minor,
            dispute.amount.currency.code(),
            dispute.reason.as_deref(),
            dispute.reopened,
            dispute.heard_at.as_microsecond(),
            dispute.updated_at.as_microsecond(),
            dispute.came_back,
            dispute.attention.map(Attention::as_str),
        )?;
        super::row::touched_one(touched, "disputes", dispute.id.as_str())
    }

    /// Every dispute over a payment, oldest first.
    pub async fn disputes_of(
        &mut self,
        scope: &Scope,
        payment: &PaymentId,
    ) -> Result<Vec<Dispute>> {
        fetch_all!(
            self,
            Row,
            OF_PAYMENT,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
        )?
        .into_iter()
        .map(Dispute::try_from)
        .collect()
    }

    /// An open dispute over a payment with this method: until it ends the method is not charged
    /// without its customer.
    pub async fn open_dispute_over(
        &mut self,
        scope: &Scope,
        method: &MethodId,
    ) -> Result<Option<Dispute>> {
        fetch_optional!(
            self,
            Row,
            OPEN_OVER,
            scope.business.as_str(),
            scope.mode.as_str(),
            method.as_str(),
        )?
        .map(Dispute::try_from)
        .transpose()
    }

    /// A page of disputes, newest first.
    pub async fn disputes(
        &mut self,
        scope: &Scope,
        filter: &DisputeFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Dispute>> {
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            filter.customer.as_ref().map(CustomerId::as_str),
            filter.state.map(DisputeState::as_str),
            filter.created_from.map(Timestamp::as_microsecond),
            filter.created_to.map(Timestamp::as_microsecond),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Dispute::try_from)
        .collect()
    }
}
