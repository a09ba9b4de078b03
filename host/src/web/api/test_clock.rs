//! `/test-clock`: the business's time in test mode. Not one of Dodo's paths.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::ApiKey;
use super::repeats::Making;
use super::run;
use crate::flows::test_clock::{self, TestClock};
use crate::web::{Error, Web};

pub(super) fn router() -> Router<Web> {
    Router::new().route("/test-clock", get(show).post(advance))
}

/// Where the business's time stands: `target` is where it is moving to, while it does.
#[derive(Serialize)]
struct Standing {
    now: Timestamp,
    target: Option<Timestamp>,
}

impl From<TestClock> for Standing {
    fn from(TestClock { now, target }: TestClock) -> Self {
        Self { now, target }
    }
}

#[derive(Deserialize)]
struct Advance {
    to: Timestamp,
}

async fn show(key: ApiKey) -> Result<Json<Standing>, Error> {
    let clock = test_clock::read(&key.cx, &key.scope).await;
    Ok(Json(clock.map_err(Error::from)?.into()))
}

async fn advance(
    State(web): State<Web>,
    Making { key, body, .. }: Making<Advance>,
) -> Result<Json<Standing>, Error> {
    let moving = run(&web, async move {
        test_clock::advance(&key.cx, &key.scope, body.to).await
    })
    .await?;
    Ok(Json(moving.into()))
}
