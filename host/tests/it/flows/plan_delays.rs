//! Changes of plan that a bank takes days to pay, and banks that take back what paid for them.

use jiff::SignedDuration;
use serde_json::Value;
use vestibule::domain::dispute::DisputeState;
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::plan::{ChangeState, OnFailure};
use vestibule::domain::product::Product;
use vestibule::domain::subscription::HoldReason;
use vestibule::domain::subscription::SubscriptionState;
use vestibule::flows::plan_change::{Started, Wish};
use vestibule::flows::{Attempt, AttemptOf, Choice, Ending, begin, reconciliation, renewal};

use super::disputes::{DEBIT, decided};
use super::extras;
use super::plan_changes::to;
use super::refunds::deliver;
use super::{GOOD, page};
use crate::support::world::World;

fn payment_of(attempt: &Attempt) -> PaymentId {
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    payment.clone()
}

impl World {
    /// An active subscription at `minor`, whose first debit has arrived.
    async fn paying_by_debit(&self, minor: i64) -> SubscriptionId {
        self.sandbox.hold_debits().await;
        let product = self.product_at(minor, true).await;
        let begun = self.try_to_begin(&product, extras::Wish::default()).await;
        let begun = begun.unwrap();
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id).await;
        let attempt = attempt.unwrap();
        self.sandbox
            .pay_by_debit(page(&attempt.ending), DEBIT)
            .await;
        assert_eq!(self.come_back(&attempt).await, Ending::Processing);
        let ended = self.bank_ends(&payment_of(&attempt), "settle").await;
        assert_eq!(ended, Ending::Succeeded);
        begun.subscription.unwrap().id
    }

    /// The bank settles a debit, or fails it, and the host asks.
    pub(super) async fn bank_ends(&self, payment: &PaymentId, how: &str) -> Ending {
        let charge = self.charge_of(payment).await;
        self.control(&format!("/control/charges/{charge}/{how}"))
            .await;
        let ended = reconciliation::look(&self.cx, &self.scope, payment).await;
        ended.unwrap()
    }

    pub(super) async fn is_on(&self, id: &SubscriptionId, product: &Product) -> bool {
        self.subscription(id).await.product == product.id
    }

    /// A change to `product` in the middle of the period, whose debit is under way.
    pub(super) async fn changing_by_debit(
        &self,
        on_failure: OnFailure,
        product: &Product,
    ) -> Changing {
        let id = self.paying_by_debit(2_900).await;
        self.wait_half(&id).await;
        let wish = Wish {
            on_failure,
            ..to(product)
        };
        let started = self.switch(&id, wish).await;
        assert_eq!(started.ending, Some(Ending::Processing));
        Changing { id, started }
    }

    /// The bank takes the money of `payment` back, and tells.
    /// Answers the dispute that was lost.
    pub(super) async fn lose(&self, payment: &PaymentId) -> Value {
        let opened = self.contest(payment).await;
        let lost = self.control(&format!("{}/lose", decided(&opened))).await;
        deliver(self, "dispute.lost", &lost).await;
        lost
    }
}

pub(super) struct Changing {
    id: SubscriptionId,
    started: Started,
}

