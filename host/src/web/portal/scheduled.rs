//! A change of plan that waits for the next billing date, and taking it back.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::progress::Pressed;
use super::records::Records;
use super::{plan, sample};
use crate::domain::money::Money;
use crate::domain::period::Interval;
use crate::domain::plan::Bought;
use crate::domain::subscription::Subscription;
use crate::flows::plan_change;
use crate::web::{Error, Owned, Posted, SignedIn};

/// A change that is to come.
#[derive(Clone, Debug, Serialize)]
pub struct Scheduled {
    /// What the subscription will be for: the product first, then add-ons.
    pub parts: Vec<Bought>,
    /// What one period will cost.
    pub price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// How long a period will be.
    pub interval: Interval,
    /// From when on.
    pub at: Timestamp,
    /// Whether the customer may take it back.
    pub undo: bool,
}

impl Scheduled {
    /// The change that `subscription` waits for.
    pub(super) async fn of(
        who: &SignedIn,
        records: &mut Records,
        subscription: &Subscription,
    ) -> Result<Option<Self>, Error> {
        let (scope, id) = (who.scope(), &subscription.id);
        let Some(change) = records.tx.scheduled_change(scope, id).await? else {
            return Ok(None);
        };
        let product = records.product(&change.terms.product).await?;
        let mut changed = subscription.clone();
        change.terms.put_into(&mut changed);
        Ok(Some(Self {
            parts: Bought::all(&product, changed.quantity, &changed.extras.addons),
            price: changed.price().map_err(Error::internal)?,
            tax_inclusive: changed.tax_inclusive,
            interval: changed.interval,
            at: subscription.period.end,
            undo: plan::rules(who).is_some(),
        }))
    }

    pub(super) fn sample(undo: bool) -> Self {
        let part = |name: &str, quantity| Bought {
            name: name.to_owned(),
            quantity,
        };
        Self {
            parts: vec![part("Team", 3), part("Priority support", 1)],
            price: sample::money(18_900, "EUR"),
            tax_inclusive: true,
            interval: sample::monthly(),
            at: sample::at("2026-12-01"),
            undo,
        }
    }
}

/// `POST /subscriptions/{id}/plan/keep`.
pub(super) async fn undo(
    Owned { who, item }: Owned<Subscription>,
    Posted(Pressed {}): Posted<Pressed>,
) -> Result<Response, Error> {
    plan::rules(&who).ok_or_else(Error::not_found)?;
    let waits = {
        let mut tx = who.web.cx.store.read().await?;
        tx.scheduled_change(who.scope(), &item.id).await?.is_some()
    };
    if !waits {
        // It was taken back before, or it has happened.
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
    who.web
        .perform(Box::pin(async move {
            plan_change::cancel_scheduled(&cx, &scope, &id).await
        }))
        .await?;
    Ok(who.redirect(&format!("/subscriptions/{}/kept", item.id)))
}
