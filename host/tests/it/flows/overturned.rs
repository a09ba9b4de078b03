//! Money that comes back when the subscription that it had paid for is over, is taken once more, or
//! owes something else.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use vestibule::config::OnReversal;
use vestibule::domain::invoice::InvoiceState;
use vestibule::domain::plan::ChangeState;
use vestibule::domain::proration::Mode;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::begin::OnDemand;
use vestibule::flows::cancellation;
use vestibule::flows::plan_change::Wish;

use super::plan_changes::to;
use super::plan_mails::mailed;
use super::refunds::deliver;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

impl World {
    /// The keys of the mails about reversals that are queued.
    async fn mails_of_reversals(&self) -> Vec<String> {
        let mut tx = self.cx.store.read().await.unwrap();
        let jobs = tx.jobs(&self.scope, u32::MAX).await.unwrap();
        let mut keys: Vec<_> = jobs.into_iter().filter_map(|job| job.unique_key).collect();
        keys.retain(|key| key.starts_with("mail:reversed:"));
        keys
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_back_after_the_end_is_the_merchants_and_pays_for_what_was_supplied() {
    for world in World::each().await {
        for ends_at_the_loss in [true, false] {
            let rule = if ends_at_the_loss {
                OnReversal::Cancel
            } else {
                OnReversal::Hold
            };
            world.rules(|rules| rules.on_reversal = rule);
            let (id, payment) = world.paid().await;
            let lost = world.bank_takes(&payment, 2900).await;
            if !ends_at_the_loss {
                cancellation::now(&world.cx, &world.scope, &id, Cancellation::default())
                    .await
                    .unwrap();
            }
            assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
            let owed = world.payment(&payment).await;
            world.overturn(&lost).await;
            let kept = world.payment(&payment).await;
            assert!(!kept.unapplied, "it goes back to nobody");
            assert_eq!(kept.state, owed.state);
            assert_eq!(world.invoice_state(&payment).await, InvoiceState::Paid);
            assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
            assert!(world.listed().await.is_empty());
            let key = format!("refund-unapplied:{payment}");
            assert!(!world.is_queued(&key).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_taken_back_once_more_is_mailed_as_another_fact() {
    for world in World::each().await {
        let (id, payment) = world.paid().await;
        let about = "taken back by your bank";
        let lost = world.bank_takes(&payment, 2_900).await;
        let first = world.mails_of_reversals().await;
        assert_eq!(first, [format!("mail:reversed:{payment}")]);
        assert_eq!(mailed(&world, about).await.len(), 1);

        world.cx.clock.advance(SignedDuration::from_hours(1));
        world.overturn(&lost).await;
        assert!(world.is_active(&id).await);
        world.cx.clock.advance(SignedDuration::from_hours(1));
        for _ in 0..2 {
            deliver(&world, "dispute.lost", &lost).await;
        }
        assert!(world.is_reversed(&id).await);
        let second = world.mails_of_reversals().await;
        assert_eq!(second.len(), 1, "{second:?}");
        assert_ne!(first, second, "no repeat of the first");
        assert_eq!(mailed(&world, about).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_too_little_to_charge_keeps_nobody_on_hold_once_the_bank_overturns_its_decision() {
    for world in World::each().await {
        for by_a_change in [false, true] {
            let id = world.paying(2_900, GOOD).await;
            let payment = world.paid_by(&id).await.unwrap();
            if by_a_change {
                let next = world.product_at(2_930, true).await;
                let wish = Wish {
                    mode: Mode::Difference,
                    ..to(&next)
                };
                world.switch(&id, wish).await;
            } else {
                world.cheapen(&id).await;
                world.renew(&id).await;
            }
            assert_eq!(world.dues(&id).await, [30]);
            let lost = world.bank_takes(&payment, 2_900).await;
            assert!(world.is_reversed(&id).await);
            world.overturn(&lost).await;
            assert!(world.is_active(&id).await, "as before");
            assert_eq!(world.dues(&id).await, [30]);
            assert!(!world.is_queued("retry:").await && !world.is_queued("remind:").await);
            world.wait_and_renew(&id).await;
            let renewed = if by_a_change { 2_960 } else { 60 };
            assert_eq!(world.charged().await.last(), Some(&renewed));
            assert!(world.dues(&id).await.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_prevented_after_an_overturned_loss_leaves_nothing_on_hold() {
    for world in World::each().await {
        let id = world.paying(2_900, DECLINED_AT_RENEWAL).await;
        let first = world.paid_by(&id).await.unwrap();
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        world.lose_the_answer().await;
        let started = world.switch(&id, to(&pro)).await;
        let lost = world.bank_takes(&first, 2_900).await;
        assert!(world.is_reversed(&id).await);
        world.overturn(&lost).await;
        assert_eq!(world.state(&started.change.id).await, ChangeState::Pending);
        assert!(world.is_active(&id).await, "nobody owes the change yet");

        world.send_queued(&id).await;
        assert_eq!(world.state(&started.change.id).await, ChangeState::Dropped);
        assert!(world.is_active(&id).await);
        assert!(world.owed(&id).await.is_empty());
        assert!(!world.is_queued("retry:").await && !world.is_queued("remind:").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_on_demand_that_was_impossible_is_asked_for_after_an_overturned_loss() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        let first = world.charge(&id, world.seven()).await.unwrap();
        let busy = json!({ "operation": "charge", "answer": "rate_limited", "times": 1 });
        world.sandbox.fault(busy).await;
        world.charge(&id, world.seven()).await.unwrap();
        let lost = world.bank_takes(&first, 700).await;
        assert!(world.is_reversed(&id).await);
        let method = world.subscription(&id).await.method.unwrap();
        let mut tx = world.cx.store.read().await.unwrap();
        let method = tx.method(&world.scope, &method).await.unwrap().unwrap();
        drop(tx);
        let path = format!("/v1/methods/{}/detach", method.reference);
        world.sandbox.call(Method::POST, &path, None).await;
        world.cx.clock.advance(SignedDuration::from_mins(5));
        world.send_queued(&id).await;
        world.overturn(&lost).await;
        let held = world.subscription(&id).await;
        assert_eq!(held.state.name(), "on-hold", "its charge is still owed");
        assert_eq!(world.dues(&id).await.len(), 1);
        assert!(world.is_queued("remind:").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_that_was_overturned_before_its_mail_was_written_is_not_mailed() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let first = world.paid_by(&id).await.unwrap();
        world.renew(&id).await;
        let lost = world.bank_takes(&first, 2_900).await;
        world.overturn(&lost).await;
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        assert_eq!(world.mails_of_reversals().await.len(), 1);
        let mailed = mailed(&world, "taken back by your bank").await;
        assert!(mailed.is_empty(), "{mailed:?}");
    }
}
