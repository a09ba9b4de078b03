//! What an event did to a state.

/// The answer of every machine's `apply`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition<State> {
    /// The state moved; the new state is to be written.
    Moved(State),
    /// A duplicate: the fact was known already. Normal, nothing to write.
    Unchanged,
    /// Stale or impossible here; the state stays. Normal for late news.
    Refused(Refusal),
}

/// Why an event was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Money that moved leaves only through refunds and reversals.
    Settled,
    /// The news is older than what is known.
    Stale,
    /// The thing has ended for good.
    Ended,
    /// The event makes no sense in this state.
    NotAllowed,
}
