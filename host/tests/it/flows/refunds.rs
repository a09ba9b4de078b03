//! Giving money back: whole, in parts, at the same moment, without an answer, and later.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use vestibule::domain::id::{InvoiceId, PaymentId, RefundId, SubscriptionId};
use vestibule::domain::invoice::{Invoice, InvoiceState};
use vestibule::domain::refund::parts::{Wish, WishedItem};
use vestibule::domain::refund::{Refund, RefundState};
use vestibule::flows::refund::{self, NewRefund};
use vestibule::flows::settlement::{self, Received};
use vestibule::flows::{AttemptOf, Choice, Error, Refused};
use vestibule::plugins::gateway::request::{Delivery, Pair};

use super::{GOOD, page};
use crate::support::sample::id;
use crate::support::sandbox::WEBHOOK_SECRET;
use crate::support::world::World;

const DEBIT: &str = "DE89370400440532013000";

pub(super) fn wish(payment: &PaymentId, wish: Wish) -> NewRefund {
    NewRefund {
        id: id(),
        payment: payment.clone(),
        wish,
        reason: None,
        metadata: "{}".to_owned(),
        cancel_subscription: false,
    }
}

impl World {
    /// A subscription that was paid, and its payment.
    pub(super) async fn paid(&self) -> (SubscriptionId, PaymentId) {
        let subscription = self.active(GOOD).await;
        let payment = self.paid_by(&subscription).await.unwrap();
        (subscription, payment)
    }

    pub(super) async fn refund(&self, payment: &PaymentId, of: Wish) -> Result<Refund, Error> {
        refund::create(&self.cx, &self.scope, wish(payment, of)).await
    }

    pub(super) async fn refund_now(&self, id: &RefundId) -> Refund {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.refund(&self.scope, id).await.unwrap().unwrap()
    }

    async fn look_after(&self, id: &RefundId) -> Refund {
        refund::look(&self.cx, &self.scope, id).await.unwrap()
    }

    async fn document(&self, id: &InvoiceId) -> Invoice {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.invoice(&self.scope, id).await.unwrap().unwrap()
    }

    async fn invoice_of(&self, payment: &PaymentId) -> Invoice {
        let mut tx = self.cx.store.read().await.unwrap();
        let payment = tx.payment(&self.scope, payment).await.unwrap().unwrap();
        drop(tx);
        self.document(&payment.invoice.unwrap()).await
    }

    /// What went back at the processor, oldest first.
    pub(super) async fn given_back(&self) -> Vec<i64> {
        let ledger = self.sandbox.ledger().await;
        let back = ledger.iter().filter(|entry| entry["kind"] == "refund");
        back.map(|entry| entry["amount"].as_i64().unwrap())
            .collect()
    }

