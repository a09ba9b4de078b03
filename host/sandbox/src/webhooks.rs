//! Webhooks: written in the transaction of what they tell of, signed as Standard Webhooks,
//! sent by one task per account in order, and sent again until the receiver says 2xx.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, Receiver};
use crate::clock;
use crate::faults::Departure;
use crate::store::{self, Delivery, DeliveryStatus, Store, Tx};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the task looks without being woken.
const LOOK: Duration = Duration::from_millis(250);
/// The pauses between tries; after the last one the delivery is given up.
const PAUSES: [Duration; 8] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(6),
    Duration::from_hours(24),
];

/// Writes the deliveries of one event, as the account wants them treated.
pub(crate) async fn queue(
    tx: &mut Tx,
    account: &Account,
    kind: &str,
    object: &impl Serialize,
    now: i64,
) -> store::Result<()> {
    let treatment = account.faults().webhooks;
    if account.receiver.is_none() || treatment.departure == Departure::Off {
        return Ok(());
    }
    let event = store::new_id("evt");
    let payload = json!({ "id": event, "type": kind, "created_at": now, "data": object });
    for _ in 0..=treatment.repeats {
        tx.insert_delivery(&Delivery {
            id: store::new_id("whd"),
            event: event.clone(),
            account: account.name.clone(),
            kind: kind.to_owned(),
            payload: payload.to_string(),
            status: match treatment.departure {
                Departure::Held => DeliveryStatus::Held,
                Departure::AtOnce | Departure::Off => DeliveryStatus::Due,
            },
            due_at: now.saturating_add(clock::micros(Duration::from_millis(treatment.delay_ms))),
            attempts: 0,
            last_answer: None,
            created_at: now,
        })
        .await?;
    }
    Ok(())
}

/// Lets the held deliveries go, those that wait for another try and those that were given up, one
/// after the other in the order given. Each has all its tries again: whoever lets them go says that
/// the receiver is there, and what it was away for counts no more.
pub(crate) async fn release(
    tx: &mut Tx,
    account: &Account,
    reversed: bool,
    now: i64,
) -> store::Result<usize> {
    let mut held = tx.waiting_deliveries(&account.name).await?;
    if reversed {
        held.reverse();
    }
    for (place, delivery) in (0..).zip(&mut held) {
        delivery.status = DeliveryStatus::Due;
        delivery.due_at = now.saturating_add(place);
        delivery.attempts = 0;
        tx.save_delivery(delivery).await?;
    }
    Ok(held.len())
}

/// Delivers an account's webhooks until told to stop.
pub(crate) async fn deliver(
    store: Arc<Store>,
    account: Arc<Account>,
    client: Client,
    stop: CancellationToken,
) {
    let Some(receiver) = &account.receiver else {
        return;
    };
    while !stop.is_cancelled() {
        match deliver_next(&store, &account, receiver, &client).await {
            Ok(true) => {}
            Ok(false) => {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = account.wake.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "webhooks are stuck"
                );
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// Sends the next delivery that is due; says whether there was one.
async fn deliver_next(
    store: &Store,
    account: &Account,
    receiver: &Receiver,
    client: &Client,
) -> store::Result<bool> {
    let due = store
        .read()
        .await?
        .due_delivery(&account.name, clock::now())
        .await?;
    let Some(delivery) = due else {
        return Ok(false);
    };
    let (arrived, answer) = send(receiver, client, &delivery).await;
    let now = clock::now();
    let mut tx = store.write().await?;
    // It may have been let go anew while it was sent, and has its tries again.
    let Some(mut delivery) = tx.delivery(&delivery.id).await? else {
        return Ok(true);
    };
    delivery.status = if arrived {
        DeliveryStatus::Delivered
    } else {
        DeliveryStatus::Due
    };
    if !arrived {
        match usize::try_from(delivery.attempts)
            .ok()
            .and_then(|at| PAUSES.get(at))
        {
            Some(pause) => delivery.due_at = now.saturating_add(clock::micros(*pause)),
            None => delivery.status = DeliveryStatus::GivenUp,
        }
    }
    delivery.attempts = delivery.attempts.saturating_add(1);
    delivery.last_answer = Some(answer);
    tracing::debug!(
        event = delivery.event,
        kind = delivery.kind,
        arrived,
        attempts = delivery.attempts,
        "sent a webhook"
    );
    tx.save_delivery(&delivery).await?;
    tx.commit().await?;
    Ok(true)
}

/// Sends one delivery; says whether it was taken, and what the receiver answered.
async fn send(receiver: &Receiver, client: &Client, delivery: &Delivery) -> (bool, String) {
    let seconds = clock::now() / 1_000_000;
    let signature =
        match receiver
            .signer
            .sign(&delivery.event, seconds, delivery.payload.as_bytes())
        {
            Ok(signature) => signature,
            Err(error) => return (false, error.to_string()),
        };
    let sent = client
        .post(receiver.url.clone())
        .timeout(PATIENCE)
        .header("content-type", "application/json")
        .header(standardwebhooks::HEADER_WEBHOOK_ID, &delivery.event)
        .header(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, seconds)
        .header(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signature)
        .body(delivery.payload.clone())
        .send()
        .await;
    match sent {
        Ok(response) => (
            response.status().is_success(),
            response.status().as_u16().to_string(),
        ),
        Err(error) if error.is_timeout() => (false, "no answer in time".to_owned()),
        Err(error) if error.is_connect() => (false, "no connection".to_owned()),
        Err(_) => (false, "the connection broke".to_owned()),
    }
}
