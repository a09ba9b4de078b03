//! `PATCH /subscriptions/{id}`: one body for many acts. It is checked as a whole first; then
//! each act is a flow of its own.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::create::{address, short};
use super::input::{At, invalid, json};
use super::key::{ApiKey, Writer};
use super::run;
use crate::domain::customer::BillingAddress;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{
    CancelReason, Cancellation, CancellationFeedback, Subscription as Row,
};
use crate::flows::{self, Change, cancellation, customer, details, schedule};
use crate::web::{Error, Web};
use crate::wire::subscription::{Status, Subscription};
use crate::wire::{Billing, Metadata, load};

/// The longest comment of a customer who leaves, in characters.
const MAX_COMMENT: usize = 500;

#[derive(Deserialize)]
pub(super) struct Changes {
    billing: Option<Billing>,
    cancel_at_next_billing_date: Option<bool>,
    cancel_reason: Option<Reason>,
    cancellation_comment: Option<String>,
    cancellation_feedback: Option<CancellationFeedback>,
    #[serde(default)]
    customer_business_name: Change<String>,
    customer_name: Option<String>,
    metadata: Option<Metadata>,
    next_billing_date: Option<Timestamp>,
    status: Option<Status>,
    tax_id: Option<String>,
    pause: Option<Value>,
    credit_entitlement_cart: Option<Value>,
    disable_on_demand: Option<Value>,
    subscription_period_count: Option<Value>,
    subscription_period_interval: Option<Value>,
}

/// Dodo's `cancel_reason`; its own team does not cancel here.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Reason {
    Ours(CancelReason),
    Theirs(DodoTeam),
}

#[derive(Clone, Copy, Deserialize)]
enum DodoTeam {
    #[serde(rename = "dodo_team")]
    DodoTeam,
}

/// What is to be done, checked.
struct Plan {
    details: details::Changes,
    customer_name: Option<String>,
    next_billing_date: Option<Timestamp>,
    ending: Option<EndingWish>,
}

enum EndingWish {
    Now(Cancellation),
    AtPeriodEnd(Cancellation),
    Undo,
}

pub(super) async fn update(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<SubscriptionId>,
    body: Bytes,
) -> Result<Json<Subscription>, Error> {
    let plan = json::<Changes>(&body)?.plan()?;
    let ApiKey { cx, scope, .. } = key.clone();
    let row = run(&web, async move {
        let mut row = details::update(&cx, &scope, &id, plan.details).await?;
        if let Some(name) = plan.customer_name {
            let changes = customer::Changes {
                name: Some(name),
                ..customer::Changes::default()
            };
            customer::update(&cx, &scope, &row.customer, changes).await?;
        }
        if let Some(date) = plan.next_billing_date {
            row = schedule::set_next_billing_date(&cx, &scope, &id, date).await?;
        }
        if let Some(ending) = plan.ending {
            row = end(&cx, &scope, &id, ending).await?;
        }
        Ok(row)
    })
    .await?;
    let mut tx = key.cx.store.read().await?;
    Ok(Json(load::subscription(&key.cx, &mut tx, &row).await?))
}

async fn end(
    cx: &crate::cx::Cx,
    scope: &crate::domain::Scope,
    id: &SubscriptionId,
    ending: EndingWish,
) -> Result<Row, flows::Error> {
    match ending {
        EndingWish::Now(why) => cancellation::now(cx, scope, id, why).await,
        EndingWish::AtPeriodEnd(why) => cancellation::at_period_end(cx, scope, id, why).await,
        EndingWish::Undo => cancellation::undo(cx, scope, id).await,
    }
}

