//! Telling endpoints of events, in three beats: a try is written down, then made with no
//! transaction open, then its end is written down. A try without an end was cut off; the next one
//! has the same `webhook-id`.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::endpoint::{self, Target};
use super::{Error, facts, plugin_calls};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::endpoint::{Attempt, AttemptEnd, Delivery, DeliveryState};
use crate::domain::id::{EndpointId, EventId};
use crate::store::{self, Event, Tx, Work};

/// A turn that was not used for so long is given back.
const LATE: SignedDuration = SignedDuration::from_secs(5);

/// How many deliveries one transaction replays.
const BATCH: u32 = 200;

/// Writes a fact down and orders its delivery to every endpoint and plugin that wants to be told.
pub async fn tell(cx: &Cx, tx: &mut Tx, scope: &Scope, event: &Event) -> store::Result<()> {
    tx.insert_event(scope, event).await?;
    for endpoint in endpoint::listeners(cx, tx, scope, &event.kind).await? {
        order(cx, tx, scope, &endpoint, &event.id).await?;
    }
    plugin_calls::order_telling(cx, tx, scope, event).await
}

async fn order(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    endpoint: &EndpointId,
    event: &EventId,
) -> store::Result<()> {
    tx.order_delivery(scope, endpoint, event, cx.now()).await?;
    let work = Work::DeliverEvent {
        event: event.clone(),
        endpoint: endpoint.clone(),
    };
    cx.order(tx, scope, &work).await
}

/// Whether a delivery is to be tried now.
#[derive(Debug)]
pub enum Turn {
    /// Now, and this try is written down.
    Go(Box<Dispatch>),
    /// The endpoint's limit lets it through after this wait.
    NotYet(SignedDuration),
    /// It was acknowledged or given up before, or its endpoint is gone or disabled.
    Over,
}

/// A try that is about to be made.
#[derive(Debug)]
pub struct Dispatch {
    /// The try.
    pub attempt: Attempt,
    /// Where to, and with what.
    pub target: Target,
    /// The fact.
    pub event: Event,
}

/// What comes after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: it was acknowledged.
    Delivered,
    /// Another try after this wait.
    Again(SignedDuration),
    /// Nothing: it was the last try.
    GivenUp,
}

/// Beat 1: whether `event` is to be sent to `endpoint` now; if so, the try is written down.
pub async fn begin(
    cx: &Cx,
    scope: &Scope,
    endpoint: &EndpointId,
    event: &EventId,
) -> Result<Turn, Error> {
    let now = cx.now();
    let mut tx = cx.store.begin().await?;
    let delivery = tx.delivery(scope, endpoint, event).await?;
    let waiting = delivery.filter(|delivery| delivery.state == DeliveryState::Waiting);
    let Some(delivery) = waiting else {
        return Ok(Turn::Over);
    };
    let event = tx.event(scope, event).await?;
    let event = event.ok_or(Error::NotFound("event"))?;
    let target = endpoint::target(cx, &mut tx, scope, endpoint, &event.kind).await?;
    let Some(target) = target else {
        let of = (endpoint, &event.id);
        let dropped = DeliveryState::Dropped;
        tx.set_delivery(scope, of, dropped, delivery.failures, Some(now))
            .await?;
        tx.commit().await?;
        return Ok(Turn::Over);
    };
    if let Some(pace) = target.pace {
        let taken = delivery
            .slot_at
            .filter(|slot| now.duration_since(*slot) < LATE);
        let slot = match taken {
            Some(slot) => slot,
            None => tx.take_turn(scope, endpoint, now, pace).await?,
        };
        if slot > now {
            tx.set_slot(scope, &delivery, Some(slot)).await?;
            tx.commit().await?;
            return Ok(Turn::NotYet(slot.duration_since(now)));
        }
        tx.set_slot(scope, &delivery, None).await?;
    }
    let attempt = Attempt {
        id: cx.new_id(),
        endpoint: endpoint.clone(),
        event: event.id.clone(),
        at: now,
        end: None,
    };
    tx.insert_attempt(scope, &attempt).await?;
    tx.commit().await?;
    Ok(Turn::Go(Box::new(Dispatch {
        attempt,
        target,
        event,
    })))
}

