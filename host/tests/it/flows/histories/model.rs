//! A model beside the engine: what an act must lead to by the rules of DOMAIN.md alone, where no
//! gateway, bank or clock has a say. It knows nothing of flows, debts or jobs.

use vestibule::domain::id::SubscriptionId;
use vestibule::domain::subscription::{HoldReason, Subscription, SubscriptionState};

/// An act of a customer or merchant on one subscription.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    CancelNow,
    CancelAtEnd,
    Keep,
    /// With or without a date.
    Pause {
        dated: bool,
    },
    Resume,
}

/// What decides besides whether a subscription can be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnderWay {
    Nothing,
    /// A renewal that is due and was not charged yet, which refuses it.
    Renewal,
    /// A payment, which is asked for first: the gateway's answer decides.
    Payment,
}

/// What can be seen of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    id: SubscriptionId,
    state: &'static str,
    why: Option<HoldReason>,
    ends_with_period: bool,
    dated_pause: bool,
    on_demand: bool,
}

impl Seen {
    pub(super) fn of(subscription: &Subscription) -> Self {
        Self {
            id: subscription.id.clone(),
            state: subscription.state.name(),
            why: match subscription.state {
                SubscriptionState::OnHold { why, .. } => Some(why),
                _ => None,
            },
            ends_with_period: subscription.cancel_at_period_end,
            dated_pause: subscription.resume_at.is_some(),
            on_demand: subscription.on_demand,
        }
    }

    fn is_final(&self) -> bool {
        matches!(self.state, "cancelled" | "expired" | "failed")
    }

    /// How it is after `act`, with so much `under_way` before. None where the gateway, or what a
    /// bank took back, decides as well.
    fn after(&self, act: Act, under_way: UnderWay) -> Option<Self> {
        let mut next = self.clone();
        let mut end = || {
            next.state = "cancelled";
            next.why = None;
            next.ends_with_period = false;
        };
        match act {
            _ if self.is_final() => {}
            Act::CancelNow => end(),
            Act::CancelAtEnd
                if self.on_demand || matches!(self.state, "on-hold" | "past-due" | "pending") =>
            {
                end();
            }
            Act::CancelAtEnd => next.ends_with_period = true,
            Act::Keep => next.ends_with_period = false,
            Act::Pause { .. } | Act::Resume if under_way == UnderWay::Payment => return None,
            Act::Pause { dated } => match self.state {
                "active" if under_way == UnderWay::Nothing => {
                    next.state = "paused";
                    next.dated_pause = dated;
                }
                "paused" => next.dated_pause = dated,
                _ => {}
            },
            Act::Resume
                if self.state == "paused" || self.why == Some(HoldReason::PauseSettlement) =>
            {
                return None;
            }
            Act::Resume => {}
        }
        Some(next)
    }
}

/// What `act` on `which` made of `before` and must not have made of it. Of others it changes nothing.
pub(super) fn wrong(
    (act, which): (Act, &SubscriptionId),
    under_way: UnderWay,
    before: &[Seen],
    after: &[Seen],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (was, is) in before.iter().zip(after) {
        let expected = if was.id == *which {
            was.after(act, under_way)
        } else {
            Some(was.clone())
        };
        if expected.as_ref().is_some_and(|expected| expected != is) {
            wrong.push(format!(
                "{act:?} on {which} made {is:?} of {was:?}, not {expected:?}"
            ));
        }
    }
    wrong
}
