//! Banks that take money back: disputes and returned debits, in every order.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::Value;
use vestibule::domain::dispute::{Dispute, DisputeState};
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::invoice::InvoiceState;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::refund::parts::Wish;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::flows::{AttemptOf, Choice, Ending, Error, Refused, reconciliation, renewal};

use super::refunds::deliver;
use super::{GOOD, page};
use crate::support::world::World;

pub(super) const DEBIT: &str = "DE89370400440532013000";
const FAILING_DEBIT: &str = "DE62370400440532013001";

impl World {
    /// The processor's reference of a payment.
    pub(super) async fn charge_of(&self, payment: &PaymentId) -> String {
        let mut tx = self.cx.store.read().await.unwrap();
        let payment = tx.payment(&self.scope, payment).await.unwrap().unwrap();
        payment.gateway_ref.unwrap()
    }

    pub(super) async fn control(&self, path: &str) -> Value {
        self.sandbox.call(Method::POST, path, None).await
    }

    pub(super) async fn contest(&self, payment: &PaymentId) -> Value {
        let charge = self.charge_of(payment).await;
        self.control(&format!("/control/charges/{charge}/dispute"))
            .await
    }

    pub(super) async fn disputes_over(&self, payment: &PaymentId) -> Vec<Dispute> {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.disputes_of(&self.scope, payment).await.unwrap()
    }

    pub(super) async fn invoice_state(&self, payment: &PaymentId) -> InvoiceState {
        let mut tx = self.cx.store.read().await.unwrap();
        let payment = tx.payment(&self.scope, payment).await.unwrap().unwrap();
        let invoice = payment.invoice.unwrap();
        tx.invoice(&self.scope, &invoice)
            .await
            .unwrap()
            .unwrap()
            .state
    }

    pub(super) async fn is_reversed(&self, id: &SubscriptionId) -> bool {
        let state = self.subscription(id).await.state;
        matches!(
            state,
            SubscriptionState::OnHold {
                why: HoldReason::PaymentReversed,
                ..
            }
        )
    }
}

