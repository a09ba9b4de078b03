//! A model beside the engine: what an act must lead to by the rules of DOMAIN.md alone, where no
//! gateway, bank or clock has a say. It knows nothing of flows, debts or jobs.

use jiff::Timestamp;
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

    /// How it is after everything that was due on it was paid. None where nothing can be due.
    fn when_paid(&self) -> Option<Self> {
        let state = match (self.state, self.why) {
            ("on-hold", Some(HoldReason::PauseSettlement)) => "paused",
            ("on-hold" | "past-due", _) => "active",
            (ended, _) if self.is_final() => ended,
            _ => return None,
        };
        Some(Self {
            state,
            why: None,
            ..self.clone()
        })
    }
}

/// What `act` on `which` made of `before` and must not have made of it.
pub(super) fn wrong(
    (act, which): (Act, &SubscriptionId),
    under_way: UnderWay,
    before: &[Seen],
    after: &[Seen],
) -> Vec<String> {
    let (name, expected) = (format!("{act:?}"), |was: &Seen| was.after(act, under_way));
    differences((name.as_str(), which), expected, before, after)
}

/// The same of a good card that has paid everything that was due on `which`.
pub(super) fn wrong_when_paid(
    which: &SubscriptionId,
    before: &[Seen],
    after: &[Seen],
) -> Vec<String> {
    differences(("paying", which), Seen::when_paid, before, after)
}

/// What became of `which` against what was expected. Of others nothing changes.
fn differences(
    (act, which): (&str, &SubscriptionId),
    expected: impl Fn(&Seen) -> Option<Seen>,
    before: &[Seen],
    after: &[Seen],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (was, is) in before.iter().zip(after) {
        let expected = if was.id == *which {
            expected(was)
        } else {
            Some(was.clone())
        };
        if expected.as_ref().is_some_and(|expected| expected != is) {
            wrong.push(format!(
                "{act} on {which} made {is:?} of {was:?}, not {expected:?}"
            ));
        }
    }
    wrong
}

/// What a renewal on `date` that a good card paid must not have made of a subscription: it stays as it
/// was, in the period that begins then.
pub(super) fn wrong_when_renewed(
    before: &Subscription,
    after: &Subscription,
    date: Timestamp,
) -> Option<String> {
    let (was, is, period) = (Seen::of(before), Seen::of(after), after.period);
    let is_next = period.start == date && period.end > date;
    (was != is || !is_next)
        .then(|| format!("renewing on {date} made {is:?} in {period:?} of {was:?}"))
}
