//! A step of a round: what it may be said to have changed.

use super::*;
use crate::domain::id::{Id as _, PaymentId, SetupId};
use jiff::Timestamp;

#[test]
fn a_step_is_changed_only_where_a_method_is_in_use_and_waits_while_one_is_asked_for() {
    let at = Timestamp::UNIX_EPOCH;
    let (payment, setup) = (PaymentId::derived(at, &["1"]), SetupId::derived(at, &["1"]));
    let tried = became(&AttemptOf::Payment(payment));
    assert_eq!(tried, Some(StepOutcome::Tried));
    assert_eq!(became(&AttemptOf::Nothing), Some(StepOutcome::Changed));
    assert_eq!(became(&AttemptOf::Setup(setup)), None, "it waits");
}
