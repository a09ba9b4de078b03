//! Pauses: what stops, what is kept, and every way out.

use jiff::{SignedDuration, Timestamp};
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::money::Money;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use vestibule::flows::pause::{self, Pause, Settlement};
use vestibule::flows::{Choice, Ending, Error, Refused, reactivation, renewal, test_clock};

use super::test_clock::{Working, arrived};
use super::{CONFIRM, DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl World {
    async fn pause(&self, id: &SubscriptionId, pause: Pause) -> Result<Subscription, Error> {
        pause::start(&self.cx, &self.scope, id, pause).await
    }

    async fn resume(&self, id: &SubscriptionId) -> Result<Subscription, Error> {
        pause::resume(&self.cx, &self.scope, id).await
    }

    /// 7.00 € for what was used.
    fn settlement(&self) -> Pause {
        Pause {
            resume_at: None,
            settlement: Some(Settlement {
                payment: self.cx.new_id(),
                price: Money::new(700, "EUR".parse().unwrap()),
                description: Some("Usage before the pause".to_owned()),
            }),
        }
    }

    /// Makes as if the pause had begun so long ago.
    async fn began(&self, id: &SubscriptionId, ago: SignedDuration) {
        let since = self.cx.now() - ago;
        self.rewrite(id, |subscription| {
            subscription.state = match &subscription.state {
                SubscriptionState::Paused { .. } => SubscriptionState::Paused { since },
                &SubscriptionState::OnHold { why, .. } => SubscriptionState::OnHold { why, since },
                other => panic!("{other:?}"),
            };
        })
        .await;
    }

    /// Makes as if the date on which the pause was to end had come so long ago.
    async fn was_to_end(&self, id: &SubscriptionId, ago: SignedDuration) {
        let date = self.cx.now() - ago;
        self.rewrite(id, |subscription| subscription.resume_at = Some(date))
            .await;
    }

    async fn rewrite(&self, id: &SubscriptionId, change: impl FnOnce(&mut Subscription)) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&self.scope, id).await.unwrap();
        let mut subscription = locked.unwrap();
        change(&mut subscription);
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn about(left: Timestamp, right: Timestamp) {
    let gap = left.duration_since(right).abs();
    assert!(gap < SignedDuration::from_hours(6), "{left} {right}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_suspends_the_key_and_loses_nothing_of_the_paid_period() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let before = world.subscription(&id).await;
        let key = world.key(&id).await.1;
        world.pause(&id, Pause::default()).await.unwrap();
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        world.began(&id, days(40)).await;
        // The end of the period passes without a charge.
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        assert_eq!(world.charged().await, [2900]);

        let after = world.resume(&id).await.unwrap();
        assert_eq!(world.key(&id).await, (LicenseStatus::Active, key));
        about(after.period.start, before.period.start + days(40));
        about(after.period.end, before.period.end + days(40));
        about(
            after.expires_at.unwrap(),
            before.expires_at.unwrap() + days(40),
        );
        assert_eq!(after.anchor, after.period.end, "later dates count from it");
        about(world.due("renew").await, after.period.end);
        let told = world.told(id.as_str()).await;
        assert_eq!(
            told,
            [
                "subscription.active",
                "subscription.paused",
                "subscription.unpaused"
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_with_a_date_ends_by_itself_and_the_next_charge_comes_later() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let before = world.subscription(&id).await;
        let working = Working::start(&world);
        let wish = Pause {
            resume_at: Some(world.cx.now() + days(60)),
            settlement: None,
        };
        world.pause(&id, wish).await.unwrap();
        // Two ends of periods later.
        let target = world.cx.now() + days(62);
        test_clock::advance(&world.cx, &world.scope, target)
            .await
            .unwrap();
        arrived(&world).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.subscription(&id).await.resume_at, None);
        assert_eq!(world.charged().await, [2900], "nothing while it was paused");
        about(
            world.subscription(&id).await.period.end,
            before.period.end + days(60),
        );

        let target = before.period.end + days(61);
        test_clock::advance(&world.cx, &world.scope, target)
            .await
            .unwrap();
        arrived(&world).await;
        assert_eq!(world.charged().await, [2900, 2900]);
        working.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_before_a_pause_is_charged_once_and_the_pause_stays() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let wish = world.settlement();
        world.pause(&id, wish.clone()).await.unwrap();
        // The same call again, by another process.
        let other = world.process().await;
        pause::start(&other, &world.scope, &id, wish).await.unwrap();
        let state = world.subscription(&id).await.state;
        assert!(
            matches!(state, SubscriptionState::Paused { .. }),
            "{state:?}"
        );
        assert_eq!(world.charged().await, [2900, 700]);
        assert!(world.mails().await.contains(&"received".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_pause_settlement_holds_until_it_is_paid_and_leads_back_to_the_pause() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        world.pause(&id, world.settlement()).await.unwrap();
        world.began(&id, days(10)).await;
        let held = world.subscription(&id).await;
        let SubscriptionState::OnHold { why, since } = held.state else {
            panic!("{:?}", held.state)
        };
        assert_eq!(why, HoldReason::PauseSettlement);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);

        let attempt = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert_eq!(world.charged().await, [2900, 700]);
        let paused = world.subscription(&id).await;
        assert_eq!(paused.state, SubscriptionState::Paused { since });
        assert_eq!(paused.period, held.period, "the settlement buys no period");
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        assert!(!world.mails().await.contains(&"reactivated".to_owned()));

        let running = world.resume(&id).await.unwrap();
        assert_eq!(running.state, SubscriptionState::Active);
        about(running.period.end, held.period.end + days(10));
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_no_longer_asks_for_an_unpaid_pause_settlement() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        world.pause(&id, world.settlement()).await.unwrap();
        // Somebody is on the page on which it would be paid.
        world.reactivate(&id, Choice::New).await;
        assert!(world.resume(&id).await.is_ok());
        assert!(world.is_active(&id).await);
        let quote = reactivation::quote(&world.cx, &world.scope, &id).await;
        assert!(quote.unwrap().is_none());
        assert_eq!(world.charged().await, [2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_pause_settlement_is_tried_again_and_asked_for_until_it_is_paid() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let good = world.second_method(&id, GOOD).await;
        world.pause(&id, world.settlement()).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        assert!(world.is_queued(&format!("retry:{id}")).await);
        assert!(world.is_queued(&format!("remind:{id}")).await);
        let mails = world.mails().await;
        assert_eq!(mails.iter().filter(|mail| *mail == "failed").count(), 1);

        world.wait(days(1));
        world.retry(&id).await;
        assert_eq!(world.charged().await, [2900], "declined once more");
        world.pay_with(&id, good).await;
        world.wait(days(2));
        world.retry(&id).await;
        assert_eq!(world.charged().await, [2900, 700]);
        assert_eq!(world.subscription(&id).await.state.name(), "paused");
        assert!(!world.is_queued(&format!("retry:{id}")).await);
        assert!(!world.is_queued(&format!("remind:{id}")).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_ends_the_asking_so_that_the_next_failure_is_asked_for_anew() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        world.pause(&id, world.settlement()).await.unwrap();
        world.resume(&id).await.unwrap();
        assert!(!world.is_queued(&format!("retry:{id}")).await);
        assert!(!world.is_queued(&format!("remind:{id}")).await);
        world.renew(&id).await;
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        assert!(world.is_queued(&format!("retry:{id}")).await);
        assert_eq!(world.charged().await, [2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_paid_after_the_date_of_the_pause_lets_it_go_on_at_once() {
    let world = World::sqlite().await;
    let id = world.active(DECLINED_AT_RENEWAL).await;
    let wish = Pause {
        resume_at: Some(world.cx.now() + days(1)),
        ..world.settlement()
    };
    world.pause(&id, wish).await.unwrap();
    world.was_to_end(&id, days(1)).await;
    pause::due(&world.cx, &world.scope, &id).await.unwrap();
    assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
    let attempt = world.reactivate(&id, Choice::New).await;
    world.give_card(&attempt, CONFIRM).await;
    let state = world.state_of(&attempt).await;
    if let vestibule::domain::payment::PaymentState::AwaitingCustomer { .. } = state {
        let ending = world.come_back(&attempt).await;
        world.sandbox.confirm(super::page(&ending), true).await;
        assert_eq!(world.come_back(&attempt).await, Ending::Succeeded);
    }
    assert!(world.due("resume").await <= world.cx.now());
    pause::due(&world.cx, &world.scope, &id).await.unwrap();
    assert!(world.is_active(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_runs_and_has_no_payment_under_way_is_paused() {
    let world = World::sqlite().await;
    let pending = world.pending().await.subscription.unwrap().id;
    let refused = world.pause(&pending, Pause::default()).await;
    assert!(matches!(
        refused,
        Err(Error::Refused(Refused::PaymentUnderWay | Refused::State))
    ));
    let world = World::sqlite().await;
    let held = world.on_hold().await;
    let refused = world.pause(&held, Pause::default()).await;
    assert!(matches!(refused, Err(Error::Refused(Refused::State))));
    let refused = world.resume(&held).await;
    assert!(matches!(refused, Err(Error::Refused(Refused::NotPaused))));

    let world = World::sqlite().await;
    world.sandbox.hold_debits().await;
    let id = world.active(GOOD).await;
    let wish = Pause {
        resume_at: Some(world.cx.now() - days(1)),
        settlement: None,
    };
    let refused = world.pause(&id, wish).await;
    assert!(matches!(
        refused,
        Err(Error::Invalid {
            field: "resume_at",
            ..
        })
    ));
    world.pause(&id, Pause::default()).await.unwrap();
    let again = world.pause(&id, world.settlement()).await;
    assert!(matches!(again, Err(Error::Refused(Refused::AlreadyPaused))));
    assert_eq!(world.charged().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_a_pause_asks_nobody_about_a_charge_without_an_answer() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let pause = world.settlement();
        world.lose_the_answer().await;
        world.pause(&id, pause.clone()).await.unwrap();
        let payment = pause.settlement.as_ref().unwrap().payment.clone();
        // As it stands where the process died before the answer came.
        let mut tx = world.cx.store.begin().await.unwrap();
        let locked = tx.lock_payment(&world.scope, &payment).await.unwrap();
        let mut left = locked.unwrap();
        left.state = PaymentState::Created;
        tx.save_payment(&mut left).await.unwrap();
        tx.commit().await.unwrap();

        world.cx.clock.advance(SignedDuration::from_mins(10));
        world.pause(&id, pause).await.unwrap();
        let mut tx = world.cx.store.read().await.unwrap();
        let kept = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
        drop(tx);
        assert!(kept.sent_at.is_some(), "it may have moved money");
        world.send_queued(&id).await;
        assert_eq!(world.charged().await, [2_900, 700]);
        assert!(world.dues(&id).await.is_empty());
    }
}
