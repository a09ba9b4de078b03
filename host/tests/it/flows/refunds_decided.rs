//! Refunds that no gateway tells of: asked for before the next one, or decided by an owner.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use vestibule::domain::id::RefundId;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::refund::RefundState;
use vestibule::domain::refund::parts::Wish;
use vestibule::flows::refund;
use vestibule::flows::settlement::Finding;
use vestibule::flows::{Error, Refused};

use super::disputes::decided;
use super::extras::Wish as Begin;
use super::refunds::deliver;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_outcome_is_asked_for_just_before_another_refund() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    let held = Some(json!({ "held": true }));
    world
        .sandbox
        .call(Method::PUT, "/control/refunds", held)
        .await;
    let first = world.refund(&payment, Wish::Rest).await.unwrap();
    let reference = first.gateway_ref.clone().unwrap();
    let path = format!("/control/refunds/{reference}/fail");
    world.sandbox.call(Method::POST, &path, None).await;
    world.cx.clock.advance(SignedDuration::from_mins(2));
    // Nobody told of the failure: the next wish finds out by itself.
    let second = world.refund(&payment, Wish::Rest).await.unwrap();
    assert!(matches!(second.state, RefundState::Processing { .. }));
    assert_eq!(world.refund_now(&first.id).await.state.name(), "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_may_decide_a_refund_that_no_gateway_tells_of_with_evidence() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        world.faulty("cut_after").await;
        let lost = world.refund(&payment, Wish::Rest).await.unwrap();
        let decide = async |finding, evidence| {
            refund::resolve(&world.cx, &world.scope, &lost.id, finding, evidence).await
        };
        let unproved = decide(Finding::Never, "").await;
        assert!(matches!(
            unproved,
            Err(Error::Invalid {
                field: "evidence",
                ..
            })
        ));
        let decided = decide(Finding::Happened, "statement, line 9")
            .await
            .unwrap();
        assert_eq!(decided.state.name(), "succeeded");
        assert!(decided.credit_note.is_some());
        let again = decide(Finding::Never, "a mistake").await;
        assert!(matches!(again, Err(Error::Refused(Refused::State))));
        assert_eq!(world.told(lost.id.as_str()).await, ["refund.succeeded"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_what_was_bought_with_the_first_period_end_when_all_of_it_goes_back() {
    let world = World::sqlite().await;
    let product = world.product_at(2_900, true).await;
    let mut once = product.clone();
    once.id = world.cx.new_id();
    once.recurring = None;
    world.add_product(&once).await;
    let wish = Begin {
        once: vec![(once.id, 1)],
        ..Begin::default()
    };
    let id = world.begun(&product, wish).await;
    let customer = world.subscription(&id).await.customer;
    let keys = async || {
        let mut tx = world.cx.store.read().await.unwrap();
        let keys = tx.licenses(&world.scope, Some(&customer), None, None, 10, 0);
        let mut keys = keys.await.unwrap();
        keys.retain(|key| key.subscription.is_none());
        assert_eq!(keys.len(), 1);
        (keys[0].status(world.cx.now()), keys[0].payment.clone())
    };
    let (status, payment) = keys().await;
    assert_eq!(status, LicenseStatus::Active);
    world.refund(&payment.unwrap(), Wish::Rest).await.unwrap();
    assert_eq!(keys().await.0, LicenseStatus::Expired);
    assert!(world.is_active(&id).await, "the subscription is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_not_taken_waits_while_a_bank_decides() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    world.faulty("rate_limited").await;
    let refund = world.refund(&payment, Wish::Rest).await.unwrap();
    assert!(refund.state.is_open());
    let opened = world.contest(&payment).await;
    deliver(&world, "dispute.opened", &opened).await;
    world.cx.clock.advance(SignedDuration::from_mins(5));
    let (cx, scope) = (&world.cx, &world.scope);
    let after = refund::look(cx, scope, &refund.id).await.unwrap();
    assert!(after.state.is_open() && after.sent_at.is_none());
    let won = world.control(&format!("{}/win", decided(&opened))).await;
    deliver(&world, "dispute.won", &won).await;
    let after = refund::look(cx, scope, &refund.id).await.unwrap();
    assert!(matches!(after.state, RefundState::Succeeded { .. }));
}

impl World {
    /// A refund that the gateway did not take, over a payment about which a bank has just begun to
    /// decide.
    async fn waiting_refund(&self, answer: &str) -> (RefundId, Value) {
        let (_, payment) = self.paid().await;
        self.faulty(answer).await;
        let refund = self.refund(&payment, Wish::Rest).await.unwrap();
        let opened = self.contest(&payment).await;
        deliver(self, "dispute.opened", &opened).await;
        (refund.id, opened)
    }

    async fn decided(&self, opened: &Value, how: &str) {
        let path = format!("{}/{how}", decided(opened));
        let said = self.control(&path).await;
        let kind = if how == "win" { "won" } else { "lost" };
        deliver(self, &format!("dispute.{kind}"), &said).await;
    }

    async fn look_at(&self, id: &RefundId) -> RefundState {
        let looked = refund::look(&self.cx, &self.scope, id).await;
        looked.unwrap().state
    }

    /// Looks for days while the bank decides.
    async fn wait_for_the_bank(&self, id: &RefundId) {
        for _ in 0..3 {
            self.cx.clock.advance(SignedDuration::from_hours(30));
            assert!(self.look_at(id).await.is_open(), "it waits");
        }
        assert!(self.given_back().await.is_empty());
    }
}

fn why(state: &RefundState) -> &str {
    match state {
        RefundState::Failed { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_decides_for_days_ends_no_refund_that_never_left() {
    for world in World::each().await {
        let (id, opened) = world.waiting_refund("rate_limited").await;
        world.wait_for_the_bank(&id).await;
        world.decided(&opened, "win").await;
        let after = world.look_at(&id).await;
        assert!(matches!(after, RefundState::Succeeded { .. }), "{after:?}");
        assert_eq!(world.given_back().await, [2_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_refund_that_waited_counts_from_its_sending() {
    for (world, hours) in World::each().await.into_iter().zip([11, 13]) {
        let (id, opened) = world.waiting_refund("rate_limited").await;
        world.wait_for_the_bank(&id).await;
        world.decided(&opened, "win").await;
        world.faulty("rate_limited").await;
        assert!(world.look_at(&id).await.is_open());
        world.cx.clock.advance(SignedDuration::from_hours(hours));
        let after = world.look_at(&id).await;
        if hours < 12 {
            assert!(matches!(after, RefundState::Succeeded { .. }), "{after:?}");
            continue;
        }
        assert!(why(&after).contains("while its key was alive"), "{after:?}");
        assert!(world.given_back().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_money_the_bank_took_meanwhile_says_so() {
    let world = World::sqlite().await;
    let (id, opened) = world.waiting_refund("rate_limited").await;
    world.wait_for_the_bank(&id).await;
    world.decided(&opened, "lose").await;
    let after = world.look_at(&id).await;
    assert!(
        why(&after).contains("the bank took the money back"),
        "{after:?}"
    );
    assert!(world.given_back().await.is_empty(), "it went back once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_may_have_left_is_not_sent_with_an_old_key_after_the_bank_decided() {
    let world = World::sqlite().await;
    let (id, opened) = world.waiting_refund("cut_before").await;
    world.wait_for_the_bank(&id).await;
    world.decided(&opened, "win").await;
    let after = world.look_at(&id).await;
    assert!(why(&after).contains("its key ended"), "{after:?}");
    assert!(world.given_back().await.is_empty());
}
