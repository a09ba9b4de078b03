//! `[plan_change]` of a business: between which plans its customers may switch by themselves, and
//! how a switch is billed.

use serde::Deserialize;

use crate::domain::id::ProductId;
use crate::domain::proration::Mode;

use super::problem::Problem;
use super::source::Source;

/// Between which plans customers may switch. Obeyed where `allow.plan_change` lets them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanChanges {
    /// How a switch is billed.
    pub mode: Mode,
    /// Products in groups: from each, a customer may switch to the others.
    pub groups: Vec<Vec<ProductId>>,
}

impl Default for PlanChanges {
    fn default() -> Self {
        Self {
            mode: Mode::Prorated,
            groups: Vec::new(),
        }
    }
}

impl PlanChanges {
    /// The products that a customer of `product` may switch to.
    pub fn others(&self, product: &ProductId) -> Vec<ProductId> {
        let with_it = self.groups.iter().filter(|group| group.contains(product));
        let mut others: Vec<ProductId> = Vec::new();
        for other in with_it.flatten() {
            if other != product && !others.contains(other) {
                others.push(other.clone());
            }
        }
        others
    }

    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        if self.mode == Mode::DoNotBill {
            problems.push(source.problem(
                "plan_change.mode",
                "lets customers have a dearer plan for nothing",
                "Write \"prorated_immediately\", \"difference_immediately\" or \"full_immediately\".",
            ));
        }
    }
}
