//! The whole table of a subscription, reviewed as a snapshot, and the rules it must keep.

use std::fmt::Write;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

#[test]
fn the_whole_table_is_as_reviewed() {
    use SubscriptionEvent as Event;
    use SubscriptionState as State;
    let states = [
        State::Pending,
        State::Active,
        State::PastDue { until: at(9) },
        State::OnHold {
            why: HoldReason::RenewalFailed,
            since: at(1),
        },
        State::OnHold {
            why: HoldReason::PauseSettlement,
            since: at(1),
        },
        State::OnHold {
            why: HoldReason::GraceOver,
            since: at(1),
        },
        State::Paused { since: at(1) },
        State::Cancelled { at: at(1) },
        State::Failed { at: at(1) },
        State::Expired { at: at(1) },
    ];
    let events = [
        Event::Begin,
        Event::BeginFailed,
        Event::PaymentFailed {
            why: HoldReason::RenewalFailed,
            grace_until: None,
        },
        Event::PaymentFailed {
            why: HoldReason::RenewalFailed,
            grace_until: Some(at(9)),
        },
        Event::PaymentFailed {
            why: HoldReason::PauseSettlement,
            grace_until: None,
        },
        Event::PaymentFailed {
            why: HoldReason::PaymentReversed,
            grace_until: None,
        },
        Event::GraceOver,
        Event::DuesPaid,
        Event::Pause,
        Event::Resume,
        Event::Cancel,
        Event::Expire,
    ];
    let mut table = String::new();
    for state in &states {
        let why = match state {
            State::OnHold { why, .. } => format!(" ({why})"),
            _ => String::new(),
        };
        for event in events {
            let event_name = match event {
                Event::PaymentFailed { why, grace_until } => {
                    format!(
                        "PaymentFailed {why}{}",
                        if grace_until.is_some() {
                            " with grace"
                        } else {
                            ""
                        }
                    )
                }
                other => format!("{other:?}"),
            };
            let answer = match state.apply(event, at(2)) {
                Transition::Moved(next) => format!("-> {}", next.name()),
                Transition::Unchanged => "unchanged".to_owned(),
                Transition::Refused(why) => format!("refused: {why:?}"),
            };
            writeln!(
                table,
                "{:28} {event_name:40} {answer}",
                format!("{}{why}", state.name())
            )
            .expect("a string takes text");
        }
    }
    insta::assert_snapshot!(table);
}
