//! Mails that ask for what is owed, and those that say what comes: on their dates, once each,
//! and none that has come to nothing.

use jiff::{SignedDuration, Timestamp};
use vestibule::domain::addon::Attached;
use vestibule::domain::dunning::DunningState;
use vestibule::domain::id::{MethodId, SubscriptionId};
use vestibule::domain::period::{Interval, Unit};
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::{
    AttemptOf, Choice, Ending, begin, cancellation, dunning, notices, renewal, settlement,
    test_clock,
};

use super::disputes::decided;
use super::refunds::deliver;
use super::test_clock::{Working, arrived};
use super::{DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

impl World {
    async fn remind(&self, id: &SubscriptionId) {
        dunning::remind(&self.cx, &self.scope, id).await.unwrap();
    }

    /// How many mails of a kind are queued.
    pub(super) async fn count(&self, kind: &str) -> usize {
        let mails = self.mails().await;
        mails.iter().filter(|mail| *mail == kind).count()
    }

    async fn rehearse(&self, working: &Working, until: Timestamp) -> Vec<String> {
        test_clock::advance(&self.cx, &self.scope, until)
            .await
            .unwrap();
        arrived(self).await;
        working.subjects()
    }

    /// What the subscription's card says of its end.
    pub(super) async fn card_ends(&self, id: &SubscriptionId, month: u8, year: u16) -> MethodId {
        let method = self.subscription(id).await.method.unwrap();
        let mut tx = self.cx.store.begin().await.unwrap();
        let mut method = tx.method(&self.scope, &method).await.unwrap().unwrap();
        method.expiry_month = Some(month);
        method.expiry_year = Some(year);
        let kept = tx.keep_method(&method, method.created_at).await.unwrap();
        tx.commit().await.unwrap();
        kept.id
    }

    /// A subscription that is paid for year by year.
    pub(super) async fn yearly(&self) -> SubscriptionId {
        let mut product = self.product().await;
        product.id = self.cx.new_id();
        if let Some(recurring) = &mut product.recurring {
            recurring.interval = Interval {
                unit: Unit::Year,
                count: 1,
            };
        }
        let mut tx = self.cx.store.begin().await.unwrap();
        tx.insert_product(&product).await.unwrap();
        tx.commit().await.unwrap();
        let begun = self.pending_for(product, 0).await;
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id)
            .await
            .unwrap();
        assert_eq!(self.give_card(&attempt, GOOD).await, Ending::Succeeded);
        begun.subscription.unwrap().id
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_asked_on_each_date_once_and_no_more_once_it_is_paid() {
    for world in World::each().await {
        let id = world.on_hold().await;
        assert_eq!(
            (world.count("failed").await, world.count("due").await),
            (1, 0)
        );
        world.remind(&id).await;
        assert_eq!(world.count("due").await, 0, "not before its date");
        world.wait(days(3));
        world.remind(&id).await;
        assert_eq!(world.count("due").await, 0, "not while it is tried again");
        world.retry(&id).await;
        for _ in 0..3 {
            world.remind(&id).await;
        }
        assert_eq!(world.count("due").await, 1);
        world.wait(days(4));
        world.retry(&id).await;
        world.remind(&id).await;
        assert_eq!(world.count("due").await, 2);

        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        world.wait(days(30));
        world.remind(&id).await;
        assert_eq!(world.count("due").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_after_a_cancellation_or_for_what_a_bank_took_back() {
    let world = World::sqlite().await;
    let (ended, disputed) = (world.on_hold().await, world.on_hold().await);
    let payment = world.paid_by(&disputed).await.unwrap();
    let opened = world.contest(&payment).await;
    let lost = world.control(&format!("{}/lose", decided(&opened))).await;
    deliver(&world, "dispute.lost", &lost).await;
    assert!(world.owed(&disputed).await.iter().any(|due| due.disputed));
    cancellation::now(&world.cx, &world.scope, &ended, Cancellation::default())
        .await
        .unwrap();
    for _ in 0..5 {
        world.wait(days(3));
        world.remind(&ended).await;
        world.remind(&disputed).await;
    }
    assert_eq!(world.count("due").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bank_decides_about_the_method_nobody_is_asked() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let payment = world.paid_by(&id).await.unwrap();
        let opened = world.contest(&payment).await;
        deliver(&world, "dispute.opened", &opened).await;
        world.wait(days(3));
        world.retry(&id).await;
        for _ in 0..2 {
            world.remind(&id).await;
            assert_eq!(world.count("due").await, 0);
        }
        assert!(world.due("remind:").await > world.cx.now());

        let won = world.control(&format!("{}/win", decided(&opened))).await;
        deliver(&world, "dispute.won", &won).await;
        world.wait(days(1));
        assert!(world.due("remind:").await <= world.cx.now());
        for _ in 0..2 {
            world.remind(&id).await;
        }
        assert_eq!(world.count("due").await, 1, "the newest date, once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_is_taken_back_brings_the_word_of_the_renewal_back() {
    for world in World::each().await {
        let id = world.yearly().await;
        cancellation::at_period_end(&world.cx, &world.scope, &id, Cancellation::default())
            .await
            .unwrap();
        let end = world.subscription(&id).await.period.end;
        world.wait((end - days(29)).duration_since(world.cx.now()));
        let working = Working::start(&world);
        working.idle(&world).await;
        let told = || {
            let texts = working.texts();
            texts
                .iter()
                .filter(|text| text.contains("renews on"))
                .count()
        };
        assert_eq!(told(), 0, "none is to come");
        cancellation::undo(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        working.idle(&world).await;
        assert_eq!(told(), 1);
        working.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_method_and_the_end_of_a_grace_are_told() {
    let world = World::sqlite().await;
    world.rules(|rules| rules.grace = days(2));
    let id = world.active(GOOD).await;
    let mut tx = world.cx.store.begin().await.unwrap();
    let locked = tx.lock_subscription(&world.scope, &id).await.unwrap();
    let mut subscription = locked.unwrap();
    subscription.method = None;
    tx.save_subscription(&mut subscription).await.unwrap();
    tx.commit().await.unwrap();
    world.renew(&id).await;
    assert_eq!(world.count("due").await, 1);
    world.wait(days(2));
    renewal::grace_over(&world.cx, &world.scope, &id)
        .await
        .unwrap();
    assert_eq!(world.count("due").await, 2);
    let working = Working::start(&world);
    working.idle(&world).await;
    let texts = working.texts();
    let asks = texts
        .iter()
        .filter(|text| text.contains("payment method of yours"));
    assert_eq!(asks.count(), 2, "{texts:#?}");
    assert!(texts.iter().any(|text| text.contains("is on hold until")));
    let path = format!("/subscriptions/{id}/reactivate");
    assert_eq!(texts.iter().filter(|text| text.contains(&path)).count(), 2);
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsed_month_on_hold_has_six_tries_four_mails_and_an_end() {
    let world = World::sqlite().await;
    let id = world.active(DECLINED_AT_RENEWAL).await;
    let due = world.subscription(&id).await.period.end;
    let working = Working::start(&world);
    let subjects = world.rehearse(&working, due + days(30)).await;
    assert_eq!(world.declines().await, 6, "the renewal and five retries");
    assert_eq!(world.charged().await, [2900]);
    let of = |words: &str| subjects.iter().filter(|one| one.contains(words)).count();
    assert_eq!(of("did not go through"), 1, "{subjects:#?}");
    assert_eq!(of("is due"), 3, "{subjects:#?}");
    let texts = working.texts();
    let told = texts.iter().filter(|text| text.contains("We try again on"));
    assert_eq!(told.count(), 3, "the last one has no retry to tell of");

    let mut tx = world.cx.store.read().await.unwrap();
    let over = tx.open_dunning(&world.scope, &id).await.unwrap().unwrap();
    drop(tx);
    assert_eq!(over.state, DunningState::Exhausted);
    let back = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
    assert_eq!(
        world.told(over.id.as_str()).await,
        ["dunning.started", "dunning.recovered"]
    );
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_for_a_year_is_told_of_once_before_it_and_one_for_a_month_is_not() {
    let world = World::sqlite().await;
    let (yearly, monthly) = (world.yearly().await, world.active(GOOD).await);
    let end = world.subscription(&yearly).await.period.end;
    let told = |id| notices::renewal(&world.cx, &world.scope, id);
    told(&yearly).await.unwrap();
    assert_eq!(world.count("renewal").await, 0, "too early");
    world.wait((end - days(29)).duration_since(world.cx.now()));
    for _ in 0..3 {
        told(&yearly).await.unwrap();
        told(&monthly).await.unwrap();
    }
    assert_eq!(world.count("renewal").await, 1);
    assert!(!world.is_queued(&format!("notice-renewal:{monthly}")).await);

    let working = Working::start(&world);
    working.idle(&world).await;
    let texts = working.texts();
    let text = texts
        .iter()
        .find(|text| text.contains(&format!("/subscriptions/{yearly}")))
        .unwrap();
    assert!(text.contains("renews on"), "{text}");
    assert!(text.contains("€29.00") && text.contains("4242"), "{text}");
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_costs_nothing_with_add_ons_that_do_is_told_of() {
    let world = World::sqlite().await;
    let id = world.yearly().await;
    let seats = world.addon_at(500).await;
    let mut tx = world.cx.store.begin().await.unwrap();
    let locked = tx.lock_subscription(&world.scope, &id).await.unwrap();
    let mut subscription = locked.unwrap();
    subscription.unit_price.minor = 0;
    subscription.extras.addons.push(Attached::of(&seats, 3));
    tx.save_plan(&subscription).await.unwrap();
    tx.save_subscription(&mut subscription).await.unwrap();
    tx.commit().await.unwrap();
    world.wait((subscription.period.end - days(29)).duration_since(world.cx.now()));
    notices::renewal(&world.cx, &world.scope, &id)
        .await
        .unwrap();
    assert_eq!(world.count("renewal").await, 1);
    let working = Working::start(&world);
    working.idle(&world).await;
    let texts = working.texts();
    let text = texts.iter().find(|text| text.contains("renews on"));
    assert!(text.unwrap().contains("€15.00"), "{texts:#?}");
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_will_not_come_is_not_told_of() {
    let world = World::sqlite().await;
    let id = world.yearly().await;
    cancellation::at_period_end(&world.cx, &world.scope, &id, Cancellation::default())
        .await
        .unwrap();
    let end = world.subscription(&id).await.period.end;
    world.wait((end - days(20)).duration_since(world.cx.now()));
    notices::renewal(&world.cx, &world.scope, &id)
        .await
        .unwrap();
    assert_eq!(world.count("renewal").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_trial_is_told_of_a_week_and_two_days_before() {
    let world = World::sqlite().await;
    let begun = world.pending_with_trial(14).await;
    let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    let AttemptOf::Setup(setup) = &attempt.of else {
        panic!("not a set-up")
    };
    world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
    settlement::setup_returned(&world.cx, &world.scope, setup, &[])
        .await
        .unwrap();
    let id = begun.subscription.unwrap().id;
    let end = world.subscription(&id).await.period.end;
    let working = Working::start(&world);
    let subjects = world.rehearse(&working, end + days(10)).await;
    let trial = subjects.iter().filter(|one| one.contains("Your trial of"));
    assert_eq!(trial.count(), 2, "{subjects:#?}");
    assert_eq!(world.charged().await, [2900]);
    working.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_expires_is_told_of_once_if_it_pays_for_something() {
    for world in World::each().await {
        let (id, other) = (world.active(GOOD).await, world.active(GOOD).await);
        let used = world.card_ends(&id, 3, 2031).await;
        let idle = world.card_ends(&other, 3, 2031).await;
        cancellation::now(&world.cx, &world.scope, &other, Cancellation::default())
            .await
            .unwrap();
        let end: Timestamp = "2031-04-01T00:00:00Z".parse().unwrap();
        let card = |id| notices::card(&world.cx, &world.scope, id);
        card(&used).await.unwrap();
        assert_eq!(world.count("card").await, 0, "too early");
        world.wait((end - days(30)).duration_since(world.cx.now()));
        for _ in 0..2 {
            card(&used).await.unwrap();
            card(&idle).await.unwrap();
        }
        assert_eq!(world.count("card").await, 1);
        world.card_ends(&id, 3, 2036).await;
        card(&used).await.unwrap();
        assert_eq!(world.count("card").await, 1, "the new date is another one");
        world.wait(days(31));
        card(&used).await.unwrap();
        assert_eq!(world.count("card").await, 1);
    }
}
