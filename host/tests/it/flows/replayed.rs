//! An event that is sent again at the very moment at which its last try fails, on Postgres.

use jiff::SignedDuration;
use sqlx::{Connection as _, PgConnection};
use vestibule::domain::endpoint::{Attempt, AttemptEnd, DeliveryState};
use vestibule::domain::id::EndpointId;
use vestibule::flows::delivery::{self, After};
use vestibule::store::Event;

use super::crosswise::wait_for;
use crate::support::world::World;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_while_its_last_try_fails_is_not_given_up() {
    let world = World::postgres().await;
    let (cx, scope) = (&world.cx, &world.scope);
    let mut settings = (*cx.settings.load_full()).clone();
    settings.webhooks.retry_after = vec![DAY];
    cx.settings.store(settings.into());
    let endpoint = EndpointId::of_file(scope);
    let event = Event {
        id: cx.new_id(),
        kind: "payment.succeeded".to_owned(),
        object: "pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
        occurred_at: cx.now(),
    };
    let attempt = Attempt {
        id: cx.new_id(),
        endpoint: endpoint.clone(),
        event: event.id.clone(),
        at: cx.now(),
        end: None,
    };
    let of = (&endpoint, &event.id);
    let mut tx = cx.store.begin().await.unwrap();
    tx.insert_event(scope, &event).await.unwrap();
    tx.order_delivery(scope, of.0, of.1, cx.now())
        .await
        .unwrap();
    tx.set_delivery(scope, of, DeliveryState::Waiting, 1, None)
        .await
        .unwrap();
    tx.insert_attempt(scope, &attempt).await.unwrap();
    tx.commit().await.unwrap();

    let mut again = cx.store.begin().await.unwrap();
    again
        .order_delivery(scope, of.0, of.1, cx.now())
        .await
        .unwrap();
    let (own, place) = (cx.clone(), scope.clone());
    let ending = tokio::spawn(async move {
        let failed = AttemptEnd {
            took_us: 1,
            status: Some(500),
            error: Some("the endpoint answered 500".to_owned()),
        };
        delivery::end(&own, &place, &attempt, &failed, true).await
    });
    let mut observer = PgConnection::connect(&world.url).await.unwrap();
    wait_for(&mut observer, 1).await;
    again.commit().await.unwrap();
    assert_eq!(ending.await.unwrap().unwrap(), After::Again(DAY));
    let mut tx = cx.store.read().await.unwrap();
    let known = tx.delivery(scope, of.0, of.1).await.unwrap().unwrap();
    assert_eq!((known.state, known.failures), (DeliveryState::Waiting, 1));
}