    pub(super) async fn faulty(&self, answer: &str) {
        let fault = json!({ "operation": "refund", "answer": answer, "times": 1 });
        self.sandbox.fault(fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_refund_goes_back_once_with_a_credit_note_and_leaves_the_subscription_alone() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        let new = wish(&payment, Wish::Rest);
        let refund = refund::create(&world.cx, &world.scope, new.clone())
            .await
            .unwrap();
        assert_eq!(refund.state.name(), "succeeded");
        assert!(!refund.is_partial);
        assert_eq!(world.given_back().await, [2900]);
        assert!(world.is_active(&subscription).await);

        let invoice = world.invoice_of(&payment).await;
        let note = world.document(&refund.credit_note.clone().unwrap()).await;
        assert_eq!(note.number_text.as_deref(), Some("TEST-CN-000001"));
        assert_eq!(note.corrects.len(), 1);
        assert_eq!(Some(&note.corrects[0].number), invoice.number_text.as_ref());
        assert_eq!(note.totals, invoice.totals, "the tax goes back at its rate");
        assert_eq!(note.buyer, invoice.buyer);
        assert_eq!(invoice.state, InvoiceState::Credited);

        assert_eq!(world.told(refund.id.as_str()).await, ["refund.succeeded"]);
        let mails = world.mails().await;
        assert_eq!(mails.iter().filter(|mail| *mail == "refunded").count(), 1);

        // The same wish told again is the same refund; another one finds nothing left.
        let again = refund::create(&world.cx, &world.scope, new).await.unwrap();
        assert_eq!(again.id, refund.id);
        let more = world.refund(&payment, Wish::Rest).await;
        assert!(matches!(more, Err(Error::Refused(Refused::NothingLeft))));
        assert_eq!(world.given_back().await, [2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_numbered_without_gaps_and_give_the_tax_back_to_the_cent() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    let item = async |amount| {
        let mut tx = world.cx.store.read().await.unwrap();
        let payment = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
        let has = refund::refundable(&mut tx, &payment).await.unwrap();
        Wish::Items(vec![WishedItem {
            id: has.items[0].id.clone(),
            amount,
            tax_inclusive: true,
        }])
    };
    let mut notes = Vec::new();
    for wish in [item(Some(1_000)).await, Wish::Amount(333), Wish::Rest] {
        let refund = world.refund(&payment, wish).await.unwrap();
        assert!(refund.is_partial);
        notes.push(world.document(&refund.credit_note.unwrap()).await);
        let credited = world.invoice_of(&payment).await.state == InvoiceState::Credited;
        assert_eq!(credited, notes.len() == 3);
    }
    let numbers: Vec<_> = notes.iter().map(|note| note.number).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
    let gross: Vec<_> = notes.iter().map(|note| note.totals.gross.minor).collect();
    assert_eq!(gross, [1_000, 333, 1_567]);
    let tax: i64 = notes.iter().map(|note| note.totals.tax.minor).sum();
    assert_eq!(tax, world.invoice_of(&payment).await.totals.tax.minor);
    let too_much = world.refund(&payment, item(Some(1)).await).await;
    assert!(matches!(
        too_much,
        Err(Error::Refused(Refused::NothingLeft))
    ));
    assert_eq!(world.given_back().await, [1_000, 333, 1_567]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_at_the_same_moment_never_give_back_more_than_was_taken() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let other = world.process().await;
        let runs = (0..20).map(|n| {
            let cx = if n % 2 == 0 {
                world.cx.clone()
            } else {
                other.clone()
            };
            let (scope, new) = (world.scope.clone(), wish(&payment, Wish::Amount(1_000)));
            tokio::spawn(async move { refund::create(&cx, &scope, new).await })
        });
        let mut made = 0;
        for run in runs.collect::<Vec<_>>() {
            match run.await.unwrap() {
                Ok(refund) => {
                    assert_eq!(refund.state.name(), "succeeded");
                    made += 1;
                }
                Err(error) => assert!(matches!(error, Error::Invalid { .. }), "{error}"),
            }
        }
        assert_eq!(made, 2);
        assert_eq!(world.given_back().await, [1_000, 1_000]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wish_told_many_times_at_once_is_one_refund() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let new = wish(&payment, Wish::Amount(500));
        let runs = (0..10).map(|_| {
            let (cx, scope, new) = (world.cx.clone(), world.scope.clone(), new.clone());
            tokio::spawn(async move { refund::create(&cx, &scope, new).await })
        });
        for run in runs.collect::<Vec<_>>() {
            assert_eq!(run.await.unwrap().unwrap().id, new.id);
        }
        assert_eq!(world.given_back().await, [500]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answer_was_lost_is_unknown_until_a_look_up_finds_the_one() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        world.faulty("cut_after").await;
        let refund = world.refund(&payment, Wish::Rest).await.unwrap();
        assert!(matches!(refund.state, RefundState::Unknown { .. }));
        assert!(refund.credit_note.is_none());
        let more = world.refund(&payment, Wish::Amount(1)).await;
        assert!(
            matches!(more, Err(Error::Refused(Refused::NothingLeft))),
            "what may have gone back is not given back again"
        );
        let found = world.look_after(&refund.id).await;
        assert_eq!(found.state.name(), "succeeded");
        assert!(found.credit_note.is_some());
        assert_eq!(world.given_back().await, [2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_never_fails_a_refund_and_the_looks_are_further_and_further_apart() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    world.faulty("cut_after").await;
    let refund = world.refund(&payment, Wish::Rest).await.unwrap();
    let silent = json!({ "operation": "lookup", "answer": "cut_before", "times": 100 });
    world.sandbox.fault(silent).await;
    let mut waits = Vec::new();
    for _ in 0..6 {
        let next = world.due(&format!("reconcile-refund:{}", refund.id)).await;
        let wait = next.duration_since(world.cx.now());
        waits.push(wait.as_secs() / 60);
        world.cx.clock.advance(wait);
        let after = world.look_after(&refund.id).await;
        assert!(matches!(after.state, RefundState::Unknown { .. }));
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(*waits.last().unwrap() >= 23 * 60, "{waits:?}");
    assert_eq!(world.given_back().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_the_gateway_never_saw_is_sent_again_after_two_old_answers() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    world.faulty("cut_before").await;
    let refund = world.refund(&payment, Wish::Rest).await.unwrap();
    for wait in [0, 20] {
        world.cx.clock.advance(SignedDuration::from_mins(wait));
        let after = world.look_after(&refund.id).await;
        assert!(after.state.is_open(), "{:?}", after.state);
        assert!(world.given_back().await.is_empty());
    }
    world.cx.clock.advance(SignedDuration::from_mins(6));
    let sent = world.look_after(&refund.id).await;
    assert_eq!(sent.state.name(), "succeeded");
    assert_eq!(world.given_back().await, [2900], "under the same key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_has_not_arrived_is_not_given_back() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    world.sandbox.hold_debits().await;
    let attempt = world.reactivate(&id, Choice::New).await;
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    let waiting = world.refund(payment, Wish::Rest).await;
    assert!(matches!(waiting, Err(Error::Refused(Refused::NotCaptured))));
    world
        .sandbox
        .pay_by_debit(page(&attempt.ending), DEBIT)
        .await;
    world.come_back(&attempt).await;
    let moving = world.refund(payment, Wish::Rest).await;
    assert!(matches!(moving, Err(Error::Refused(Refused::StillMoving))));
    assert!(world.given_back().await.is_empty());
}

/// What the processor tells by webhook, signed as it does.
pub(super) fn delivery(world: &World, kind: &str, data: &Value) -> Delivery {
    delivery_of(world, kind, data, world.cx.now())
}

/// The same about what happened at `at`.
pub(super) fn delivery_of(world: &World, kind: &str, data: &Value, at: Timestamp) -> Delivery {
    let now = world.cx.now();
    let event = format!("evt_{kind}_{}", now.as_microsecond());
    let body = json!({
        "id": event, "type": kind, "created_at": at.as_microsecond(), "data": data,
    });
    let body = body.to_string().into_bytes();
    let second = now.as_second();
    let signer = standardwebhooks::Webhook::new(WEBHOOK_SECRET).unwrap();
    let signature = signer.sign(&event, second, &body).unwrap();
    let header = |name: &str, value: String| Pair {
        name: name.to_owned(),
        value,
    };
    Delivery {
        headers: vec![
            header("webhook-id", event),
            header("webhook-timestamp", second.to_string()),
            header("webhook-signature", signature),
        ],
        query: Vec::new(),
        body,
        received_at: now,
    }
}

pub(super) async fn deliver(world: &World, kind: &str, data: &Value) {
    deliver_of(world, kind, data, world.cx.now()).await;
}

/// Tells now of what happened at `at`.
pub(super) async fn deliver_of(world: &World, kind: &str, data: &Value, at: Timestamp) {
    let delivery = delivery_of(world, kind, data, at);
    let received = settlement::receive(&world.cx, &world.scope, "sandbox", &delivery).await;
    assert!(matches!(received.unwrap(), Received::Acknowledged { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_under_way_ends_by_webhook_once_however_often_and_late_it_is_told() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let held = Some(json!({ "held": true }));
        world
            .sandbox
            .call(Method::PUT, "/control/refunds", held)
            .await;
        let refund = world.refund(&payment, Wish::Amount(900)).await.unwrap();
        assert!(matches!(refund.state, RefundState::Processing { .. }));
        let reference = refund.gateway_ref.clone().unwrap();
        let path = format!("/v1/refunds/{reference}");
        let under_way = world.sandbox.call(Method::GET, &path, None).await;

        let path = format!("/control/refunds/{reference}/settle");
        let done = world.sandbox.call(Method::POST, &path, None).await;
        for told in [&done, &under_way, &done] {
            deliver(&world, "refund.succeeded", told).await;
        }
        let after = world.refund_now(&refund.id).await;
        assert_eq!(after.state.name(), "succeeded");
        assert_eq!(world.told(refund.id.as_str()).await, ["refund.succeeded"]);
        assert_eq!(
            world.document(&after.credit_note.unwrap()).await.number,
            Some(1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_later_is_told_and_what_it_held_can_be_given_back_again() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    let held = Some(json!({ "held": true }));
    world
        .sandbox
        .call(Method::PUT, "/control/refunds", held)
        .await;
    let first = world.refund(&payment, Wish::Rest).await.unwrap();
    let path = format!(
        "/control/refunds/{}/fail",
        first.gateway_ref.clone().unwrap()
    );
    world.sandbox.call(Method::POST, &path, None).await;
    let first = world.look_after(&first.id).await;
    assert_eq!(first.state.name(), "failed");
    assert!(first.credit_note.is_none());
    assert_eq!(world.told(first.id.as_str()).await, ["refund.failed"]);

    let open = Some(json!({ "held": false }));
    world
        .sandbox
        .call(Method::PUT, "/control/refunds", open)
        .await;
    let second = world.refund(&payment, Wish::Rest).await.unwrap();
    assert_eq!(second.state.name(), "succeeded");
    let note = world.document(&second.credit_note.unwrap()).await;
    assert_eq!(note.number, Some(1), "the failed one took no number");
    assert_eq!(world.given_back().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_can_end_the_subscription_with_it() {
    let world = World::sqlite().await;
    let (subscription, payment) = world.paid().await;
    let new = NewRefund {
        cancel_subscription: true,
        ..wish(&payment, Wish::Rest)
    };
    refund::create(&world.cx, &world.scope, new).await.unwrap();
    assert_eq!(
        world.subscription(&subscription).await.state.name(),
        "cancelled"
    );
}
