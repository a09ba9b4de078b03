//! In which states a subscription was, and when, as its events tell.

use std::collections::BTreeMap;

use crate::records::Records;

/// The states from which nothing leads on.
const FINAL: [&str; 3] = ["cancelled", "expired", "failed"];

/// The life of one subscription.
#[derive(Debug, Default)]
pub(super) struct Course<'a> {
    /// Each event, oldest first.
    events: Vec<(i64, &'a str)>,
}

/// Of every subscription, by its id.
pub(super) fn courses(records: &Records) -> BTreeMap<&str, Course<'_>> {
    let mut courses: BTreeMap<&str, Course<'_>> = BTreeMap::new();
    for event in &records.events {
        if event.kind.starts_with("subscription.") {
            let course = courses.entry(&event.object).or_default();
            course.events.push((event.occurred_at, &event.kind));
        }
    }
    for course in courses.values_mut() {
        course.events.sort_unstable();
    }
    courses
}

impl Course<'_> {
    /// Whether it was in one of `states` all the time, both ends counted. What happened at the same
    /// moment as the step into it counts, too: which came first is not known.
    pub(super) fn stayed(&self, states: &[&str], from: i64, to: i64) -> bool {
        let entered = self.steps().filter(|(at, _)| *at <= from).last();
        let Some((since, _)) = entered else {
            return false;
        };
        let mut meanwhile = self.steps().filter(|(at, _)| (since..=to).contains(at));
        meanwhile.all(|(_, state)| states.contains(&state))
    }

    /// Whether nothing at all happened to it after `from` and until `to`.
    pub(super) fn rested(&self, from: i64, to: i64) -> bool {
        let mut events = self.events.iter();
        !events.any(|(at, _)| *at > from && *at <= to)
    }

    /// Whether it had not ended before `at`.
    pub(super) fn lived(&self, at: i64) -> bool {
        !self
            .steps()
            .any(|(ended, state)| ended < at && FINAL.contains(&state))
    }

    /// How often `kind` happened to it.
    pub(super) fn count(&self, kind: &str) -> usize {
        let events = self.events.iter();
        events.filter(|(_, told)| *told == kind).count()
    }

    /// How often it was paused when it was active, and not on the way back to a pause.
    pub(super) fn pauses(&self) -> usize {
        let states: Vec<&str> = self.steps().map(|(_, state)| state).collect();
        let pairs = states.windows(2);
        pairs.filter(|pair| *pair == ["active", "paused"]).count()
    }

    fn steps(&self) -> impl Iterator<Item = (i64, &'static str)> {
        let events = self.events.iter();
        events.filter_map(|(at, kind)| Some((*at, state_after(kind)?)))
    }
}

/// The state that an event leads to; none where it tells of something else.
fn state_after(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "subscription.active" | "subscription.unpaused" => "active",
        "subscription.past_due" => "past-due",
        "subscription.on_hold" => "on-hold",
        "subscription.paused" => "paused",
        "subscription.cancelled" => "cancelled",
        "subscription.expired" => "expired",
        "subscription.failed" => "failed",
        _ => return None,
    })
}
