//! `PATCH /subscriptions/{id}`: one body for many acts, done as a whole or not at all.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::create::{address, short};
use super::input::{At, invalid, json};
use super::key::{ApiKey, Writer};
use super::repeats::is_repeat;
use super::run;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{
    self, CancelReason, Cancellation, CancellationFeedback, SubscriptionState,
};
use crate::flows::cancellation::Wish;
use crate::flows::pause::Pause;
use crate::flows::{self, Change, details, pause};
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
    #[serde(default)]
    tax_id: Change<String>,
    pause: Option<Value>,
    credit_entitlement_cart: Option<Value>,
    disable_on_demand: Option<DisableOnDemand>,
    subscription_period_count: Option<Value>,
    subscription_period_interval: Option<Value>,
}

/// From when on it is paid by the period.
#[derive(Clone, Copy, Deserialize)]
struct DisableOnDemand {
    next_billing_date: Timestamp,
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

pub(super) async fn update(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<SubscriptionId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Subscription>, Error> {
    let changes: Changes = json(&body)?;
    let turn = changes.turn()?;
    let changes = changes.checked()?;
    let is_repeat = is_repeat(&headers);
    let ApiKey { cx, scope, .. } = key.clone();
    let row = run(&web, async move {
        match turn {
            Some(turn) => turn.take(&cx, &scope, &id, is_repeat).await,
            None => details::update(&cx, &scope, &id, changes, is_repeat).await,
        }
    })
    .await?;
    let mut tx = key.cx.store.read().await?;
    Ok(Json(load::subscription(&mut tx, &row).await?))
}

/// A wish that comes alone.
#[derive(Clone, Copy)]
enum Turn {
    Pause,
    Resume,
}

impl Turn {
    /// To somebody who may have been here before, what is as wished already is fine.
    async fn take(
        self,
        cx: &Cx,
        scope: &Scope,
        id: &SubscriptionId,
        is_repeat: bool,
    ) -> Result<subscription::Subscription, flows::Error> {
        let known = {
            let mut tx = cx.store.read().await?;
            tx.subscription(scope, id).await?
        };
        let known = known.ok_or(flows::Error::NotFound("subscription"))?;
        match (self, &known.state) {
            (Self::Pause, SubscriptionState::Paused { .. })
            | (Self::Resume, SubscriptionState::Active)
                if is_repeat =>
            {
                Ok(known)
            }
            (Self::Pause, SubscriptionState::Paused { .. }) => {
                Err(flows::Error::Refused(flows::Refused::AlreadyPaused))
            }
            (Self::Pause, _) => pause::start(cx, scope, id, Pause::default()).await,
            (Self::Resume, _) => pause::resume(cx, scope, id).await,
        }
    }
}

impl Changes {
    /// Whether it is to be paused, or to go on.
    fn turn(&self) -> Result<Option<Turn>, Error> {
        self.check_unsupported()?;
        match self.status {
            None | Some(Status::Cancelled) => Ok(None),
            Some(Status::Paused | Status::Active) if !self.is_only_status() => Err(invalid(
                "status",
                "`paused` and `active` must be sent without other fields",
            )),
            Some(Status::Paused) => Ok(Some(Turn::Pause)),
            Some(Status::Active) => Ok(Some(Turn::Resume)),
            Some(_) => Err(invalid(
                "status",
                "must be `cancelled`, `paused` or `active`",
            )),
        }
    }

    fn checked(self) -> Result<details::Changes, Error> {
        Ok(details::Changes {
            ending: self.ending()?,
            billing: self.billing.as_ref().map(address).transpose()?,
            tax_id: clearable("tax_id", self.tax_id)?,
            business_name: clearable("customer_business_name", self.customer_business_name)?,
            metadata: self.metadata.map(|metadata| metadata.to_json()),
            customer_name: self.customer_name,
            next_billing_date: self.next_billing_date,
            renew_from: self.disable_on_demand.map(|wish| wish.next_billing_date),
        })
    }

    fn check_unsupported(&self) -> Result<(), Error> {
        let is_set = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
        if is_set(&self.pause) {
            return Err(invalid("pause", "was removed; use status"));
        }
        let unsupported = [
            ("credit_entitlement_cart", &self.credit_entitlement_cart),
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
            && self.disable_on_demand.is_none()
            && self.tax_id == Change::Keep
    }

    /// `cancelled` means now, unless `cancel_at_next_billing_date` says that it means then.
    fn ending(&self) -> Result<Option<Wish>, Error> {
        let now = self.status == Some(Status::Cancelled);
        let later = self.cancel_at_next_billing_date;
        let told = self.cancellation_feedback.is_some() || self.cancellation_comment.is_some();
        if told && !now && later != Some(true) {
            return Err(invalid(
                "cancellation_feedback",
                "and cancellation_comment are only for a cancellation",
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
            (_, Some(true)) => Some(Wish::AtPeriodEnd(why())),
            (true, Some(false) | None) => Some(Wish::Now(why())),
            (false, Some(false)) => Some(Wish::Undo),
            (false, None) => None,
        })
    }
}

/// A text of one line that null or nothing but spaces clears.
fn clearable(field: &str, text: Change<String>) -> Result<Change<String>, Error> {
    Ok(match text {
        Change::Set(text) => short(field, Some(text))?.map_or(Change::Clear, Change::Set),
        Change::Keep | Change::Clear => text,
    })
}
