//! Money that settled nothing, on its way back by the rule.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use vestibule::config::Unapplied;
use vestibule::domain::id::PaymentId;
use vestibule::domain::refund::Refund;
use vestibule::domain::refund::parts::Wish;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::{cancellation, failing_jobs, reconciliation, refund};

use super::GOOD;
use super::refunds::deliver;
use crate::support::world::World;

const RULE: &str = "refund-unapplied:";

impl World {
    /// A renewal's money that was found after its subscription had ended.
    async fn settles_nothing(&self) -> PaymentId {
        let id = self.active(GOOD).await;
        self.lose_the_answer().await;
        self.renew(&id).await;
        let payment = self.under_way(&id).await;
        let (cx, scope) = (&self.cx, &self.scope);
        let over = cancellation::now(cx, scope, &id, Cancellation::default());
        over.await.unwrap();
        reconciliation::look(cx, scope, &payment).await.unwrap();
        assert!(self.payment(&payment).await.unapplied);
        payment
    }

    /// Whether refunds stay under way until they are decided.
    async fn hold_refunds(&self, held: bool) {
        let held = Some(json!({ "held": held }));
        let path = "/control/refunds";
        self.sandbox.call(Method::PUT, path, held).await;
    }

    /// The bank refuses a refund that was under way, and the host hears of it.
    async fn refuse(&self, refund: &Refund) {
        let reference = refund.gateway_ref.as_deref().unwrap();
        let path = format!("/control/refunds/{reference}/fail");
        let failed = self.control(&path).await;
        deliver(self, "refund.failed", &failed).await;
        assert_eq!(self.refund_now(&refund.id).await.state.name(), "failed");
    }

    async fn give_back(&self, payment: &PaymentId) {
        let given = refund::give_back_unapplied(&self.cx, &self.scope, payment);
        given.await.unwrap();
    }

    async fn order_what_is_held(&self) {
        refund::order_all_unapplied(&self.cx).await.unwrap();
    }

    async fn forget_the_order(&self, payment: &PaymentId) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let key = format!("{RULE}{payment}");
        tx.cancel_job(&self.scope, &key).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn tries_to_give_back(&self, payment: &PaymentId) -> Vec<Refund> {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.refunds_of(&self.scope, payment).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_is_queued_stands_when_one_before_it_fails() {
    for world in World::each().await {
        let payment = world.settles_nothing().await;
        world.hold_refunds(true).await;
        // One that was asked for while the next one stands in the queue already.
        world.give_back(&payment).await;
        let queued = world.due(RULE).await;
        assert!(queued > world.cx.now());
        world.cx.clock.advance(SignedDuration::from_hours(2));
        let first = world.tries_to_give_back(&payment).await.remove(0);
        world.refuse(&first).await;
        assert_eq!(world.due(RULE).await, queued, "it is not put off");

        world.cx.clock.advance(SignedDuration::from_mins(16));
        let listed = failing_jobs::list(&world.cx).await.unwrap();
        let [job] = &listed[..] else {
            panic!("{listed:?}")
        };
        assert_eq!(job.kind, "refund-unapplied");
        assert!(job.reason.contains("the refund failed: "), "{job:?}");
        assert_eq!(Some(job.since), first.sent_at);

        world.hold_refunds(false).await;
        world
            .cx
            .clock
            .advance(queued.duration_since(world.cx.now()));
        world.give_back(&payment).await;
        assert_eq!(world.given_back().await, [2_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_the_merchant_could_not_give_back_goes_back_by_the_rule() {
    for world in World::each().await {
        let payment = world.settles_nothing().await;
        world.hold_refunds(true).await;
        let wanted = world.refund(&payment, Wish::Rest).await.unwrap();
        // The rule's turn comes while that is under way: nothing is left to give.
        let due = world.due(RULE).await;
        world.cx.clock.advance(due.duration_since(world.cx.now()));
        world.give_back(&payment).await;
        world.forget_the_order(&payment).await;
        assert_eq!(world.tries_to_give_back(&payment).await.len(), 1);

        world.refuse(&wanted).await;
        let again = world.due(RULE).await;
        assert!(again > world.cx.now(), "somebody looks at it again");
        world.hold_refunds(false).await;
        world.cx.clock.advance(again.duration_since(world.cx.now()));
        world.give_back(&payment).await;
        assert_eq!(world.given_back().await, [2_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_since_when_refunds_fail_and_not_since_when_one_is_under_way() {
    let world = World::sqlite().await;
    let payment = world.settles_nothing().await;
    world.hold_refunds(true).await;
    let part = world.refund(&payment, Wish::Amount(900)).await.unwrap();
    assert!(part.state.is_open());
    world.cx.clock.advance(SignedDuration::from_hours(3));
    let rest = world.refund(&payment, Wish::Rest).await.unwrap();
    world.cx.clock.advance(SignedDuration::from_mins(30));
    world.refuse(&rest).await;
    let listed = failing_jobs::list(&world.cx).await.unwrap();
    let [job] = &listed[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(Some(job.since), rest.sent_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_goes_back_once_the_rule_is_a_time_again() {
    for world in World::each().await {
        world.rules(|rules| rules.unapplied = Unapplied::Hold);
        let payment = world.settles_nothing().await;
        world.order_what_is_held().await;
        assert!(!world.is_queued(RULE).await, "it is held");

        let day = SignedDuration::from_hours(24);
        world.rules(|rules| rules.unapplied = Unapplied::After(day));
        world.order_what_is_held().await;
        let due = world.due(RULE).await;
        assert!(due > world.cx.now());
        world.cx.clock.advance(SignedDuration::from_hours(1));
        world.order_what_is_held().await;
        assert_eq!(world.due(RULE).await, due, "it is not put off");
        world.cx.clock.advance(due.duration_since(world.cx.now()));
        world.give_back(&payment).await;
        assert_eq!(world.given_back().await, [2_900]);

        world.forget_the_order(&payment).await;
        world.order_what_is_held().await;
        assert!(!world.is_queued(RULE).await, "nothing is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_back_and_came_again_is_not_ordered_without_a_person() {
    let world = World::sqlite().await;
    let payment = world.settles_nothing().await;
    world.give_back(&payment).await;
    let first = world.tries_to_give_back(&payment).await.remove(0);
    assert_eq!(first.state.name(), "succeeded");
    world.forget_the_order(&payment).await;
    let bounced = world.bounce(&first).await;
    deliver(&world, "refund.failed", &bounced).await;
    assert!(world.refund_now(&first.id).await.bounced.is_some());
    world.order_what_is_held().await;
    assert!(!world.is_queued(RULE).await);
}
