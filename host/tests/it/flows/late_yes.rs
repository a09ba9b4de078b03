//! A bank that says no, and after another method was asked for the same, yes.

use serde_json::{Value, json};
use vestibule::config::DuesAtCancel;
use vestibule::domain::payment::{PaymentState, Purpose};
use vestibule::domain::plan::ChangeState;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::begin::OnDemand;
use vestibule::flows::on_demand::Charge;
use vestibule::flows::{cancellation, unsettled};

use super::dunning::days;
use super::plan_changes::to;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

/// The money was moved after all.
fn yes(charge: &mut Value) {
    charge["status"] = json!("succeeded");
    charge["decline"] = Value::Null;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_by_the_first_money_that_comes_and_the_backup_is_not_charged_then() {
    for world in World::each().await {
        let id = world.paying(2_900, DECLINED_AT_RENEWAL).await;
        let backup = world.second_method(&id, GOOD).await;
        world.make_backup(&id, &backup).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let change = world.switch(&id, to(&pro)).await.change;
        assert_eq!(world.state(&change.id).await, ChangeState::Pending);

        world.says(&change.payment.unwrap(), yes).await;
        assert_eq!(world.state(&change.id).await, ChangeState::Applied);
        assert_eq!(world.subscription(&id).await.product, pro.id);
        world.send_queued(&id).await;
        assert_eq!(world.charged().await, [2_900], "the backup is left alone");
        assert!(world.is_active(&id).await);
        let payments = world.payments(&id).await;
        let last = payments.last().unwrap();
        assert!(matches!(last.state, PaymentState::Cancelled { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_declined_after_the_first_method_paid_holds_nothing() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let backup = world.second_method(&id, DECLINED_AT_RENEWAL).await;
        world.make_backup(&id, &backup).await;
        world.renew(&id).await;
        world.lose_the_answer().await;
        world.send_queued(&id).await;
        let payments = world.payments(&id).await;
        let [_, first, second] = payments.as_slice() else {
            panic!("{payments:?}")
        };
        assert!(matches!(second.state, PaymentState::Unknown { .. }));

        world.says(&first.id, yes).await;
        assert!(world.dues(&id).await.is_empty());
        world.says(&second.id, |_| {}).await;
        let second = world.payments(&id).await.remove(2);
        assert!(matches!(second.state, PaymentState::Declined { .. }));
        assert!(world.is_active(&id).await, "nothing is due");
        assert!(world.subscription(&id).await.period.end > world.cx.now());
        assert!(!world.mails().await.contains(&"failed".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_on_demand_that_was_declined_is_due_though_the_backup_was_never_asked() {
    let world = World::sqlite().await;
    let id = world
        .on_demand(OnDemand::Mandate, DECLINED_AT_RENEWAL)
        .await;
    let backup = world.second_method(&id, GOOD).await;
    world.make_backup(&id, &backup).await;
    let noted = "{\"order\":\"7\"}".to_owned();
    let charge = Charge {
        metadata: Some(noted.clone()),
        ..world.seven()
    };
    world.charge(&id, charge).await.unwrap();
    assert!(world.is_active(&id).await, "the backup is to be asked");
    let mut tries = world.payments(&id).await;
    tries.retain(|tried| tried.purpose == Purpose::OnDemand);
    assert_eq!(tries.len(), 2);
    assert!(tries.iter().all(|tried| tried.metadata == noted));
    // By the time its turn comes, its key is too old to be sent.
    world.wait(days(30));
    world.send_queued(&id).await;
    assert!(world.charged().await.is_empty());
    assert_eq!(world.dues(&id).await, [700]);
    assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
    assert!(world.is_queued("retry:").await || world.is_queued("remind:").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_another_amount_leaves_it_to_the_other_method_that_is_being_asked() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let backup = world.second_method(&id, GOOD).await;
        world.make_backup(&id, &backup).await;
        world.renew(&id).await;
        world.lose_the_answer().await;
        world.send_queued(&id).await;
        let payments = world.payments(&id).await;
        let [_, first, second] = payments.as_slice() else {
            panic!("{payments:?}")
        };
        let thirty = |charge: &mut Value| {
            yes(charge);
            charge["amount"]["minor"] = json!(3_000);
        };
        world.says(&first.id, thirty).await;
        assert!(world.is_active(&id).await, "the other one may have paid");
        assert!(!world.is_queued("retry:").await);
        assert_eq!(world.dues(&id).await, [2_900]);

        world.says(&second.id, |_| {}).await;
        assert!(world.is_active(&id).await);
        assert!(world.dues(&id).await.is_empty());
        assert!(world.subscription(&id).await.period.end > world.cx.now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_for_what_the_backup_has_paid_settles_nothing_again() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let backup = world.second_method(&id, GOOD).await;
        world.make_backup(&id, &backup).await;
        world.renew(&id).await;
        world.send_queued(&id).await;
        assert!(world.dues(&id).await.is_empty(), "the backup paid");
        let paid = world.subscription(&id).await.period;
        let invoices = world.invoices(&id).await.len();

        let first = world.payments(&id).await.remove(1);
        world.says(&first.id, yes).await;
        assert_eq!(world.subscription(&id).await.period, paid);
        assert_eq!(world.invoices(&id).await.len(), invoices);
        let listed = unsettled::list(&world.cx).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|one| (one.state, &one.payment)).collect();
        assert_eq!(listed, [("unapplied", &first.id)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_for_dues_that_outlive_their_subscription_brings_nothing_back() {
    for world in World::each().await {
        world.rules(|rules| rules.dues_at_cancel = DuesAtCancel::Keep);
        let id = world.active(GOOD).await;
        world.lose_the_answer().await;
        world.renew(&id).await;
        let renewal = world.payments(&id).await.remove(1);
        let now = cancellation::now(&world.cx, &world.scope, &id, Cancellation::default());
        now.await.unwrap();
        assert_eq!(world.dues(&id).await, [2_900], "they are kept");

        world.says(&renewal.id, |_| {}).await;
        assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
        assert_eq!(world.dues(&id).await, [2_900]);
        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].state, &listed[0].payment),
            ("unapplied", &renewal.id)
        );
    }
}
