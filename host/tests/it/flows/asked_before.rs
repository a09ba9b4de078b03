//! What an operation finds in its way is asked for before it is refused; and what failed beside
//! another hold is told.

use jiff::SignedDuration;
use vestibule::domain::id::PaymentId;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::plan::ChangeState;
use vestibule::domain::refund::parts::Wish;
use vestibule::flows::begin::OnDemand;
use vestibule::flows::pause::{self, Pause};
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, method_update, reconciliation, schedule, settlement,
};

use super::disputes::DEBIT;
use super::plan_changes::{is_refused, to};
use super::{GOOD, page};
use crate::support::world::World;

impl World {
    /// Two hours pass in which nobody looks after anything.
    fn sleep(&self) {
        self.cx.clock.advance(SignedDuration::from_hours(2));
    }

    async fn is_unknown(&self, payment: &PaymentId) -> bool {
        matches!(
            self.payment(payment).await.state,
            PaymentState::Unknown { .. }
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_a_pause_and_a_refund_ask_about_the_charge_that_keeps_them_waiting() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        world.lose_the_answer().await;
        let first = world.charge(&id, world.seven()).await.unwrap();
        // The call may still be under way: nobody is asked yet.
        let refused = world.charge(&id, world.seven()).await;
        assert!(matches!(
            refused,
            Err(Error::Refused(Refused::PaymentUnderWay))
        ));
        let refused = world.refund(&first, Wish::Rest).await;
        assert!(matches!(refused, Err(Error::Refused(Refused::StillMoving))));
        assert!(world.is_unknown(&first).await);

        world.sleep();
        world.charge(&id, world.seven()).await.unwrap();
        assert_eq!(world.charged().await, [700, 700]);

        world.lose_the_answer().await;
        let third = world.charge(&id, world.seven()).await.unwrap();
        world.sleep();
        world.refund(&third, Wish::Rest).await.unwrap();

        world.lose_the_answer().await;
        world.charge(&id, world.seven()).await.unwrap();
        world.sleep();
        let paused = pause::start(&world.cx, &world.scope, &id, Pause::default()).await;
        assert_eq!(paused.unwrap().state.name(), "paused");
        let ledger = world.charged().await;
        assert_eq!(ledger, [700; 5], "four charges, each once, and a refund");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_plan_and_of_the_date_ask_about_the_change_that_keeps_them_waiting() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let (pro, team) = (
            world.product_at(5_900, true).await,
            world.product_at(9_900, true).await,
        );
        world.lose_the_answer().await;
        let first = world.switch(&id, to(&pro)).await;
        assert_eq!(first.ending, Some(Ending::Unknown));
        let tried = world.try_to_change(&id, to(&team)).await;
        assert!(is_refused(&tried, Refused::ChangePending));

        world.sleep();
        world.lose_the_answer().await;
        let second = world.switch(&id, to(&team)).await;
        assert_eq!(world.state(&first.change.id).await, ChangeState::Applied);
        assert_eq!(second.ending, Some(Ending::Unknown));

        world.sleep();
        let date = world.cx.now() + SignedDuration::from_hours(24);
        let moved = schedule::set_next_billing_date(&world.cx, &world.scope, &id, date).await;
        assert_eq!(moved.unwrap().period.end, date);
        assert_eq!(world.state(&second.change.id).await, ChangeState::Applied);
        assert!(world.is_on(&id, &team).await);
        assert_eq!(world.charged().await.len(), 3, "nothing was charged again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_that_fails_while_another_thing_holds_the_subscription_is_told_and_asked_for() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        let (cx, scope) = (&world.cx, &world.scope);
        world.sandbox.hold_debits().await;
        let attempt = method_update::start(cx, scope, &id, Choice::New, None).await;
        let attempt = attempt.unwrap();
        let AttemptOf::Setup(setup) = &attempt.of else {
            panic!("a charge, though nothing is owed")
        };
        world
            .sandbox
            .pay_by_debit(page(&attempt.ending), DEBIT)
            .await;
        let ending = settlement::setup_returned(cx, scope, setup, &[]).await;
        assert_eq!(ending.unwrap(), Ending::Succeeded);
        let payment = world.charge(&id, world.seven()).await.unwrap();
        assert!(matches!(
            world.payment(&payment).await.state,
            PaymentState::Processing { .. }
        ));

        world.revoke(&id, 1).await;
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        let charge = world.charge_of(&payment).await;
        world
            .control(&format!("/control/charges/{charge}/fail"))
            .await;
        for _ in 0..2 {
            let ended = reconciliation::look(cx, scope, &payment).await;
            assert!(matches!(ended.unwrap(), Ending::Declined(_)));
        }
        assert_eq!(world.owed(&id).await.len(), 1);
        let mails = world.mails().await;
        assert_eq!(mails.iter().filter(|mail| *mail == "failed").count(), 1);
        let mut tx = cx.store.read().await.unwrap();
        let dunning = tx.open_dunning(scope, &id).await.unwrap();
        assert_eq!(dunning.unwrap().payment, Some(payment));
        drop(tx);
        let again = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
    }
}
