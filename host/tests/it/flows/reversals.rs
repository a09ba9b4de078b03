//! Money that banks take back in part, or give again.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use vestibule::domain::debt::Debt;
use vestibule::domain::dispute::{Attention, DisputeState};
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::invoice::InvoiceState;
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::payment::Payment;
use vestibule::domain::refund::parts::Wish;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::unsettled::{self, Unsettled};
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, cancellation, dispute, license, refund, renewal,
};

use super::disputes::decided;
use super::dunning::days;
use super::extras::Wish as Begin;
use super::plan_mails::mailed;
use super::refunds::{deliver, deliver_of};
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

impl World {
    /// The bank takes `amount` of a payment back, and the host hears of it.
    pub(super) async fn bank_takes(&self, payment: &PaymentId, amount: i64) -> Value {
        let charge = self.charge_of(payment).await;
        let path = format!("/control/charges/{charge}/dispute");
        let part = Some(json!({ "amount": amount }));
        let opened = self.sandbox.call(Method::POST, &path, part).await;
        let lost = self.control(&format!("{}/lose", decided(&opened))).await;
        deliver(self, "dispute.lost", &lost).await;
        lost
    }

    /// The bank overturns its decision, and the host hears of it.
    pub(super) async fn overturn(&self, lost: &Value) {
        let won = self.control(&format!("{}/win", decided(lost))).await;
        deliver(self, "dispute.won", &won).await;
    }

    pub(super) async fn owed(&self, id: &SubscriptionId) -> Vec<Debt> {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.dues_of(&self.scope, id).await.unwrap()
    }

    pub(super) async fn payment(&self, id: &PaymentId) -> Payment {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.payment(&self.scope, id).await.unwrap().unwrap()
    }

    pub(super) async fn listed(&self) -> Vec<Unsettled> {
        unsettled::list(&self.cx).await.unwrap()
    }

