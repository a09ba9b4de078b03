//! Dues that are kept when their subscription is cancelled: its customer can pay them, and nobody
//! charges them.

use jiff::SignedDuration;
use serde_json::json;
use vestibule::config::DuesAtCancel;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::{AttemptOf, Choice, Ending, cancellation, reconciliation};

use super::disputes::DEBIT;
use super::dunning::days;
use super::plan_mails::{mailed, says};
use super::{DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

impl World {
    async fn end_now(&self, id: &SubscriptionId) {
        let why = Cancellation::default();
        cancellation::now(&self.cx, &self.scope, id, why)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_for_kept_dues_that_fails_after_days_is_mailed_with_what_can_be_done() {
    for world in World::each().await {
        world.rules(|rules| rules.dues_at_cancel = DuesAtCancel::Keep);
        let id = world.on_hold().await;
        world.end_now(&id).await;
        world.sandbox.hold_debits().await;
        let attempt = world.reactivate(&id, Choice::New).await;
        world
            .sandbox
            .pay_by_debit(page(&attempt.ending), DEBIT)
            .await;
        assert_eq!(world.come_back(&attempt).await, Ending::Processing);
        mailed(&world, "Lumen Pro").await;

        world.cx.clock.advance(days(5));
        let AttemptOf::Payment(payment) = &attempt.of else {
            panic!("not a payment")
        };
        let charge = world.charge_of(payment).await;
        world
            .control(&format!("/control/charges/{charge}/fail"))
            .await;
        for _ in 0..2 {
            let ended = reconciliation::look(&world.cx, &world.scope, payment).await;
            assert!(matches!(ended.unwrap(), Ending::Declined(_)));
        }
        let texts = mailed(&world, "it did not work").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(
            &texts[0],
            &[
                "We tried to charge €29.00 for Lumen Pro",
                "Lumen Pro has ended, and this amount is still open",
                "/reactivate",
            ],
        );

        // What that page offers can be paid.
        let again = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
        assert!(world.dues(&id).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_method_is_not_charged_for_what_was_cancelled_meanwhile() {
    for world in World::each().await {
        world.rules(|rules| rules.dues_at_cancel = DuesAtCancel::Keep);
        let id = world.active(DECLINED_AT_RENEWAL).await;
        let backup = world.second_method(&id, GOOD).await;
        world.make_backup(&id, &backup).await;
        world.lose_the_answer().await;
        world.renew(&id).await;
        let renewal = world.under_way(&id).await;
        world.end_now(&id).await;

        world.says(&renewal, |_| {}).await;
        let after = world.payment(&renewal).await;
        assert!(matches!(after.state, PaymentState::Declined { .. }));
        world.send_queued(&id).await;
        assert_eq!(world.charged().await, [2_900], "the backup is left alone");
        assert_eq!(world.dues(&id).await, [2_900], "kept, for its customer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_was_not_executed_is_not_sent_after_a_cancellation_that_keeps_the_dues() {
    for world in World::each().await {
        world.rules(|rules| rules.dues_at_cancel = DuesAtCancel::Keep);
        let id = world.active(GOOD).await;
        let busy = json!({ "operation": "charge", "answer": "rate_limited", "times": 1 });
        world.sandbox.fault(busy).await;
        world.renew(&id).await;
        let renewal = world.under_way(&id).await;
        world.end_now(&id).await;

        world.cx.clock.advance(SignedDuration::from_mins(10));
        let ended = reconciliation::look(&world.cx, &world.scope, &renewal).await;
        assert_eq!(ended.unwrap(), Ending::Cancelled);
        assert_eq!(world.charged().await, [2_900], "nothing that would go back");
        assert_eq!(world.dues(&id).await, [2_900]);
        let paid = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&paid, GOOD).await, Ending::Succeeded);
        assert!(world.dues(&id).await.is_empty());
    }
}
