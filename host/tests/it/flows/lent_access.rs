//! Access while a bank moves the money of what is on hold, where the merchant lends it.

use jiff::SignedDuration;
use serde_json::json;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::money::Money;
use vestibule::domain::payment::PaymentState;
use vestibule::flows::pause::{self, Pause, Settlement};
use vestibule::flows::{Attempt, AttemptOf, Choice, Ending, lent_access, reconciliation};

use super::{DECLINED_AT_RENEWAL, page};
use crate::support::world::World;

const ACCOUNT: &str = "DE89370400440532013000";

impl World {
    /// A subscription on hold whose dues a bank is moving.
    async fn debited(&self) -> (SubscriptionId, Attempt) {
        self.sandbox.hold_debits().await;
        let id = self.on_hold().await;
        let attempt = self.reactivate(&id, Choice::New).await;
        self.sandbox
            .pay_by_debit(page(&attempt.ending), ACCOUNT)
            .await;
        assert_eq!(self.come_back(&attempt).await, Ending::Processing);
        (id, attempt)
    }

    /// The bank has decided, and the host looks.
    async fn debit_ends(&self, attempt: &Attempt, how: &str) {
        let AttemptOf::Payment(payment) = &attempt.of else {
            panic!("not a payment")
        };
        let mut tx = self.cx.store.read().await.unwrap();
        let row = tx.payment(&self.scope, payment).await.unwrap().unwrap();
        drop(tx);
        let path = format!("/control/charges/{}/{how}", row.gateway_ref.unwrap());
        self.sandbox
            .call(reqwest::Method::POST, &path, Some(json!({})))
            .await;
        reconciliation::look(&self.cx, &self.scope, payment)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_lent_until_two_working_days_after_the_money_should_be_there() {
    for world in World::each().await {
        world.rules(|rules| rules.access_while_processing = true);
        let (id, attempt) = world.debited().await;
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        let PaymentState::Processing { expected_by } = world.state_of(&attempt).await else {
            panic!("not processing")
        };
        let end = world.due("end-lent-access").await;
        let late = end.duration_since(expected_by.unwrap());
        let day = SignedDuration::from_hours(24);
        assert!((day * 2..=day * 4).contains(&late), "{late}");

        lent_access::end(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active, "not yet");
        world.wait(end.duration_since(world.cx.now()));
        lent_access::end(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);

        world.debit_ends(&attempt, "settle").await;
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert!(world.is_active(&id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_that_fails_ends_the_access_that_was_lent_for_it() {
    for world in World::each().await {
        world.rules(|rules| rules.access_while_processing = true);
        let (id, attempt) = world.debited().await;
        world.debit_ends(&attempt, "fail").await;
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_that_arrives_leaves_access_that_no_date_ends() {
    let world = World::sqlite().await;
    world.rules(|rules| rules.access_while_processing = true);
    let (id, attempt) = world.debited().await;
    let end = world.due("end-lent-access").await;
    world.debit_ends(&attempt, "settle").await;
    world.wait(end.duration_since(world.cx.now()));
    lent_access::end(&world.cx, &world.scope, &id)
        .await
        .unwrap();
    assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_no_access_is_lent() {
    let world = World::sqlite().await;
    let (id, _) = world.debited().await;
    assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lent_for_what_leads_back_to_a_pause() {
    for world in World::each().await {
        world.rules(|rules| rules.access_while_processing = true);
        world.sandbox.hold_debits().await;
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let used = Pause {
            resume_at: None,
            settlement: Some(Settlement {
                payment: world.cx.new_id(),
                price: Money::new(700, "EUR".parse().unwrap()),
                description: None,
            }),
        };
        pause::start(&world.cx, &world.scope, &id, used)
            .await
            .unwrap();
        let attempt = world.reactivate(&id, Choice::New).await;
        world
            .sandbox
            .pay_by_debit(page(&attempt.ending), ACCOUNT)
            .await;
        assert_eq!(world.come_back(&attempt).await, Ending::Processing);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        world.debit_ends(&attempt, "settle").await;
        assert_eq!(world.subscription(&id).await.state.name(), "paused");
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
    }
}
