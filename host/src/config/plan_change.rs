//! `[plan_change]` of a business: between which plans its customers may switch by themselves, and
//! how a switch is billed.

use serde::Deserialize;

use crate::domain::id::{AddonId, ProductId};
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
    /// The most that a customer may have of a product of a group; none lets the number be.
    pub quantity_up_to: Option<u32>,
    /// Add-ons that customers may take, change and drop with a product of a group.
    pub addons: Vec<AddonId>,
    /// Whether customers may redeem a discount code with a change.
    pub codes: bool,
}

impl Default for PlanChanges {
    fn default() -> Self {
        Self {
            mode: Mode::Prorated,
            groups: Vec::new(),
            quantity_up_to: None,
            addons: Vec::new(),
            codes: false,
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

    /// The products that a customer of `product` may choose: the others, and before them the same
    /// one where there is something else about it to choose.
    pub fn choices(&self, product: &ProductId) -> Vec<ProductId> {
        let chooses = self.quantity_up_to.is_some() || !self.addons.is_empty() || self.codes;
        let is_grouped = self.groups.iter().any(|group| group.contains(product));
        let same = (chooses && is_grouped).then(|| product.clone());
        same.into_iter().chain(self.others(product)).collect()
    }

    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        if self.mode == Mode::DoNotBill {
            problems.push(source.problem(
                "plan_change.mode",
                "lets customers have a dearer plan for nothing",
                "Write \"prorated_immediately\", \"difference_immediately\" or \"full_immediately\".",
            ));
        }
        if self.quantity_up_to == Some(0) {
            problems.push(source.problem(
                "plan_change.quantity_up_to",
                "leaves nothing to have",
                "Write 1 or more, or leave it out.",
            ));
        }
    }
}
