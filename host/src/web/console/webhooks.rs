//! Webhooks: the endpoints that events are delivered to, what became of deliveries, and sending
//! again. Secrets are never here.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::{Position, Url};

use super::room::{Doors, Room};
use crate::domain::access::Role;
use crate::domain::endpoint::{Attempt, Delivery, DeliveryState};
use crate::domain::id::{EndpointId, EventId};
use crate::flows::endpoint::{self, View};
use crate::flows::{self, delivery};
use crate::store::{DeliveryFilter, Seek, Tx};
use crate::themes::Page;
use crate::web::paging::{Asked, Paging, ROWS};
use crate::web::{Error, Posted, Web};

/// How far back deliveries are counted, and failures sent again by one button.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The most endpoints that are listed.
const ALL: u32 = 100;

/// The endpoints of the room.
#[derive(Debug, Serialize)]
pub(super) struct WebhooksPage {
    doors: Doors,
    endpoints: Vec<EndpointRow>,
}

#[derive(Clone, Debug, Serialize)]
struct EndpointRow {
    href: String,
    /// Without what stands behind a question mark, which may hold a token, as the path may: to
    /// those who may only look it is the host.
    url: String,
    /// `enabled`, `disabled`, or `fixed` by the business's file.
    state: &'static str,
    delivered: i64,
    waiting: i64,
    failed: i64,
}

/// One endpoint and its deliveries, newest first.
#[derive(Debug, Serialize)]
pub(super) struct WebhookPage {
    doors: Doors,
    back: String,
    here: String,
    /// Where things are sent again; none for those who may only look.
    action: Option<String>,
    id: String,
    of: EndpointRow,
    /// None for all.
    types: Option<String>,
    rate: Option<u32>,
    deliveries: Vec<DeliveryRow>,
    paging: Paging,
    /// How many were just ordered to be sent again.
    replayed: Option<usize>,
}

#[derive(Clone, Debug, Serialize)]
struct DeliveryRow {
    event: String,
    kind: String,
    object: String,
    at: Timestamp,
    state: &'static str,
    /// Why it cannot even be tried.
    held_up: Option<String>,
    tries: Vec<TryRow>,
}

#[derive(Clone, Debug, Serialize)]
struct TryRow {
    at: Timestamp,
    /// In milliseconds; none while it is under way, or when it was cut off.
    took: Option<i64>,
    status: Option<u16>,
    error: Option<String>,
}

impl Page for WebhooksPage {
    const TEMPLATE: &'static str = "pages/console/webhooks.html";

    fn samples() -> Vec<Self> {
        let page = |endpoints| Self {
            doors: Doors::sample(),
            endpoints,
        };
        vec![
            page(Vec::new()),
            page(vec![
                sample("fixed", 1_204, 0, 0),
                sample("enabled", 1_190, 3, 11),
                sample("disabled", 0, 0, 0),
            ]),
        ]
    }
}

fn sample(state: &'static str, delivered: i64, waiting: i64, failed: i64) -> EndpointRow {
    EndpointRow {
        href: "/console/bus_sample/live/webhooks/whk_1".to_owned(),
        url: "https://merchant.example.com/hooks/billing/with/a/long/path/of/its/own".to_owned(),
        state,
        delivered,
        waiting,
        failed,
    }
}

impl Page for WebhookPage {
    const TEMPLATE: &'static str = "pages/console/webhook.html";

    fn samples() -> Vec<Self> {
        let at: Timestamp = "2026-11-22T09:26:00Z".parse().expect("a valid timestamp");
        let tried = |status, error: Option<&str>| TryRow {
            at,
            took: Some(132),
            status,
            error: error.map(str::to_owned),
        };
        let cut_off = TryRow {
            took: None,
            ..tried(None, None)
        };
        let row = |state, tries| DeliveryRow {
            event: "evt_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            kind: "subscription.update_payment_method".to_owned(),
            object: "sub_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            at,
            state,
            held_up: None,
            tries,
        };
        let held_up = DeliveryRow {
            held_up: Some(
                "the secrets of whk_1 were sealed with a host key that is gone".to_owned(),
            ),
            ..row("waiting", Vec::new())
        };
        let refused = || tried(Some(500), Some("the endpoint answered 500"));
        let rows = vec![
            row("waiting", vec![tried(None, Some("no answer in time"))]),
            row("delivered", vec![cut_off, tried(Some(200), None)]),
            row("failed", vec![refused(), refused(), refused()]),
            row("dropped", Vec::new()),
            held_up,
        ];
        let page = |may_send: bool, deliveries, replayed, paging| Self {
            doors: Doors::sample(),
            back: "/console/bus_sample/live/webhooks".to_owned(),
            here: "/console/bus_sample/live/webhooks/whk_1".to_owned(),
            action: may_send.then(|| "/console/bus_sample/live/webhooks/whk_1/replay".to_owned()),
            id: "whk_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            of: sample("enabled", 1_190, 3, 11),
            types: Some("payment.succeeded, payment.failed, subscription.active".to_owned()),
            rate: Some(50),
            deliveries,
            paging,
            replayed,
        };
        vec![
            page(true, rows.clone(), None, Paging::sample()),
            page(true, rows.clone(), Some(11), Paging::default()),
            page(false, rows, None, Paging::default()),
            Self {
                types: None,
                rate: None,
                of: sample("fixed", 0, 0, 0),
                ..page(true, Vec::new(), None, Paging::default())
            },
        ]
    }
}

