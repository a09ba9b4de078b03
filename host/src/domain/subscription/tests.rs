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
    let on_hold = |why: &HoldReason| State::OnHold {
        why: *why,
        since: at(1),
    };
    let mut states = vec![
        State::Pending,
        State::Active,
        State::PastDue { until: at(9) },
    ];
    states.extend(HoldReason::ALL.iter().map(on_hold));
    states.extend([
        State::Paused { since: at(1) },
        State::Cancelled { at: at(1) },
        State::Failed { at: at(1) },
        State::Expired { at: at(1) },
    ]);
    let mut events = vec![Event::Begin, Event::BeginFailed];
    for why in HoldReason::ALL {
        events.extend([None, Some(at(9))].map(|grace_until| Event::PaymentFailed {
            why: *why,
            grace_until,
        }));
    }
    events.extend([
        Event::GraceOver,
        Event::DuesPaid,
        Event::Pause,
        Event::Resume,
        Event::Cancel,
        Event::Expire,
    ]);
    let mut table = String::new();
    for state in &states {
        let why = match state {
            State::OnHold { why, .. } => format!(" ({why})"),
            _ => String::new(),
        };
        for event in events.iter().copied() {
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
                Transition::Moved(State::OnHold { why, .. }) => format!("-> on-hold ({why})"),
                Transition::Moved(next) => format!("-> {}", next.name()),
                Transition::Unchanged => "unchanged".to_owned(),
                Transition::Refused(why) => format!("refused: {why:?}"),
            };
            writeln!(
                table,
                "{:32} {event_name:48} {answer}",
                format!("{}{why}", state.name())
            )
            .expect("a string takes text");
        }
    }
    insta::assert_snapshot!(table);
}
