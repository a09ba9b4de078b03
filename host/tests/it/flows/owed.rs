//! What is owed, to the cent and to the plan: several debts at once, a plan that changes while it is
//! on hold, what is kept or written off at the end, and periods that ran unpaid.

use jiff::SignedDuration;
use vestibule::config::DuesAtCancel;
use vestibule::domain::discount::Discount;
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::period::{Interval, Unit};
use vestibule::domain::plan::{ChangeState, OnFailure};
use vestibule::domain::product::{Product, Recurring};
use vestibule::domain::proration::Mode;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::plan_change::Wish;
use vestibule::flows::{
    Attempt, AttemptOf, Choice, Ending, Error, Refused, cancellation, discount, method_page,
    method_update, reactivation, reconciliation, renewal,
};

use super::disputes::decided;
use super::extras::{self, percent};
use super::plan_changes::to;
use super::refunds::deliver;
use super::{DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn paid_by(attempt: &Attempt) -> PaymentId {
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    payment.clone()
}

impl World {
    /// What the debts of a payment come to, with their tax.
    async fn debts_of(&self, payment: &PaymentId) -> (i64, i64) {
        let mut tx = self.cx.store.read().await.unwrap();
        let debts = tx.debts_of_payment(payment).await.unwrap();
        let amounts = debts.iter().map(|debt| debt.amount.minor).sum();
        (amounts, debts.iter().map(|debt| debt.tax_minor).sum())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn debts_that_are_paid_together_add_up_to_what_is_charged() {
    for world in World::each().await {
        // A first payment: 1.03 and 1.03 at 19 % are 2.45, and alone 1.23 each.
        let (monthly, once) = (
            world.product_at(103, false).await,
            world.product_at(103, false).await,
        );
        let once = Product {
            id: world.cx.new_id(),
            recurring: None,
            ..once
        };
        world.add_product(&once).await;
        let wish = extras::Wish {
            once: vec![(once.id.clone(), 1)],
            ..extras::Wish::default()
        };
        let begun = world.try_to_begin(&monthly, wish).await.unwrap();
        let first = &begun.payment.id;
        assert_eq!(world.payment(first).await.amount.minor, 245);
        assert_eq!(world.debts_of(first).await, (245, 39));

        // A change that failed, and the next period: 1.03 and 2.08 are 3.70, alone 1.23 and 2.48.
        let id = {
            let product = world.product_at(105, false).await;
            let begun = world.try_to_begin(&product, extras::Wish::default()).await;
            let begun = begun.unwrap();
            let (cx, scope) = (&world.cx, &world.scope);
            let attempt = vestibule::flows::begin::pay(cx, scope, &begun.payment.id).await;
            let ending = world
                .give_card(&attempt.unwrap(), DECLINED_AT_RENEWAL)
                .await;
            assert_eq!(ending, Ending::Succeeded);
            begun.subscription.unwrap().id
        };
        let pro = world.product_at(208, false).await;
        let wish = Wish {
            mode: Mode::Difference,
            on_failure: OnFailure::Apply,
            ..to(&pro)
        };
        world.switch(&id, wish).await;
        assert_eq!(world.dues(&id).await, [123]);
        let end = world.subscription(&id).await.period.end;
        let wait = end.duration_since(world.cx.now()) + days(1);
        world.cx.clock.advance(wait);
        let seen = reactivation::quote(&world.cx, &world.scope, &id).await;
        assert_eq!(seen.unwrap().unwrap().totals.gross.minor, 370);
        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        let payment = world.payment(&paid_by(&back)).await;
        assert!(!payment.unapplied);
        assert_eq!(world.charged().await, [125, 370]);
        assert_eq!(world.debts_of(&payment.id).await, (370, 59));
        assert_eq!(payment.tax_minor, 59);
        let invoice = world.invoices(&id).await.pop().unwrap();
        assert_eq!(invoice.totals.gross.minor, 370);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_scheduled_is_the_one_that_coming_back_buys() {
    for world in World::each().await {
        let code = Discount {
            preserve: true,
            ..percent(&world, "TENTH", 1_000, Some(2))
        };
        discount::create(&world.cx, &world.scope, code)
            .await
            .unwrap();
        let dear = world.product_at(10_000, true).await;
        let wish = extras::Wish {
            codes: vec!["TENTH".to_owned()],
            ..extras::Wish::default()
        };
        let id = world.begun(&dear, wish).await;
        let basic = world.product_at(2_000, true).await;
        let wish = Wish {
            at_next_date: true,
            ..to(&basic)
        };
        let change = world.switch(&id, wish).await.change.id;
        let first = world.paid_by(&id).await.unwrap();
        world.lose(&first).await;
        let end = world.subscription(&id).await.period.end;
        let wait = end.duration_since(world.cx.now()) + days(4);
        world.cx.clock.advance(wait);

        let seen = reactivation::quote(&world.cx, &world.scope, &id).await;
        let seen = seen.unwrap().unwrap();
        // What was taken back, and a month of the new plan with the last use of the code.
        assert_eq!(seen.totals.gross.minor, 9_000 + 1_800);
        assert!(world.is_on(&id, &dear).await, "looking changes nothing");
        assert_eq!(world.state(&change).await, ChangeState::Scheduled);
        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        // The second is what the bank took back.
        assert_eq!(world.charged().await, [9_000, 9_000, 10_800]);
        assert!(world.is_active(&id).await && world.is_on(&id, &basic).await);
        assert_eq!(world.state(&change).await, ChangeState::Applied);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        let told = world.told(id.as_str()).await;
        let changed = told.iter().filter(|kind| kind.ends_with("plan_changed"));
        assert_eq!(changed.count(), 1);
        world.wait_and_renew(&id).await;
        let charged = world.charged().await;
        assert_eq!(charged[3..], [2_000], "the code is used up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dues_that_are_kept_at_the_cancellation_can_be_paid_and_bring_nothing_back() {
    for world in World::each().await {
        world.set(|settings| settings.billing.dues_at_cancel = DuesAtCancel::Keep);
        let (cx, scope) = (&world.cx, &world.scope);
        let [by_page, by_call, written_off] = [
            world.on_hold().await,
            world.on_hold().await,
            world.on_hold().await,
        ];
        for id in [&by_page, &by_call] {
            let why = Cancellation::default();
            cancellation::now(cx, scope, id, why).await.unwrap();
        }
        let seen = reactivation::quote(cx, scope, &by_page).await;
        let seen = seen.unwrap().unwrap();
        assert_eq!((seen.totals.gross.minor, seen.buys), (2_900, false));
        let before = world.subscription(&by_page).await;
        let paid = world.reactivate(&by_page, Choice::New).await;
        assert_eq!(world.give_card(&paid, GOOD).await, Ending::Succeeded);
        assert!(!world.payment(&paid_by(&paid)).await.unapplied);
        let after = world.subscription(&by_page).await;
        assert_eq!((after.state, after.period), (before.state, before.period));
        assert!(world.dues(&by_page).await.is_empty());
        assert_eq!(world.key(&by_page).await.0, LicenseStatus::Expired);
        let told = world.told(by_page.as_str()).await;
        assert_eq!(told.last().unwrap(), "subscription.cancelled");
        assert_eq!(world.invoices(&by_page).await.len(), 2);

        // By the merchant's call: a page for a new method, and a saved one.
        let made = method_page::create(cx, scope, cx.new_id(), &by_call, None).await;
        let offer = method_page::offer(cx, scope, &made.unwrap().id).await;
        assert!(offer.unwrap().is_open(cx.now()));
        let good = world.active(GOOD).await;
        let saved = world.subscription(&good).await.method.unwrap();
        let foreign = Choice::Saved(saved);
        let refused = method_update::start(cx, scope, &by_call, foreign, None).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "not theirs");
        let again = method_update::start(cx, scope, &by_call, Choice::New, None).await;
        let again = again.unwrap();
        assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
        assert!(world.dues(&by_call).await.is_empty());
        let over = method_update::start(cx, scope, &by_call, Choice::New, None).await;
        assert!(matches!(over, Err(Error::Refused(Refused::State))));

        world.set(|settings| settings.billing.dues_at_cancel = DuesAtCancel::WriteOff);
        let why = Cancellation::default();
        cancellation::now(cx, scope, &written_off, why)
            .await
            .unwrap();
        let none = reactivation::quote(cx, scope, &written_off).await;
        assert!(none.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_when_the_term_ends_is_written_off_and_late_money_goes_back() {
    for world in World::each().await {
        let product = world.product().await;
        let product = Product {
            id: world.cx.new_id(),
            recurring: Some(Recurring {
                term: Interval {
                    unit: Unit::Month,
                    count: 2,
                },
                ..product.recurring.unwrap()
            }),
            ..product
        };
        world.add_product(&product).await;
        let begun = world.try_to_begin(&product, extras::Wish::default()).await;
        let begun = begun.unwrap();
        let (cx, scope) = (&world.cx, &world.scope);
        let attempt = vestibule::flows::begin::pay(cx, scope, &begun.payment.id).await;
        let attempt = attempt.unwrap();
        let ending = world.give_card(&attempt, DECLINED_AT_RENEWAL).await;
        assert_eq!(ending, Ending::Succeeded);
        let id = begun.subscription.unwrap().id;
        world.wait_and_renew(&id).await;
        assert_eq!(world.dues(&id).await, [2_900]);
        world.cx.clock.advance(days(1));
        let left = world.reactivate(&id, Choice::New).await;
        world.sandbox.pay_by_card(page(&left.ending), GOOD).await;

        let ends = world.subscription(&id).await.expires_at.unwrap();
        world.cx.clock.advance(ends.duration_since(world.cx.now()));
        let none = reactivation::quote(cx, scope, &id).await;
        assert!(none.unwrap().is_none(), "nothing can be bought any more");
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "expired");
        assert!(world.dues(&id).await.is_empty());
        let mut tx = world.cx.store.read().await.unwrap();
        assert!(tx.draft_of(scope, &id).await.unwrap().is_none());
        drop(tx);
        let late = paid_by(&left);
        let ended = reconciliation::look(cx, scope, &late).await;
        assert_eq!(ended.unwrap(), Ending::Succeeded);
        assert!(world.payment(&late).await.unapplied, "it goes back");
    }
}

/// A subscription whose renewals waited for a bank for so many days.
async fn after_a_dispute_of(world: &World, wait: i64) -> SubscriptionId {
    let (id, payment) = world.paid().await;
    let opened = world.contest(&payment).await;
    deliver(world, "dispute.opened", &opened).await;
    let end = world.subscription(&id).await.period.end;
    let rest = end.duration_since(world.cx.now());
    world.cx.clock.advance(rest + days(wait));
    renewal::due(&world.cx, &world.scope, &id).await.unwrap();
    assert_eq!(world.charged().await, [2_900], "the bank decides");
    let won = world.control(&format!("{}/win", decided(&opened))).await;
    deliver(world, "dispute.won", &won).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn periods_that_ran_unpaid_are_charged_a_day_apart_and_told_of_before() {
    for world in World::each().await {
        let id = after_a_dispute_of(&world, 70).await;
        let start = world.subscription(&id).await.period.end;
        let (cx, scope) = (&world.cx, &world.scope);
        for _ in 0..3 {
            renewal::due(cx, scope, &id).await.unwrap();
        }
        assert_eq!(world.charged().await, [2_900, 2_900], "one of three");
        let wait = world.due("renew:").await.duration_since(world.cx.now());
        assert!(wait > days(1) - SignedDuration::from_mins(30) && wait <= days(1));
        let told = |mails: &[String]| mails.iter().filter(|mail| *mail == "renewal").count();
        assert_eq!(told(&world.mails().await), 1);
        for charged in [3, 4] {
            world.cx.clock.advance(days(1));
            for _ in 0..3 {
                renewal::due(cx, scope, &id).await.unwrap();
            }
            assert_eq!(world.charged().await.len(), charged);
        }
        assert_eq!(told(&world.mails().await), 2, "each once");
        let period = world.subscription(&id).await.period;
        assert!(period.end > world.cx.now(), "it has caught up");
        let mut periods = Vec::new();
        for invoice in world.invoices(&id).await {
            periods.push(invoice.lines[0].period.unwrap());
        }
        assert_eq!(periods[1].start, start);
        let whole = periods.windows(2).all(|two| two[0].end == two[1].start);
        assert!(whole, "none is left out: {periods:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_leaves_something_due_renews_nothing() {
    for world in World::each().await {
        let (id, first) = {
            let id = world.on_hold().await;
            let first = world.paid_by(&id).await.unwrap();
            (id, first)
        };
        let back = world.reactivate(&id, Choice::New).await;
        world.lose(&first).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        let after = world.subscription(&id).await;
        assert_eq!(after.state.name(), "on-hold", "what was taken back is due");
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        let told = world.told(id.as_str()).await;
        assert!(
            !told.contains(&"subscription.renewed".to_owned()),
            "{told:?}"
        );
        assert!(world.mails().await.contains(&"received".to_owned()));
        let again = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
    }
}
