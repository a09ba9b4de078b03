//! Subscriptions as rows: what their columns mean.

use super::row::Columns;
use super::{Error, Result};
use crate::domain::customer::{BillingAddress, BuyerDetails};
use crate::domain::subscription::{Cancellation, Subscription, SubscriptionState};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    product_id: String,
    quantity: i64,
    unit_minor: i64,
    currency: String,
    tax_inclusive: bool,
    interval_unit: String,
    interval_count: i64,
    term_unit: String,
    term_count: i64,
    trial_days: i64,
    state: String,
    state_at: Option<i64>,
    hold_reason: Option<String>,
    anchor_at: i64,
    period_start: i64,
    period_end: i64,
    expires_at: Option<i64>,
    cancel_at_period_end: bool,
    cancel_reason: Option<String>,
    cancel_feedback: Option<String>,
    cancel_comment: Option<String>,
    resume_at: Option<i64>,
    on_demand: bool,
    method_id: Option<String>,
    billing_country: String,
    billing_city: Option<String>,
    billing_state: Option<String>,
    billing_street: Option<String>,
    billing_zipcode: Option<String>,
    tax_id: Option<String>,
    business_name: Option<String>,
    metadata: String,
    return_url: Option<String>,
    extras: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

/// The state of the name `state`, with the instant and the reason that it carries.
pub(super) fn state(
    columns: &Columns<'_>,
    state: &str,
    at: Option<i64>,
    why: Option<&str>,
) -> Result<SubscriptionState> {
    let at = || columns.time("state_at", columns.present("state_at", at)?);
    Ok(match state {
        "pending" => SubscriptionState::Pending,
        "active" => SubscriptionState::Active,
        "past-due" => SubscriptionState::PastDue { until: at()? },
        "on-hold" => {
            let why = columns.present("hold_reason", why)?;
            SubscriptionState::OnHold {
                why: columns.parse("hold_reason", why)?,
                since: at()?,
            }
        }
        "paused" => SubscriptionState::Paused { since: at()? },
        "cancelled" => SubscriptionState::Cancelled { at: at()? },
        "failed" => SubscriptionState::Failed { at: at()? },
        "expired" => SubscriptionState::Expired { at: at()? },
        other => return Err(columns.corrupt("state", other)),
    })
}

/// The instant and the reason that a state carries.
pub(super) fn facts(state: &SubscriptionState) -> (Option<i64>, Option<&'static str>) {
    match state {
        SubscriptionState::Pending | SubscriptionState::Active => (None, None),
        SubscriptionState::OnHold { why, since } => {
            (Some(since.as_microsecond()), Some(why.as_str()))
        }
        SubscriptionState::PastDue { until: at }
        | SubscriptionState::Paused { since: at }
        | SubscriptionState::Cancelled { at }
        | SubscriptionState::Failed { at }
        | SubscriptionState::Expired { at } => (Some(at.as_microsecond()), None),
    }
}

impl TryFrom<Row> for Subscription {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "subscriptions",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            product: columns.parse("product_id", &row.product_id)?,
            quantity: columns.number("quantity", row.quantity)?,
            extras: columns.json("extras", &row.extras)?,
            unit_price: columns.money(row.unit_minor, &row.currency)?,
            tax_inclusive: row.tax_inclusive,
            interval: columns.interval(&row.interval_unit, row.interval_count)?,
            term: columns.interval(&row.term_unit, row.term_count)?,
            trial_days: columns.number("trial_days", row.trial_days)?,
            state: state(
                &columns,
                &row.state,
                row.state_at,
                row.hold_reason.as_deref(),
            )?,
            anchor: columns.time("anchor_at", row.anchor_at)?,
            period: columns.period(row.period_start, row.period_end)?,
            expires_at: columns.time_some("expires_at", row.expires_at)?,
            cancel_at_period_end: row.cancel_at_period_end,
            cancellation: Cancellation {
                reason: columns.parse_some("cancel_reason", row.cancel_reason.as_deref())?,
                feedback: columns.parse_some("cancel_feedback", row.cancel_feedback.as_deref())?,
                comment: row.cancel_comment.clone(),
            },
            resume_at: columns.time_some("resume_at", row.resume_at)?,
            on_demand: row.on_demand,
            method: columns.parse_some("method_id", row.method_id.as_deref())?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            buyer: BuyerDetails {
                billing: BillingAddress {
                    country: row.billing_country,
                    city: row.billing_city,
                    state: row.billing_state,
                    street: row.billing_street,
                    zipcode: row.billing_zipcode,
                },
                tax_id: row.tax_id,
                business_name: row.business_name,
            },
            metadata: row.metadata,
            return_url: row.return_url,
            version: row.version,
        })
    }
}
