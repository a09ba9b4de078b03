//! The gateway's books beside ours, and money that settled nothing.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::json;
use vestibule::domain::balance::{Movement, Problem, Unseen};
use vestibule::domain::dispute::DisputeState;
use vestibule::domain::refund::RefundState;
use vestibule::domain::refund::parts::Wish;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::settlement::Finding;
use vestibule::flows::{balance, cancellation, refund, settlement, unsettled};

use super::disputes::decided;
use super::refunds::{deliver, deliver_of};
use crate::support::world::World;

const A_QUARTER: SignedDuration = SignedDuration::from_mins(15);

impl World {
    pub(super) async fn compared(&self) -> vestibule::domain::balance::Balance {
        self.cx.clock.advance(A_QUARTER);
        balance::compare(&self.cx, &self.scope, "sandbox")
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_agree_have_no_differences_and_each_that_does_not_is_named() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        world.refund(&payment, Wish::Amount(900)).await.unwrap();
        let agreed = world.compared().await;
        assert_eq!(
            (agreed.movements, agreed.differences.len()),
            (2, 0),
            "{agreed:?}"
        );
        assert!(agreed.unseen.is_empty());

        // Here, and not there: an owner believed a statement too early.
        let lost = json!({ "operation": "charge", "answer": "cut_before", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&subscription).await;
        let open = unsettled::list(&world.cx).await.unwrap();
        settlement::resolve(
            &world.cx,
            &world.scope,
            &open[0].payment,
            Finding::Happened,
            "a guess",
        )
        .await
        .unwrap();
        // There, and not settled here.
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&subscription).await;
        // There, and not here: somebody refunded it at the gateway's own desk.
        let mut tx = world.cx.store.read().await.unwrap();
        let charge = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
        drop(tx);
        let order =
            json!({ "charge": charge.gateway_ref, "amount": { "minor": 500, "currency": "EUR" } });
        world.sandbox.order("/v1/refunds", "by hand", order).await;

        let differs = world.compared().await;
        let found: Vec<_> = differs
            .differences
            .iter()
            .map(|d| {
                (
                    d.problem,
                    d.kind,
                    d.ours.map(|m| m.minor),
                    d.theirs.map(|m| m.minor),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (Problem::NotSettledHere, Movement::Charge, None, Some(2900)),
                (Problem::NotHere, Movement::Refund, None, Some(500)),
                (Problem::NotThere, Movement::Charge, Some(2900), None),
            ]
        );
        let latest = balance::latest(&world.cx, None).await.unwrap();
        assert_eq!(latest, [differs], "the newest is the one that is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reversals_are_compared_too_and_silence_is_named_instead_of_differences() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    let mut tx = world.cx.store.read().await.unwrap();
    let charge = tx
        .payment(&world.scope, &payment)
        .await
        .unwrap()
        .unwrap()
        .gateway_ref
        .unwrap();
    drop(tx);
    let post = async |path: String| world.sandbox.call(reqwest::Method::POST, &path, None).await;
    let opened = post(format!("/control/charges/{charge}/dispute")).await;
    let lost = post(format!(
        "/control/disputes/{}/lose",
        opened["id"].as_str().unwrap()
    ))
    .await;
    let untold = world.compared().await;
    assert_eq!(untold.differences.len(), 1);
    let difference = &untold.differences[0];
    assert_eq!(
        (difference.problem, difference.kind),
        (Problem::NotHere, Movement::Reversal)
    );
    deliver(&world, "dispute.lost", &lost).await;
    assert!(world.compared().await.differences.is_empty());

    let silent = json!({ "operation": "ledger", "answer": "cut_before", "times": 1 });
    world.sandbox.fault(silent).await;
    let unheard = world.compared().await;
    assert!(
        unheard.differences.is_empty(),
        "nothing is said of what was not read"
    );
    assert!(matches!(unheard.unseen[..], [Unseen::NoAnswer { .. }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_that_is_open_or_won_is_no_difference() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        // As at a gateway that withdraws the money before the bank has decided, and gives it again:
        // its books have it, and all that it tells is that the dispute is open, and then won.
        let opened = world.contest(&payment).await;
        world.control(&format!("{}/lose", decided(&opened))).await;
        deliver(&world, "dispute.opened", &opened).await;
        let open = world.compared().await;
        assert_eq!(open.movements, 2, "{open:?}");
        assert!(open.differences.is_empty(), "{open:?}");

        let won = world.control(&format!("{}/win", decided(&opened))).await;
        deliver(&world, "dispute.won", &won).await;
        let dispute = world.disputes_over(&payment).await.remove(0);
        assert_eq!(
            (dispute.state, dispute.came_back),
            (DisputeState::Won, false)
        );
        let won = world.compared().await;
        assert!(won.differences.is_empty(), "{won:?}");
        let given_again = BTreeMap::from([("reversal-returned".to_owned(), 1)]);
        assert_eq!(won.unseen, [Unseen::OtherKinds { kinds: given_again }]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_that_nobody_told_of_is_a_difference_though_its_dispute_is_known() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let opened = world.contest(&payment).await;
        let days_ago = world.cx.now() - SignedDuration::from_hours(72);
        deliver_of(&world, "dispute.opened", &opened, days_ago).await;
        world.control(&format!("{}/lose", decided(&opened))).await;
        let compared = world.compared().await;
        let [difference] = &compared.differences[..] else {
            panic!("{compared:?}");
        };
        assert_eq!(
            (difference.kind, &difference.problem),
            (Movement::Reversal, &Problem::NotSettledHere)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gateway_is_compared_daily_and_once_however_often_it_is_ordered() {
    let world = World::sqlite().await;
    for _ in 0..3 {
        balance::order_all(&world.cx).await.unwrap();
    }
    let first = world.due("balance:").await;
    assert!(first <= world.cx.now());
    balance::make(&world.cx, &world.scope, "sandbox")
        .await
        .unwrap();
    balance::order_all(&world.cx).await.unwrap();
    let next = world.due("balance:").await;
    let away = next.duration_since(world.cx.now()).as_secs();
    assert!((86_000..=86_400).contains(&away), "{away}");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_settled_nothing_goes_back_after_a_day_and_leaves_the_operators_list() {
    for world in World::each().await {
        let (subscription, first) = world.paid().await;
        // The answer to a renewal is lost, and meanwhile the subscription ends.
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&subscription).await;
        let open = unsettled::list(&world.cx).await.unwrap();
        let payment = open[0].payment.clone();
        cancellation::now(
            &world.cx,
            &world.scope,
            &subscription,
            Cancellation::default(),
        )
        .await
        .unwrap();
        vestibule::flows::reconciliation::look(&world.cx, &world.scope, &payment)
            .await
            .unwrap();
        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!((listed.len(), listed[0].state), (1, "unapplied"));
        let due = listed[0].next_look.unwrap();
        let away = due.duration_since(world.cx.now()).as_hours();
        assert!((23..=24).contains(&away), "{away}");

        world.cx.clock.advance(due.duration_since(world.cx.now()));
        for _ in 0..2 {
            refund::give_back_unapplied(&world.cx, &world.scope, &payment)
                .await
                .unwrap();
        }
        let mut tx = world.cx.store.read().await.unwrap();
        let made = tx.refunds_of(&world.scope, &payment).await.unwrap();
        assert!(
            tx.refunds_of(&world.scope, &first)
                .await
                .unwrap()
                .is_empty()
        );
        drop(tx);
        assert_eq!(made.len(), 1);
        assert!(matches!(made[0].state, RefundState::Succeeded { .. }));
        assert!(
            made[0].credit_note.is_none(),
            "there was no invoice to correct"
        );
        assert!(unsettled::list(&world.cx).await.unwrap().is_empty());
        assert!(world.compared().await.differences.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_without_an_end_is_on_the_operators_list() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    let lost = json!({ "operation": "refund", "answer": "cut_after", "times": 1 });
    world.sandbox.fault(lost).await;
    let made = world.refund(&payment, Wish::Rest).await.unwrap();
    let listed = unsettled::list(&world.cx).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].payment, listed[0].state), (&payment, "unknown"));
    assert_eq!(listed[0].refund.as_ref(), Some(&made.id));
    assert!(listed[0].next_look.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_than_was_asked_for_settles_nothing_and_is_kept_as_it_came() {
    for world in World::each().await {
        let (subscription, _) = world.paid().await;
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&subscription).await;
        let open = unsettled::list(&world.cx).await.unwrap();
        let payment = open[0].payment.clone();
        let charges = world
            .sandbox
            .call(reqwest::Method::GET, "/control/charges", None)
            .await;
        let charges = charges["data"].as_array().unwrap();
        let mut charge = charges
            .iter()
            .find(|charge| charge["key"] == payment.as_str())
            .unwrap()
            .clone();
        charge["amount"]["minor"] = json!(3000);
        deliver(&world, "charge.succeeded", &charge).await;

        let mut tx = world.cx.store.read().await.unwrap();
        let kept = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
        drop(tx);
        assert!(kept.unapplied);
        assert_eq!((kept.amount.minor, kept.captured().minor), (2900, 3000));
        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!(
            (listed[0].state, listed[0].amount.minor),
            ("unapplied", 3000)
        );
        let wrong = world.compared().await.differences;
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].problem, Problem::AmountDiffers);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_to_be_held_stays_on_the_list_until_somebody_decides() {
    let world = World::sqlite().await;
    let mut settings = (*world.cx.settings.load_full()).clone();
    settings.billing.unapplied = vestibule::config::Unapplied::Hold;
    world.cx.settings.store(std::sync::Arc::new(settings));
    let (subscription, _) = world.paid().await;
    let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
    world.sandbox.fault(lost).await;
    world.renew(&subscription).await;
    let payment = unsettled::list(&world.cx).await.unwrap()[0].payment.clone();
    cancellation::now(
        &world.cx,
        &world.scope,
        &subscription,
        Cancellation::default(),
    )
    .await
    .unwrap();
    vestibule::flows::reconciliation::look(&world.cx, &world.scope, &payment)
        .await
        .unwrap();
    refund::give_back_unapplied(&world.cx, &world.scope, &payment)
        .await
        .unwrap();
    let listed = unsettled::list(&world.cx).await.unwrap();
    assert_eq!((listed[0].state, listed[0].next_look), ("unapplied", None));
    // Somebody does.
    world.refund(&payment, Wish::Rest).await.unwrap();
    assert!(unsettled::list(&world.cx).await.unwrap().is_empty());
}
