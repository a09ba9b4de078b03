//! Set-ups, refunds, detaching, webhooks, the ledger and the description.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::{SignedDuration, Timestamp};
use url::Url;
use vestibule::plugins::gateway::answer::{Lookup, MethodKind, Outcome, RefundOutcome};
use vestibule::plugins::gateway::news::{News, WebhookError};
use vestibule::plugins::gateway::request::{
    Delivery, DetachRequest, Initiator, Pair, RefundRequest, SentRequest, SetupRequest,
};

use super::{World, charging, collecting, customer, euros, now, page, page_of, unanswered};

#[tokio::test]
async fn a_set_up_saves_a_method_that_can_be_charged() {
    let world = World::start().await;
    let request = SetupRequest {
        key: "set_1".to_owned(),
        customer: customer(),
        kinds: vec![MethodKind::Card],
        currency: "EUR".parse().unwrap(),
        return_url: "https://portal.example.com/return/abc".to_owned(),
        expires_at: now() + SignedDuration::from_mins(30),
    };
    let begun = world.gateway.setup_begin(&request).await.unwrap();
    world
        .sandbox
        .pay_by_card(page_of(&begun.outcome), "5555555555554444")
        .await;
    let known = SentRequest {
        reference: begun.reference,
        amount: None,
        ..unanswered("set_1")
    };
    let done = world.gateway.setup_complete(&known, &[]).await.unwrap();
    assert_eq!(done.outcome, Outcome::Succeeded);
    let method = done.method.unwrap();
    assert_eq!(method.brand.as_deref(), Some("mastercard"));
    assert!(world.sandbox.ledger().await.is_empty());
}

#[tokio::test]
async fn money_goes_back_once_per_key_and_never_more_than_was_taken() {
    let world = World::start().await;
    world.charge_card("pay_1", "4242424242424242").await;
    let request = RefundRequest {
        key: "ref_1".to_owned(),
        payment: unanswered("pay_1"),
        amount: euros(2000),
        reason: None,
    };
    for _ in 0..2 {
        let refund = world.gateway.refund(&request).await.unwrap();
        assert_eq!(refund.outcome, RefundOutcome::Succeeded);
        assert_eq!(refund.amount, euros(2000));
    }
    let more = RefundRequest {
        key: "ref_2".to_owned(),
        ..request
    };
    assert!(world.gateway.refund(&more).await.is_err());
    let found = world
        .gateway
        .refund_lookup(&unanswered("ref_1"))
        .await
        .unwrap();
    assert!(matches!(found, Lookup::Found(_)));
    let absent = world
        .gateway
        .refund_lookup(&unanswered("ref_2"))
        .await
        .unwrap();
    assert_eq!(absent, Lookup::Absent);
    assert_eq!(world.sandbox.ledger().await.len(), 2);
}

#[tokio::test]
async fn a_detached_method_is_gone_and_detaching_again_is_fine() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let mut request = DetachRequest {
        method: method.clone(),
        customer_reference: None,
    };
    for _ in 0..2 {
        world.gateway.detach(&request).await.unwrap();
    }
    request.method.reference = "pm_nobody".to_owned();
    world.gateway.detach(&request).await.unwrap();
    let charge = charging("pay_1", &method, Initiator::MerchantRecurring);
    assert!(world.gateway.charge(&charge).await.is_err());
}

#[tokio::test]
async fn the_ledger_is_read_page_by_page() {
    let world = World::start().await;
    let start = now();
    let method = world.saved_method("4242424242424242").await;
    let charge = charging("pay_1", &method, Initiator::MerchantRecurring);
    world.gateway.charge(&charge).await.unwrap();
    let end = now() + SignedDuration::from_secs(1);
    let page = world.gateway.ledger_list(start, end, None).await.unwrap();
    let keys: Vec<_> = page
        .entries
        .iter()
        .map(|entry| entry.key.as_deref().unwrap())
        .collect();
    assert_eq!(keys, ["saving4242424242424242", "pay_1"]);
    assert_eq!(page.next, None);
    let page = world
        .gateway
        .ledger_list(start, end, Some("1"))
        .await
        .unwrap();
    assert_eq!(page.entries.len(), 1);
    let none = world
        .gateway
        .ledger_list(Timestamp::UNIX_EPOCH, start, None)
        .await
        .unwrap();
    assert!(none.entries.is_empty());
}

