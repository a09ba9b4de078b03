//! Refunds.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, json};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, InvoiceId, PaymentId, RefundId, SubscriptionId};
use crate::domain::refund::{Bounce, Refund, RefundState};

queries! {
    INSERT = "INSERT INTO refunds (id, business_id, mode, payment_id, customer_id, \
        subscription_id, gateway, cause, amount_minor, currency, parts, is_partial, reason, \
        metadata, state, sent_at, request, lookups, created_at, updated_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, 0)";
    GET = "SELECT * FROM refunds WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// Takes the row's lock on both databases; what is read cannot change until the commit.
    LOCK = "UPDATE refunds SET version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 RETURNING *";
    SAVE = "UPDATE refunds SET moved_minor = $5, parts = $6, state = $7, state_at = $8, \
        failure = $9, sent_at = $10, gateway_ref = $11, lookups = $12, absent_since = $13, \
        credit_note_id = $14, updated_at = $15, waits = $16, key_from = $17, bounced = $18, \
        correction_id = $19, version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND version = $4";
    OF_PAYMENT = "SELECT * FROM refunds \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3 ORDER BY id";
    BY_GATEWAY_REF = "SELECT * FROM refunds \
        WHERE business_id = $1 AND mode = $2 AND gateway = $3 AND gateway_ref = $4 \
        ORDER BY id LIMIT 1";
    END_LICENSES = "UPDATE licenses SET expires_at = $4, refunded = TRUE, \
        unrefunded_expires_at = expires_at \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3 AND subscription_id IS NULL \
        AND (expires_at IS NULL OR expires_at > $4)";
    /// A key whose end a merchant has set since is no longer the refund's.
    GIVE_LICENSES_BACK = "UPDATE licenses SET expires_at = unrefunded_expires_at, \
        refunded = FALSE, unrefunded_expires_at = NULL \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3 AND refunded";
    LIST = "SELECT * FROM refunds WHERE business_id = $1 AND mode = $2 \
        AND (CAST($3 AS TEXT) IS NULL OR customer_id = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR subscription_id = $4) \
        AND (CAST($5 AS TEXT) IS NULL OR $5 = CASE \
            WHEN state IN ('created', 'processing', 'unknown') THEN 'pending' ELSE state END) \
        AND (CAST($6 AS BIGINT) IS NULL OR created_at >= $6) \
        AND (CAST($7 AS BIGINT) IS NULL OR created_at <= $7) \
        ORDER BY created_at DESC, id DESC LIMIT $8 + 0 OFFSET $9";
}

/// Which refunds to list; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct RefundFilter {
    /// To this customer.
    pub customer: Option<CustomerId>,
    /// Of payments of this subscription.
    pub subscription: Option<SubscriptionId>,
    /// `pending`, `succeeded` or `failed`.
    pub standing: Option<&'static str>,
    /// Made at this time or later.
    pub created_from: Option<Timestamp>,
    /// Made at this time or earlier.
    pub created_to: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    business_id: String,
    mode: String,
    payment_id: String,
    customer_id: String,
    subscription_id: Option<String>,
    gateway: String,
    cause: String,
    amount_minor: i64,
    moved_minor: Option<i64>,
    currency: String,
    parts: String,
    is_partial: bool,
    reason: Option<String>,
    metadata: String,
    state: String,
    state_at: Option<i64>,
    failure: Option<String>,
    sent_at: Option<i64>,
    request: String,
    gateway_ref: Option<String>,
    lookups: i64,
    absent_since: Option<i64>,
    waits: bool,
    key_from: Option<i64>,
    credit_note_id: Option<String>,
    bounced: Option<String>,
    correction_id: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

fn state(row: &Row, columns: &Columns<'_>) -> Result<RefundState> {
    let at = || columns.time("state_at", columns.present("state_at", row.state_at)?);
    Ok(match row.state.as_str() {
        "created" => RefundState::Created,
        "processing" => RefundState::Processing { expected_by: at()? },
        "unknown" => RefundState::Unknown { since: at()? },
        "succeeded" => RefundState::Succeeded { at: at()? },
        "failed" => RefundState::Failed {
            why: columns.present("failure", row.failure.clone())?,
            at: at()?,
        },
        other => return Err(columns.corrupt("state", other)),
    })
}

/// The columns that a state's facts stand in.
fn facts(state: &RefundState) -> (Option<i64>, Option<&str>) {
    let (at, why) = match state {
        RefundState::Created => (None, None),
        RefundState::Processing { expected_by: at }
        | RefundState::Unknown { since: at }
        | RefundState::Succeeded { at } => (Some(*at), None),
        RefundState::Failed { why, at } => (Some(*at), Some(why.as_str())),
    };
    (at.map(Timestamp::as_microsecond), why)
}

