//! `/subscriptions/{id}/update-payment-method`: a saved method pays from now on, or a page on
//! which the customer gives a new one. What is due is paid in the same step.

use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::input::{At, invalid};
use super::key::{ApiKey, Writer};
use super::repeats::Making;
use super::{method_types, return_url, run};
use crate::domain::id::{MethodId, PaymentId, SubscriptionId};
use crate::domain::payment::{CustomerAction, PaymentState};
use crate::flows::repeat::Call;
use crate::flows::{AttemptOf, Choice, method_page, method_update, repeat};
use crate::web::{Error, Web};
use crate::wire::{Null, load};

pub(super) fn router() -> Router<Web> {
    Router::new().route(
        "/subscriptions/{subscription}/update-payment-method",
        post(update),
    )
}

/// The bare union that Dodo's SDKs send, as one struct: a wrong field is then refused by its name.
#[derive(Deserialize)]
struct MethodBody {
    #[serde(rename = "type")]
    kind: Kind,
    payment_method_id: Option<MethodId>,
    return_url: Option<String>,
    allowed_payment_method_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    New,
    Existing,
}

/// What changing the method answers; every field may be null.
#[derive(Default, Serialize)]
struct MethodAnswer {
    client_secret: Null,
    expires_on: Option<Timestamp>,
    payment_id: Option<PaymentId>,
    payment_link: Option<String>,
}

async fn update(
    State(web): State<Web>,
    _: Writer,
    At(id): At<SubscriptionId>,
    Making { key, body, call }: Making<MethodBody>,
) -> Result<Json<MethodAnswer>, Error> {
    let answer = match (body.kind, body.payment_method_id) {
        (Kind::New, _) => {
            method_types::check(&key, body.allowed_payment_method_types.as_deref())?;
            let url = body.return_url;
            let url = return_url::checked(&key.cx.settings.load(), &key.scope, url)?;
            give(&web, key, &call, id, url.map(Into::into)).await?
        }
        (Kind::Existing, Some(method)) => choose(&web, key, call, id, method).await?,
        (Kind::Existing, None) => return Err(invalid("payment_method_id", "is missing")),
    };
    Ok(Json(answer))
}

/// The page on which the customer gives a new method. Its id follows from the call's, so that a
/// repeat answers the same page; nothing is asked of the gateway before its button is pressed.
async fn give(
    web: &Web,
    key: ApiKey,
    call: &Call,
    id: SubscriptionId,
    return_url: Option<String>,
) -> Result<MethodAnswer, Error> {
    let (cx, scope, page) = (key.cx.clone(), key.scope.clone(), call.id_of("page"));
    let made = run(web, async move {
        method_page::create(&cx, &scope, page, &id, return_url).await
    })
    .await?;
    Ok(MethodAnswer {
        expires_on: Some(made.expires_at),
        payment_link: Some(load::method_link(&key.cx, &key.scope, &made.id)),
        ..MethodAnswer::default()
    })
}

/// A saved method pays. What a charge is called follows from the call as well.
async fn choose(
    web: &Web,
    key: ApiKey,
    call: Call,
    id: SubscriptionId,
    method: MethodId,
) -> Result<MethodAnswer, Error> {
    let (cx, scope) = (key.cx.clone(), key.scope.clone());
    let outcome = run(
        web,
        Box::pin(async move {
            let deadline = cx.settings.load().plugins.deadline;
            let patience =
                Duration::try_from(deadline).unwrap_or_default() + Duration::from_secs(5);
            let made = repeat::once(&cx, &call, patience, async {
                let choice = Choice::Saved(method);
                let attempt = method_update::start(&cx, &scope, &id, choice, Some(&call)).await?;
                Ok(match attempt.of {
                    AttemptOf::Payment(id) => id.to_string(),
                    AttemptOf::Setup(id) => id.to_string(),
                    AttemptOf::Nothing => String::new(),
                })
            });
            made.await
        }),
    )
    .await?;
    let Ok(payment_id) = outcome.parse::<PaymentId>() else {
        return Ok(MethodAnswer::default());
    };
    let mut tx = key.cx.store.read().await?;
    let payment = tx.payment(&key.scope, &payment_id).await?;
    let waiting = payment.and_then(|payment| match payment.state {
        PaymentState::AwaitingCustomer { action, expires_at } => Some((action, expires_at)),
        _ => None,
    });
    let (action, expires_on) = waiting.unzip();
    Ok(MethodAnswer {
        client_secret: None,
        expires_on,
        payment_id: Some(payment_id),
        // The bank's own page, to confirm this very charge.
        payment_link: match action {
            Some(CustomerAction::Redirect { url }) => Some(url),
            Some(CustomerAction::Wait) | None => None,
        },
    })
}
