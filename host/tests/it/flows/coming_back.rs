//! The heart: a subscription on hold comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use vestibule::cx::Cx;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::payment::{DeclineCode, PaymentState};
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::repeat::{self, Arrival};
use vestibule::flows::{
    Attempt, Choice, Ending, Error, Refused, cancellation, method_update, reactivation,
};

use super::disputes::decided;
use super::refunds::deliver;
use super::{CONFIRM, DECLINED, GOOD, page};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_renewal_suspends_the_key_and_says_so() {
    for world in World::each().await {
        let id = world.on_hold().await;
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        assert!(world.mails().await.contains(&"failed".to_owned()));
        assert_eq!(
            world.told(id.as_str()).await,
            ["subscription.active", "subscription.on_hold"]
        );
        assert_eq!(
            world.charged().await,
            [2900],
            "only the first payment moved money"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_the_dues_with_a_new_method_brings_it_back() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let key = world.key(&id).await.1;
        let attempt = world.reactivate(&id, Choice::New).await;
        assert!(
            !world.is_active(&id).await,
            "nothing moves before the money does"
        );
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);

        assert!(world.is_active(&id).await);
        assert_eq!(
            world.key(&id).await,
            (LicenseStatus::Active, key),
            "the same key"
        );
        assert_eq!(
            world.charged().await,
            [2900, 2900],
            "one charge for the first, one for the dues"
        );
        let mails = world.mails().await;
        assert!(
            mails.contains(&"received".to_owned()) && mails.contains(&"reactivated".to_owned())
        );
        let subscription = world.subscription(&id).await;
        assert!(subscription.period.end > world.cx.now());

        let mut tx = world.cx.store.read().await.unwrap();
        let invoices = tx
            .invoices_of(&world.scope, &subscription.customer, 10, 0)
            .await
            .unwrap();
        let numbers: Vec<_> = invoices
            .iter()
            .map(|invoice| invoice.number_text.clone().unwrap())
            .collect();
        assert_eq!(numbers, ["TEST-LUM-000002", "TEST-LUM-000001"], "gapless");
        assert!(tx.dues_of(&world.scope, &id).await.unwrap().is_empty());
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_leaves_it_on_hold_and_another_card_is_free_to_try() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let declined = world.reactivate(&id, Choice::New).await;
    let Ending::Declined(decline) = world.give_card(&declined, DECLINED).await else {
        panic!("not declined")
    };
    assert_eq!(decline.code, DeclineCode::Generic);
    assert!(!world.is_active(&id).await);

    let confirmed = world.reactivate(&id, Choice::New).await;
    let after = world.give_card(&confirmed, CONFIRM).await;
    // The bank's page may follow at once or be offered as the next action.
    let ending = match after {
        Ending::Action(_) => {
            world.sandbox.confirm(page(&after), true).await;
            world.come_back(&confirmed).await
        }
        other => other,
    };
    assert_eq!(ending, Ending::Succeeded);
    assert!(world.is_active(&id).await);
    assert_eq!(world.charged().await, [2900, 2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_quote_is_refused_and_nothing_is_charged() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let started =
        reactivation::start(&world.cx, &world.scope, &id, Choice::New, "an older quote").await;
    assert!(matches!(started, Err(Error::Refused(Refused::StaleQuote))));
    assert_eq!(world.charged().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_charged_is_what_was_shown_last_and_not_what_was_shown_before() {
    for world in World::each().await {
        let (id, payment) = world.paid().await;
        let opened = world.contest(&payment).await;
        let path = format!("{}/lose", decided(&opened));
        let lost = world.control(&path).await;
        deliver(&world, "dispute.lost", &lost).await;
        let shown = async || {
            let quote = reactivation::quote(&world.cx, &world.scope, &id).await;
            quote.unwrap().unwrap()
        };
        let before = shown().await;
        // While the page is open the paid period ends: to come back costs the next one as well.
        let end = world.subscription(&id).await.period.end;
        world.wait(end.duration_since(world.cx.now()));
        let after = shown().await;
        let amounts = (before.totals.gross.minor, after.totals.gross.minor);
        assert_eq!(amounts, (2900, 5800));

        let charged = world.charged().await;
        let stale = reactivation::start(&world.cx, &world.scope, &id, Choice::New, &before.id);
        assert!(matches!(
            stale.await,
            Err(Error::Refused(Refused::StaleQuote))
        ));
        assert_eq!(world.charged().await, charged);
        let attempt = reactivation::start(&world.cx, &world.scope, &id, Choice::New, &after.id)
            .await
            .unwrap();
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert_eq!(world.charged().await.last(), Some(&5800));
        assert!(world.is_active(&id).await);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_presses_of_the_button_at_once_are_one_payment() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let saved = world.subscription(&id).await.method.unwrap();
        let attempts = press(&world, &id, |_| Choice::Saved(saved.clone())).await;

        let payments: BTreeSet<_> = attempts
            .iter()
            .map(|attempt| format!("{:?}", attempt.of))
            .collect();
        assert_eq!(payments.len(), 1, "whoever began joined the one payment");
        assert_paid_once(&world, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_form_sent_again_names_the_same_payment_even_after_it_was_paid() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let other = world.process().await;
        let quote = reactivation::quote(&world.cx, &world.scope, &id).await;
        let quote = quote.unwrap().unwrap().id;
        let saved = Choice::Saved(world.subscription(&id).await.method.unwrap());
        let press = |cx: &Cx| {
            let (cx, scope, id) = (cx.clone(), world.scope.clone(), id.clone());
            let (choice, quote) = (saved.clone(), quote.clone());
            tokio::spawn(async move { reactivation::start(&cx, &scope, &id, choice, &quote).await })
        };
        let presses: Vec<_> = (0..25)
            .flat_map(|_| [press(&world.cx), press(&other)])
            .collect();
        let mut named = Vec::new();
        for pressed in presses {
            named.push(pressed.await.unwrap().unwrap().of);
        }
        let late = press(&other).await.unwrap().unwrap();
        assert_eq!(late.ending, Ending::Succeeded);
        assert!(named.iter().all(|of| *of == late.of), "{named:?}");
        assert_eq!(world.charged().await, [2900, 2900]);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_presses_that_disagree_about_the_card_never_pay_twice() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let saved = world.subscription(&id).await.method.unwrap();
        press(&world, &id, |n| match n % 3 {
            0 => Choice::New,
            _ => Choice::Saved(saved.clone()),
        })
        .await;
        // A page of the gateway may have been opened last; choosing the saved one ends it.
        if !world.is_active(&id).await {
            world.reactivate(&id, Choice::Saved(saved)).await;
        }
        assert_paid_once(&world, &id).await;
    }
}

/// A hundred presses at once in two processes; answers those that led to a payment.
async fn press(
    world: &World,
    id: &SubscriptionId,
    choice: impl Fn(usize) -> Choice,
) -> Vec<Attempt> {
    let other = world.process().await;
    let quote = reactivation::quote(&world.cx, &world.scope, id)
        .await
        .unwrap()
        .unwrap()
        .id;
    let presses = (0..100).map(|n| {
        let cx = if n % 2 == 0 { &world.cx } else { &other }.clone();
        let (scope, id, quote, choice) =
            (world.scope.clone(), id.clone(), quote.clone(), choice(n));
        tokio::spawn(async move { reactivation::start(&cx, &scope, &id, choice, &quote).await })
    });
    let mut attempts = Vec::new();
    for press in presses.collect::<Vec<_>>() {
        match press.await.unwrap() {
            Ok(attempt) => attempts.push(attempt),
            // Paid already, or one new card too many: answers, too.
            Err(Error::Refused(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    attempts
}

async fn assert_paid_once(world: &World, id: &SubscriptionId) {
    assert!(world.is_active(id).await);
    assert_eq!(
        world.charged().await,
        [2900, 2900],
        "one charge for the first period, one for the dues"
    );
    let customer = world.subscription(id).await.customer;
    let mut tx = world.cx.store.read().await.unwrap();
    let invoices = tx
        .invoices_of(&world.scope, &customer, 10, 0)
        .await
        .unwrap();
    let paid: Vec<_> = invoices
        .iter()
        .filter(|invoice| invoice.number_text.is_some())
        .collect();
    assert_eq!(paid.len(), 2, "one invoice for each");
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choosing_anew_gives_up_the_page_that_was_left_open() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let left = world.reactivate(&id, Choice::New).await;
    let again = world.reactivate(&id, Choice::New).await;
    assert_ne!(left.of, again.of);
    assert!(matches!(
        world.state_of(&left).await,
        PaymentState::Cancelled { .. }
    ));
    assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
    assert_eq!(world.charged().await, [2900, 2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_for_a_subscription_that_was_cancelled_meanwhile_settles_nothing() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let attempt = world.reactivate(&id, Choice::New).await;
    world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
    cancellation::now(&world.cx, &world.scope, &id, Cancellation::default())
        .await
        .unwrap();
    assert_eq!(world.come_back(&attempt).await, Ending::Succeeded);
    assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
    assert_eq!(world.key(&id).await.0, LicenseStatus::Expired);
    let mut tx = world.cx.store.read().await.unwrap();
    let vestibule::flows::AttemptOf::Payment(payment) = attempt.of else {
        panic!()
    };
    let payment = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
    assert!(
        payment.unapplied,
        "an unapplied receipt, for the operator's list"
    );
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_subscription_takes_a_saved_method_without_a_charge() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let saved = world.subscription(&id).await.method.unwrap();
    let attempt = method_update::start(
        &world.cx,
        &world.scope,
        &id,
        Choice::Saved(saved.clone()),
        None,
    )
    .await
    .unwrap();
    assert_eq!(attempt.ending, Ending::Succeeded);
    assert_eq!(world.charged().await, [2900]);
    assert!(
        world
            .told(id.as_str())
            .await
            .contains(&"subscription.update_payment_method".to_owned())
    );
    let customer = world.subscription(&id).await.customer;
    let refused = method_update::detach(&world.cx, &world.scope, &customer, &saved).await;
    assert!(matches!(refused, Err(Error::MethodInUse(users)) if users == [id]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_finds_the_charge_of_one_whose_process_died() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let saved = world.subscription(&id).await.method.unwrap();
        let arrival = |is_repeat| Arrival {
            caller: "key_1".to_owned(),
            idempotency_key: None,
            is_repeat,
            fingerprint: "the same body".to_owned(),
        };
        let pay = async |cx: &Cx, is_repeat| {
            let call = repeat::open(cx, &world.scope, arrival(is_repeat))
                .await
                .unwrap();
            // It died before it could note what became of the call.
            let noted = repeat::outcome(cx, &call, Duration::ZERO).await.unwrap();
            assert_eq!(noted, None);
            let choice = Choice::Saved(saved.clone());
            method_update::start(cx, &world.scope, &id, choice, Some(&call))
                .await
                .unwrap()
        };
        let first = pay(&world.cx, false).await;
        let charged = world.charged().await;
        let process = world.process().await;
        let again = pay(&process, true).await;
        assert_eq!(again.of, first.of);
        assert_eq!(again.ending, first.ending);
        assert_eq!(world.charged().await, charged);
    }
}
