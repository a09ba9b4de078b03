//! When a gateway is asked about a payment without an end: soon at first, then further and further
//! apart, and never less than daily.

use serde_json::json;
use vestibule::domain::id::PaymentId;
use vestibule::flows::{AttemptOf, Choice, Ending, reconciliation, unsettled};

use super::{GOOD, page};
use crate::support::world::World;

/// The minutes from the sending to each of the first five looks.
const LOOKS: [i64; 5] = [1, 5, 60, 60 + 24 * 60, 60 + 2 * 24 * 60];

impl World {
    /// Looks whenever a look is due. Answers how many minutes after the sending each was.
    async fn looks_at(&self, payment: &PaymentId) -> Vec<i64> {
        let mut tx = self.cx.store.read().await.unwrap();
        let sent = tx.payment(&self.scope, payment).await.unwrap().unwrap();
        let sent = sent.sent_at.unwrap();
        drop(tx);
        let mut minutes = Vec::new();
        for _ in LOOKS {
            let due = self.due(&format!("reconcile:{payment}")).await;
            minutes.push(due.duration_since(sent).as_mins());
            self.cx.clock.advance(due.duration_since(self.cx.now()));
            reconciliation::look(&self.cx, &self.scope, payment)
                .await
                .unwrap();
        }
        minutes
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_payment_is_asked_for_after_1_and_5_minutes_an_hour_and_then_daily() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&id).await;
        let silent = json!({ "operation": "lookup", "answer": "cut_before", "times": 100 });
        world.sandbox.fault(silent).await;
        let payment = unsettled::list(&world.cx).await.unwrap().remove(0).payment;
        assert_eq!(world.looks_at(&payment).await, LOOKS);
        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!((listed[0].state, listed[0].looks), ("unknown", 5));
        assert_eq!(world.charged().await, [2900, 2900], "never sent again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_under_way_is_asked_for_after_1_and_5_minutes_an_hour_and_then_daily() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    world.sandbox.hold_debits().await;
    let attempt = world.reactivate(&id, Choice::New).await;
    let account = "DE89370400440532013000";
    world
        .sandbox
        .pay_by_debit(page(&attempt.ending), account)
        .await;
    assert_eq!(world.come_back(&attempt).await, Ending::Processing);
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    assert_eq!(world.looks_at(payment).await, LOOKS);
    assert_eq!(world.state_of(&attempt).await.name(), "processing");
}
