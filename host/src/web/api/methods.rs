//! `/customers/{id}/payment-methods`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};

use super::input::At;
use super::key::{ApiKey, Writer};
use super::run;
use crate::domain::id::{CustomerId, MethodId};
use crate::flows::method_update;
use crate::web::{Error, Web};
use crate::wire::{Page, method::Method};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/customers/{customer}/payment-methods", get(index))
        .route(
            "/customers/{customer}/payment-methods/{method}",
            delete(remove),
        )
}

/// Not paged: a customer has few.
async fn index(key: ApiKey, At(customer): At<CustomerId>) -> Result<Json<Page<Method>>, Error> {
    let mut tx = key.cx.store.read().await?;
    if tx.customer(&key.scope, &customer).await?.is_none() {
        return Err(Error::not_found());
    }
    let methods = tx.methods_of(&key.scope, &customer).await?;
    Ok(Json(Page {
        items: methods.iter().map(Method::from).collect(),
    }))
}

/// Removing a method that is gone is fine; one that pays for a subscription stays.
async fn remove(
    State(web): State<Web>,
    Writer(key): Writer,
    At((customer, method)): At<(CustomerId, MethodId)>,
) -> Result<StatusCode, Error> {
    run(&web, async move {
        method_update::detach(&key.cx, &key.scope, &customer, &method).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
