//! A process that stands still after it has marked a charge as sent, for longer than every delay,
//! while others find out that the charge never happened, and go on. When it wakes up it charges
//! nothing late.

use vestibule::domain::id::SubscriptionId;
use vestibule::flows::renewal;

use super::GOOD;
use super::dying::mortal;
use crate::support::world::World;

/// How often the ledger is asked for a charge that has left its host.
const LOOKS: u32 = 20;

impl World {
    async fn waits_for_an_end(&self, id: &SubscriptionId) -> bool {
        let mut tx = self.cx.store.read().await.unwrap();
        let open = tx.open_payments_of(&self.scope, id).await.unwrap();
        !open.is_empty()
    }

    /// Whether more than `charges` were charged, by a request that may be on its way still.
    async fn has_left(&self, charges: usize) -> bool {
        for _ in 0..LOOKS {
            if self.charged().await.len() > charges {
                return true;
            }
        }
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_froze_between_marking_a_charge_and_sending_it_charges_nothing_late() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let other = world.process().await;
        let (mut charges, mut froze) = (1, 0);
        for further in 0.. {
            world.make_due_now(&id).await;
            let mut host = Box::pin(renewal::due(&other, &world.scope, &id));
            // Before that it holds a lock of the database, which others would wait for.
            while !world.waits_for_an_end(&id).await {
                assert!(mortal(&mut host, 1).await.is_none(), "it renewed nothing");
            }
            let ended = mortal(&mut host, further).await.is_some();
            if ended || world.has_left(charges).await {
                break;
            }
            let froze_at = world.cx.now();
            world.heirs_look(&id).await;
            renewal::due(&world.cx, &world.scope, &id).await.unwrap();
            charges += 1;
            assert_eq!(world.charged().await.len(), charges, "{further}");
            other.clock.advance(world.cx.now().duration_since(froze_at));
            host.await.unwrap();
            world.heirs_look(&id).await;
            let late = world.charged().await.len() - charges;
            assert_eq!(
                late, 0,
                "a charge left late, {further} steps after it was marked"
            );
            froze += 1;
        }
        assert!(froze > 0, "it never stood still with a charge in hand");
    }
}