impl Changing {
    pub(super) fn payment(&self) -> PaymentId {
        self.started.change.payment.clone().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_for_a_change_of_plan_decides_days_later_which_plan_renews() {
    let policies = [OnFailure::Prevent, OnFailure::Apply];
    for (world, on_failure) in World::each().await.into_iter().zip(policies) {
        let pro = world.product_at(5_900, true).await;
        let changing = world.changing_by_debit(on_failure, &pro).await;
        let (id, payment) = (&changing.id, changing.payment());
        let stands_at_once = on_failure == OnFailure::Apply;
        let before = world.subscription(id).await.period;
        for _ in 0..5 {
            world.cx.clock.advance(SignedDuration::from_hours(24));
            let still = reconciliation::look(&world.cx, &world.scope, &payment).await;
            assert_eq!(still.unwrap(), Ending::Processing);
            assert_eq!(world.is_on(id, &pro).await, stands_at_once);
            assert!(world.is_active(id).await);
        }
        // The period ends while the bank is at it: nothing renews before it is done.
        world.wait_and_renew(id).await;
        assert_eq!(world.subscription(id).await.period, before);
        assert_eq!(world.charged().await, [2_900]);

        assert_eq!(world.bank_ends(&payment, "settle").await, Ending::Succeeded);
        assert!(world.is_on(id, &pro).await);
        let change = &changing.started.change.id;
        assert_eq!(world.state(change).await, ChangeState::Applied);
        assert_eq!(world.charged().await, [2_900, 1_500]);
        assert!(world.due("renew:").await <= world.cx.now());
        renewal::due(&world.cx, &world.scope, id).await.unwrap();
        let mut tx = world.cx.store.read().await.unwrap();
        let open = tx.open_payments_of(&world.scope, id).await.unwrap();
        drop(tx);
        let amounts: Vec<i64> = open.iter().map(|open| open.amount.minor).collect();
        assert_eq!(amounts, [5_900], "the new plan renews");
        let told = world.told(id.as_str()).await;
        let changed = told.iter().filter(|kind| kind.ends_with("plan_changed"));
        assert_eq!(changed.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_for_a_change_of_plan_that_fails_days_later_prevents_it_or_holds_the_subscription()
{
    for world in World::each().await {
        let pro = world.product_at(5_900, true).await;
        let prevented = world.changing_by_debit(OnFailure::Prevent, &pro).await;
        let stands = world.changing_by_debit(OnFailure::Apply, &pro).await;
        for changing in [&prevented, &stands] {
            let ended = world.bank_ends(&changing.payment(), "fail").await;
            assert!(matches!(ended, Ending::Declined(_)));
            let told = world.told(changing.payment().as_str()).await;
            assert_eq!(told, ["payment.processing", "payment.failed"]);
        }
        let id = &prevented.id;
        let change = &prevented.started.change.id;
        assert_eq!(world.state(change).await, ChangeState::Dropped);
        assert!(world.is_active(id).await && !world.is_on(id, &pro).await);
        assert!(world.dues(id).await.is_empty());
        assert_eq!(world.key(id).await.0, LicenseStatus::Active);

        let id = &stands.id;
        assert!(world.is_on(id, &pro).await, "the new plan stands");
        let why = HoldReason::PlanChangeFailed;
        let state = world.subscription(id).await.state;
        assert!(matches!(state, SubscriptionState::OnHold { why: w, .. } if w == why));
        assert_eq!(world.dues(id).await, [1_500]);
        assert_eq!(world.key(id).await.0, LicenseStatus::Disabled);
        let back = world.reactivate(id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(id).await);
        assert_eq!(world.key(id).await.0, LicenseStatus::Active);
        assert_eq!(world.charged().await, [2_900, 2_900, 1_500]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bank_takes_back_after_a_change_with_credit_is_owed_again_and_the_credit_stays() {
    for world in World::each().await {
        let id = world.paying(10_000, GOOD).await;
        let first = world.paid_by(&id).await.unwrap();
        let basic = world.product_at(2_900, true).await;
        world.wait_half(&id).await;
        world.switch(&id, to(&basic)).await;
        assert_eq!(world.credit(&id).await, 3_550);

        world.lose(&first).await;
        assert!(world.is_reversed(&id).await);
        assert_eq!(world.dues(&id).await, [10_000]);
        assert_eq!(world.credit(&id).await, 3_550);
        assert!(world.is_on(&id, &basic).await);
        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        // What the credit came from is paid again; the next period uses it up.
        world.wait_and_renew(&id).await;
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [10_000, 10_000, 10_000, 2_250]);
        assert_eq!(world.credit(&id).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bank_takes_back_of_a_change_that_used_up_credit_is_owed_again_without_it() {
    let world = World::sqlite().await;
    let id = world.paying(10_000, GOOD).await;
    world.wait_half(&id).await;
    let basic = world.product_at(2_900, true).await;
    world.switch(&id, to(&basic)).await;
    let team = world.product_at(20_000, true).await;
    let started = world.switch(&id, to(&team)).await;
    assert_eq!(started.ending, Some(Ending::Succeeded));
    // Half of 20,000 less half of 2,900, less the credit of 3,550.
    assert_eq!(world.charged().await, [10_000, 5_000]);
    let payment = started.change.payment.unwrap();
    world.lose(&payment).await;
    let known = world.disputes_over(&payment).await;
    assert_eq!(known[0].state, DisputeState::Lost);
    assert!(known[0].reopened && world.is_reversed(&id).await);
    assert!(world.is_on(&id, &team).await);
    assert_eq!(
        (world.dues(&id).await, world.credit(&id).await),
        (vec![5_000], 0)
    );
    let back = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
    assert!(world.is_active(&id).await);
    assert_eq!(world.charged().await, [10_000, 5_000, 5_000, 5_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_while_a_change_is_being_paid_holds_it_and_the_change_still_ends() {
    for (world, how) in World::each().await.into_iter().zip(["settle", "fail"]) {
        let pro = world.product_at(5_900, true).await;
        let changing = world.changing_by_debit(OnFailure::Prevent, &pro).await;
        let id = &changing.id;
        let first = world.paid_by(id).await.unwrap();
        world.lose(&first).await;
        assert!(world.is_reversed(id).await);
        world.bank_ends(&changing.payment(), how).await;
        assert_eq!(world.is_on(id, &pro).await, how == "settle");
        assert!(world.is_reversed(id).await, "the period is unpaid still");
        assert_eq!(world.key(id).await.0, LicenseStatus::Disabled);
        assert_eq!(world.dues(id).await, [2_900]);
        let back = world.reactivate(id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(id).await);
        assert_eq!(world.key(id).await.0, LicenseStatus::Active);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_in_a_pause_is_owed_before_it_goes_on() {
    for world in World::each().await {
        let (id, payment) = world.paid().await;
        let pause = vestibule::flows::pause::Pause::default();
        let (cx, scope) = (&world.cx, &world.scope);
        vestibule::flows::pause::start(cx, scope, &id, pause)
            .await
            .unwrap();
        world.cx.clock.advance(SignedDuration::from_hours(48));
        world.lose(&payment).await;
        assert_eq!(world.subscription(&id).await.state.name(), "paused");
        let end = world.subscription(&id).await.period.end;
        vestibule::flows::pause::resume(cx, scope, &id)
            .await
            .unwrap();
        assert!(world.is_reversed(&id).await, "it is not paid for");
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        let moved = world.subscription(&id).await.period.end;
        assert!(moved.duration_since(end) >= SignedDuration::from_hours(48));
        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert_eq!(world.charged().await, [2_900, 2_900, 2_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_change_that_is_paid_on_hold_open_nothing_until_the_hold_ends() {
    let world = World::sqlite().await;
    let id = world.paying_by_debit(2_900).await;
    let first = world.paid_by(&id).await.unwrap();
    world.wait_half(&id).await;
    let pro = world.product_at(5_900, true).await;
    let wish = Wish {
        quantity: 2,
        ..to(&pro)
    };
    let payment = world.switch(&id, wish).await.change.payment.unwrap();
    world.lose(&first).await;
    assert_eq!(world.bank_ends(&payment, "settle").await, Ending::Succeeded);
    assert!(world.is_on(&id, &pro).await && world.is_reversed(&id).await);
    let keys = async || {
        let mut tx = world.cx.store.read().await.unwrap();
        let keys = tx
            .licenses(&world.scope, None, None, Some(&id), 10, 0)
            .await;
        let now = world.cx.now();
        let keys = keys.unwrap();
        keys.iter().map(|key| key.status(now)).collect::<Vec<_>>()
    };
    assert_eq!(keys().await, [LicenseStatus::Disabled; 2]);
    let back = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
    assert_eq!(keys().await, [LicenseStatus::Active; 2]);
}
