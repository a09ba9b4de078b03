//! An owner decides in the console what became of money whose gateway no longer tells: with
//! evidence, once, and nobody who may only look.

use axum::http::StatusCode;
use serde_json::json;
use vestibule::domain::access::Role;
use vestibule::domain::id::PaymentId;
use vestibule::domain::refund::parts::Wish;
use vestibule::flows::settlement::{self, Finding};
use vestibule::flows::unsettled;

use super::GOOD;
use super::refunds_in_console::says;
use crate::support::world::World;

const LIST: &str = "/console/bus_lumen/test/reconciliation";

impl World {
    /// A renewal that was charged, and of which the gateway's answer was lost.
    async fn lost(&self) -> PaymentId {
        let id = self.active(GOOD).await;
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        self.sandbox.fault(lost).await;
        self.renew(&id).await;
        let listed = unsettled::list(&self.cx).await.unwrap();
        assert_eq!(listed.len(), 1);
        listed[0].payment.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_decides_in_the_console_once_with_evidence_and_it_is_audited() {
    for world in World::each().await {
        let payment = world.lost().await;
        let mut browser = world.staff(Role::Manager).await;
        let form = format!("{LIST}/{payment}");
        assert!(browser.get(LIST).await.body.contains(&form));
        let shown = browser.get(&form).await;
        assert_eq!(shown.status, StatusCode::OK);
        says(
            &shown,
            &["€29.00", "It happened: the money moved", "charged twice"],
        );

        let csrf = shown.csrf();
        let csrf = ("csrf", csrf.as_str());
        let found = ("found", "happened");
        let evidence = ("evidence", "the statement, line 7");
        let checked = ("checked", "yes");
        let too_long = "x".repeat(501);
        for (fields, word) in [
            (vec![evidence, checked, csrf], "Choose what you found"),
            (vec![found, checked, csrf], "where you saw it."),
            (
                vec![found, ("evidence", too_long.as_str()), checked, csrf],
                "where you saw it.",
            ),
            (vec![found, evidence, csrf], "own records first"),
        ] {
            let refused = browser.post(&form, &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{word}");
            says(&refused, &[word]);
        }
        assert!(world.audited("payment.resolve").await.is_empty());
        assert_eq!(unsettled::list(&world.cx).await.unwrap().len(), 1);

        let fields = [found, evidence, checked, csrf];
        let pressed = browser.post(&form, &fields).await;
        let page = format!("/console/bus_lumen/test/payments/{payment}");
        assert_eq!(pressed.status, StatusCode::SEE_OTHER);
        assert_eq!(pressed.location(), page);
        let mut tx = world.cx.store.read().await.unwrap();
        let after = tx.payment(&world.scope, &payment).await.unwrap().unwrap();
        drop(tx);
        assert_eq!(after.state.name(), "succeeded");
        assert!(unsettled::list(&world.cx).await.unwrap().is_empty());
        let audited = world.audited("payment.resolve").await;
        assert_eq!(audited.len(), 1);
        assert!(audited[0].contains("the statement, line 7"), "{audited:?}");
        assert!(audited[0].contains("stf_"), "who it was: {audited:?}");

        let again = [("found", "never"), evidence, checked, csrf];
        let refused = browser.post(&form, &again).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        says(&refused, &["There is nothing to decide"]);
        assert_eq!(world.audited("payment.resolve").await.len(), 1);
        assert_eq!(world.charged().await, [2900, 2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_decides_about_a_refund_in_the_console_too() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    world.faulty("cut_after").await;
    let lost = world.refund(&payment, Wish::Rest).await.unwrap();
    let mut browser = world.staff(Role::Manager).await;
    let form = format!("{LIST}/{}", lost.id);
    assert!(browser.get(LIST).await.body.contains(&form));
    let csrf = browser.get(&form).await.csrf();
    let fields = [
        ("found", "never"),
        ("evidence", "not in the books of November"),
        ("checked", "yes"),
        ("csrf", csrf.as_str()),
    ];
    let pressed = browser.post(&form, &fields).await;
    let page = format!("/console/bus_lumen/test/payments/{payment}");
    assert_eq!(pressed.location(), page);
    assert_eq!(world.refund_now(&lost.id).await.state.name(), "failed");
    assert_eq!(world.audited("refund.resolve").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_look_decides_nothing_in_the_console() {
    let world = World::sqlite().await;
    let payment = world.lost().await;
    let mut browser = world.staff(Role::Reader).await;
    let form = format!("{LIST}/{payment}");
    let list = browser.get(LIST).await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.body.contains(payment.as_str()));
    assert!(!list.body.contains(&form), "{}", list.body);
    assert_eq!(browser.get(&form).await.status, StatusCode::NOT_FOUND);
    let csrf = list.csrf();
    let fields = [
        ("found", "never"),
        ("evidence", "the statement"),
        ("checked", "yes"),
        ("csrf", csrf.as_str()),
    ];
    let pressed = browser.post(&form, &fields).await;
    assert_eq!(pressed.status, StatusCode::NOT_FOUND);
    assert_eq!(unsettled::list(&world.cx).await.unwrap().len(), 1);
    assert!(world.audited("payment.resolve").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_cannot_be_carried_out_is_not_in_the_audit() {
    for world in World::each().await {
        let payment = world.lost().await;
        let decide = || {
            let evidence = "the statement, line 7";
            settlement::resolve(
                &world.cx,
                &world.scope,
                &payment,
                Finding::Happened,
                evidence,
            )
        };
        let kept = world.cx.settings.load_full();
        let mut settings = (*kept).clone();
        settings.businesses.clear();
        world.cx.settings.store(settings.into());
        assert!(decide().await.is_err(), "nobody can be billed for it");
        assert!(world.audited("payment.resolve").await.is_empty());
        world.cx.settings.store(kept);
        decide().await.unwrap();
        assert_eq!(world.audited("payment.resolve").await.len(), 1);
    }
}
