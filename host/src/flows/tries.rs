//! How often a method may be tried: card networks fine whoever charges a declined card again
//! and again, and a bank that said never means it.

use jiff::{SignedDuration, Timestamp};

use super::{Error, Refused};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::MethodId;
use crate::store::Tx;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Whether a method may be charged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    /// It may.
    Free,
    /// Not now: tries without an answer yet may use up what is left.
    Busy,
    /// It was declined too often of late.
    UsedUp,
    /// Its bank said never, or it is gone.
    Refused,
}

/// Whether `method` may be charged at `now` (business time). Until the transaction ends nobody
/// else counts its tries: processes do it one after the other.
pub(super) async fn allowance(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    method: &MethodId,
    now: Timestamp,
) -> Result<Allowance, Error> {
    let locked = tx.lock_method(scope, method).await?;
    if locked.is_none_or(|method| method.refused_at.is_some()) {
        return Ok(Allowance::Refused);
    }
    let limits = {
        let settings = cx.settings.load();
        let billing = &settings.billing;
        [
            (DAY, billing.tries_a_day),
            (MONTH, billing.tries_in_30_days),
        ]
    };
    let mut answer = Allowance::Free;
    for (window, most) in limits {
        let since = now.checked_sub(window).unwrap_or(Timestamp::MIN);
        let tries = tx.tries_with(scope, method, since).await?;
        if tries.declined >= i64::from(most) {
            return Ok(Allowance::UsedUp);
        }
        if tries.declined + tries.unanswered >= i64::from(most) {
            answer = Allowance::Busy;
        }
    }
    Ok(answer)
}

/// Refuses to charge a method that may not be charged now.
pub(super) async fn check(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    method: &MethodId,
    now: Timestamp,
) -> Result<(), Error> {
    match allowance(cx, tx, scope, method, now).await? {
        Allowance::Free => Ok(()),
        Allowance::Busy | Allowance::UsedUp => Err(Error::Refused(Refused::TooManyTries)),
        Allowance::Refused => Err(Error::Refused(Refused::MethodUnusable)),
    }
}