pub(super) fn decided(dispute: &Value) -> String {
    format!("/control/disputes/{}", dispute["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_dispute_holds_the_subscription_until_its_customer_pays_the_same_invoice_again() {
    for (world, ran_out) in World::each().await.into_iter().zip([false, true]) {
        let (subscription, payment) = world.paid().await;
        let opened = world.contest(&payment).await;
        deliver(&world, "dispute.opened", &opened).await;
        assert!(
            world.is_active(&subscription).await,
            "access is kept while the bank decides"
        );
        let refused = world.refund(&payment, Wish::Rest).await;
        assert!(matches!(refused, Err(Error::Refused(Refused::Disputed))));

        let lost = world.control(&format!("{}/lose", decided(&opened))).await;
        for told in [&lost, &opened, &lost] {
            deliver(&world, "dispute.lost", told).await;
        }
        let known = world.disputes_over(&payment).await;
        assert_eq!(known.len(), 1);
        assert_eq!(
            (known[0].state, known[0].reopened),
            (DisputeState::Lost, true)
        );
        assert_eq!(
            world.told(known[0].id.as_str()).await,
            ["dispute.opened", "dispute.lost"]
        );
        assert!(world.is_reversed(&subscription).await);
        assert_eq!(world.key(&subscription).await.0, LicenseStatus::Disabled);
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Issued);
        assert!(world.mails().await.contains(&"reversed".to_owned()));
        let gone = world.refund(&payment, Wish::Rest).await;
        assert!(matches!(gone, Err(Error::Refused(Refused::NothingLeft))));

        if ran_out {
            // Nothing charges it by itself, whatever is due.
            world.renew(&subscription).await;
            assert!(world.is_reversed(&subscription).await);
        }

        let attempt = world.reactivate(&subscription, Choice::New).await;
        assert_eq!(
            world.give_card(&attempt, "5555555555554444").await,
            Ending::Succeeded
        );
        assert!(world.is_active(&subscription).await);
        let AttemptOf::Payment(again) = &attempt.of else {
            panic!("not a payment")
        };
        let mut tx = world.cx.store.read().await.unwrap();
        let first = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
        let second = tx.payment(&world.scope, again).await.unwrap().unwrap();
        drop(tx);
        let amount = if ran_out { 5800 } else { 2900 };
        assert_eq!(
            second.amount.minor, amount,
            "with the next period, once it began"
        );
        let same = first.invoice == second.invoice;
        assert_eq!(same, !ran_out, "one supply, one invoice");
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Paid);
        assert_eq!(world.invoice_state(again).await, InvoiceState::Paid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_dispute_stops_automatic_charges_and_winning_lets_them_go_on() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        let opened = world.contest(&payment).await;
        deliver(&world, "dispute.opened", &opened).await;
        world.renew(&subscription).await;
        assert!(world.is_active(&subscription).await, "not access");
        assert_eq!(
            world.charged().await,
            [2900],
            "no charge while the bank decides"
        );
        assert!(
            world.due("renew:").await > world.cx.now(),
            "it is looked at again"
        );

        let won = world.control(&format!("{}/win", decided(&opened))).await;
        deliver(&world, "dispute.won", &won).await;
        assert!(world.due("renew:").await <= world.cx.now());
        renewal::due(&world.cx, &world.scope, &subscription)
            .await
            .unwrap();
        assert_eq!(world.charged().await, [2900, 2900]);
        assert_eq!(
            world.disputes_over(&payment).await[0].state,
            DisputeState::Won
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_one_dispute_at_the_same_moment_from_two_processes_counts_once() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        let opened = world.contest(&payment).await;
        let lost = world.control(&format!("{}/lose", decided(&opened))).await;
        let other = world.process().await;
        let delivery = super::refunds::delivery(&world, "dispute.lost", &lost);
        let runs = (0..8).map(|n| {
            let cx = if n % 2 == 0 {
                world.cx.clone()
            } else {
                other.clone()
            };
            let (scope, delivery) = (world.scope.clone(), delivery.clone());
            tokio::spawn(async move {
                vestibule::flows::settlement::receive(&cx, &scope, "sandbox", &delivery).await
            })
        });
        for run in runs.collect::<Vec<_>>() {
            run.await.unwrap().unwrap();
        }
        assert!(world.is_reversed(&subscription).await);
        let known = world.disputes_over(&payment).await;
        assert_eq!(known.len(), 1);
        assert_eq!(world.told(known[0].id.as_str()).await, ["dispute.lost"]);
        let mails = world.mails().await;
        assert_eq!(mails.iter().filter(|mail| *mail == "reversed").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_that_the_bank_returns_after_its_success_is_owed_again() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    world.sandbox.hold_debits().await;
    let attempt = world.reactivate(&id, Choice::New).await;
    world
        .sandbox
        .pay_by_debit(page(&attempt.ending), DEBIT)
        .await;
    assert_eq!(world.come_back(&attempt).await, Ending::Processing);
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    let charge = world.charge_of(payment).await;
    world
        .control(&format!("/control/charges/{charge}/settle"))
        .await;
    // The news that it was returned overtakes the news that it had succeeded.
    let returned = world
        .control(&format!("/control/charges/{charge}/return"))
        .await;
    deliver(&world, "debit.returned", &returned).await;
    assert!(world.is_reversed(&id).await);
    let known = world.disputes_over(payment).await;
    assert_eq!(
        (known[0].state, known[0].reopened),
        (DisputeState::Lost, true)
    );
    let again = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
    assert!(world.is_active(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_that_fails_after_five_days_in_processing_puts_it_on_hold_and_is_never_paid() {
    for world in World::each().await {
        let id = world.on_hold().await;
        world.sandbox.hold_debits().await;
        let attempt = world.reactivate(&id, Choice::New).await;
        world
            .sandbox
            .pay_by_debit(page(&attempt.ending), FAILING_DEBIT)
            .await;
        assert_eq!(world.come_back(&attempt).await, Ending::Processing);
        let AttemptOf::Payment(payment) = &attempt.of else {
            panic!("not a payment")
        };
        for _ in 0..5 {
            world.cx.clock.advance(SignedDuration::from_hours(24));
            let still = reconciliation::look(&world.cx, &world.scope, payment).await;
            assert_eq!(still.unwrap(), Ending::Processing);
            assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        }
        let charge = world.charge_of(payment).await;
        world
            .control(&format!("/control/charges/{charge}/fail"))
            .await;
        let ended = reconciliation::look(&world.cx, &world.scope, payment).await;
        assert!(matches!(ended.unwrap(), Ending::Declined(_)));
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        assert!(
            world
                .told(payment.as_str())
                .await
                .contains(&"payment.failed".to_owned())
        );
        assert!(world.mails().await.contains(&"failed".to_owned()));
        assert_eq!(world.charged().await, [2900], "only the first payment ever");
        let again = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_can_end_the_subscription_instead_and_ends_the_grace_of_one_past_due() {
    let world = World::sqlite().await;
    let (past_due, payment) = world.paid().await;
    let mut tx = world.cx.store.begin().await.unwrap();
    let mut subscription = tx
        .lock_subscription(&world.scope, &past_due)
        .await
        .unwrap()
        .unwrap();
    let until = world.cx.now() + SignedDuration::from_hours(48);
    subscription.state = SubscriptionState::PastDue { until };
    tx.save_subscription(&mut subscription).await.unwrap();
    tx.commit().await.unwrap();
    let opened = world.contest(&payment).await;
    let lost = world.control(&format!("{}/lose", decided(&opened))).await;
    deliver(&world, "dispute.lost", &lost).await;
    assert!(world.is_reversed(&past_due).await);

    let (ended, payment) = world.paid().await;
    let mut settings = (*world.cx.settings.load_full()).clone();
    settings.billing.on_reversal = vestibule::config::OnReversal::Cancel;
    world.cx.settings.store(std::sync::Arc::new(settings));
    let opened = world.contest(&payment).await;
    let lost = world.control(&format!("{}/lose", decided(&opened))).await;
    deliver(&world, "dispute.lost", &lost).await;
    assert_eq!(world.subscription(&ended).await.state.name(), "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_that_ends_while_on_hold_leaves_the_end_of_the_term_in_the_diary() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let end = world.subscription(&id).await.expires_at.unwrap();
        assert_eq!(world.due("renew:").await, end);
        let first = world.paid_by(&id).await.unwrap();
        let opened = world.contest(&first).await;
        deliver(&world, "dispute.opened", &opened).await;
        let won = world.control(&format!("{}/win", decided(&opened))).await;
        deliver(&world, "dispute.won", &won).await;
        // Charges go on; here there is none to make.
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        assert_eq!(world.due("renew:").await, end);
        world.cx.clock.advance(end.duration_since(world.cx.now()));
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "expired");
    }
}
