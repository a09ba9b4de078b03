//! Refunds, detaching, webhooks and the books.

use jiff::SignedDuration;
use vestibule::plugins::gateway::answer::{LedgerKind, Lookup, RefundOutcome};
use vestibule::plugins::gateway::news::{News, WebhookError};
use vestibule::plugins::gateway::request::{Delivery, DetachRequest, Initiator, RefundRequest};

use super::World;
use crate::sandbox::others::{Received, receiver};
use crate::sandbox::{charging, euros, now, sent, unanswered};

#[tokio::test]
async fn money_goes_back_once_per_key_and_never_more_than_was_taken() {
    let world = World::start().await;
    let start = now() - SignedDuration::from_secs(60);
    let paid = world.charge_card("pay_1", "4242424242424242").await;
    let request = RefundRequest {
        key: "ref_1".to_owned(),
        payment: sent("pay_1", &paid),
        amount: euros(2000),
        reason: Some("asked for".to_owned()),
    };
    world.stripe.fault("POST /v1/refunds", "cut_after").await;
    let error = world.gateway.refund(&request).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    let found = world.gateway.refund_lookup(&unanswered("ref_1")).await;
    assert!(matches!(found.unwrap(), Lookup::Found(_)));
    let refund = world.gateway.refund(&request).await.unwrap();
    assert_eq!(refund.outcome, RefundOutcome::Succeeded);
    assert_eq!(refund.amount, euros(2000));
    let more = RefundRequest {
        key: "ref_2".to_owned(),
        // Also where the payment is known by its key alone.
        payment: unanswered("pay_1"),
        ..request
    };
    assert!(world.gateway.refund(&more).await.is_err());
    let absent = world.gateway.refund_lookup(&unanswered("ref_2")).await;
    assert_eq!(absent.unwrap(), Lookup::Absent);

    let end = now() + SignedDuration::from_secs(60);
    let books = world.gateway.ledger_list(start, end, None).await.unwrap();
    let mut kinds: Vec<_> = books
        .entries
        .iter()
        .map(|entry| (entry.kind.clone(), entry.amount, entry.key.as_deref()))
        .collect();
    // Both stand in the same second.
    kinds.sort_by_key(|(_, amount, _)| -amount.minor);
    assert_eq!(
        kinds,
        [
            (LedgerKind::Charge, euros(2900), Some("pay_1")),
            (LedgerKind::Refund, euros(2000), Some("ref_1")),
        ]
    );
    let movements = world.stripe.movements().await;
    let (first, about) = (&movements[0]["id"], &movements[0]["source"]);
    let rest = world.gateway.ledger_list(start, end, first.as_str()).await;
    let rest = rest.unwrap();
    assert_eq!(rest.entries.len(), 1);
    assert_ne!(about, &rest.entries[0].reference);
    assert_eq!(rest.next, None);
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
async fn a_webhook_is_believed_only_with_its_signature_and_while_it_is_fresh() {
    let (url, received) = receiver().await;
    let world = World::start().await;
    world.stripe.notify(url.as_str()).await;
    world.charge_card("pay_1", "4242424242424242").await;
    let delivery = about_the_payment(&received).await;

    let parsed = world.gateway.parse_webhook(&delivery).await.unwrap();
    let News::Payment(about, None) = &parsed.events[0].news else {
        panic!("it is news of a payment, to be asked for: {parsed:?}")
    };
    assert_eq!(about.key.as_deref(), Some("pay_1"));
    let again = world.gateway.parse_webhook(&delivery).await.unwrap();
    assert_eq!(again.events[0].id, parsed.events[0].id);

    let mut forged = delivery.clone();
    forged.body[20] ^= 1;
    let mut unsigned = delivery.clone();
    unsigned
        .headers
        .retain(|header| header.name != "stripe-signature");
    for bad in [forged, unsigned] {
        let error = world.gateway.parse_webhook(&bad).await.unwrap_err();
        assert!(matches!(error, WebhookError::BadSignature), "{error}");
    }
    let mut late = delivery;
    late.received_at += SignedDuration::from_mins(6);
    let error = world.gateway.parse_webhook(&late).await.unwrap_err();
    assert!(matches!(error, WebhookError::Stale), "{error}");
}

/// The delivery that tells of a payment, once it has come.
async fn about_the_payment(received: &Received) -> Delivery {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let found = received.lock().unwrap().iter().find_map(|delivery| {
            let text = String::from_utf8_lossy(&delivery.body);
            text.contains("payment_intent.succeeded")
                .then(|| delivery.clone())
        });
        if let Some(delivery) = found {
            return delivery;
        }
        assert!(std::time::Instant::now() < deadline, "no webhook");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
