//! Every kind of hold, and the way back from it. What was charged is what the processor says.

use jiff::{SignedDuration, Timestamp};
use vestibule::domain::debt::{Debt, DebtKind};
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::invoice::Invoice;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, method_update, reactivation, settlement,
};

use super::{GOOD, page};
use crate::support::sample;
use crate::support::world::World;

impl World {
    async fn change(&self, id: &SubscriptionId, change: impl FnOnce(&mut Subscription)) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&self.scope, id).await.unwrap();
        let mut subscription = locked.unwrap();
        change(&mut subscription);
        let held = !subscription.state.grants_access();
        tx.suspend_licenses(&self.scope, id, held).await.unwrap();
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// An active subscription that is put on hold.
    async fn held(&self, why: HoldReason) -> SubscriptionId {
        let id = self.active(GOOD).await;
        let since = self.cx.now();
        self.change(&id, |subscription| {
            subscription.state = SubscriptionState::OnHold { why, since };
        })
        .await;
        id
    }

    /// Its paid period ended yesterday.
    async fn lapse(&self, id: &SubscriptionId) {
        let yesterday = micros(self.cx.now() - SignedDuration::from_hours(24));
        self.change(id, |subscription| subscription.period.end = yesterday)
            .await;
    }

    /// It owes `minor` more.
    async fn owe(&self, id: &SubscriptionId, kind: DebtKind, cause: &str, minor: i64) {
        let subscription = self.subscription(id).await;
        let mut debt = Debt {
            id: self.cx.new_id(),
            kind,
            ..sample::debt(&subscription, cause)
        };
        debt.lines[0].unit = sample::euros(minor);
        debt.lines[0].description = format!("{kind}");
        debt.amount = sample::euros(minor);
        let mut tx = self.cx.store.begin().await.unwrap();
        assert!(tx.insert_debt(&debt).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Pays what is due with a new card.
    async fn come_back_to_life(&self, id: &SubscriptionId) {
        let attempt = self.reactivate(id, Choice::New).await;
        assert_eq!(self.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert!(self.is_active(id).await);
        assert_eq!(self.key(id).await.0, LicenseStatus::Active);
    }

    /// The numbered documents, newest first.
    async fn documents(&self, id: &SubscriptionId) -> Vec<Invoice> {
        let customer = self.subscription(id).await.customer;
        let mut tx = self.cx.store.read().await.unwrap();
        let invoices = tx.invoices_of(&self.scope, &customer, 10, 0).await.unwrap();
        let numbered = |invoice: &Invoice| invoice.number_text.is_some();
        invoices.into_iter().filter(numbered).collect()
    }
}

fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_plan_change_is_paid_and_leaves_the_period_alone() {
    for world in World::each().await {
        let id = world.held(HoldReason::PlanChangeFailed).await;
        world.owe(&id, DebtKind::PlanChange, "change-1", 700).await;
        let before = world.subscription(&id).await;
        world.come_back_to_life(&id).await;
        assert_eq!(world.charged().await, [2900, 700]);
        let after = world.subscription(&id).await;
        assert_eq!((after.period, after.anchor), (before.period, before.anchor));
        assert_eq!(world.documents(&id).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_ran_out_on_hold_is_part_of_what_is_paid() {
    for world in World::each().await {
        let id = world.held(HoldReason::PlanChangeFailed).await;
        world.owe(&id, DebtKind::PlanChange, "change-1", 700).await;
        world.lapse(&id).await;
        let quote = reactivation::quote(&world.cx, &world.scope, &id).await;
        let quote = quote.unwrap().unwrap();
        assert_eq!(quote.totals.gross.minor, 3600);
        assert!(quote.buys && quote.period.end > world.cx.now());
        world.come_back_to_life(&id).await;
        assert_eq!(world.charged().await, [2900, 3600]);
        let period = world.subscription(&id).await.period;
        assert!(period.end > world.cx.now());
        let invoice = &world.documents(&id).await[0];
        assert_eq!(invoice.lines.len(), 2);
        assert_eq!(invoice.lines[1].period, Some(period));
        assert_eq!(invoice.totals.gross.minor, 3600);
        // It is not renewed on top of that.
        vestibule::flows::renewal::due(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        assert_eq!(world.charged().await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_without_dues_ends_with_a_method_and_no_charge() {
    for world in World::each().await {
        let id = world.held(HoldReason::AuthorisationFailed).await;
        let before = world.subscription(&id).await.period;
        let (cx, scope) = (&world.cx, &world.scope);
        let attempt = method_update::start(cx, scope, &id, Choice::New, None).await;
        let attempt = attempt.unwrap();
        let AttemptOf::Setup(setup) = &attempt.of else {
            panic!("{attempt:?}")
        };
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        let ending = settlement::setup_returned(cx, scope, setup, &[]).await;
        assert_eq!(ending.unwrap(), Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert_eq!(world.subscription(&id).await.period, before);
        assert_eq!(world.charged().await, [2900]);
        assert_eq!(world.documents(&id).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_without_dues_whose_period_ran_out_is_one_charge_and_no_set_up() {
    for world in World::each().await {
        let id = world.held(HoldReason::AuthorisationFailed).await;
        world.lapse(&id).await;
        let (cx, scope) = (&world.cx, &world.scope);
        let attempt = method_update::start(cx, scope, &id, Choice::New, None).await;
        let attempt = attempt.unwrap();
        assert!(matches!(attempt.of, AttemptOf::Payment(_)), "{attempt:?}");
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900, 2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_taken_back_is_paid_again_and_buys_no_second_period() {
    for world in World::each().await {
        let id = world.held(HoldReason::PaymentReversed).await;
        let before = world.subscription(&id).await;
        // The period is the one that runs: it was supplied.
        let cause = before.period.start.as_microsecond() + 1;
        world
            .owe(&id, DebtKind::Period, &cause.to_string(), 2900)
            .await;
        world.come_back_to_life(&id).await;
        assert_eq!(world.charged().await, [2900, 2900]);
        let after = world.subscription(&id).await;
        assert_eq!((after.period, after.anchor), (before.period, before.anchor));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_grace_is_over_paying_starts_a_period() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let since = world.cx.now();
        let why = HoldReason::GraceOver;
        world
            .change(&id, |subscription| {
                subscription.state = SubscriptionState::OnHold { why, since };
            })
            .await;
        world.come_back_to_life(&id).await;
        assert_eq!(world.charged().await, [2900, 2900]);
        let period = world.subscription(&id).await.period;
        assert!(period.start >= since, "it starts with the payment");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_due_is_paid_and_keeps_its_dates() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let held = world.subscription(&id).await;
        let until = world.cx.now() + SignedDuration::from_hours(72);
        world
            .change(&id, |subscription| {
                subscription.state = SubscriptionState::PastDue { until };
            })
            .await;
        world.come_back_to_life(&id).await;
        assert_eq!(world.charged().await, [2900, 2900]);
        let after = world.subscription(&id).await;
        assert_eq!(after.anchor, held.anchor);
        assert_eq!(after.period.start, held.period.end, "no day is given away");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_dues_are_one_charge_and_one_invoice() {
    for world in World::each().await {
        let id = world.on_hold().await;
        world.owe(&id, DebtKind::PlanChange, "change-1", 700).await;
        world.owe(&id, DebtKind::OnDemand, "use-1", 150).await;
        world.come_back_to_life(&id).await;
        assert_eq!(world.charged().await, [2900, 3750]);
        let invoice = &world.documents(&id).await[0];
        assert_eq!(invoice.lines.len(), 3);
        let mut tx = world.cx.store.read().await.unwrap();
        assert!(tx.dues_of(&world.scope, &id).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dues_that_changed_while_the_page_was_open_are_not_charged() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let quote = reactivation::quote(&world.cx, &world.scope, &id).await;
        let seen = quote.unwrap().unwrap().id;
        world.owe(&id, DebtKind::OnDemand, "use-1", 150).await;
        let started = reactivation::start(&world.cx, &world.scope, &id, Choice::New, &seen).await;
        assert!(matches!(started, Err(Error::Refused(Refused::StaleQuote))));

        // And a period that ran out since the page was opened is not slipped in.
        let world = World::sqlite().await;
        let id = world.held(HoldReason::PlanChangeFailed).await;
        world.owe(&id, DebtKind::PlanChange, "change-1", 700).await;
        let quote = reactivation::quote(&world.cx, &world.scope, &id).await;
        let seen = quote.unwrap().unwrap().id;
        world.lapse(&id).await;
        let started = reactivation::start(&world.cx, &world.scope, &id, Choice::New, &seen).await;
        assert!(matches!(started, Err(Error::Refused(Refused::StaleQuote))));
        assert_eq!(world.charged().await, [2900]);
        let mut tx = world.cx.store.read().await.unwrap();
        let dues = tx.dues_of(&world.scope, &id).await.unwrap();
        assert_eq!(dues.len(), 1, "no debt arose");
    }
}
