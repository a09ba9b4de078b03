//! A host key that was removed too early: what it sealed cannot be sent. Nothing is lost and nobody
//! is told wrong; the operator reads what to do, and with the key back everything goes on.

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use standardwebhooks::Webhook;
use vestibule::cx::Cx;
use vestibule::domain::endpoint::DeliveryState;
use vestibule::domain::id::{EndpointId, EventId};
use vestibule::flows::endpoint::NewEndpoint;
use vestibule::flows::{self, delivery, endpoint};

use super::endpoint::Endpoint;
use super::endpoints::{made, new, place};
use super::{Workplace, eventually, tell};
use crate::support::databases;
use crate::support::sample::{scope, subscribed};

impl Workplace {
    /// The host's keys are now these, the first of them signing.
    fn keep_only(&mut self, keys: &[[u8; 32]]) {
        let path = self.settings.server.key_file.clone();
        std::fs::remove_file(&path).unwrap();
        for key in keys.iter().rev() {
            vestibule::config::HostKeys::add(&path, *key).unwrap();
        }
    }
}

async fn held_up(cx: &Cx, endpoint: &EndpointId, event: &EventId) -> Option<String> {
    let mut tx = cx.store.read().await.unwrap();
    let found = tx.delivery(&scope(), endpoint, event).await.unwrap();
    let delivery = found.unwrap();
    assert_ne!(delivery.state, DeliveryState::Failed, "it is not given up");
    let tries = tx.attempts(&scope(), endpoint, event).await.unwrap();
    delivery::held_up(&mut tx, &scope(), &delivery, &tries)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_removed_host_key_sealed_waits_and_says_why_until_the_key_is_back() {
    for database in databases().await {
        let (of_file, receiver) = (Endpoint::start().await, Endpoint::start().await);
        let mut place = place(database, &of_file, &[&receiver]);
        let subscription = subscribed(&place.database.store).await;
        let writer = place.open().await;
        let id = made(&writer, new(&writer, &receiver.url)).await;
        drop(writer);

        place.keep_only(&[[8; 32]]);
        let process = place.start().await;
        let cx = &process.cx;
        let event = tell(cx, "subscription.active", subscription.id.as_str()).await;
        eventually("it is held up", async || {
            held_up(cx, &id, &event).await.is_some()
        })
        .await;
        let why = held_up(cx, &id, &event).await.unwrap();
        for part in ["host key", "server.key_file", id.as_str()] {
            assert!(why.contains(part), "{why}");
        }
        let refused = endpoint::secret(cx, &scope(), &id).await.unwrap_err();
        assert!(
            matches!(refused, flows::Error::Unavailable(_)),
            "{refused:?}"
        );
        // What the file's own secret signs goes on.
        eventually("the other is told", async || {
            of_file.deliveries().len() == 1
        })
        .await;
        let of_file_id = EndpointId::of_file(&scope());
        eventually("it is noted", async || {
            let mut tx = cx.store.read().await.unwrap();
            let found = tx.delivery(&scope(), &of_file_id, &event).await.unwrap();
            found.unwrap().state == DeliveryState::Delivered
        })
        .await;
        assert_eq!(held_up(cx, &of_file_id, &event).await, None);
        assert!(receiver.deliveries().is_empty(), "{}", place.database.name);
        // However long it takes, it is not given up.
        for _ in 0..9 {
            let before = place.jobs().await[0].run_at;
            place.advance(SignedDuration::from_hours(10));
            eventually("it is looked at again", async || {
                place
                    .jobs()
                    .await
                    .first()
                    .is_some_and(|job| job.state == "queued" && job.run_at > before)
            })
            .await;
        }
        process.stop().await;

        place.keep_only(&[[8; 32], [7; 32]]);
        place.advance(SignedDuration::from_hours(10));
        let process = place.start().await;
        eventually("it is told", async || place.jobs().await.is_empty()).await;
        let told = receiver.deliveries();
        assert_eq!((told.len(), told[0].id()), (1, event.as_str()));
        assert_eq!(held_up(&process.cx, &id, &event).await, None);
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_secrets_and_headers_replace_those_that_a_lost_host_key_sealed() {
    for database in databases().await {
        let (of_file, plain) = (Endpoint::start().await, Endpoint::start().await);
        let headed = Endpoint::start().await;
        let mut place = place(database, &of_file, &[&plain, &headed]);
        let subscription = subscribed(&place.database.store).await;
        let writer = place.open().await;
        let plain_id = made(&writer, new(&writer, &plain.url)).await;
        let headed_id = made(
            &writer,
            NewEndpoint {
                headers: [("x-shop".to_owned(), Some("old".to_owned()))].into(),
                ..new(&writer, &headed.url)
            },
        )
        .await;
        drop(writer);

        place.keep_only(&[[8; 32]]);
        let process = place.start().await;
        let cx = &process.cx;
        let day = SignedDuration::from_hours(24);
        let secret = endpoint::rotate(cx, &scope(), &plain_id, day)
            .await
            .unwrap();
        endpoint::rotate(cx, &scope(), &headed_id, day)
            .await
            .unwrap();
        let event = tell(cx, "subscription.active", subscription.id.as_str()).await;
        eventually("it is told", async || plain.deliveries().len() == 1).await;
        let told = plain.deliveries();
        let webhook = Webhook::new(secret.expose_secret()).unwrap();
        assert!(webhook.verify(&told[0].body, &told[0].headers).is_ok());

        // What the other one wants to be sent beside is still not readable.
        eventually("it is held up", async || {
            held_up(cx, &headed_id, &event).await.is_some()
        })
        .await;
        let why = held_up(cx, &headed_id, &event).await.unwrap();
        assert!(why.contains("new headers"), "{why}");
        let headers = [("x-shop".to_owned(), Some("new".to_owned()))].into();
        endpoint::set_headers(cx, &scope(), &headed_id, headers)
            .await
            .unwrap();
        place.advance(SignedDuration::from_hours(10));
        eventually("it is told as well", async || {
            headed.deliveries().len() == 1
        })
        .await;
        assert_eq!(headed.deliveries()[0].headers["x-shop"], "new");
        process.stop().await;
    }
}
