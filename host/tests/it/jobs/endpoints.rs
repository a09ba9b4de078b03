//! Endpoints that merchants make: who is told what, under which id, signed by whom, and that
//! nobody waits for anybody else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use standardwebhooks::Webhook;
use vestibule::cx::Cx;
use vestibule::domain::id::EndpointId;
use vestibule::flows::endpoint::{self, Changes, NewEndpoint};
use vestibule::flows::{self, Refused};

use super::endpoint::{Delivery, Endpoint};
use super::{SECRET, Workplace, eventually, tell};
use crate::support::sample::{scope, subscribed};
use crate::support::{Database, databases, sqlite};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A workplace whose file lets endpoints be on this machine.
pub(super) fn place(database: Database, of_file: &Endpoint, others: &[&Endpoint]) -> Workplace {
    let origins: Vec<&str> = others.iter().map(|endpoint| endpoint.origin()).collect();
    let more = format!("[test]\nprivate_endpoints = {origins:?}");
    Workplace::telling(database, &of_file.url, &more)
}

pub(super) fn new(cx: &Cx, url: &str) -> NewEndpoint {
    NewEndpoint {
        id: cx.new_id(),
        url: url.to_owned(),
        description: String::new(),
        metadata: "{}".to_owned(),
        disabled: false,
        filter_types: None,
        headers: BTreeMap::new(),
        rate_limit: None,
        idempotency_key: None,
    }
}

pub(super) async fn made(cx: &Cx, new: NewEndpoint) -> EndpointId {
    endpoint::create(cx, &scope(), new).await.unwrap().id
}

async fn secret_of(cx: &Cx, id: &EndpointId) -> String {
    let secret = endpoint::secret(cx, &scope(), id).await.unwrap();
    secret.expose_secret().to_owned()
}

