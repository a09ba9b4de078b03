//! Dynamic links: the portal of one customer, once, within a day. Made by API, console or
//! command; the session they open is narrower than one by a login request.

use jiff::Timestamp;
use url::Url;

use super::limit;
use super::secret::{hash, signed, signed_before};
use super::session::{self, Client, Opening};
use super::sign_in::Entry;
use super::{Error, address, facts, return_url as returning};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::access::{PortalLink, SessionSource};
use crate::domain::email::Email;
use crate::domain::id::{CustomerId, LinkId};
use crate::store::{self, AccessMail, Tx, Work};

const PURPOSE: &str = "portal-link";

/// Makes a link for a customer. `made_by` is the API key, staff member or command that asked;
/// `return_url` is where the merchant wants the customer to go afterwards.
pub async fn create(
    cx: &Cx,
    scope: &Scope,
    customer: &CustomerId,
    return_url: Option<Url>,
    made_by: &str,
) -> Result<(LinkId, String), Error> {
    let mut tx = cx.store.begin().await?;
    let made = create_in(cx, &mut tx, scope, customer, return_url, made_by).await?;
    tx.commit().await?;
    Ok(made)
}

/// The same under an id that was chosen beforehand: whoever asks twice under it, even at the same
/// moment, has made one link.
pub async fn create_as(
    cx: &Cx,
    scope: &Scope,
    id: &LinkId,
    customer: &CustomerId,
    return_url: Option<Url>,
    made_by: &str,
) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    if tx.portal_link(scope, id).await?.is_some() {
        return Ok(());
    }
    let order = (id.clone(), return_url);
    match write(cx, &mut tx, scope, customer, order, made_by).await {
        Ok(_) => Ok(tx.commit().await?),
        Err(Error::Store(store::Error::Conflict(_))) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The same within a transaction.
pub async fn create_in(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    customer: &CustomerId,
    return_url: Option<Url>,
    made_by: &str,
) -> Result<(LinkId, String), Error> {
    let order = (cx.new_id(), return_url);
    write(cx, tx, scope, customer, order, made_by).await
}

async fn write(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    customer: &CustomerId,
    (id, return_url): (LinkId, Option<Url>),
    made_by: &str,
) -> Result<(LinkId, String), Error> {
    let now = cx.now();
    let settings = cx.settings.load();
    if let Some(url) = &return_url {
        returning::check(&settings, scope, url).map_err(|problem| Error::Invalid {
            field: "return_url",
            problem: problem.to_owned(),
        })?;
    }
    tx.customer(scope, customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let lifetime = settings.login.dynamic_link_lifetime;
    let token = signed(cx, PURPOSE, id.as_str());
    let link = PortalLink {
        id,
        token_hash: hash(&token),
        scope: scope.clone(),
        customer: customer.clone(),
        return_url: return_url.map(Into::into),
        made_by: made_by.to_owned(),
        made_at: now,
        expires_at: now
            .saturating_add(lifetime)
            .expect("durations of days stay in range"),
        used: None,
        ended_at: None,
    };
    tx.insert_portal_link(&link).await?;
    let after = serde_json::json!({ "customer": customer.as_str() });
    facts::audit(
        cx,
        tx,
        scope,
        "portal_link.create",
        link.id.as_str(),
        None,
        Some(after),
    )
    .await?;
    Ok((link.id, token))
}

/// The token of a link: a repeat of the call that made it answers the same one, also when the
/// host has a newer key since.
pub fn token(cx: &Cx, link: &PortalLink) -> String {
    signed_before(cx, PURPOSE, link.id.as_str(), &link.token_hash)
}

/// The address that a token opens.
pub fn url(cx: &Cx, scope: &Scope, token: &str) -> String {
    address::portal(cx, scope, &format!("/link/{token}"))
}

/// The address that a link of this id opens.
pub async fn url_of(cx: &Cx, scope: &Scope, link: &LinkId) -> Result<String, Error> {
    let mut tx = cx.store.read().await?;
    let link = tx.portal_link(scope, link).await?;
    let link = link.ok_or(Error::NotFound("link"))?;
    Ok(url(cx, scope, &token(cx, &link)))
}

/// Orders the mail with a link to its customer; answers false when one was sent a moment ago.
pub async fn send(cx: &Cx, scope: &Scope, link: &LinkId) -> Result<bool, Error> {
    let mut tx = cx.store.begin().await?;
    let sent = send_in(cx, &mut tx, scope, link).await?;
    tx.commit().await?;
    Ok(sent)
}

/// The same within a transaction.
pub async fn send_in(cx: &Cx, tx: &mut Tx, scope: &Scope, link: &LinkId) -> Result<bool, Error> {
    let found = tx
        .portal_link(scope, link)
        .await?
        .ok_or(Error::NotFound("link"))?;
    let interval = cx.settings.load().login.send_email_interval;
    let since = cx.now().saturating_sub(interval).unwrap_or(Timestamp::MIN);
    let subject = format!("portal-link:{}", found.customer);
    if !limit::once_since(cx, tx, &subject, since).await? {
        return Ok(false);
    }
    let mail = AccessMail::PortalLink { link: link.clone() };
    cx.order(tx, scope, &Work::Access(mail)).await?;
    facts::audit(cx, tx, scope, "portal_link.send", link.as_str(), None, None).await?;
    Ok(true)
}

/// Orders the mail that tells a customer of the portal, with the static link. One that is asked for
/// again a moment later, such as by a page that is loaded again, is the same.
pub async fn invite(cx: &Cx, scope: &Scope, customer: &CustomerId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    tx.customer(scope, customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let interval = cx.settings.load().login.send_email_interval;
    let since = cx.now().saturating_sub(interval).unwrap_or(Timestamp::MIN);
    if !limit::once_since(cx, &mut tx, &format!("invitation:{customer}"), since).await? {
        return Ok(());
    }
    let nonce: LinkId = cx.new_id();
    let mail = AccessMail::Invitation {
        customer: customer.clone(),
        nonce: nonce.into(),
    };
    cx.order(&mut tx, scope, &Work::Access(mail)).await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "customer.invite",
        customer.as_str(),
        None,
        None,
    )
    .await?;
    Ok(tx.commit().await?)
}

/// The link behind a token that can still be used here. Changes nothing.
pub async fn look(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    token: &str,
    browser: &str,
) -> Result<Option<PortalLink>, Error> {
    let found = tx.portal_link_by_token(scope, &hash(token)).await?;
    Ok(found.filter(|link| is_open(cx, link, browser)))
}

/// Uses a link.
pub async fn enter(cx: &Cx, scope: &Scope, client: &Client, token: &str) -> Result<Entry, Error> {
    let browser_hash = hash(&client.browser);
    let mut tx = cx.store.begin().await?;
    let Some(link) = look(cx, &mut tx, scope, token, &client.browser).await? else {
        return Ok(Entry::Gone);
    };
    // Somebody may have used or ended it meanwhile, or this browser's first press is still
    // under way.
    let link = tx.lock_portal_link(scope, &link.id).await?;
    let Some(link) = link.filter(|link| is_open(cx, link, &client.browser)) else {
        return Ok(Entry::Gone);
    };
    tx.use_portal_link(scope, &link.id, cx.now(), &browser_hash)
        .await?;
    let Some(customer) = tx.customer(scope, &link.customer).await? else {
        return Ok(Entry::Gone);
    };
    let opening = Opening {
        customer: Some(customer.id),
        email_folded: customer.email.folded(),
        source: SessionSource::Link,
        made_by: Some(link.made_by),
        return_url: link.return_url,
    };
    let opened = session::open(cx, &mut tx, scope, client, opening).await?;
    let after = serde_json::json!({ "session": opened.session.id.as_str() });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "portal_link.use",
        link.id.as_str(),
        None,
        Some(after),
    )
    .await?;
    tx.commit().await?;
    Ok(Entry::Opened(Box::new(opened), None))
}

/// The address of the customer that a link, open or not, was made for.
pub(super) async fn address_on_file(
    tx: &mut Tx,
    scope: &Scope,
    token: &str,
) -> Result<Option<Email>, Error> {
    let Some(link) = tx.portal_link_by_token(scope, &hash(token)).await? else {
        return Ok(None);
    };
    Ok(tx
        .customer(scope, &link.customer)
        .await?
        .map(|customer| customer.email))
}

fn is_open(cx: &Cx, link: &PortalLink, browser: &str) -> bool {
    let now = cx.now();
    let same_press = cx.settings.load().login.same_press;
    let unused = link
        .used
        .as_ref()
        .is_none_or(|(at, by)| *by == hash(browser) && now.duration_since(*at) < same_press);
    unused && link.ended_at.is_none() && now < link.expires_at
}
