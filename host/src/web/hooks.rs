//! `/hooks/{business}/{mode}/{gateway}`: deliveries of gateways, as they come. The plugin checks
//! the signature; nothing is acknowledged before it was applied.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;

use super::{Error, Web, visitor};
use crate::domain::Scope;
use crate::flows::settlement::{self, Received};
use crate::plugins::gateway::request::Delivery;

/// After how many seconds a delivery that could not be looked at may come again.
const LATER: &str = "30";

pub(super) fn router() -> Router<Web> {
    Router::new().route("/hooks/{business}/{mode}/{gateway}", post(receive))
}

async fn receive(
    State(web): State<Web>,
    Path((business, mode, gateway)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let business = business.parse().map_err(|_| Error::not_found())?;
    let scope = Scope::new(business, mode.parse().map_err(|_| Error::not_found())?);
    let settings = web.cx.settings.load_full();
    let Some(mode) = settings.scope(&scope) else {
        // A gateway asks again later; a business that comes back misses nothing.
        return Err(visitor::gone(&web, &scope).await);
    };
    if !mode.gateways.contains_key(&gateway) {
        return Err(Error::not_found());
    }
    let delivery = Delivery {
        headers: Delivery::readable(&headers),
        query: Delivery::decoded(&query.unwrap_or_default()),
        body: body.to_vec(),
        received_at: web.cx.now(),
    };
    let cx = web.cx.clone();
    let flow = async move { settlement::receive(&cx, &scope, &gateway, &delivery).await };
    Ok(match web.perform(flow).await? {
        Received::Acknowledged { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            (status, body).into_response()
        }
        Received::Forged => StatusCode::UNAUTHORIZED.into_response(),
        Received::Malformed => StatusCode::BAD_REQUEST.into_response(),
        Received::Unavailable => {
            let later = [(RETRY_AFTER, LATER)];
            (StatusCode::SERVICE_UNAVAILABLE, later).into_response()
        }
    })
}
