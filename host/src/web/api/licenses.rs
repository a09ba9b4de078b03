//! `/licenses/*`: called by the merchant's programs on customers' machines. The license key
//! is the only secret; an API key may be sent and is not needed. Without one the answer is
//! for live mode only, or for test mode at the test address; at the host of a portal's own for
//! that business and mode.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::input::json;
use super::key::{acting, rates, shown_scope};
use super::repeats::{arrival, bytes};
use super::run;
use crate::cx::Cx;
use crate::domain::id::LicenseInstanceId;
use crate::domain::license::{License, LicenseStatus};
use crate::domain::{Mode, Scope};
use crate::flows::license::{self, Activated};
use crate::flows::repeat::{self, Arrival};
use crate::web::surface::{self, Surface};
use crate::web::{Error, Visit, Web};
use crate::wire::Metadata;
use crate::wire::customer::CustomerDetails;
use crate::wire::license::{ActivatedProduct, Activation, Instance};

/// The longest text that is looked up as a key.
const MAX_KEY: usize = 255;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/licenses/activate", post(activate))
        .route("/licenses/deactivate", post(deactivate))
        .route("/licenses/validate", post(validate))
}

/// A call with a license key: its mode, its body, and how a repeat of it is recognised.
struct Shown<T> {
    mode: Mode,
    /// Of the API key, where one was shown: other businesses' licenses are then unknown.
    scope: Option<Scope>,
    body: T,
    cx: Cx,
    arrival: Arrival,
}

impl<T, S> FromRequest<S> for Shown<T>
where
    T: DeserializeOwned + Send,
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let web = Web::from_ref(state);
        let (parts, body) = request.into_parts();
        let visit = parts.extensions.get::<Arc<Visit>>().cloned();
        let visit = visit.ok_or_else(Error::not_found)?;
        rates(&parts).count_network(&web, &visit).await?;
        let scope = match shown_scope(&web, &parts).await? {
            Some(scope) => Some(scope),
            // At the host of a portal's own only what is sold there is known.
            None => surface::own_host(&web.cx.settings.load(), visit.host()),
        };
        let mode = match &scope {
            Some(scope) => scope.mode,
            None if visit.surface == (Surface::Api { test: true }) => Mode::Test,
            None => Mode::Live,
        };
        let bytes = bytes(Request::from_parts(parts.clone(), body), state).await?;
        Ok(Self {
            mode,
            scope,
            body: json(&bytes)?,
            cx: acting(&web, &parts, "license".to_owned()),
            arrival: arrival(String::new(), &parts, &bytes)?,
        })
    }
}

#[derive(Deserialize)]
struct ActivateBody {
    license_key: String,
    name: String,
}

async fn activate(
    State(web): State<Web>,
    shown: Shown<ActivateBody>,
) -> Result<(StatusCode, Json<Activation>), Error> {
    let license = find(&shown, &shown.body.license_key).await?;
    let license = license.ok_or_else(unknown_key)?;
    let is_merchant = shown.scope.is_some();
    let (cx, name) = (shown.cx, shown.body.name);
    let arrival = Arrival {
        caller: license.id.to_string(),
        ..shown.arrival
    };
    let activated = run(&web, async move {
        let call = repeat::open(&cx, &license.scope, arrival).await?;
        license::activate(&cx, &license, call.id_of("instance"), &name).await
    })
    .await?;
    match activated {
        Activated::Done(activation) => {
            let business = &activation.license.scope.business;
            let mut customer = CustomerDetails::from(&activation.customer);
            if !is_merchant {
                // Whoever holds the key may be anybody.
                customer.metadata = Metadata::default();
                customer.phone_number = None;
            }
            let answer = Activation {
                instance: Instance::new(&activation.instance, business),
                customer,
                product: ActivatedProduct {
                    product_id: activation.product.id,
                    name: Some(activation.product.name),
                },
            };
            Ok((StatusCode::CREATED, Json(answer)))
        }
        Activated::Inactive => Err(Error::new(StatusCode::FORBIDDEN, "inactive_license_key")
            .saying("the license key is switched off or has expired")),
        Activated::Full => Err(Error::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "license_key_limit_reached",
        )
        .saying("the license key is active on as many devices as it allows")),
    }
}

#[derive(Deserialize)]
struct DeactivateBody {
    license_key: String,
    license_key_instance_id: String,
}

async fn deactivate(
    State(web): State<Web>,
    shown: Shown<DeactivateBody>,
) -> Result<StatusCode, Error> {
    let license = find(&shown, &shown.body.license_key).await?;
    let license = license.ok_or_else(unknown_key)?;
    let foreign = || Error::forbidden().saying("the instance is not one of this license key");
    let id: LicenseInstanceId = shown
        .body
        .license_key_instance_id
        .parse()
        .map_err(|_| foreign())?;
    let cx = shown.cx;
    let arrival = Arrival {
        caller: license.id.to_string(),
        ..shown.arrival
    };
    let removed = run(&web, async move {
        let call = repeat::open(&cx, &license.scope, arrival).await?;
        // A repeat finds the device gone, and that is what it asked for.
        Ok(license::deactivate(&cx, &license, &id).await? || call.is_repeat())
    })
    .await?;
    if removed {
        Ok(StatusCode::OK)
    } else {
        Err(foreign())
    }
}

#[derive(Deserialize)]
struct ValidateBody {
    license_key: String,
    license_key_instance_id: Option<String>,
}

#[derive(Serialize)]
struct Valid {
    valid: bool,
}

/// 200 for every key, known or not.
async fn validate(shown: Shown<ValidateBody>) -> Result<Json<Valid>, Error> {
    let cx = &shown.cx;
    let Some(license) = find(&shown, &shown.body.license_key).await? else {
        return Ok(Json(Valid { valid: false }));
    };
    let mut tx = cx.store.read().await?;
    let now = cx.business_now(&mut tx, &license.scope).await?;
    let active = license.status(now) == LicenseStatus::Active;
    let on_device = match shown.body.license_key_instance_id {
        None => true,
        Some(text) => match text.parse::<LicenseInstanceId>() {
            Ok(id) => tx
                .license_instance(&id)
                .await?
                .is_some_and(|instance| instance.license == license.id),
            Err(_) => false,
        },
    };
    Ok(Json(Valid {
        valid: active && on_device,
    }))
}

/// The license of a key whose business is served, and is the API key's where one was shown.
async fn find<T>(shown: &Shown<T>, key: &str) -> Result<Option<License>, Error> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Ok(None);
    }
    let license = license::by_key(&shown.cx, shown.mode, key).await?;
    let is_reached = |scope: &Scope| shown.scope.as_ref().is_none_or(|own| own == scope);
    Ok(license.filter(|license| {
        shown.cx.business(&license.scope).is_some() && is_reached(&license.scope)
    }))
}

fn unknown_key() -> Error {
    Error::new(StatusCode::NOT_FOUND, "license_key_not_found")
        .saying("there is no such license key")
}
