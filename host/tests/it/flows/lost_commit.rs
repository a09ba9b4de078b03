//! Commits whose answer is lost: what was written is read again before anything is decided.

use vestibule::flows::{Choice, Ending, renewal};

use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_whose_commit_was_not_answered_is_sent_all_the_same() {
    let (world, line) = World::over_a_lossy_line().await;
    let id = world.active(DECLINED_AT_RENEWAL).await;
    let pays = world.second_method(&id, GOOD).await;
    world.renew(&id).await;
    line.lose_after(0);
    let attempt = world.reactivate(&id, Choice::Saved(pays)).await;
    assert!(line.has_lost());
    assert_eq!(attempt.ending, Ending::Succeeded);
    assert_eq!(world.charged().await, [2900, 2900]);
    assert!(world.is_active(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_whose_commit_was_not_answered_is_read_again() {
    let (world, line) = World::over_a_lossy_line().await;
    let id = world.active(DECLINED_AT_RENEWAL).await;
    let pays = world.second_method(&id, GOOD).await;
    world.renew(&id).await;
    line.lose_after(1);
    let attempt = world.reactivate(&id, Choice::Saved(pays)).await;
    assert!(line.has_lost());
    assert_eq!(attempt.ending, Ending::Succeeded);
    assert_eq!(world.charged().await, [2900, 2900]);
    assert!(world.is_active(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_whose_commit_was_not_answered_is_charged_once_and_at_once() {
    let (world, line) = World::over_a_lossy_line().await;
    let id = world.active(GOOD).await;
    let end = world.subscription(&id).await.period.end;
    world.wait(end.duration_since(world.cx.now()));
    line.lose_after(0);
    renewal::due(&world.cx, &world.scope, &id).await.unwrap();
    assert!(line.has_lost());
    renewal::due(&world.cx, &world.scope, &id).await.unwrap();
    assert_eq!(world.charged().await, [2900, 2900]);
    assert!(world.subscription(&id).await.period.end > end);
}
