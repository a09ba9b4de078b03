//! Charges that are no renewals: what is too little is carried, what fails is tried again, with the
//! backup method and by the schedule.

use serde_json::json;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::plan::{ChangeState, OnFailure};
use vestibule::domain::proration::Mode;
use vestibule::domain::refund::parts;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::flows::begin::OnDemand;
use vestibule::flows::plan_change::{self, Wish};
use vestibule::flows::{AttemptOf, Choice, Ending, Error, Refused, renewal, schedule, settlement};

use super::dunning::{RECOVERS, days};
use super::plan_changes::{is_refused, to};
use super::{DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

impl World {
    /// What is owed, in minor units.
    async fn sums(&self, id: &SubscriptionId) -> Vec<i64> {
        let owed = self.owed(id).await;
        owed.iter().map(|debt| debt.amount.minor).collect()
    }

    async fn held_for(&self, id: &SubscriptionId) -> Option<HoldReason> {
        match self.subscription(id).await.state {
            SubscriptionState::OnHold { why, .. } => Some(why),
            _ => None,
        }
    }

    /// From now on it costs next to nothing.
    pub(super) async fn cheapen(&self, id: &SubscriptionId) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&self.scope, id).await.unwrap();
        let mut subscription = locked.unwrap();
        subscription.unit_price.minor = 30;
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_costs_too_little_happens_and_is_paid_with_the_next_period() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let (next, pro) = (
            world.product_at(2_930, true).await,
            world.product_at(5_930, true).await,
        );
        let by_difference = |product| Wish {
            mode: Mode::Difference,
            ..to(product)
        };
        let started = world.switch(&id, by_difference(&next)).await;
        assert_eq!(started.change.payment, None);
        assert_eq!(world.state(&started.change.id).await, ChangeState::Applied);
        assert!(world.is_active(&id).await);
        assert_eq!(world.subscription(&id).await.product, next.id);
        assert_eq!(world.sums(&id).await, [30]);
        // What is carried will be paid: it is not charged a second time.
        let seen = world.preview(&id, &by_difference(&pro)).await;
        assert_eq!(seen.totals.gross.minor, 3_000);
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [2_900, 2_960]);
        assert!(world.sums(&id).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_not_free_because_its_period_was_carried() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    world.cheapen(&id).await;
    world.renew(&id).await;
    assert_eq!(world.sums(&id).await, [30]);
    let pro = world.product_at(5_900, true).await;
    world.wait_half(&id).await;
    let seen = world.preview(&id, &to(&pro)).await;
    assert_eq!(seen.totals.gross.minor, 2_950 - 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_of_nothing_is_stale_once_the_credit_it_leaves_has_changed() {
    for world in World::each().await {
        let id = world.paying(10_000, GOOD).await;
        let payment = world.paid_by(&id).await.unwrap();
        let basic = world.product_at(2_900, true).await;
        world.wait_half(&id).await;
        let seen = world.preview(&id, &to(&basic)).await;
        assert_eq!((seen.totals.gross.minor, seen.credit), (0, 3_550));
        world
            .refund(&payment, parts::Wish::Amount(3_000))
            .await
            .unwrap();
        let order = world.order(Some(&seen.quote));
        let tried = plan_change::start(&world.cx, &world.scope, &id, to(&basic), order).await;
        assert!(is_refused(&tried, Refused::StaleQuote));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_stands_unpaid_is_tried_again_and_asked_for() {
    for (world, ran_out) in World::each().await.into_iter().zip([false, true]) {
        let id = world.paying(2_900, RECOVERS).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let wish = Wish {
            on_failure: OnFailure::Apply,
            ..to(&pro)
        };
        world.switch(&id, wish).await;
        assert_eq!(
            world.held_for(&id).await,
            Some(HoldReason::PlanChangeFailed)
        );
        assert!(world.is_queued("retry:").await && world.is_queued("remind:").await);
        world.wait(days(2));
        world.retry(&id).await;
        assert_eq!(
            world.held_for(&id).await,
            Some(HoldReason::PlanChangeFailed)
        );
        world.wait(days(if ran_out { 40 } else { 3 }));
        let now = world.cx.now();
        world.retry(&id).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2_900, 1_500]);
        let told = world.told(id.as_str()).await;
        assert_eq!(told.last().unwrap(), "subscription.active");
        assert!(!world.is_queued("remind:").await);
        // What passed on hold was not supplied: the next period begins when it came back.
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        let period = world.subscription(&id).await.period;
        assert!(period.end > world.cx.now());
        assert_eq!(period.start >= now, ran_out);
        let charged = world.charged().await;
        assert_eq!(charged.len(), if ran_out { 3 } else { 2 }, "{charged:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_waits_for_its_charge_waits_for_that_of_the_backup_method() {
    for world in World::each().await {
        let id = world.paying(2_900, DECLINED_AT_RENEWAL).await;
        let backup = world.second_method(&id, GOOD).await;
        world.make_backup(&id, &backup).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let started = world.switch(&id, to(&pro)).await;
        assert_eq!(world.state(&started.change.id).await, ChangeState::Pending);
        let again = world.try_to_change(&id, to(&pro)).await;
        assert!(is_refused(&again, Refused::ChangePending));
        world.send_queued(&id).await;
        assert_eq!(world.state(&started.change.id).await, ChangeState::Applied);
        assert_eq!(world.subscription(&id).await.product, pro.id);
        assert_eq!(world.charged().await, [2_900, 1_500]);
        assert!(world.sums(&id).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_on_demand_is_tried_with_the_backup_method_before_anything_is_on_hold() {
    for world in World::each().await {
        let id = world
            .on_demand(OnDemand::Mandate, DECLINED_AT_RENEWAL)
            .await;
        let backup = world.second_method(&id, GOOD).await;
        world.make_backup(&id, &backup).await;
        world.charge(&id, world.seven()).await.unwrap();
        assert!(world.is_active(&id).await);
        world.send_queued(&id).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [700]);
        assert!(world.sums(&id).await.is_empty());
        // Without the first method the second is all there is.
        world.revoke(&id, 1).await;
        assert!(world.is_active(&id).await, "there is another way to pay");
        world.charge(&id, world.seven()).await.unwrap();
        assert_eq!(world.charged().await, [700, 700]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_charge_on_demand_is_asked_for_and_one_that_is_too_little_is_refused() {
    let world = World::sqlite().await;
    let id = world
        .on_demand(OnDemand::Mandate, DECLINED_AT_RENEWAL)
        .await;
    let mut little = world.seven();
    little.price.minor = 20;
    let refused = world.charge(&id, little).await;
    assert!(matches!(
        refused,
        Err(Error::Invalid {
            field: "product_price",
            ..
        })
    ));
    assert!(world.sums(&id).await.is_empty());
    world.charge(&id, world.seven()).await.unwrap();
    assert_eq!(
        world.held_for(&id).await,
        Some(HoldReason::OnDemandChargeFailed)
    );
    assert!(world.is_queued("remind:").await);
    let attempt = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
    assert!(world.is_active(&id).await);
    assert!(!world.is_queued("remind:").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn dues_that_are_too_little_to_charge_are_carried_when_their_customer_comes_back() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        world.cheapen(&id).await;
        world.revoke(&id, 1).await;
        world.renew(&id).await;
        assert_eq!(world.held_for(&id).await, Some(HoldReason::RenewalFailed));
        assert_eq!(world.sums(&id).await, [30]);

        let attempt = world.reactivate(&id, Choice::New).await;
        let AttemptOf::Setup(setup) = &attempt.of else {
            panic!("a charge that no gateway takes")
        };
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        let ending = settlement::setup_returned(&world.cx, &world.scope, setup, &[]).await;
        assert_eq!(ending.unwrap(), Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2_900], "nothing was charged");
        let period = world.subscription(&id).await.period;
        assert!(period.end > world.cx.now(), "the period is supplied");
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [2_900, 60]);
        assert!(world.sums(&id).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_billing_date_does_not_move_while_a_payment_is_under_way() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let (cx, scope) = (&world.cx, &world.scope);
    world.lose_the_answer().await;
    world.renew(&id).await;
    let date = world.cx.now() + days(20);
    let tried = schedule::set_next_billing_date(cx, scope, &id, date).await;
    assert!(matches!(
        tried,
        Err(Error::Refused(Refused::PaymentUnderWay))
    ));
    world.send_queued(&id).await;
    schedule::set_next_billing_date(cx, scope, &id, date)
        .await
        .unwrap();
    assert_eq!(world.subscription(&id).await.period.end, date);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_billing_date_does_not_move_while_another_charge_has_no_answer() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        world.lose_the_answer().await;
        world.switch(&id, to(&pro)).await;
        let before = world.subscription(&id).await.period.end;
        let date = world.cx.now() + days(40);
        let tried = schedule::set_next_billing_date(&world.cx, &world.scope, &id, date).await;
        assert!(matches!(
            tried,
            Err(Error::Refused(Refused::PaymentUnderWay))
        ));
        assert_eq!(world.subscription(&id).await.period.end, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_billing_date_does_not_move_under_a_renewal_that_is_to_be_tried_again() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let (cx, scope) = (&world.cx, &world.scope);
        let busy = json!({ "operation": "charge", "answer": "rate_limited", "times": 1 });
        world.sandbox.fault(busy).await;
        world.renew(&id).await;
        // Its key is over before it was taken: the period is due, and nothing is under way.
        world.wait(days(1));
        world.send_queued(&id).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.sums(&id).await, [2_900]);
        let date = cx.now() + days(20);
        let tried = schedule::set_next_billing_date(cx, scope, &id, date).await;
        assert!(matches!(
            tried,
            Err(Error::Refused(Refused::PaymentUnderWay))
        ));
        renewal::due(cx, scope, &id).await.unwrap();
        assert!(world.sums(&id).await.is_empty());
        schedule::set_next_billing_date(cx, scope, &id, date)
            .await
            .unwrap();
        assert_eq!(world.charged().await, [2_900, 2_900]);
    }
}
