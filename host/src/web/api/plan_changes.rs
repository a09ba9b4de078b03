//! `/subscriptions/{id}/change-plan`: another product, quantity or add-ons, now or at the next
//! billing date; what it would cost; and taking a scheduled change back.

use std::time::Duration;

use axum::extract::State;
use axum::routing::{delete, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::input::{At, invalid};
use super::key::Writer;
use super::repeats::Making;
use super::run;
use super::subscriptions::{AddonBody, MAX_QUANTITY, addons, codes, product};
use crate::domain::id::{PaymentId, PlanChangeId, SubscriptionId};
use crate::domain::payment::Initiator;
use crate::domain::plan::OnFailure;
use crate::domain::proration::Mode;
use crate::flows::plan_change::{self, Order, Wish};
use crate::flows::repeat;
use crate::web::{Error, Web};
use crate::wire::plan_change::Preview;
use crate::wire::{Metadata, Null, load};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/subscriptions/{subscription}/change-plan", post(change))
        .route(
            "/subscriptions/{subscription}/change-plan/preview",
            post(preview),
        )
        .route(
            "/subscriptions/{subscription}/change-plan/scheduled",
            delete(cancel),
        )
}

#[derive(Deserialize)]
struct ChangeBody {
    product_id: String,
    proration_billing_mode: Mode,
    quantity: u32,
    addons: Option<Vec<AddonBody>>,
    cancel_scheduled_change_plan: Option<bool>,
    collect_via_payment_link: Option<bool>,
    discount_code: Option<String>,
    discount_codes: Option<Vec<String>>,
    effective_at: Option<EffectiveAt>,
    metadata: Option<Metadata>,
    on_payment_failure: Option<OnFailure>,
    /// Not one of Dodo's: the price of a preview, to be charged exactly that.
    quote_id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffectiveAt {
    Immediately,
    NextBillingDate,
}

/// What a change answers; nulls where nothing had to be paid.
#[derive(Serialize)]
struct Changed {
    client_secret: Null,
    expires_on: Option<Timestamp>,
    payment_id: Option<PaymentId>,
    payment_link: Null,
}

async fn change(
    State(web): State<Web>,
    _: Writer,
    At(id): At<SubscriptionId>,
    Making { key, body, call }: Making<ChangeBody>,
) -> Result<Json<Changed>, Error> {
    if body.collect_via_payment_link == Some(true) {
        let problem = "is not supported on this host";
        return Err(invalid("collect_via_payment_link", problem));
    }
    let order = Order {
        change: call.id_of::<PlanChangeId>("plan-change"),
        payment: call.id_of("payment"),
        quote: body.quote_id.clone(),
        initiator: Initiator::Unscheduled,
        metadata: body.metadata.as_ref().map(Metadata::to_json),
    };
    let wish = body.wish(&key).await?;
    let outcome = run(
        &web,
        Box::pin(async move {
            let deadline = key.cx.settings.load().plugins.deadline;
            let patience =
                Duration::try_from(deadline).unwrap_or_default() + Duration::from_secs(5);
            repeat::once(&key.cx, &call, patience, async {
                let started = plan_change::start(&key.cx, &key.scope, &id, wish, order).await?;
                let payment = started.change.payment;
                Ok(payment.map_or_else(String::new, |payment| payment.to_string()))
            })
            .await
        }),
    )
    .await?;
    Ok(Json(Changed {
        client_secret: None,
        expires_on: None,
        payment_id: outcome.parse().ok(),
        payment_link: None,
    }))
}

async fn preview(
    State(web): State<Web>,
    _: Writer,
    At(id): At<SubscriptionId>,
    Making { key, body, .. }: Making<ChangeBody>,
) -> Result<Json<Preview>, Error> {
    let wish = body.wish(&key).await?;
    let (cx, scope) = (key.cx.clone(), key.scope.clone());
    let seen = run(
        &web,
        Box::pin(async move { plan_change::preview(&cx, &scope, &id, &wish).await }),
    )
    .await?;
    let mut tx = key.cx.store.read().await?;
    let new_plan = load::subscription(&mut tx, &seen.changed).await?;
    Ok(Json(Preview::new(&seen, new_plan)))
}

async fn cancel(
    State(web): State<Web>,
    Writer(key): Writer,
    At(id): At<SubscriptionId>,
) -> Result<(), Error> {
    run(&web, async move {
        plan_change::cancel_scheduled(&key.cx, &key.scope, &id).await
    })
    .await
}

impl ChangeBody {
    async fn wish(&self, key: &super::key::ApiKey) -> Result<Wish, Error> {
        if !(1..=MAX_QUANTITY).contains(&self.quantity) {
            return Err(invalid("quantity", "must be 1 to 100000"));
        }
        let (product, _) = product(key, &self.product_id, self.quantity, None).await?;
        Ok(Wish {
            product,
            quantity: self.quantity,
            addons: addons(self.addons.as_deref().unwrap_or_default())?,
            codes: codes(self.discount_code.clone(), self.discount_codes.clone())?,
            mode: self.proration_billing_mode,
            at_next_date: self.effective_at == Some(EffectiveAt::NextBillingDate),
            on_failure: self.on_payment_failure.unwrap_or(OnFailure::Apply),
            replaces_scheduled: self.cancel_scheduled_change_plan == Some(true),
        })
    }
}