impl Changes {
    fn plan(self) -> Result<Plan, Error> {
        self.check_unsupported()?;
        self.check_status()?;
        let ending = self.ending()?;
        let billing: Option<BillingAddress> = self.billing.as_ref().map(address).transpose()?;
        let business_name = match self.customer_business_name {
            Change::Set(name) => match short("customer_business_name", Some(name))? {
                Some(name) => Change::Set(name),
                None => Change::Clear,
            },
            other => other,
        };
        Ok(Plan {
            details: details::Changes {
                billing,
                tax_id: short("tax_id", self.tax_id)?,
                business_name,
                metadata: self.metadata.map(|metadata| metadata.to_json()),
            },
            customer_name: self.customer_name,
            next_billing_date: self.next_billing_date,
            ending,
        })
    }

    fn check_unsupported(&self) -> Result<(), Error> {
        let is_set = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
        if is_set(&self.pause) {
            return Err(invalid("pause", "was removed; use status"));
        }
        let unsupported = [
            ("credit_entitlement_cart", &self.credit_entitlement_cart),
            ("disable_on_demand", &self.disable_on_demand),
            ("subscription_period_count", &self.subscription_period_count),
            (
                "subscription_period_interval",
                &self.subscription_period_interval,
            ),
        ];
        match unsupported.iter().find(|(_, value)| is_set(value)) {
            Some((field, _)) => Err(invalid(field, "is not supported on this host")),
            None => Ok(()),
        }
    }

    /// `cancelled` may come with other fields, `paused` and `active` only alone; the host sets
    /// all other statuses itself.
    fn check_status(&self) -> Result<(), Error> {
        match self.status {
            None | Some(Status::Cancelled) => Ok(()),
            Some(Status::Paused | Status::Active) if !self.is_only_status() => Err(invalid(
                "status",
                "`paused` and `active` must be sent without other fields",
            )),
            Some(Status::Paused) => Err(invalid("status", "pausing is not offered on this host")),
            Some(Status::Active) => {
                Err(Error::new(StatusCode::CONFLICT, "subscription_not_paused")
                    .saying("the subscription is not paused"))
            }
            Some(_) => Err(invalid(
                "status",
                "must be `cancelled`, `paused` or `active`",
            )),
        }
    }

    fn is_only_status(&self) -> bool {
        self.billing.is_none()
            && self.cancel_at_next_billing_date.is_none()
            && self.cancel_reason.is_none()
            && self.cancellation_comment.is_none()
            && self.cancellation_feedback.is_none()
            && self.customer_business_name == Change::Keep
            && self.customer_name.is_none()
            && self.metadata.is_none()
            && self.next_billing_date.is_none()
            && self.tax_id.is_none()
    }

    fn ending(&self) -> Result<Option<EndingWish>, Error> {
        let now = self.status == Some(Status::Cancelled);
        let later = self.cancel_at_next_billing_date;
        let told = self.cancellation_feedback.is_some() || self.cancellation_comment.is_some();
        if told && !now && later != Some(true) {
            return Err(invalid(
                "cancellation_feedback",
                "and cancellation_comment are only for a cancellation",
            ));
        }
        if now && later.is_some() {
            return Err(invalid(
                "cancel_at_next_billing_date",
                "cannot be sent with status `cancelled`",
            ));
        }
        let comment = self.cancellation_comment.clone();
        if comment
            .as_ref()
            .is_some_and(|text| text.chars().count() > MAX_COMMENT)
        {
            return Err(invalid(
                "cancellation_comment",
                "is longer than 500 characters",
            ));
        }
        let why = || Cancellation {
            reason: Some(match self.cancel_reason {
                Some(Reason::Ours(reason)) => reason,
                Some(Reason::Theirs(DodoTeam::DodoTeam)) | None => CancelReason::Merchant,
            }),
            feedback: self.cancellation_feedback,
            comment,
        };
        Ok(match (now, later) {
            (true, _) => Some(EndingWish::Now(why())),
            (false, Some(true)) => Some(EndingWish::AtPeriodEnd(why())),
            (false, Some(false)) => Some(EndingWish::Undo),
            (false, None) => None,
        })
    }
}
