//! The hosts of portals' own, kept so that a process which starts after the file of a business
//! went away still knows whose they were.

use url::Url;

use super::Error;
use crate::cx::Cx;
use crate::domain::{Mode, Scope};

/// Keeps the hosts that portals have now, and answers those of businesses that have no file, as
/// they were last. Changes nothing where nothing is new, and may be called at any time.
pub async fn remember(cx: &Cx) -> Result<Vec<(Url, Scope)>, Error> {
    let settings = cx.settings.load_full();
    let known = cx.store.read().await?.portal_hosts().await?;
    let mut lost = Vec::new();
    let mut given_up = Vec::new();
    for (scope, url) in &known {
        match settings.scope(scope) {
            None => lost.push((url.clone(), scope.clone())),
            Some(mode) if mode.host.is_none() => given_up.push(scope),
            Some(_) => {}
        }
    }
    let businesses = settings.businesses.values();
    let has = businesses.flat_map(|business| {
        [Mode::Live, Mode::Test].into_iter().filter_map(|mode| {
            let url = business.mode(mode).host.clone()?;
            Some((Scope::new(business.id.clone(), mode), url))
        })
    });
    let new: Vec<_> = has.filter(|host| !known.contains(host)).collect();
    if new.is_empty() && given_up.is_empty() {
        return Ok(lost);
    }
    let mut tx = cx.store.begin().await?;
    for (scope, url) in &new {
        tx.keep_portal_host(scope, url).await?;
    }
    for scope in given_up {
        tx.forget_portal_host(scope).await?;
    }
    tx.commit().await?;
    Ok(lost)
}