    /// 29.00 a month and 5.00 once, paid together.
    async fn paid_with_a_purchase(&self) -> (SubscriptionId, PaymentId) {
        let (product, mut once) = (self.product().await, self.product_at(500, true).await);
        once.id = self.cx.new_id();
        once.recurring = None;
        self.add_product(&once).await;
        let wish = Begin {
            once: vec![(once.id, 1)],
            ..Begin::default()
        };
        let id = self.begun(&product, wish).await;
        let mut tx = self.cx.store.read().await.unwrap();
        let debts = tx.settled_debts_of(&self.scope, &id).await.unwrap();
        assert_eq!(debts.len(), 2);
        (id, debts[0].settled_by.clone().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_the_price_of_one_debt_is_owed_again_and_paid_once() {
    for world in World::each().await {
        let (id, payment) = world.paid_with_a_purchase().await;
        world.bank_takes(&payment, 2900).await;
        assert!(world.is_reversed(&id).await);
        let dues = world.owed(&id).await;
        assert_eq!(dues.len(), 1);
        assert_eq!((dues[0].amount.minor, dues[0].disputed), (2900, true));
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Issued);
        assert!(
            world.listed().await.is_empty(),
            "the customer is asked for it"
        );
        let texts = mailed(&world, "taken back by your bank").await;
        let [text] = &texts[..] else {
            panic!("{texts:?}")
        };
        assert!(
            text.contains("Your payment of €29.00"),
            "and no more: {text}"
        );

        let attempt = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(
            world.charged().await,
            [3400, 2900, 2900],
            "with the reversal"
        );
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Paid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bought_once_and_is_paid_again_has_the_same_keys_with_their_activations() {
    for world in World::each().await {
        let (id, payment) = world.paid_with_a_purchase().await;
        let customer = world.subscription(&id).await.customer;
        let keys = async || {
            let mut tx = world.cx.store.read().await.unwrap();
            let keys = tx.licenses(&world.scope, Some(&customer), None, None, 10, 0);
            let mut keys = keys.await.unwrap();
            keys.retain(|key| key.subscription.is_none());
            keys
        };
        let before = keys().await.remove(0);
        license::activate(&world.cx, &before, world.cx.new_id(), "laptop")
            .await
            .unwrap();
        world.bank_takes(&payment, 3_400).await;
        assert_eq!(
            keys().await[0].status(world.cx.now()),
            LicenseStatus::Disabled
        );
        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        let after = keys().await;
        assert_eq!(after.len(), 1, "no second set");
        assert_eq!((&after[0].id, &after[0].key), (&before.id, &before.key));
        assert_eq!(after[0].status(world.cx.now()), LicenseStatus::Active);
        assert_eq!(after[0].activations, 1);
        assert_eq!(
            world.told(before.id.as_str()).await,
            ["license_key.created"]
        );
        // They follow who has paid for them: another loss switches them off again.
        let second = after[0].payment.clone().unwrap();
        assert_ne!(second, payment);
        world.bank_takes(&second, 3_400).await;
        assert_eq!(
            keys().await[0].status(world.cx.now()),
            LicenseStatus::Disabled
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refund_of_one_line_the_loss_of_the_other_is_owed_again() {
    let world = World::sqlite().await;
    let (id, payment) = world.paid_with_a_purchase().await;
    let mut tx = world.cx.store.read().await.unwrap();
    let stands = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
    let has = refund::refundable(&mut tx, &stands).await.unwrap();
    drop(tx);
    let once = has.items.iter().find(|item| item.gross == 500).unwrap();
    let item = vestibule::domain::refund::parts::WishedItem {
        id: once.id.clone(),
        amount: None,
        tax_inclusive: true,
    };
    world
        .refund(&payment, Wish::Items(vec![item]))
        .await
        .unwrap();
    world.bank_takes(&payment, 2900).await;
    assert!(world.is_reversed(&id).await);
    assert_eq!(world.owed(&id).await[0].amount.minor, 2900);
    assert!(world.listed().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_no_whole_debt_stands_on_the_operators_list_until_somebody_decides() {
    for world in World::each().await {
        let (id, payment) = world.paid().await;
        world.bank_takes(&payment, 1000).await;
        assert!(world.is_active(&id).await, "nothing whole is owed again");
        assert!(world.owed(&id).await.is_empty());
        let listed = world.listed().await;
        assert_eq!(listed.len(), 1);
        let known = world.disputes_over(&payment).await.remove(0);
        assert_eq!(listed[0].dispute.as_ref(), Some(&known.id));
        assert_eq!(
            (listed[0].state, listed[0].amount.minor),
            ("taken-back", 1000)
        );
        assert!(
            listed[0]
                .decide
                .is_some_and(|question| question.contains("loss"))
        );
        let rest = world.refund(&payment, Wish::Rest).await.unwrap();
        assert_eq!(rest.amount.minor, 1900, "never more than is left");

        let (cx, scope) = (&world.cx, &world.scope);
        let blank = dispute::decide(cx, scope, &known.id, " ").await;
        assert!(matches!(blank, Err(Error::Invalid { .. })));
        let decided = dispute::decide(cx, scope, &known.id, "we bear it").await;
        assert_eq!(decided.unwrap().attention, None);
        assert!(world.listed().await.is_empty());
        let again = dispute::decide(cx, scope, &known.id, "we bear it").await;
        assert!(matches!(again, Err(Error::Refused(Refused::State))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_pay_any_more_is_told_to_the_operator() {
    let world = World::sqlite().await;
    let (id, payment) = world.paid().await;
    cancellation::now(&world.cx, &world.scope, &id, Cancellation::default())
        .await
        .unwrap();
    world.bank_takes(&payment, 2900).await;
    let listed = world.listed().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].state, listed[0].amount.minor),
        ("taken-back", 2900)
    );
    assert_eq!(listed[0].subscription.as_ref(), Some(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_back_settles_again_what_its_loss_had_opened() {
    for (world, ran_out) in World::each().await.into_iter().zip([false, true]) {
        let (id, payment) = world.paid().await;
        let lost = world.bank_takes(&payment, 2900).await;
        assert!(world.is_reversed(&id).await);
        if ran_out {
            world.renew(&id).await;
        }
        world.overturn(&lost).await;
        world.overturn_again(&lost).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert!(world.owed(&id).await.is_empty());
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Paid);
        assert!(!world.payment(&payment).await.unapplied);
        assert!(world.listed().await.is_empty());
        let known = world.disputes_over(&payment).await.remove(0);
        assert_eq!(known.state, DisputeState::Won);
        assert!(known.came_back && !known.reopened);
        let told = world.told(known.id.as_str()).await;
        assert_eq!(told, ["dispute.lost", "dispute.won"]);
        let mails = world.mails().await;
        assert_eq!(
            mails.iter().filter(|mail| *mail == "reactivated").count(),
            1
        );

        // What comes next is one renewal, from now on where the period has run out.
        let before = world.cx.now();
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        let payments: &[i64] = if ran_out {
            &[2900, 2900, 2900, 2900]
        } else {
            &[2900, 2900, 2900]
        };
        assert_eq!(world.charged().await, payments, "charge, reversal, return");
        assert!(world.subscription(&id).await.period.end > before);
    }
}

impl World {
    /// The same news once more, at its own time and out of order.
    async fn overturn_again(&self, dispute: &Value) {
        let mut won = dispute.clone();
        won["status"] = json!("won");
        deliver(self, "dispute.won", &won).await;
        let long_ago = self.cx.now() - SignedDuration::from_hours(1);
        deliver_of(self, "dispute.lost", dispute, long_ago).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_back_after_its_debt_was_paid_again_goes_back_by_the_rule() {
    for world in World::each().await {
        let (id, payment) = world.paid().await;
        let lost = world.bank_takes(&payment, 2900).await;
        let attempt = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        world.overturn(&lost).await;
        assert!(world.is_active(&id).await);
        assert!(world.payment(&payment).await.unapplied);
        let listed = world.listed().await;
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (&listed[0].payment, listed[0].state),
            (&payment, "unapplied")
        );
        assert!(listed[0].next_look.is_some(), "it goes back by itself");

        refund::give_back_unapplied(&world.cx, &world.scope, &payment)
            .await
            .unwrap();
        assert!(world.listed().await.is_empty());
        let AttemptOf::Payment(again) = &attempt.of else {
            panic!("not a payment")
        };
        assert!(!world.payment(again).await.unapplied, "that one is kept");
        assert_eq!(world.invoice_state(again).await, InvoiceState::Paid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_comes_back_after_it_was_paid_again_is_for_a_person_to_decide() {
    let world = World::sqlite().await;
    let (id, payment) = world.paid_with_a_purchase().await;
    let lost = world.bank_takes(&payment, 2900).await;
    let attempt = world.reactivate(&id, Choice::New).await;
    assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
    world.overturn(&lost).await;
    let known = world.disputes_over(&payment).await.remove(0);
    assert_eq!(known.attention, Some(Attention::CameBack));
    assert_eq!(world.listed().await[0].state, "came-back");
    assert!(
        !world.payment(&payment).await.unapplied,
        "5.00 of it is applied"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_dispute_is_decided_by_the_gateways_clock_in_whatever_order_it_is_told() {
    let world = World::sqlite().await;
    let orders: [&[(&str, i64)]; 6] = [
        &[("lost", 1), ("won", 2), ("opened", 0), ("lost", 1)],
        &[("won", 2), ("lost", 1), ("opened", 0)],
        &[
            ("opened", 0),
            ("lost", 1),
            ("won", 2),
            ("lost", 1),
            ("won", 2),
        ],
        &[("won", 1), ("lost", 2), ("opened", 0), ("won", 1)],
        &[("lost", 2), ("won", 1), ("opened", 0), ("lost", 2)],
        &[("lost", 1), ("won", 1)],
    ];
    for (place, order) in orders.into_iter().enumerate() {
        let (id, payment) = world.paid().await;
        let start: Timestamp = world.cx.now();
        let opened = world.contest(&payment).await;
        for (status, second) in order {
            let mut told = opened.clone();
            told["status"] = json!(status);
            let at = start + SignedDuration::from_secs(*second);
            deliver_of(&world, &format!("dispute.{status}"), &told, at).await;
        }
        let known = world.disputes_over(&payment).await;
        assert_eq!(known.len(), 1);
        let is_won = place < 3;
        assert_eq!(known[0].state == DisputeState::Won, is_won, "{order:?}");
        assert_eq!(known[0].came_back, is_won, "{order:?}");
        assert_eq!(world.is_active(&id).await, is_won, "{order:?}");
        assert_eq!(world.owed(&id).await.is_empty(), is_won, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_beside_a_reversal_is_asked_for_again_once_the_bank_overturns_it() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let first = world.paid_by(&id).await.unwrap();
        world.renew(&id).await;
        assert!(world.is_queued("retry:").await);
        let lost = world.bank_takes(&first, 2900).await;
        world.wait(days(3));
        world.retry(&id).await;
        assert!(!world.is_queued("retry:").await, "a person is to pay both");
        world.overturn(&lost).await;
        assert_eq!(world.owed(&id).await.len(), 1);
        assert!(world.is_queued("retry:").await && world.is_queued("remind:").await);
        world.wait(days(3));
        world.retry(&id).await;
        assert_eq!(world.declines().await, 2, "the renewal and its retry");
    }
}