/// `GET /webhooks`.
pub(super) async fn index(State(web): State<Web>, room: Room) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let mut endpoints = Vec::new();
    for view in endpoint::list(&web.cx, &mut tx, &room.scope, None, ALL).await? {
        endpoints.push(row(&web, &mut tx, &room, &view).await?);
    }
    room.render(&WebhooksPage {
        doors: room.doors(),
        endpoints,
    })
}

#[derive(Deserialize)]
pub(super) struct WebhookPath {
    id: String,
}

/// `GET /webhooks/{id}`.
pub(super) async fn show(
    State(web): State<Web>,
    room: Room,
    Path(WebhookPath { id }): Path<WebhookPath>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let id = id.parse().map_err(|_| Error::not_found())?;
    page(&web, room, &id, &asked.seek(), None).await
}

#[derive(Deserialize)]
pub(super) struct ReplayForm {
    /// One event; without it, everything that was given up lately.
    event: Option<EventId>,
}

/// `POST /webhooks/{id}/replay`.
pub(super) async fn replay(
    State(web): State<Web>,
    room: Room,
    Path(WebhookPath { id }): Path<WebhookPath>,
    Posted(form): Posted<ReplayForm>,
) -> Result<Response, Error> {
    let id: EndpointId = id.parse().map_err(|_| Error::not_found())?;
    if room.role != Role::Manager {
        return Err(Error::not_found());
    }
    let (cx, scope, endpoint) = (room.cx(), room.scope.clone(), id.clone());
    let replayed = web
        .perform(async move {
            if let Some(event) = form.event {
                delivery::replay(&cx, &scope, &endpoint, &event).await?;
                return Ok::<_, flows::Error>(1);
            }
            let now = cx.now();
            let since = now.saturating_sub(RECENT).unwrap_or(now);
            delivery::replay_failed(&cx, &scope, &endpoint, since, now).await
        })
        .await?;
    page(&web, room, &id, &Seek::Newest, Some(replayed)).await
}

async fn page(
    web: &Web,
    mut room: Room,
    id: &EndpointId,
    seek: &Seek<EventId>,
    replayed: Option<usize>,
) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let view = endpoint::find(&web.cx, &mut tx, &room.scope, id).await?;
    let view = view.ok_or_else(Error::not_found)?;
    let all = DeliveryFilter::default();
    let found = tx.deliveries_page(&room.scope, id, all, seek, ROWS).await?;
    let mut deliveries = Vec::new();
    for delivery in &found.rows {
        let tries = tx.attempts(&room.scope, id, &delivery.event).await?;
        let held_up = delivery::held_up(&mut tx, &room.scope, delivery, &tries).await?;
        deliveries.push(delivery_row(delivery, &tries, held_up));
    }
    let here = room.path(&format!("/webhooks/{id}"));
    let page = WebhookPage {
        doors: room.doors(),
        back: room.path("/webhooks"),
        action: (room.role == Role::Manager).then(|| format!("{here}/replay")),
        here,
        id: id.to_string(),
        of: row(web, &mut tx, &room, &view).await?,
        types: view.filter_types.map(|types| types.join(", ")),
        rate: view.rate_limit,
        deliveries,
        paging: Paging::of(&found, |delivery| delivery.event.as_str()),
        replayed,
    };
    // Deliveries are dated by the host's clock, whatever a test clock says.
    room.who.visitor.frame.now = web.cx.now();
    room.render(&page)
}

async fn row(web: &Web, tx: &mut Tx, room: &Room, view: &View) -> Result<EndpointRow, Error> {
    let now = web.cx.now();
    let since = now.saturating_sub(RECENT).unwrap_or(now);
    let counts = tx.delivery_counts(&room.scope, &view.id, since).await?;
    let counts: BTreeMap<DeliveryState, i64> = counts.into_iter().collect();
    let count = |state| counts.get(&state).copied().unwrap_or_default();
    let shown = Url::parse(&view.url).map(|mut url| {
        if room.role != Role::Manager {
            return url[Position::BeforeHost..Position::AfterPort].to_owned();
        }
        url.set_query(None);
        url.set_fragment(None);
        url.into()
    });
    Ok(EndpointRow {
        href: room.path(&format!("/webhooks/{}", view.id)),
        url: shown.unwrap_or_default(),
        state: match (view.disabled, view.fixed) {
            (true, _) => "disabled",
            (false, true) => "fixed",
            (false, false) => "enabled",
        },
        delivered: count(DeliveryState::Delivered),
        waiting: count(DeliveryState::Waiting),
        failed: count(DeliveryState::Failed),
    })
}

fn delivery_row(delivery: &Delivery, tries: &[Attempt], held_up: Option<String>) -> DeliveryRow {
    DeliveryRow {
        event: delivery.event.to_string(),
        kind: delivery.kind.clone(),
        object: delivery.object.clone(),
        at: delivery.created_at,
        state: delivery.state.as_str(),
        held_up,
        tries: tries
            .iter()
            .map(|attempt| TryRow {
                at: attempt.at,
                took: attempt.end.as_ref().map(|end| end.took_us / 1000),
                status: attempt.end.as_ref().and_then(|end| end.status),
                error: attempt.end.as_ref().and_then(|end| end.error.clone()),
            })
            .collect(),
    }
}
