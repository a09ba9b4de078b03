//! Asking for what a renewal could not take: from the failure until it is paid, or no longer
//! asked for. The dates of retries and mails count from the failure, in business time.

use jiff::{SignedDuration, Timestamp};

use super::Scope;
use super::id::{CustomerId, DunningId, PaymentId, SubscriptionId};
use super::payment::Advice;
use super::text_enum;

text_enum! {
    /// How far the asking has come.
    pub enum DunningState {
        /// Retries or mails are still to come.
        Recovering = "recovering",
        /// None are left; the customer can still pay.
        Exhausted = "exhausted",
        /// It was paid. Final.
        Recovered = "recovered",
        /// The subscription ended, or what is owed is disputed. Final.
        Stopped = "stopped",
    }
}

text_enum! {
    /// What the failure did to the subscription.
    pub enum DunningTrigger {
        /// It was put on hold.
        OnHold = "on-hold",
        /// It keeps its access for a grace.
        PastDue = "past-due",
    }
}

/// The asking that one failure caused.
#[derive(Clone, Debug)]
pub struct Dunning {
    /// Identity.
    pub id: DunningId,
    /// Business and mode.
    pub scope: Scope,
    /// Who owes.
    pub customer: CustomerId,
    /// What for.
    pub subscription: SubscriptionId,
    /// The payment that failed; none when there was nothing to charge.
    pub payment: Option<PaymentId>,
    /// What the failure did.
    pub trigger: DunningTrigger,
    /// How far it has come.
    pub state: DunningState,
    /// When the method of the subscription is charged again (business time), if its last
    /// answer allows that; none when no retry is left.
    pub next_retry_at: Option<Timestamp>,
    /// When it failed (business time); dates count from it.
    pub failed_at: Timestamp,
    /// When it was paid, or ended otherwise (business time).
    pub ended_at: Option<Timestamp>,
}

/// The first date of a schedule that lies after `now`. `days` count from `start` and ascend.
pub fn next_date(days: &[SignedDuration], start: Timestamp, now: Timestamp) -> Option<Timestamp> {
    days.iter()
        .filter_map(|after| start.checked_add(*after).ok())
        .find(|at| *at > now)
}

/// How many dates of a schedule have come at `now`.
pub fn dates_passed(days: &[SignedDuration], start: Timestamp, now: Timestamp) -> usize {
    days.iter()
        .filter_map(|after| start.checked_add(*after).ok())
        .take_while(|at| *at <= now)
        .count()
}

/// Whether a method may be charged again without its customer, after what its last decline for
/// the same debts advised; none when it was not tried for them yet.
pub const fn may_retry(last: Option<Advice>) -> bool {
    match last {
        None | Some(Advice::Later) => true,
        Some(Advice::Never | Advice::NewMethod | Advice::Authenticate) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        let start = Timestamp::from_second(1_800_000_000).expect("in range");
        start + SignedDuration::from_hours(24 * n)
    }

    #[test]
    fn a_schedule_goes_on_with_the_first_date_that_has_not_come() {
        let days = [1, 3, 7].map(|n| SignedDuration::from_hours(24 * n));
        for (now, next, passed) in [
            (0, Some(1), 0),
            (1, Some(3), 1),
            (2, Some(3), 1),
            (6, Some(7), 2),
            (7, None, 3),
            (100, None, 3),
        ] {
            assert_eq!(next_date(&days, day(0), day(now)), next.map(day), "{now}");
            assert_eq!(dates_passed(&days, day(0), day(now)), passed, "{now}");
        }
        assert_eq!(next_date(&[], day(0), day(0)), None);
    }

    #[test]
    fn only_a_decline_that_may_pass_is_retried() {
        let allowed = Advice::ALL
            .iter()
            .filter(|advice| may_retry(Some(**advice)));
        assert_eq!(allowed.collect::<Vec<_>>(), [&Advice::Later]);
        assert!(may_retry(None), "a method that was not tried yet");
    }
}
