//! Who goes on, and who waits.

use std::task::Poll;

use futures_util::poll;

use super::*;

fn caller(name: &str) -> Caller {
    Caller::new(&"guest".into(), &name.into())
}

fn under_way(turns: &Turns) -> usize {
    turns.queue.lock().expect("the queue").running.all()
}

/// A turn that no stranger asked for, when there is one.
async fn own(turns: &Arc<Turns>, caller: Caller, most: usize) -> Turn {
    let turn = turns.take(caller, Lane::Own, most).await;
    turn.expect("the line is not full")
}

/// What a stranger has: a turn when there is one, or no place to wait.
async fn stranger(turns: &Arc<Turns>, caller: Caller, most: usize) -> Result<Turn, Full> {
    turns.take(caller, Lane::Strangers, most).await
}

#[tokio::test]
async fn a_caller_takes_no_more_than_its_own_and_leaves_the_others_alone() {
    let turns = Turns::new(100);
    let noisy = || caller("noisy");
    let held = [own(&turns, noisy(), 2).await, own(&turns, noisy(), 2).await];
    let mut third = Box::pin(own(&turns, noisy(), 2));
    assert!(poll!(&mut third).is_pending());
    assert!(poll!(Box::pin(own(&turns, caller("calm"), 2))).is_ready());
    drop(held);
    assert!(poll!(&mut third).is_ready());
}

#[tokio::test]
async fn when_all_turns_are_taken_who_runs_least_goes_first_and_then_who_came_first() {
    let turns = Turns::new(3);
    let first = own(&turns, caller("a"), 9).await;
    let second = own(&turns, caller("a"), 9).await;
    // Of three turns there is no quarter to keep for those who have none.
    let third = own(&turns, caller("a"), 9).await;
    let mut more_a = Box::pin(own(&turns, caller("a"), 9));
    assert!(poll!(&mut more_a).is_pending());
    let mut one_b = Box::pin(own(&turns, caller("b"), 9));
    let mut two_b = Box::pin(own(&turns, caller("b"), 9));
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
        held.push(own(&turns, caller("greedy"), 99).await);
    }
    let mut seventh = Box::pin(own(&turns, caller("greedy"), 99));
    assert!(poll!(&mut seventh).is_pending());
    for name in ["b", "c"] {
        held.push(own(&turns, caller(name), 99).await);
    }
    let mut ninth = Box::pin(own(&turns, caller("d"), 99));
    assert!(poll!(&mut ninth).is_pending());
    assert_eq!(under_way(&turns), 8);
    held.clear();
    assert!(poll!(&mut seventh).is_ready() && poll!(&mut ninth).is_ready());
}

#[tokio::test]
async fn who_goes_away_while_waiting_leaves_its_place_to_the_next() {
    let turns = Turns::new(1);
    let held = own(&turns, caller("a"), 1).await;
    let mut gone = Box::pin(own(&turns, caller("b"), 1));
    let mut next = Box::pin(own(&turns, caller("c"), 1));
    assert!(poll!(&mut gone).is_pending() && poll!(&mut next).is_pending());
    drop(gone);
    drop(held);
    let turn = match poll!(&mut next) {
        Poll::Ready(turn) => turn,
        Poll::Pending => panic!("the next goes on"),
    };
    // Given, and never taken out: it is free again all the same.
    let mut given = Box::pin(own(&turns, caller("d"), 1));
    assert!(poll!(&mut given).is_pending());
    drop(turn);
    drop(given);
    assert!(poll!(Box::pin(own(&turns, caller("e"), 1))).is_ready());
    assert_eq!(under_way(&turns), 0);
    assert!(turns.queue.lock().expect("the queue").callers.len() <= 1);
}

#[tokio::test]
async fn strangers_have_half_of_a_callers_turns_and_the_rest_is_for_its_own_calls() {
    let turns = Turns::new(100);
    let mut theirs = Vec::new();
    for _ in 0..4 {
        let turn = stranger(&turns, caller("a"), 8).await;
        theirs.push(turn.expect("half are free"));
    }
    let mut fifth = Box::pin(stranger(&turns, caller("a"), 8));
    assert!(poll!(&mut fifth).is_pending());
    let mut ours = Vec::new();
    for _ in 0..4 {
        let mut turn = Box::pin(own(&turns, caller("a"), 8));
        match poll!(&mut turn) {
            Poll::Ready(turn) => ours.push(turn),
            Poll::Pending => panic!("it waits for no stranger"),
        }
    }
    // All eight run, and of those who wait for the next the stranger goes last.
    let mut ninth = Box::pin(own(&turns, caller("a"), 8));
    assert!(poll!(&mut ninth).is_pending());
    theirs.pop();
    let Poll::Ready(ninth) = poll!(&mut ninth) else {
        panic!("its own calls go first")
    };
    assert!(poll!(&mut fifth).is_pending());
    drop(ninth);
    assert!(matches!(poll!(&mut fifth), Poll::Ready(Ok(_))));
}

#[tokio::test]
async fn strangers_have_half_of_all_turns_however_many_doors_they_knock_at() {
    let turns = Turns::new(8);
    let mut held = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let turn = stranger(&turns, caller(name), 8).await;
        held.push(turn.expect("half are free"));
    }
    let mut fifth = Box::pin(stranger(&turns, caller("e"), 8));
    assert!(poll!(&mut fifth).is_pending());
    assert!(poll!(Box::pin(own(&turns, caller("e"), 8))).is_ready());
    held.pop();
    assert!(matches!(poll!(&mut fifth), Poll::Ready(Ok(_))));
}

#[tokio::test]
async fn who_runs_one_call_at_a_time_serves_strangers_after_its_own() {
    let turns = Turns::new(8);
    let held = stranger(&turns, caller("a"), 1).await;
    let mut second = Box::pin(stranger(&turns, caller("a"), 1));
    let mut ours = Box::pin(own(&turns, caller("a"), 1));
    assert!(poll!(&mut second).is_pending() && poll!(&mut ours).is_pending());
    drop(held);
    let Poll::Ready(turn) = poll!(&mut ours) else {
        panic!("its own call goes first, although it came last")
    };
    assert!(poll!(&mut second).is_pending());
    drop(turn);
    assert!(poll!(&mut second).is_ready());
}

#[tokio::test]
async fn a_line_that_is_long_enough_takes_nobody_more_until_somebody_leaves_it() {
    for (lane, most) in [
        (Lane::Strangers, LONGEST_OF_STRANGERS),
        (Lane::Own, LONGEST),
    ] {
        let turns = Turns::new(8);
        let held = turns.take(caller("a"), lane, 1).await;
        let mut waiting = Vec::new();
        for _ in 0..most {
            let mut turn = Box::pin(turns.take(caller("a"), lane, 1));
            assert!(poll!(&mut turn).is_pending());
            waiting.push(turn);
        }
        let next = || Box::pin(turns.take(caller("a"), lane, 1));
        assert!(matches!(poll!(next()), Poll::Ready(Err(Full))), "{lane:?}");
        // Another's line is another's.
        assert!(matches!(
            poll!(Box::pin(turns.take(caller("b"), lane, 1))),
            Poll::Ready(Ok(_))
        ));
        waiting.pop();
        assert!(poll!(next()).is_pending(), "{lane:?}");
        drop(held);
        drop(waiting);
        assert_eq!(under_way(&turns), 0);
        assert!(poll!(next()).is_ready(), "{lane:?}");
    }
}
