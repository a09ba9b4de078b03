//! Whether codes were used as often as they say, and no more often than they may be.

use super::Evidence;
use crate::findings::Findings;

/// A code's count is the count of its uses, within its limit.
pub(super) fn codes(evidence: &Evidence, found: &mut Findings) {
    for code in &evidence.records.discounts {
        found.uses += code.uses;
        let too_often = code.usage_limit.is_some_and(|limit| code.uses > limit);
        if too_often || code.uses != code.times_used {
            found.codes.push(format!(
                "{} was used {} times, counts {} and may be used {:?} times",
                code.code, code.uses, code.times_used, code.usage_limit
            ));
        }
    }
}