impl TryFrom<Row> for Refund {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "refunds",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            payment: columns.parse("payment_id", &row.payment_id)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            subscription: columns.parse_some("subscription_id", row.subscription_id.as_deref())?,
            cause: columns.parse("cause", &row.cause)?,
            amount: columns.money(row.amount_minor, &row.currency)?,
            parts: columns.json("parts", &row.parts)?,
            state: state(&row, &columns)?,
            sent_at: columns.time_some("sent_at", row.sent_at)?,
            lookups: columns.number("lookups", row.lookups)?,
            absent_since: columns.time_some("absent_since", row.absent_since)?,
            key_from: columns.time_some("key_from", row.key_from)?,
            credit_note: columns.parse_some("credit_note_id", row.credit_note_id.as_deref())?,
            bounced: columns.parse_some("bounced", row.bounced.as_deref())?,
            correction: columns.parse_some("correction_id", row.correction_id.as_deref())?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            gateway: row.gateway,
            moved_minor: row.moved_minor,
            is_partial: row.is_partial,
            waits: row.waits,
            reason: row.reason,
            metadata: row.metadata,
            request: row.request,
            gateway_ref: row.gateway_ref,
            version: row.version,
        })
    }
}

impl Tx {
    /// Adds a refund that is to be sent; [`Error::Conflict`] when the id exists. Lock its payment
    /// first: what it takes from is read before.
    pub async fn insert_refund(&mut self, refund: &Refund) -> Result<()> {
        execute!(
            self,
            INSERT,
            refund.id.as_str(),
            refund.scope.business.as_str(),
            refund.scope.mode.as_str(),
            refund.payment.as_str(),
            refund.customer.as_str(),
            refund.subscription.as_ref().map(SubscriptionId::as_str),
            &refund.gateway,
            refund.cause.as_str(),
            refund.amount.minor,
            refund.amount.currency.code(),
            json(&refund.parts),
            refund.is_partial,
            refund.reason.as_deref(),
            &refund.metadata,
            refund.state.name(),
            refund.sent_at.map(Timestamp::as_microsecond),
            &refund.request,
            i64::from(refund.lookups),
            refund.created_at.as_microsecond(),
            refund.updated_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The refund with this id in this scope.
    pub async fn refund(&mut self, scope: &Scope, id: &RefundId) -> Result<Option<Refund>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Refund::try_from)
        .transpose()
    }

    /// The refund, locked until the transaction ends; lock its payment first.
    pub async fn lock_refund(&mut self, scope: &Scope, id: &RefundId) -> Result<Option<Refund>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Refund::try_from)
        .transpose()
    }

    /// Writes a refund; [`Error::Stale`] when it changed since it was read.
    pub async fn save_refund(&mut self, refund: &mut Refund) -> Result<()> {
        let (state_at, failure) = facts(&refund.state);
        let touched = execute!(
            self,
            SAVE,
            refund.scope.business.as_str(),
            refund.scope.mode.as_str(),
            refund.id.as_str(),
            refund.version,
            refund.moved_minor,
            json(&refund.parts),
            refund.state.name(),
            state_at,
            failure,
            refund.sent_at.map(Timestamp::as_microsecond),
            refund.gateway_ref.as_deref(),
            i64::from(refund.lookups),
            refund.absent_since.map(Timestamp::as_microsecond),
            refund.credit_note.as_ref().map(InvoiceId::as_str),
            refund.updated_at.as_microsecond(),
            refund.waits,
            refund.key_from.map(Timestamp::as_microsecond),
            refund.bounced.map(Bounce::as_str),
            refund.correction.as_ref().map(InvoiceId::as_str),
        )?;
        super::row::touched_one(touched, "refunds", refund.id.as_str())?;
        refund.version += 1;
        Ok(())
    }

    /// Every refund of a payment, oldest first.
    pub async fn refunds_of(&mut self, scope: &Scope, payment: &PaymentId) -> Result<Vec<Refund>> {
        fetch_all!(
            self,
            Row,
            OF_PAYMENT,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
        )?
        .into_iter()
        .map(Refund::try_from)
        .collect()
    }

    /// The refund that a gateway knows under its own reference.
    pub async fn refund_by_gateway_ref(
        &mut self,
        scope: &Scope,
        gateway: &str,
        reference: &str,
    ) -> Result<Option<Refund>> {
        fetch_optional!(
            self,
            Row,
            BY_GATEWAY_REF,
            scope.business.as_str(),
            scope.mode.as_str(),
            gateway,
            reference,
        )?
        .map(Refund::try_from)
        .transpose()
    }

    /// Ends the license keys that came with a one-time purchase, because its money went back.
    pub async fn end_licenses_of_purchase(
        &mut self,
        scope: &Scope,
        payment: &PaymentId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            END_LICENSES,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
            at.as_microsecond(),
        )?;
        Ok(())
    }

    /// Gives the license keys back that [`Tx::end_licenses_of_purchase`] has ended, as they were.
    pub async fn give_licenses_of_purchase_back(
        &mut self,
        scope: &Scope,
        payment: &PaymentId,
    ) -> Result<()> {
        execute!(
            self,
            GIVE_LICENSES_BACK,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str(),
        )?;
        Ok(())
    }

    /// A page of refunds, newest first.
    pub async fn refunds(
        &mut self,
        scope: &Scope,
        filter: &RefundFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Refund>> {
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            filter.customer.as_ref().map(CustomerId::as_str),
            filter.subscription.as_ref().map(SubscriptionId::as_str),
            filter.standing,
            filter.created_from.map(Timestamp::as_microsecond),
            filter.created_to.map(Timestamp::as_microsecond),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(Refund::try_from)
        .collect()
    }
}