#[tokio::test]
async fn the_description_is_what_the_processor_says_of_itself() {
    let world = World::start().await;
    let info = world
        .sandbox
        .call(reqwest::Method::GET, "/v1/info", None)
        .await;
    let description = world.gateway.description();
    let currencies: Vec<_> = description
        .amounts
        .iter()
        .map(|range| range.currency.code())
        .collect();
    assert_eq!(info["currencies"], serde_json::json!(currencies));
    for range in &description.amounts {
        assert_eq!(info["least_amount"], range.least);
        assert_eq!(info["greatest_amount"], range.greatest.unwrap());
    }
    assert_eq!(
        info["key_lifetime_seconds"],
        description.key_lifetime.as_secs()
    );
    assert_eq!(info["lookup_lag_seconds"], description.lookup_lag.as_secs());
    assert_eq!(description.browser_origins, [world.sandbox.origin()]);
}

#[tokio::test]
async fn a_webhook_is_believed_only_with_its_signature_and_while_it_is_fresh() {
    let (url, received) = receiver().await;
    let world = World::start_with(Some(url), |_| {}).await;
    let payment = world.gateway.charge(&collecting("pay_1")).await.unwrap();
    world
        .sandbox
        .pay_by_card(page(&payment), "4242424242424242")
        .await;
    let delivery = second_of(&received).await;

    let parsed = world.gateway.parse_webhook(&delivery).await.unwrap();
    assert_eq!(parsed.events.len(), 1);
    let News::Payment(about, Some(state)) = &parsed.events[0].news else {
        panic!("it is news of a payment: {parsed:?}")
    };
    assert_eq!(about.key.as_deref(), Some("pay_1"));
    assert_eq!(state.outcome, Outcome::Succeeded);

    let mut forged = delivery.clone();
    forged.body[20] ^= 1;
    let mut unsigned = delivery.clone();
    unsigned
        .headers
        .retain(|header| header.name != "webhook-signature");
    for bad in [forged, unsigned] {
        let error = world.gateway.parse_webhook(&bad).await.unwrap_err();
        assert!(matches!(error, WebhookError::BadSignature), "{error}");
    }
    let mut late = delivery;
    late.received_at += SignedDuration::from_mins(6);
    let error = world.gateway.parse_webhook(&late).await.unwrap_err();
    assert!(matches!(error, WebhookError::Stale), "{error}");
}

pub(crate) type Received = Arc<Mutex<Vec<Delivery>>>;

/// Takes webhooks as the host would.
pub(crate) async fn receiver() -> (Url, Received) {
    let received = Received::default();
    let router = Router::new()
        .route("/hooks", post(receive))
        .with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (
        Url::parse(&format!("http://{address}/hooks")).unwrap(),
        received,
    )
}

async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let headers = headers
        .iter()
        .map(|(name, value)| Pair {
            name: name.as_str().to_owned(),
            value: value.to_str().unwrap().to_owned(),
        })
        .collect();
    received.lock().unwrap().push(Delivery {
        headers,
        query: Vec::new(),
        body: body.to_vec(),
        received_at: now(),
    });
    StatusCode::NO_CONTENT
}

/// The second delivery, once it has come.
async fn second_of(received: &Received) -> Delivery {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        if let Some(delivery) = received.lock().unwrap().get(1) {
            return delivery.clone();
        }
        assert!(std::time::Instant::now() < deadline, "no second webhook");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
