//! What operators and merchants do to the host itself: rules that change while money is under way,
//! and the test clock.

use jiff::SignedDuration;
use vestibule::config::{DuesAtCancel, OnReversal};
use vestibule::domain::quote::ReactivationAnchor;
use vestibule::flows::test_clock;

use super::actions::Rule;
use super::town::{Town, allowed};

/// How many minutes a clock that waits for something is given until it is left on its way.
const LOOKS: u32 = 30;

impl Town<'_> {
    pub(super) fn decree(&self, rule: Rule) {
        self.world.rules(|rules| match rule {
            Rule::Grace(days) => rules.grace = SignedDuration::from_hours(24 * days),
            Rule::Lend(yes) => rules.access_while_processing = yes,
            Rule::KeepDues(yes) => {
                rules.dues_at_cancel = if yes {
                    DuesAtCancel::Keep
                } else {
                    DuesAtCancel::WriteOff
                };
            }
            Rule::KeepDates(yes) => {
                rules.reactivation_anchor = if yes {
                    ReactivationAnchor::Keep
                } else {
                    ReactivationAnchor::Payment
                };
            }
            Rule::EndOnReversal(yes) => {
                rules.on_reversal = if yes {
                    OnReversal::Cancel
                } else {
                    OnReversal::Hold
                };
            }
        });
    }

    /// The test clock moves, and everything happens in its order. Where a bank has to decide first,
    /// the clock stays on its way.
    pub(super) async fn rehearse(&self, days: i64) {
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let clock = test_clock::read(cx, scope).await.unwrap();
        let days = SignedDuration::from_hours(24 * days);
        let target = clock.target.unwrap_or(clock.now) + days;
        allowed(test_clock::advance(cx, scope, target).await);
        for _ in 0..LOOKS {
            self.work().await;
            let clock = test_clock::read(cx, scope).await.unwrap();
            if clock.target.is_none() {
                break;
            }
            // It waits for a payment, which is asked for as host time passes.
            cx.clock.advance(SignedDuration::from_mins(1));
        }
    }
}
