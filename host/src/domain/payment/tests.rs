//! The whole table of a payment, reviewed as a snapshot, and the rules it must keep.

use std::fmt::Write;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn decline() -> Decline {
    Decline {
        code: DeclineCode::Generic,
        advice: Advice::Later,
        gateway_code: None,
    }
}

fn redirect(url: &str) -> CustomerAction {
    CustomerAction::Redirect {
        url: url.to_owned(),
    }
}

fn states() -> Vec<PaymentState> {
    vec![
        PaymentState::Created,
        PaymentState::AwaitingCustomer {
            action: redirect("https://a.example"),
            expires_at: at(9),
        },
        PaymentState::Processing { expected_by: None },
        PaymentState::Unknown { since: at(1) },
        PaymentState::Succeeded { at: at(1) },
        PaymentState::Declined {
            decline: decline(),
            at: at(1),
        },
        PaymentState::Cancelled { at: at(1) },
    ]
}

fn events() -> Vec<(&'static str, PaymentEvent)> {
    vec![
        ("succeeded", PaymentEvent::Succeeded),
        (
            "processing",
            PaymentEvent::Processing {
                expected_by: Some(at(5)),
            },
        ),
        (
            "requires-action (same)",
            PaymentEvent::RequiresAction {
                action: redirect("https://a.example"),
                expires_at: at(9),
            },
        ),
        (
            "requires-action (other)",
            PaymentEvent::RequiresAction {
                action: redirect("https://b.example"),
                expires_at: at(9),
            },
        ),
        ("declined", PaymentEvent::Declined(decline())),
        ("cancelled", PaymentEvent::Cancelled),
        ("outcome-unknown", PaymentEvent::OutcomeUnknown),
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
            writeln!(table, "{:18} {name:24} {answer}", state.name()).expect("a string takes text");
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn no_event_takes_settled_money_back() {
    for (name, event) in events() {
        let settled = PaymentState::Succeeded { at: at(1) };
        assert!(
            !matches!(settled.apply(event, at(2), at(2)), Transition::Moved(_)),
            "{name}"
        );
    }
}

#[test]
fn a_success_is_never_ignored() {
    for state in states() {
        let next = state.apply(PaymentEvent::Succeeded, at(2), at(2));
        assert!(!matches!(next, Transition::Refused(_)), "{}", state.name());
    }
}
