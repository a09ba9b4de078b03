//! What follows a failed renewal: grace or hold, and retries where the decline allows them.

use jiff::SignedDuration;
use vestibule::config::Billing;
use vestibule::domain::id::{MethodId, SubscriptionId};
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::payment::Payment;
use vestibule::domain::subscription::{Cancellation, HoldReason, SubscriptionState};
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, cancellation, dunning, method_update, reactivation,
    reconciliation, renewal, settlement,
};

use super::{DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

/// No money at two renewals, then there is.
pub(super) const RECOVERS: &str = "4000000000000366";
pub(super) const REFUSED_AT_RENEWAL: &str = "4000000000000515";
const EXPIRES_AT_RENEWAL: &str = "4000000000000481";
pub(super) const LIMITED_AT_RENEWAL: &str = "4000000000000424";

pub(super) fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

impl World {
    /// Changes the rules of money.
    pub(super) fn rules(&self, change: impl FnOnce(&mut Billing)) {
        let mut settings = (**self.cx.settings.load()).clone();
        change(&mut settings.billing);
        self.cx.settings.store(settings.into());
    }

    pub(super) fn wait(&self, time: SignedDuration) {
        self.cx.clock.advance(time);
    }

    pub(super) async fn retry(&self, id: &SubscriptionId) {
        dunning::retry(&self.cx, &self.scope, id).await.unwrap();
    }

    /// How often the processor declined something.
    pub(super) async fn declines(&self) -> usize {
        let charges = self
            .sandbox
            .call(reqwest::Method::GET, "/control/charges", None);
        let charges = charges.await;
        let all = charges["data"].as_array().unwrap();
        all.iter().filter(|one| one["status"] == "declined").count()
    }

    pub(super) async fn is_queued(&self, work: &str) -> bool {
        let mut tx = self.cx.store.read().await.unwrap();
        let jobs = tx.jobs(&self.scope, u32::MAX).await.unwrap();
        jobs.iter()
            .filter_map(|job| job.unique_key.as_ref())
            .any(|key| key.starts_with(work))
    }

    /// The payments of a subscription, oldest first.
    pub(super) async fn payments(&self, id: &SubscriptionId) -> Vec<Payment> {
        let mut tx = self.cx.store.read().await.unwrap();
        let filter = vestibule::store::PaymentFilter {
            subscription: Some(id.clone()),
            ..Default::default()
        };
        let mut all = tx.payments(&self.scope, &filter, 100, 0).await.unwrap();
        all.reverse();
        all
    }

    /// What the merchant was told of the dunning of a subscription.
    async fn dunning_told(&self, id: &SubscriptionId) -> Vec<String> {
        let known = {
            let mut tx = self.cx.store.read().await.unwrap();
            tx.open_dunning(&self.scope, id).await.unwrap()
        };
        self.told(known.unwrap().id.as_str()).await
    }

    /// Another saved method of the subscription's customer, which pays for nothing.
    pub(super) async fn second_method(&self, id: &SubscriptionId, card: &str) -> MethodId {
        let first = self.subscription(id).await.method;
        let attempt = method_update::start(&self.cx, &self.scope, id, Choice::New, None)
            .await
            .unwrap();
        let AttemptOf::Setup(setup) = &attempt.of else {
            panic!("not a set-up")
        };
        self.sandbox.pay_by_card(page(&attempt.ending), card).await;
        settlement::setup_returned(&self.cx, &self.scope, setup, &[])
            .await
            .unwrap();
        let second = self.subscription(id).await.method.unwrap();
        self.pay_with(id, first.unwrap()).await;
        second
    }

    pub(super) async fn pay_with(&self, id: &SubscriptionId, method: MethodId) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&self.scope, id).await.unwrap();
        let mut subscription = locked.unwrap();
        subscription.method = Some(method);
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Part of what a subscription owes is disputed.
    pub(super) async fn dispute(&self, id: &SubscriptionId) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let mut due = tx.dues_of(&self.scope, id).await.unwrap().remove(0);
        due.id = self.cx.new_id();
        "disputed".clone_into(&mut due.cause);
        due.disputed = true;
        assert!(tx.insert_debt(&due).await.unwrap());
        tx.commit().await.unwrap();
    }

    pub(super) async fn make_backup(&self, id: &SubscriptionId, method: &MethodId) {
        let customer = self.subscription(id).await.customer;
        let mut tx = self.cx.store.begin().await.unwrap();
        let marked = tx.set_backup_method(&self.scope, &customer, Some(method));
        assert!(marked.await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Sends what the queue is to send.
    pub(super) async fn send_queued(&self, id: &SubscriptionId) {
        let mut tx = self.cx.store.read().await.unwrap();
        let open = tx.open_payments_of(&self.scope, id).await.unwrap();
        drop(tx);
        for payment in open {
            reconciliation::look(&self.cx, &self.scope, &payment.id)
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_decline_is_tried_again_on_its_dates_until_it_is_paid() {
    for world in World::each().await {
        let id = world.active(RECOVERS).await;
        world.renew(&id).await;
        let failed = world.cx.now();
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        assert_eq!(world.dunning_told(&id).await, ["dunning.started"]);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        let told = {
            let mut tx = world.cx.store.read().await.unwrap();
            tx.open_dunning(&world.scope, &id)
                .await
                .unwrap()
                .unwrap()
                .id
        };

        let first = world.due("retry").await;
        assert!(first.duration_since(failed).abs() - days(1) < SignedDuration::from_secs(5));
        world.retry(&id).await;
        assert_eq!(world.payments(&id).await.len(), 2, "not before its date");

        world.wait(days(1));
        world.retry(&id).await;
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        assert_eq!(world.due("retry").await, first + days(2));
        world.wait(days(2));
        world.retry(&id).await;

        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900, 2900]);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert_eq!(
            world.told(told.as_str()).await,
            ["dunning.started", "dunning.recovered"]
        );
        let payments = world.payments(&id).await;
        let attempts: Vec<u32> = payments[1..]
            .iter()
            .map(|payment| payment.attempt)
            .collect();
        assert_eq!(attempts, [0, 1, 2]);
        assert!(!world.is_queued("retry").await, "nothing is left to try");
        let period = world.subscription(&id).await.period;
        let late = period.start.duration_since(world.cx.now()).abs();
        assert!(
            late < SignedDuration::from_mins(1),
            "access from the payment on"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_grace_a_retry_keeps_access_and_the_day_of_renewal() {
    for world in World::each().await {
        world.rules(|rules| rules.grace = days(7));
        let id = world.active(RECOVERS).await;
        world.renew(&id).await;
        let due = world.subscription(&id).await.period.end;
        let SubscriptionState::PastDue { until } = world.subscription(&id).await.state else {
            panic!("no grace")
        };
        assert!(until.duration_since(due) >= days(7));
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        for day in [1, 2] {
            world.wait(days(day));
            world.retry(&id).await;
        }
        assert!(world.is_active(&id).await);
        assert_eq!(world.subscription(&id).await.period.start, due);
        assert_eq!(world.charged().await, [2900, 2900]);
        assert!(!world.is_queued("end-grace").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_without_a_method_has_the_same_grace() {
    let world = World::sqlite().await;
    world.rules(|rules| rules.grace = days(3));
    let id = world.active(GOOD).await;
    let mut tx = world.cx.store.begin().await.unwrap();
    let mut subscription = tx
        .lock_subscription(&world.scope, &id)
        .await
        .unwrap()
        .unwrap();
    subscription.method = None;
    tx.save_subscription(&mut subscription).await.unwrap();
    tx.commit().await.unwrap();
    world.renew(&id).await;
    let state = world.subscription(&id).await.state;
    assert!(
        matches!(state, SubscriptionState::PastDue { .. }),
        "{state:?}"
    );
    assert_eq!(world.dunning_told(&id).await, ["dunning.started"]);

    world.wait(days(3));
    renewal::grace_over(&world.cx, &world.scope, &id)
        .await
        .unwrap();
    let state = world.subscription(&id).await.state;
    let over = matches!(
        state,
        SubscriptionState::OnHold {
            why: HoldReason::GraceOver,
            ..
        }
    );
    assert!(over, "{state:?}");
    assert_eq!(world.charged().await, [2900]);
    assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
    let back = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
    assert!(world.is_active(&id).await);
    assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
    assert_eq!(world.charged().await, [2900, 2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_whose_bank_said_never_is_not_charged_again_by_anybody() {
    for world in World::each().await {
        let id = world.active(REFUSED_AT_RENEWAL).await;
        let card = world.subscription(&id).await.method.unwrap();
        world.renew(&id).await;
        for _ in 0..5 {
            world.wait(days(3));
            world.retry(&id).await;
        }
        assert_eq!(world.declines().await, 1);
        let quote = reactivation::quote(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        let quote = quote.unwrap().id;
        let choice = Choice::Saved(card);
        let refused = reactivation::start(&world.cx, &world.scope, &id, choice, &quote).await;
        assert!(
            matches!(refused, Err(Error::Refused(Refused::MethodUnusable))),
            "{refused:?}"
        );
        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900, 2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_another_method_is_needed_the_retry_waits_for_it() {
    let world = World::sqlite().await;
    let id = world.active(EXPIRES_AT_RENEWAL).await;
    let newer = world.second_method(&id, GOOD).await;
    world.renew(&id).await;
    world.wait(days(1));
    world.retry(&id).await;
    assert_eq!(world.declines().await, 1, "not with the same card");
    world.pay_with(&id, newer.clone()).await;
    world.wait(days(2));
    world.retry(&id).await;
    assert!(world.is_active(&id).await);
    assert_eq!(world.charged().await, [2900, 2900]);
    let paid = world.payments(&id).await.pop().unwrap();
    assert_eq!(paid.method, Some(newer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_wants_a_confirmation_gets_no_retry_and_the_customer_a_mail() {
    let world = World::sqlite().await;
    let begun = world.pending().await;
    let attempt = vestibule::flows::begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    let bank = world
        .sandbox
        .pay_by_card(page(&attempt.ending), "4000002760003184")
        .await;
    world.sandbox.confirm(&bank, true).await;
    assert_eq!(world.come_back(&attempt).await, Ending::Succeeded);
    let id = begun.subscription.unwrap().id;
    world.renew(&id).await;
    assert!(world.mails().await.contains(&"failed".to_owned()));
    for _ in 0..5 {
        world.wait(days(3));
        world.retry(&id).await;
    }
    assert_eq!(world.declines().await, 1);
    assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_retry_does_nothing_once_it_was_paid_or_cancelled() {
    for world in World::each().await {
        let paid = world.active(DECLINED_AT_RENEWAL).await;
        let ended = world.active(DECLINED_AT_RENEWAL).await;
        world.renew(&paid).await;
        world.renew(&ended).await;
        let back = world.reactivate(&paid, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        cancellation::now(&world.cx, &world.scope, &ended, Cancellation::default())
            .await
            .unwrap();
        assert!(!world.is_queued("retry").await);
        let before = world.declines().await;
        world.wait(days(1));
        world.retry(&paid).await;
        world.retry(&ended).await;
        assert_eq!(world.declines().await, before);
        assert_eq!(world.charged().await, [2900, 2900, 2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_waits_while_the_customer_is_paying_and_comes_after_a_decline() {
    let world = World::sqlite().await;
    let id = world.active(RECOVERS).await;
    world.renew(&id).await;
    world.wait(days(1));
    let attempt = world.reactivate(&id, Choice::New).await;
    world.retry(&id).await;
    assert_eq!(world.declines().await, 1, "the customer is on the page");
    world.give_card(&attempt, super::DECLINED).await;
    world.wait(SignedDuration::from_hours(6));
    world.retry(&id).await;
    assert_eq!(world.declines().await, 3);
    let ids: std::collections::BTreeSet<_> = world
        .payments(&id)
        .await
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(ids.len(), 4, "each try under its own key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disputed_debt_is_not_tried_again() {
    let world = World::sqlite().await;
    let id = world.active(RECOVERS).await;
    world.renew(&id).await;
    world.dispute(&id).await;
    for _ in 0..5 {
        world.wait(days(3));
        world.retry(&id).await;
    }
    assert_eq!(world.declines().await, 1);
    assert!(!world.is_queued("retry").await);
}
