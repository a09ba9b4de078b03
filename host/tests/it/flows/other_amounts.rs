//! Money that comes, and not as much as was asked for: it settles nothing and goes back, and what
//! is due is asked for like after a decline.

use serde_json::{Value, json};
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::plan::{ChangeState, OnFailure};
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::flows::begin::{self, OnDemand};
use vestibule::flows::plan_change::Wish;
use vestibule::flows::{Ending, unsettled};

use super::dunning::days;
use super::plan_changes::to;
use super::refunds::deliver;
use super::{GOOD, page};
use crate::support::world::World;

impl World {
    /// The processor says of a charge what it really did, with `change` made to it.
    pub(super) async fn says(&self, payment: &PaymentId, change: impl FnOnce(&mut Value)) {
        let path = "/control/charges";
        let charges = self.sandbox.call(reqwest::Method::GET, path, None).await;
        let charges = charges["data"].as_array().unwrap();
        let is_it = |charge: &&Value| charge["key"] == payment.as_str();
        let mut charge = charges.iter().find(is_it).unwrap().clone();
        change(&mut charge);
        let kind = format!("charge.{}", charge["status"].as_str().unwrap());
        deliver(self, &kind, &charge).await;
    }

    /// The answer to the next charge is lost.
    pub(super) async fn lose_the_answer(&self) {
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        self.sandbox.fault(lost).await;
    }

    /// The one payment of a subscription that has not ended.
    pub(super) async fn under_way(&self, id: &SubscriptionId) -> PaymentId {
        let mut tx = self.cx.store.read().await.unwrap();
        let open = tx.open_payments_of(&self.scope, id).await.unwrap();
        assert_eq!(open.len(), 1);
        open[0].id.clone()
    }

    async fn hold(&self, id: &SubscriptionId) -> Option<HoldReason> {
        match self.subscription(id).await.state {
            SubscriptionState::OnHold { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// It moved 30.00.
fn thirty(charge: &mut Value) {
    charge["amount"]["minor"] = json!(3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_moved_another_amount_is_asked_for_and_paid_on_the_next_date() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        world.lose_the_answer().await;
        world.renew(&id).await;
        world.says(&world.under_way(&id).await, thirty).await;
        assert_eq!(world.hold(&id).await, Some(HoldReason::RenewalFailed));
        assert_eq!(world.dues(&id).await, [2_900]);
        assert!(world.is_queued("retry:").await && world.is_queued("remind:").await);
        assert_eq!(world.charged().await.len(), 2, "it is not charged at once");
        world.wait(days(3));
        world.retry(&id).await;
        assert!(world.is_active(&id).await);
        assert!(world.dues(&id).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_charge_moved_another_amount_never_happened() {
    for world in World::each().await {
        let id = world.paying(10_000, GOOD).await;
        let (basic, pro) = (
            world.product_at(2_900, true).await,
            world.product_at(30_000, true).await,
        );
        world.wait_half(&id).await;
        world.switch(&id, to(&basic)).await;
        let credit = world.credit(&id).await;
        assert!(credit > 2_900);
        world.code("HALF", 5_000, None).await;
        world.lose_the_answer().await;
        let wish = Wish {
            codes: Some(vec!["HALF".to_owned()]),
            ..to(&pro)
        };
        let started = world.switch(&id, wish).await;
        assert_eq!(started.ending, Some(Ending::Unknown));
        world.says(&world.under_way(&id).await, thirty).await;

        assert_eq!(world.state(&started.change.id).await, ChangeState::Dropped);
        assert!(world.dues(&id).await.is_empty(), "nothing is owed for it");
        assert_eq!(world.credit(&id).await, credit);
        assert_eq!(world.subscription(&id).await.product, basic.id);
        let charged = world.charged().await;
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, charged, "the credit pays for it");
        assert!(world.is_active(&id).await);
        assert!(world.subscription(&id).await.period.end > world.cx.now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_stands_is_still_due_when_another_amount_came_for_it() {
    let world = World::sqlite().await;
    let id = world.paying(2_900, GOOD).await;
    let pro = world.product_at(5_900, true).await;
    world.wait_half(&id).await;
    world.lose_the_answer().await;
    let wish = Wish {
        on_failure: OnFailure::Apply,
        ..to(&pro)
    };
    world.switch(&id, wish).await;
    world.says(&world.under_way(&id).await, thirty).await;
    assert_eq!(world.hold(&id).await, Some(HoldReason::PlanChangeFailed));
    assert_eq!(world.dues(&id).await, [1_500]);
    assert!(world.is_queued("retry:").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_on_demand_that_moved_another_amount_is_still_due() {
    let world = World::sqlite().await;
    let id = world.on_demand(OnDemand::Mandate, GOOD).await;
    world.lose_the_answer().await;
    let payment = world.charge(&id, world.seven()).await.unwrap();
    world.says(&payment, thirty).await;
    assert_eq!(
        world.hold(&id).await,
        Some(HoldReason::OnDemandChargeFailed)
    );
    assert_eq!(world.dues(&id).await, [700]);
    assert!(world.is_queued("retry:").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_amount_was_to_begin_does_not_begin_and_the_money_is_listed() {
    for world in World::each().await {
        let begun = world.pending().await;
        let (first, id) = (begun.payment.id, begun.subscription.unwrap().id);
        let attempt = begin::pay(&world.cx, &world.scope, &first).await.unwrap();
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        world.says(&first, thirty).await;
        assert_eq!(world.subscription(&id).await.state.name(), "failed");
        assert_eq!(world.told(id.as_str()).await, ["subscription.failed"]);
        assert!(world.dues(&id).await.is_empty());
        let listed = unsettled::list(&world.cx).await.unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|one| (one.state, one.amount.minor))
            .collect();
        assert_eq!(listed, [("unapplied", 3_000)]);
    }
}
