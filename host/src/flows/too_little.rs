//! A customer pays what is due, and it is less than the gateway charges: no charge is tried. A
//! method is chosen or set up instead, and with it the dues are carried to the next invoice.

use super::automatic::is_too_little;
use super::reactivation::{self, available};
use super::{Attempt, Choice, Error, Refused, charge, method_update};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::SubscriptionId;

/// What is done instead of a charge of the dues; none where they can be charged, or are not those
/// that were `agreed` to.
pub(super) async fn instead(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: &Choice,
    agreed: Option<&str>,
    return_url: Option<String>,
) -> Result<Option<Attempt>, Error> {
    if !applies(cx, scope, id, choice, agreed).await? {
        return Ok(None);
    }
    let ended = {
        let mut tx = cx.store.read().await?;
        let known = tx.subscription(scope, id).await?;
        known.is_none_or(|known| known.state.is_final())
    };
    if ended {
        // No invoice comes any more that could have it.
        return Err(Error::Refused(Refused::NothingDue));
    }
    let attempt = match choice {
        Choice::Saved(method) => method_update::choose(cx, scope, id, method.clone(), None).await?,
        Choice::New => method_update::set_up(cx, scope, id, return_url).await?,
    };
    Ok(Some(attempt))
}

/// Whether the dues that were `agreed` to are less than the gateway of the choice charges.
pub(super) async fn applies(
    cx: &Cx,
    scope: &Scope,
    id: &SubscriptionId,
    choice: &Choice,
    agreed: Option<&str>,
) -> Result<bool, Error> {
    let Some(quote) = reactivation::quote_as(cx, scope, id, agreed).await? else {
        return Ok(false);
    };
    if agreed.is_some_and(|agreed| agreed != quote.id) {
        return Ok(false);
    }
    let gateway = {
        let mut tx = cx.store.read().await?;
        let disputed = tx.dues_of(scope, id).await?.iter().any(|due| due.disputed);
        let method = match choice {
            Choice::Saved(method) => tx.method(scope, method).await?,
            Choice::New => None,
        };
        match method {
            _ if disputed => return Ok(false),
            Some(method) => method.gateway,
            None => charge::default_gateway(&available(cx, scope)?.1)?,
        }
    };
    Ok(is_too_little(cx, scope, &gateway, quote.totals.gross))
}
