//! Money that comes back when the subscription that it had paid for is over, or is taken once more.

use jiff::SignedDuration;
use vestibule::config::OnReversal;
use vestibule::domain::invoice::InvoiceState;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::cancellation;

use super::plan_mails::mailed;
use super::refunds::deliver;
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
