//! When a plugin is left out, and when it is asked again.

use super::*;

const PATIENCE: Patience = Patience {
    failures: 3,
    within: SignedDuration::from_secs(60),
    first: SignedDuration::from_secs(10),
    longest: SignedDuration::from_secs(35),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    Skipped,
    Ended,
    LeftOut(i64),
    WellAgain,
}

impl Breaker {
    /// A call that begins and ends at this second.
    fn call(&self, second: i64, well: bool) -> Call {
        let Some(leave) = self.ask(at(second)) else {
            return Call::Skipped;
        };
        match self.end(leave, well, at(second), &PATIENCE) {
            None => Call::Ended,
            Some(Change::LeftOut(rest)) => Call::LeftOut(rest.as_secs()),
            Some(Change::Well) => Call::WellAgain,
        }
    }
}

#[test]
fn after_failures_in_a_row_it_is_left_out_for_a_growing_while() {
    let breaker = Breaker::default();
    assert_eq!(breaker.call(0, false), Call::Ended);
    assert_eq!(breaker.call(1, false), Call::Ended);
    assert_eq!(breaker.call(2, false), Call::LeftOut(10));
    assert_eq!(breaker.call(2, true), Call::Skipped);
    assert_eq!(breaker.call(11, true), Call::Skipped);
    assert_eq!(breaker.open().expect("open").skipped, 2);
    // One tries; then twice as long, as long as may be, and so on.
    assert_eq!(breaker.call(12, false), Call::LeftOut(20));
    assert_eq!(breaker.call(31, true), Call::Skipped);
    assert_eq!(breaker.call(32, false), Call::LeftOut(35));
    assert_eq!(breaker.call(67, false), Call::LeftOut(35));
    // When it works, all is as it was in the beginning.
    assert_eq!(breaker.call(102, true), Call::WellAgain);
    assert_eq!(breaker.open(), None);
    assert_eq!(breaker.call(103, false), Call::Ended);
    assert_eq!(breaker.call(104, false), Call::Ended);
    assert_eq!(breaker.call(105, false), Call::LeftOut(10));
}

#[test]
fn only_one_tries_and_who_went_away_leaves_the_try_to_the_next() {
    let breaker = Breaker::default();
    for second in 0..3 {
        breaker.call(second, false);
    }
    let trial = breaker.ask(at(20)).expect("one may try");
    assert_eq!(trial, Leave::Trial);
    assert_eq!(breaker.ask(at(20)), None);
    assert_eq!(breaker.ask(at(2000)), None, "as long as it is under way");
    breaker.give_back(trial);
    assert_eq!(breaker.ask(at(21)), Some(Leave::Trial));
}

#[test]
fn what_is_not_in_a_row_or_long_ago_leaves_nothing_out() {
    let breaker = Breaker::default();
    for second in 0..100 {
        assert_eq!(breaker.call(second, second % 3 == 0), Call::Ended);
    }
    let rarely = Breaker::default();
    for minute in 0..100 {
        assert_eq!(rarely.call(minute * 61, false), Call::Ended);
    }
    let never = Patience {
        failures: 0,
        ..PATIENCE
    };
    for second in 0..100 {
        let leave = rarely.ask(at(7000 + second)).expect("always");
        assert_eq!(rarely.end(leave, false, at(7000 + second), &never), None);
    }
}

#[test]
fn calls_that_began_before_change_nothing_when_they_end_afterwards() {
    let breaker = Breaker::default();
    let before: Vec<_> = (0..10)
        .map(|_| breaker.ask(at(0)).expect("leave"))
        .collect();
    let ends = before.iter().enumerate().map(|(number, leave)| {
        let second = i64::try_from(number).expect("small");
        breaker.end(*leave, false, at(second), &PATIENCE)
    });
    assert_eq!(ends.flatten().count(), 1);
    assert_eq!(breaker.open().expect("open").until, at(12));
    assert_eq!(breaker.end(Leave::Usual, true, at(11), &PATIENCE), None);
    assert_eq!(breaker.call(11, true), Call::Skipped);
}
