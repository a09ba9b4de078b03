//! Methods that their gateway withdraws.

use jiff::SignedDuration;
use reqwest::Method;
use vestibule::domain::id::{MethodId, SubscriptionId};
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::flows::begin::OnDemand;
use vestibule::flows::{AttemptOf, Choice, Ending, Error, Refused, method_update, settlement};

use super::refunds::{deliver, deliver_of};
use super::{GOOD, page};
use crate::support::world::World;

impl World {
    /// The bank revokes the method of a subscription, and the host hears of it `times`.
    pub(super) async fn revoke(&self, id: &SubscriptionId, times: u32) -> MethodId {
        let method = self.subscription(id).await.method.unwrap();
        let mut tx = self.cx.store.read().await.unwrap();
        let known = tx.method(&self.scope, &method).await.unwrap().unwrap();
        drop(tx);
        let path = format!("/control/methods/{}/revoke", known.reference);
        let gone = self.sandbox.call(Method::POST, &path, None).await;
        for _ in 0..times {
            deliver(self, "method.gone", &gone).await;
        }
        method
    }

    async fn mails_of(&self, name: &str) -> usize {
        let mails = self.mails().await;
        mails.iter().filter(|mail| *mail == name).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_gone_is_never_charged_again_and_its_customer_is_told_once() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let method = world.revoke(&id, 3).await;
        assert!(world.is_active(&id).await, "its period is paid");
        assert_eq!(world.mails_of("method-gone").await, 1);
        let (cx, scope) = (&world.cx, &world.scope);
        let chosen = Choice::Saved(method.clone());
        let chosen = method_update::start(cx, scope, &id, chosen, None).await;
        assert!(matches!(
            chosen,
            Err(Error::Refused(Refused::MethodUnusable))
        ));
        let customer = world.subscription(&id).await.customer;
        let backup = method_update::set_backup(cx, scope, &customer, &method, true).await;
        assert!(matches!(
            backup,
            Err(Error::Refused(Refused::MethodUnusable))
        ));

        world.renew(&id).await;
        assert_eq!(
            world.charged().await,
            [2900],
            "the gateway is not even asked"
        );
        let state = world.subscription(&id).await.state;
        let SubscriptionState::OnHold { why, .. } = state else {
            panic!("{state:?}")
        };
        assert_eq!(why, HoldReason::RenewalFailed);
        let attempt = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mandate_what_is_on_demand_waits_for_a_set_up_and_owes_nothing() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        world.revoke(&id, 2).await;
        let state = world.subscription(&id).await.state;
        let SubscriptionState::OnHold { why, .. } = state else {
            panic!("{state:?}")
        };
        assert_eq!(why, HoldReason::AuthorisationFailed);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        assert_eq!(world.mails_of("method-gone").await, 1);
        assert_eq!(
            world.told(id.as_str()).await,
            ["subscription.active", "subscription.on_hold"]
        );
        let refused = world.charge(&id, world.seven()).await;
        assert!(matches!(refused, Err(Error::Refused(Refused::State))));

        for card in [super::DECLINED, GOOD] {
            let (cx, scope) = (&world.cx, &world.scope);
            let attempt = method_update::start(cx, scope, &id, Choice::New, None)
                .await
                .unwrap();
            let AttemptOf::Setup(setup) = &attempt.of else {
                panic!("a charge, though nothing is owed")
            };
            world.sandbox.pay_by_card(page(&attempt.ending), card).await;
            let ending = settlement::setup_returned(cx, scope, setup, &[]).await;
            let went_well = matches!(ending.unwrap(), Ending::Succeeded);
            assert_eq!(went_well, card == GOOD);
            assert_eq!(world.is_active(&id).await, card == GOOD);
        }
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert!(world.charged().await.is_empty(), "a set-up, not a charge");
        assert!(world.invoices(&id).await.is_empty());
        assert_eq!(world.mails_of("reactivated").await, 1);
        world.charge(&id, world.seven()).await.unwrap();
        assert_eq!(world.charged().await, [700]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_was_under_way_when_its_method_was_withdrawn_does_not_bring_it_back() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        world.lose_the_answer().await;
        world.charge(&id, world.seven()).await.unwrap();
        let method = world.revoke(&id, 1).await;
        world.send_queued(&id).await;
        assert!(world.owed(&id).await.is_empty(), "its money came");
        let mut tx = world.cx.store.read().await.unwrap();
        let kept = tx.method(&world.scope, &method).await.unwrap().unwrap();
        assert!(kept.refused_at.is_some());
        assert_eq!(
            world.subscription(&id).await.state.name(),
            "on-hold",
            "the next charge would find no method"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_saved_after_a_method_was_withdrawn_brings_it_back() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let before = world.cx.now();
        let method = world.subscription(&id).await.method.unwrap();
        let mut tx = world.cx.store.read().await.unwrap();
        let known = tx.method(&world.scope, &method).await.unwrap().unwrap();
        drop(tx);
        let path = format!("/control/methods/{}/revoke", known.reference);
        let gone = world.sandbox.call(Method::POST, &path, None).await;
        let told = world.delivery("evt_gone", "method.gone", &gone);
        let hear = async || {
            let heard = settlement::receive(&world.cx, &world.scope, "sandbox", &told).await;
            heard.unwrap();
        };
        let is_refused = async || {
            let mut tx = world.cx.store.read().await.unwrap();
            let kept = tx.method(&world.scope, &method).await.unwrap().unwrap();
            kept.refused_at.is_some()
        };
        hear().await;
        assert!(is_refused().await);
        for (since, brings_it_back) in [(before, false), (world.cx.now(), true)] {
            let mut tx = world.cx.store.begin().await.unwrap();
            tx.keep_method(&known, since).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(is_refused().await, !brings_it_back);
        }
        // The gateway saved it again under the same reference, and repeats its old news.
        hear().await;
        assert!(!is_refused().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn late_news_does_not_take_away_what_was_saved_since() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let method = world.subscription(&id).await.method.unwrap();
        let is_refused = async || {
            let mut tx = world.cx.store.read().await.unwrap();
            let kept = tx.method(&world.scope, &method).await.unwrap().unwrap();
            kept.refused_at.is_some()
        };
        let mut tx = world.cx.store.read().await.unwrap();
        let known = tx.method(&world.scope, &method).await.unwrap().unwrap();
        drop(tx);
        let path = format!("/control/methods/{}/revoke", known.reference);
        let gone = world.sandbox.call(Method::POST, &path, None).await;
        // It went before this customer gave it, and the host hears of that only now.
        let before = world.cx.now() - SignedDuration::from_hours(1);
        deliver_of(&world, "method.gone", &gone, before).await;
        assert!(!is_refused().await);
        assert_eq!(world.mails_of("method-gone").await, 0);
        deliver(&world, "method.gone", &gone).await;
        assert!(is_refused().await, "that was after it");
    }
}
