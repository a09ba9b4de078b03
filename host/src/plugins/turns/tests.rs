//! Who goes on, and who waits.

use std::task::Poll;

use futures_util::poll;

use super::*;

fn caller(name: &str) -> Caller {
    Caller::new(&"guest".into(), &name.into())
}

fn under_way(turns: &Turns) -> usize {
    turns.queue.lock().expect("the queue").running
}

#[tokio::test]
async fn a_caller_takes_no_more_than_its_own_and_leaves_the_others_alone() {
    let turns = Turns::new(100);
    let noisy = || caller("noisy");
    let held = [turns.take(noisy(), 2).await, turns.take(noisy(), 2).await];
    let mut third = Box::pin(turns.take(noisy(), 2));
    assert!(poll!(&mut third).is_pending());
    assert!(poll!(Box::pin(turns.take(caller("calm"), 2))).is_ready());
    drop(held);
    assert!(poll!(&mut third).is_ready());
}

#[tokio::test]
async fn when_all_turns_are_taken_who_runs_least_goes_first_and_then_who_came_first() {
    let turns = Turns::new(3);
    let first = turns.take(caller("a"), 9).await;
    let second = turns.take(caller("a"), 9).await;
    // Of three turns there is no quarter to keep for those who have none.
    let third = turns.take(caller("a"), 9).await;
    let mut more_a = Box::pin(turns.take(caller("a"), 9));
    assert!(poll!(&mut more_a).is_pending());
    let mut one_b = Box::pin(turns.take(caller("b"), 9));
    let mut two_b = Box::pin(turns.take(caller("b"), 9));
    assert!(poll!(&mut one_b).is_pending() && poll!(&mut two_b).is_pending());
    drop(first);
    let Poll::Ready(_one) = poll!(&mut one_b) else {
        panic!("who runs nothing goes first, although it came last")
    };
    assert!(poll!(&mut more_a).is_pending());
    drop(second);
    // Both run one call now, and `a` has waited longer.
    let Poll::Ready(_more) = poll!(&mut more_a) else {
        panic!("who came first goes first")
    };
    assert!(poll!(&mut two_b).is_pending());
    drop(third);
    assert!(poll!(&mut two_b).is_ready());
}

#[tokio::test]
async fn a_quarter_of_all_turns_is_for_those_who_have_none() {
    let turns = Turns::new(8);
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(turns.take(caller("greedy"), 99).await);
    }
    let mut seventh = Box::pin(turns.take(caller("greedy"), 99));
    assert!(poll!(&mut seventh).is_pending());
    for name in ["b", "c"] {
        held.push(turns.take(caller(name), 99).await);
    }
    let mut ninth = Box::pin(turns.take(caller("d"), 99));
    assert!(poll!(&mut ninth).is_pending());
    assert_eq!(under_way(&turns), 8);
    held.clear();
    assert!(poll!(&mut seventh).is_ready() && poll!(&mut ninth).is_ready());
}

#[tokio::test]
async fn who_goes_away_while_waiting_leaves_its_place_to_the_next() {
    let turns = Turns::new(1);
    let held = turns.take(caller("a"), 1).await;
    let mut gone = Box::pin(turns.take(caller("b"), 1));
    let mut next = Box::pin(turns.take(caller("c"), 1));
    assert!(poll!(&mut gone).is_pending() && poll!(&mut next).is_pending());
    drop(gone);
    drop(held);
    let turn = match poll!(&mut next) {
        Poll::Ready(turn) => turn,
        Poll::Pending => panic!("the next goes on"),
    };
    // Given, and never taken out: it is free again all the same.
    let mut given = Box::pin(turns.take(caller("d"), 1));
    assert!(poll!(&mut given).is_pending());
    drop(turn);
    drop(given);
    assert!(poll!(Box::pin(turns.take(caller("e"), 1))).is_ready());
    assert_eq!(under_way(&turns), 0);
    assert!(turns.queue.lock().expect("the queue").callers.len() <= 1);
}
