//! Money that comes back when the subscription that it had paid for is over.

use vestibule::config::OnReversal;
use vestibule::domain::invoice::InvoiceState;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::cancellation;

use crate::support::world::World;

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
