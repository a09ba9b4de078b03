//! Saving a method without a charge. No money moves here: after the end no news counts any more but
//! one, that the method was saved after all.

use super::text_enum;
use super::transition::{Refusal, Transition};

text_enum! {
    /// Where a set-up stands.
    pub enum SetupState {
        /// Intended; the gateway has not answered.
        Created = "created",
        /// The customer is at the gateway's page.
        AwaitingCustomer = "awaiting-customer",
        /// The method is saved.
        Succeeded = "succeeded",
        /// The gateway said no.
        Declined = "declined",
        /// Given up, by the customer or by its expiry.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// What can be learnt about a set-up, or done to it.
    pub enum SetupEvent {
        /// The method is saved.
        Succeeded = "succeeded",
        /// The bank is at it.
        Processing = "processing",
        /// The customer has to act.
        RequiresAction = "requires-action",
        /// A definite no.
        Declined = "declined",
        /// It will not happen.
        Cancelled = "cancelled",
        /// It has expired, and nobody says that it happened.
        Expired = "expired",
    }
}

impl SetupState {
    /// What `event` does here.
    #[must_use]
    pub const fn apply(self, event: SetupEvent) -> Transition<Self> {
        use SetupEvent as Event;
        use SetupState as State;
        use Transition::{Moved, Refused, Unchanged};

        match (self, event) {
            (State::Succeeded, Event::Succeeded)
            | (State::Declined, Event::Declined)
            | (State::Cancelled, Event::Cancelled | Event::Expired)
            | (State::Created | State::AwaitingCustomer, Event::Processing) => Unchanged,

            // The method was saved after all: it is kept and used.
            (_, Event::Succeeded) => Moved(State::Succeeded),

            (State::Succeeded, _) => Refused(Refusal::Settled),
            (State::Declined | State::Cancelled, _) => Refused(Refusal::Stale),

            // Perhaps another page than before.
            (State::Created | State::AwaitingCustomer, Event::RequiresAction) => {
                Moved(State::AwaitingCustomer)
            }
            (State::Created | State::AwaitingCustomer, Event::Declined) => Moved(State::Declined),
            (State::Created | State::AwaitingCustomer, Event::Cancelled | Event::Expired) => {
                Moved(State::Cancelled)
            }
        }
    }

    /// Whether more is to come.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::AwaitingCustomer)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn the_whole_table_is_as_reviewed() {
        let mut table = String::new();
        for state in SetupState::ALL {
            for event in SetupEvent::ALL {
                let answer = match state.apply(*event) {
                    Transition::Moved(next) => format!("-> {next}"),
                    Transition::Unchanged => "unchanged".to_owned(),
                    Transition::Refused(why) => format!("refused: {why:?}"),
                };
                let (state, event) = (state.as_str(), event.as_str());
                writeln!(table, "{state:17} {event:15} {answer}").expect("a string takes text");
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn what_has_ended_moves_only_to_a_method_that_was_saved() {
        let ended = SetupState::ALL.iter().filter(|state| !state.is_open());
        for state in ended {
            for event in SetupEvent::ALL {
                if let Transition::Moved(next) = state.apply(*event) {
                    assert_eq!(next, SetupState::Succeeded, "{state} {event}");
                }
            }
        }
    }
}