fn verifies(secret: &str, delivery: &Delivery) -> bool {
    let webhook = Webhook::new(secret).unwrap();
    webhook.verify(&delivery.body, &delivery.headers).is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_that_wants_a_fact_is_told_under_one_id_and_signed_for_it_alone() {
    for database in databases().await {
        let [of_file, all, some, none] = [
            Endpoint::start().await,
            Endpoint::start().await,
            Endpoint::start().await,
            Endpoint::start().await,
        ];
        let place = place(database, &of_file, &[&all, &some, &none]);
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        let all_id = made(cx, new(cx, &all.url)).await;
        let mut filtered = new(cx, &some.url);
        filtered.filter_types = Some(vec!["subscription.on_hold".to_owned()]);
        made(cx, filtered).await;
        let mut disabled = new(cx, &none.url);
        disabled.disabled = true;
        made(cx, disabled).await;

        let object = subscription.id.as_str();
        let active = tell(cx, "subscription.active", object).await;
        let on_hold = tell(cx, "subscription.on_hold", object).await;
        eventually("all are told", async || place.jobs().await.is_empty()).await;
        let ids = |endpoint: &Endpoint| -> BTreeSet<String> {
            let all = endpoint.deliveries();
            all.iter()
                .map(|delivery| delivery.id().to_owned())
                .collect()
        };
        let both = BTreeSet::from([active.to_string(), on_hold.to_string()]);
        assert_eq!(ids(&of_file), both, "{}", place.database.name);
        assert_eq!(ids(&all), both);
        assert_eq!(ids(&some), BTreeSet::from([on_hold.to_string()]));
        assert!(none.deliveries().is_empty());
        let own = secret_of(cx, &all_id).await;
        for delivery in all.deliveries() {
            assert!(verifies(&own, &delivery));
            assert!(!verifies(SECRET, &delivery));
        }
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_answers_nothing_delays_neither_others_nor_the_hosts_own_work() {
    for database in databases().await {
        let (of_file, dead) = (Endpoint::start().await, Endpoint::holding().await);
        let mut place = place(database, &of_file, &[&dead]);
        place.settings.jobs.workers = 1;
        place.settings.webhooks.at_once = 10;
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        made(cx, new(cx, &dead.url)).await;
        for _ in 0..30 {
            tell(cx, "subscription.active", subscription.id.as_str()).await;
        }
        eventually("the other has heard it all", async || {
            of_file.deliveries().len() == 30
        })
        .await;
        // Eight at once is the default.
        assert_eq!(dead.deliveries().len(), 8, "{}", place.database.name);
        dead.let_go();
        eventually("the rest arrives", async || place.jobs().await.is_empty()).await;
        let ids: BTreeSet<String> = dead
            .deliveries()
            .iter()
            .map(|delivery| delivery.id().to_owned())
            .collect();
        assert_eq!((ids.len(), dead.deliveries().len()), (30, 30));
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_rotation_both_secrets_sign_until_the_old_one_has_ended() {
    for database in databases().await {
        let (of_file, receiver) = (Endpoint::start().await, Endpoint::start().await);
        let place = place(database, &of_file, &[&receiver]);
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        let id = made(cx, new(cx, &receiver.url)).await;
        let old = secret_of(cx, &id).await;
        let new = endpoint::rotate(cx, &scope(), &id, DAY).await.unwrap();
        let new = new.expose_secret().to_owned();
        assert_eq!(secret_of(cx, &id).await, new);
        assert_ne!(old, new);

        let told = async |count: usize| {
            tell(cx, "subscription.active", subscription.id.as_str()).await;
            eventually("it is told", async || receiver.deliveries().len() == count).await;
            receiver.deliveries().pop().unwrap()
        };
        let during = told(1).await;
        let signatures = during.headers["webhook-signature"].to_str().unwrap();
        assert_eq!(signatures.split(' ').count(), 2);
        assert!(verifies(&old, &during) && verifies(&new, &during));

        // A leaked secret ends at once.
        let newest = endpoint::rotate(cx, &scope(), &id, SignedDuration::ZERO).await;
        let newest = newest.unwrap().expose_secret().to_owned();
        let after = told(2).await;
        assert!(verifies(&newest, &after));
        assert!(!verifies(&new, &after) && !verifies(&old, &after));
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_secret_signs_for_as_long_as_the_file_says_and_no_longer() {
    let (of_file, receiver) = (Endpoint::start().await, Endpoint::start().await);
    let place = place(sqlite().await, &of_file, &[&receiver]);
    let cx = place.open().await;
    let id = made(&cx, new(&cx, &receiver.url)).await;
    let old = secret_of(&cx, &id).await;
    endpoint::rotate(&cx, &scope(), &id, DAY).await.unwrap();
    for (hours, both) in [(23, true), (2, false)] {
        place.advance(SignedDuration::from_hours(hours));
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let before = receiver.deliveries().len();
        tell(&process.cx, "subscription.active", subscription.id.as_str()).await;
        eventually("it is told", async || receiver.deliveries().len() > before).await;
        let delivery = receiver.deliveries().pop().unwrap();
        let signatures = delivery.headers["webhook-signature"].to_str().unwrap();
        assert_eq!(signatures.contains(' '), both, "{hours}");
        // The receiver's own clock did not move, so it is compared by hand.
        let second = delivery.headers["webhook-timestamp"].to_str().unwrap();
        let signed = Webhook::new(&old)
            .unwrap()
            .sign(delivery.id(), second.parse().unwrap(), &delivery.body)
            .unwrap();
        assert_eq!(signatures.contains(&signed), both);
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limited_endpoint_gets_its_rate_from_two_processes_together() {
    for database in databases().await {
        let (of_file, receiver) = (Endpoint::start().await, Endpoint::start().await);
        let place = place(database, &of_file, &[&receiver]);
        let subscription = subscribed(&place.database.store).await;
        let writer = place.open().await;
        let mut limited = new(&writer, &receiver.url);
        limited.rate_limit = Some(10);
        made(&writer, limited).await;
        for _ in 0..13 {
            tell(&writer, "subscription.active", subscription.id.as_str()).await;
        }
        let started = Instant::now();
        let (one, two) = (place.start().await, place.start().await);
        eventually("all are told", async || place.jobs().await.is_empty()).await;
        let took = started.elapsed().as_millis();
        assert!(took >= 1_100, "{}: {took} ms", place.database.name);
        assert_eq!(receiver.deliveries().len(), 13);
        one.stop().await;
        two.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_carries_the_merchants_headers_and_the_database_holds_no_secret() {
    for database in databases().await {
        let (of_file, receiver) = (Endpoint::start().await, Endpoint::start().await);
        let place = place(database, &of_file, &[&receiver]);
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        let mut with_headers = new(cx, &receiver.url);
        with_headers.headers = BTreeMap::from([
            (
                "Authorization".to_owned(),
                Some("Bearer open-sesame".into()),
            ),
            ("x-tenant".to_owned(), Some("7".into())),
        ]);
        let id = made(cx, with_headers).await;
        let secret = secret_of(cx, &id).await;
        tell(cx, "subscription.active", subscription.id.as_str()).await;
        eventually("it is told", async || place.jobs().await.is_empty()).await;
        let headers = receiver.deliveries()[0].headers.clone();
        assert_eq!(headers["authorization"], "Bearer open-sesame");
        assert_eq!(headers["x-tenant"], "7");
        assert_eq!(headers["content-type"], "application/json");
        let database = crate::support::dump::dump(&place.database.url()).await;
        let text = format!("{database:?}");
        assert!(text.contains(id.as_str()));
        let bare = secret.strip_prefix("whsec_").unwrap();
        for hidden in ["open-sesame", bare] {
            assert!(!text.contains(hidden), "{}", place.database.name);
        }
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_of_the_file_is_listed_first_and_only_the_file_changes_it() {
    let endpoint = Endpoint::start().await;
    let place = place(sqlite().await, &endpoint, &[&endpoint]);
    let cx = place.open().await;
    let made = made(&cx, new(&cx, &endpoint.url)).await;
    let mut tx = cx.store.read().await.unwrap();
    let listed = endpoint::list(&cx, &mut tx, &scope(), None, 10).await;
    let listed = listed.unwrap();
    drop(tx);
    let id = EndpointId::of_file(&scope());
    let ids: Vec<&EndpointId> = listed.iter().map(|view| &view.id).collect();
    assert_eq!(ids, [&id, &made]);
    assert!(listed[0].fixed && !listed[1].fixed);

    let scope = scope();
    let refusals = [
        endpoint::update(&cx, &scope, &id, Changes::default())
            .await
            .err(),
        endpoint::delete(&cx, &scope, &id).await.err(),
        endpoint::secret(&cx, &scope, &id).await.err(),
        endpoint::rotate(&cx, &scope, &id, DAY).await.err(),
        endpoint::set_headers(&cx, &scope, &id, BTreeMap::new())
            .await
            .err(),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Some(flows::Error::Refused(Refused::FixedByFile))),
            "{refusal:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_to_this_machine_is_found_out_when_it_is_connected_to() {
    let of_file = Endpoint::start().await;
    let place = place(sqlite().await, &of_file, &[]);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let cx = &process.cx;
    let port = of_file.origin().rsplit_once(':').unwrap().1;
    let id = made(cx, new(cx, &format!("https://localhost:{port}/events"))).await;
    let event = tell(cx, "subscription.active", subscription.id.as_str()).await;
    let attempts = async || {
        let mut tx = cx.store.read().await.unwrap();
        tx.attempts(&scope(), &id, &event).await.unwrap()
    };
    eventually("it is tried", async || {
        attempts().await.iter().any(|attempt| attempt.end.is_some())
    })
    .await;
    let end = attempts().await[0].end.clone().unwrap();
    assert_eq!(
        (end.status, end.error.as_deref()),
        (None, Some("no connection"))
    );
    process.stop().await;
}
