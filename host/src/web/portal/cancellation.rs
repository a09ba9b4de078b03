//! Cancelling: what it means first, then when, why, and the button. And taking it back.

use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::progress::Pressed;
use super::sample;
use super::view::{Plan, Standing};
use crate::config::Allow;
use crate::domain::extra_page::Slot;
use crate::domain::money::Money;
use crate::domain::subscription::{
    CancelReason, Cancellation, CancellationFeedback, HoldReason, Subscription, SubscriptionState,
};
use crate::flows::cancellation;
use crate::themes::Page;
use crate::web::{Error, Owned, Posted, SignedIn};

/// A comment is cut here.
const LONGEST_COMMENT: usize = 500;
/// How many license keys are counted.
const COUNTED: u32 = 50;

/// The form that ends a subscription.
#[derive(Debug, Serialize)]
pub struct CancellationPage {
    /// The subscription.
    pub plan: Plan,
    /// When it would end by itself; none when only ending now is possible.
    pub period_end: Option<Timestamp>,
    /// Whether it can be ended at once.
    pub now: bool,
    /// What is due and would no longer be asked for.
    pub written_off: Option<Money>,
    /// How many license keys would stop working.
    pub keys: usize,
    /// The reasons to choose from.
    pub reasons: Vec<&'static str>,
}

/// The form.
#[derive(Debug, Deserialize)]
pub struct Leaving {
    when: When,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    comment: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    PeriodEnd,
    Now,
}

/// `GET /subscriptions/{id}/cancel`.
pub(super) async fn show(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    let allow = allowed(&who).ok_or_else(Error::not_found)?;
    let mut records = who.records().await?;
    let plan = records.plan(&item).await?;
    let period_end =
        (has_period_left(&item) && allow.cancel_at_period_end).then_some(item.period.end);
    let now = allow.cancel_now || !has_period_left(&item);
    if plan.is_past() || (period_end.is_none() && !now) {
        return Ok(who.redirect(&format!("/subscriptions/{}", plan.id)));
    }
    let page = CancellationPage {
        written_off: match plan.standing {
            Standing::OnHold { due, .. } | Standing::PastDue { due, .. } => due,
            _ => None,
        },
        plan,
        period_end,
        now,
        keys: records.keys(Some(&item.id), COUNTED, 0).await?.len(),
        reasons: CancellationPage::reasons(),
    };
    drop(records);
    let who = who.with_blocks(Slot::Cancel, Some(item.id.as_str())).await;
    who.render(&page)
}

/// `POST /subscriptions/{id}/cancel`.
pub(super) async fn create(
    Owned { who, item }: Owned<Subscription>,
    Posted(form): Posted<Leaving>,
) -> Result<Response, Error> {
    let allow = allowed(&who).ok_or_else(Error::not_found)?;
    let offered = match form.when {
        When::PeriodEnd => allow.cancel_at_period_end,
        When::Now => allow.cancel_now || !has_period_left(&item),
    };
    if !offered {
        return Err(Error::conflict());
    }
    let (cx, scope, id, why) = (who.cx(), who.scope().clone(), item.id.clone(), form.why());
    who.web
        .perform(async move {
            match form.when {
                When::PeriodEnd => cancellation::at_period_end(&cx, &scope, &id, why).await,
                When::Now => cancellation::now(&cx, &scope, &id, why).await,
            }
        })
        .await?;
    Ok(who.redirect(&format!("/subscriptions/{}/cancelled", item.id)))
}

/// `POST /subscriptions/{id}/keep`: takes a scheduled cancellation back.
pub(super) async fn undo(
    Owned { who, item }: Owned<Subscription>,
    Posted(Pressed {}): Posted<Pressed>,
) -> Result<Response, Error> {
    let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
    who.web
        .perform(async move { cancellation::undo(&cx, &scope, &id).await })
        .await?;
    Ok(who.redirect(&format!("/subscriptions/{}/kept", item.id)))
}

impl Leaving {
    fn why(&self) -> Cancellation {
        let comment = self.comment.trim();
        let comment: String = comment.chars().take(LONGEST_COMMENT).collect();
        Cancellation {
            reason: Some(CancelReason::Customer),
            feedback: self.reason.parse().ok(),
            comment: (!comment.is_empty()).then_some(comment),
        }
    }
}

/// What the business lets its customers do; none when they may not cancel at all.
fn allowed(who: &SignedIn) -> Option<Allow> {
    let (business, _) = who.web.cx.business(who.scope())?;
    let allow = business.allow;
    (allow.cancel_now || allow.cancel_at_period_end).then_some(allow)
}

/// Whether customers of this business may cancel by themselves.
pub(super) fn is_offered(who: &SignedIn) -> bool {
    allowed(who).is_some()
}

/// Whether there is a paid period at whose end the subscription can end.
fn has_period_left(subscription: &Subscription) -> bool {
    let runs = matches!(
        subscription.state,
        SubscriptionState::Active | SubscriptionState::Paused { .. }
    );
    runs && !subscription.on_demand
}

impl CancellationPage {
    /// Every reason, in the order of the form.
    pub(super) fn reasons() -> Vec<&'static str> {
        CancellationFeedback::ALL
            .iter()
            .map(|reason| reason.as_str())
            .collect()
    }
}

impl Page for CancellationPage {
    const TEMPLATE: &'static str = "pages/cancellation.html";

    fn samples() -> Vec<Self> {
        let due = Some(sample::money(2900, "EUR"));
        let running = Self {
            plan: sample::active(),
            period_end: Some(sample::at("2026-12-01")),
            now: true,
            written_off: None,
            keys: 1,
            reasons: Self::reasons(),
        };
        let on_hold = Self {
            plan: sample::on_hold(HoldReason::RenewalFailed, due),
            period_end: None,
            now: true,
            written_off: due,
            keys: 0,
            reasons: Self::reasons(),
        };
        let only_at_end = Self {
            plan: sample::active(),
            now: false,
            keys: 3,
            period_end: running.period_end,
            written_off: None,
            reasons: Self::reasons(),
        };
        vec![running, on_hold, only_at_end]
    }
}
