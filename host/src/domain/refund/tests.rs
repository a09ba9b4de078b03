//! The whole table of a refund, reviewed as a snapshot, and the rules it must keep.

use std::fmt::Write;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn states() -> Vec<RefundState> {
    vec![
        RefundState::Created,
        RefundState::Processing { expected_by: at(9) },
        RefundState::Unknown { since: at(1) },
        RefundState::Succeeded { at: at(1) },
        RefundState::Failed {
            why: "closed".to_owned(),
            at: at(1),
        },
    ]
}

fn events() -> Vec<(&'static str, RefundEvent)> {
    vec![
        ("succeeded", RefundEvent::Succeeded),
        ("processing", RefundEvent::Processing { expected_by: at(5) }),
        ("failed", RefundEvent::Failed("no".to_owned())),
        ("outcome-unknown", RefundEvent::OutcomeUnknown),
    ]
}

#[test]
fn the_whole_table_is_as_reviewed() {
    let mut table = String::new();
    for state in states() {
        for (name, event) in events() {
            let answer = match state.apply(event, at(2), at(3)) {
                Transition::Moved(next) => format!("-> {}", next.name()),
                Transition::Unchanged => "unchanged".to_owned(),
                Transition::Refused(why) => format!("refused: {why:?}"),
            };
            writeln!(table, "{:11} {name:16} {answer}", state.name()).expect("a string takes text");
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn not_knowing_never_fails_a_refund() {
    for state in states().into_iter().filter(RefundState::is_open) {
        let next = state.apply(RefundEvent::OutcomeUnknown, at(2), at(3));
        if let Transition::Moved(next) = next {
            assert!(next.is_open(), "{}", state.name());
        }
    }
}

#[test]
fn money_that_went_back_is_never_ignored() {
    for state in states() {
        let next = state.apply(RefundEvent::Succeeded, at(2), at(2));
        assert!(!matches!(next, Transition::Refused(_)), "{}", state.name());
    }
}