/// Beat 3: how a try ended, and what comes after it: no other try when a failure never `passes`.
pub async fn end(
    cx: &Cx,
    scope: &Scope,
    attempt: &Attempt,
    end: &AttemptEnd,
    passes: bool,
) -> Result<After, Error> {
    let now = cx.now();
    let mut tx = cx.store.begin().await?;
    let of = (&attempt.endpoint, &attempt.event);
    // Somebody may be ordering it anew at this moment, which begins its tries from the first.
    let known = tx.lock_delivery(scope, of.0, of.1).await?;
    tx.end_attempt(scope, attempt, end).await?;
    let failures = known.map_or(0, |delivery| delivery.failures);
    if end.error.is_none() {
        let delivered = DeliveryState::Delivered;
        tx.set_delivery(scope, of, delivered, failures, Some(now))
            .await?;
        tx.event_delivered(scope, &attempt.event, now).await?;
        tx.commit().await?;
        return Ok(After::Delivered);
    }
    let settings = cx.settings.load_full();
    let waits = &settings.webhooks.retry_after;
    let wait = waits.get(failures as usize).filter(|_| passes).copied();
    let (state, ended_at) = match wait {
        Some(_) => (DeliveryState::Waiting, None),
        None => (DeliveryState::Failed, Some(now)),
    };
    tx.set_delivery(scope, of, state, failures.saturating_add(1), ended_at)
        .await?;
    tx.commit().await?;
    Ok(wait.map_or(After::GivenUp, After::Again))
}

/// Sends an event to an endpoint again, whatever became of it before, under the same
/// `webhook-id`. Its payload is the state at that time.
pub async fn replay(
    cx: &Cx,
    scope: &Scope,
    endpoint: &EndpointId,
    event: &EventId,
) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    there(cx, &mut tx, scope, endpoint).await?;
    let event = tx.event(scope, event).await?;
    let event = event.ok_or(Error::NotFound("event"))?;
    order(cx, &mut tx, scope, endpoint, &event.id).await?;
    let after = json!({ "event": event.id });
    let id = endpoint.as_str();
    facts::audit(cx, &mut tx, scope, "webhook.replay", id, None, Some(after)).await?;
    Ok(tx.commit().await?)
}

/// Sends everything again that was given up at an endpoint and ordered from `since` on, before
/// `until` (host time); answers how many.
pub async fn replay_failed(
    cx: &Cx,
    scope: &Scope,
    endpoint: &EndpointId,
    since: Timestamp,
    until: Timestamp,
) -> Result<usize, Error> {
    let mut replayed = 0;
    loop {
        let mut tx = cx.store.begin().await?;
        there(cx, &mut tx, scope, endpoint).await?;
        let failed = tx
            .failed_deliveries(scope, endpoint, since, until, BATCH)
            .await?;
        for event in &failed {
            order(cx, &mut tx, scope, endpoint, event).await?;
        }
        replayed += failed.len();
        let last = failed.len() < BATCH as usize;
        if last {
            let after = json!({ "since": since, "until": until, "events": replayed });
            let id = endpoint.as_str();
            let action = "webhook.replay-failed";
            facts::audit(cx, &mut tx, scope, action, id, None, Some(after)).await?;
        }
        tx.commit().await?;
        if last {
            return Ok(replayed);
        }
    }
}

async fn there(cx: &Cx, tx: &mut Tx, scope: &Scope, id: &EndpointId) -> Result<(), Error> {
    let found = endpoint::find(cx, tx, scope, id).await?;
    found.map(drop).ok_or(Error::NotFound("webhook endpoint"))
}

/// Why a delivery that waits cannot even be tried, such as that its secret cannot be opened; none
/// while it only waits for its turn or, after the last of its `tries`, for the next.
pub async fn held_up(
    tx: &mut Tx,
    scope: &Scope,
    delivery: &Delivery,
    tries: &[Attempt],
) -> store::Result<Option<String>> {
    let work = Work::DeliverEvent {
        event: delivery.event.clone(),
        endpoint: delivery.endpoint.clone(),
    };
    let key = work
        .unique_key()
        .filter(|_| delivery.state == DeliveryState::Waiting);
    let Some(key) = key else {
        return Ok(None);
    };
    let known = tries.last().and_then(|attempt| attempt.end.as_ref());
    let known = known.and_then(|end| end.error.as_deref());
    let why = tx.why_queued(scope, &key).await?;
    Ok(why.filter(|why| Some(why.as_str()) != known))
}

/// Deletes what was kept long enough.
pub async fn clean_up(cx: &Cx) -> Result<(), Error> {
    let now = cx.now();
    let kept = cx.settings.load().webhooks.keep_log;
    let before = now.saturating_sub(kept).unwrap_or(now);
    let mut tx = cx.store.begin().await?;
    tx.forget_deliveries(before).await?;
    Ok(tx.commit().await?)
}
