//! Bank debits that fail days later, when the customer has left long ago: they are told, also where
//! nothing is on hold.

use jiff::SignedDuration;
use vestibule::domain::plan::OnFailure;
use vestibule::flows::Ending;

use super::test_clock::Working;
use crate::support::world::World;

const FIVE_DAYS: SignedDuration = SignedDuration::from_hours(5 * 24);

/// How many mails say this.
async fn mailed(world: &World, words: &str) -> usize {
    let working = Working::start(world);
    working.idle(world).await;
    let texts = working.texts();
    working.stop().await;
    texts.iter().filter(|text| text.contains(words)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_first_debit_fails_days_later_is_told_that_nothing_has_begun() {
    for world in World::each().await {
        world.sandbox.hold_debits().await;
        let (begun, _) = world.debit_under_way().await;
        world.cx.clock.advance(FIVE_DAYS);
        let ended = world.bank_ends(&begun.payment.id, "fail").await;
        assert!(matches!(ended, Ending::Declined(_)), "{ended:?}");
        assert_eq!(mailed(&world, "was not completed").await, 1);
        assert_eq!(mailed(&world, "was not completed").await, 0, "told once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_debit_for_another_plan_fails_days_later_is_told_that_the_plan_stays() {
    let world = World::sqlite().await;
    let pro = world.product_at(5_900, true).await;
    let changing = world.changing_by_debit(OnFailure::Prevent, &pro).await;
    world.cx.clock.advance(FIVE_DAYS);
    let ended = world.bank_ends(&changing.payment(), "fail").await;
    assert!(matches!(ended, Ending::Declined(_)), "{ended:?}");
    assert_eq!(mailed(&world, "your plan was not changed").await, 1);
}
