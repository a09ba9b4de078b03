//! Changing a customer's address: asked for in a fresh session, done when the new address has
//! proven itself; the old one is told, and every other session, link and code ends.

use super::limit::{self, Cause, Side};
use super::secret::{hash, signed, signed_before};
use super::session::Client;
use super::{Error, Refused, address, facts, session};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::access::{Session, SessionSource};
use crate::domain::customer::Customer;
use crate::domain::email::Email;
use crate::domain::id::LinkId;
use crate::store::{AccessMail, EmailChange, Tx, Work};

const PURPOSE: &str = "email-change";

/// Why a change cannot be asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurdle {
    /// The business does not let customers do it.
    NotOffered,
    /// The session must be younger, and opened by a link or code that was mailed.
    SignInAgain,
}

/// What stands in the way of a change in this session, if anything does.
pub fn hurdle(cx: &Cx, session: &Session) -> Option<Hurdle> {
    let settings = cx.settings.load();
    let business = settings.businesses.get(&session.scope.business);
    if !business.is_some_and(|business| business.allow.change_email) {
        return Some(Hurdle::NotOffered);
    }
    let fresh = session.is_fresh(cx.now(), settings.login.fresh_sign_in);
    let mailed = session.source == SessionSource::Request;
    (!fresh || !mailed).then_some(Hurdle::SignInAgain)
}

/// Asks the new address to prove itself, and notes which browser wants it. Answers the same when a limit is reached.
pub async fn ask(
    cx: &Cx,
    session: &Session,
    customer: &Customer,
    client: &Client,
    new_email: Email,
    locale: String,
) -> Result<(), Error> {
    if hurdle(cx, session).is_some() {
        return Err(Error::Refused(Refused::NotOffered));
    }
    let (scope, now) = (&session.scope, cx.now());
    let mut tx = cx.store.begin().await?;
    let cause = Cause {
        side: Side::Portal,
        email_folded: &new_email.folded(),
        network: &client.network,
        known: None,
    };
    if !limit::allow_mail(cx, &mut tx, &cause).await? {
        return Ok(());
    }
    let lifetime = cx.settings.load().login.request_lifetime;
    let id: LinkId = cx.new_id();
    let change = EmailChange {
        token_hash: hash(&signed(cx, PURPOSE, id.as_str())),
        id,
        scope: scope.clone(),
        customer: customer.id.clone(),
        session: session.id.clone(),
        old_email: customer.email.clone(),
        new_email,
        locale,
        network: client.network.clone(),
        agent: client.agent.clone(),
        asked_at: now,
        expires_at: now
            .saturating_add(lifetime)
            .expect("durations of days stay in range"),
        confirmed_at: None,
        ended_at: None,
    };
    // The newest question is the one that counts.
    tx.end_email_changes_of(scope, &customer.id, now).await?;
    tx.insert_email_change(&change).await?;
    let mail = AccessMail::EmailConfirmation {
        change: change.id.clone(),
    };
    cx.order(&mut tx, scope, &Work::Access(mail)).await?;
    let after = serde_json::json!({ "change": change.id.as_str() });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "customer.ask_email",
        customer.id.as_str(),
        None,
        Some(after),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// The address that proves the new one.
pub fn url(cx: &Cx, change: &EmailChange) -> String {
    let token = signed_before(cx, PURPOSE, change.id.as_str(), &change.token_hash);
    address::portal(cx, &change.scope, &format!("/email/{token}"))
}

/// The change behind a token that can still be confirmed. Changes nothing.
pub async fn look(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    token: &str,
) -> Result<Option<EmailChange>, Error> {
    let found = tx.email_change_by_token(scope, &hash(token)).await?;
    Ok(found.filter(|change| {
        change.confirmed_at.is_none() && change.ended_at.is_none() && cx.now() < change.expires_at
    }))
}

/// Changes the address; answers false when it is too late. The session that asked for it has
/// proven the old address and nothing of the new one: it stays with its one customer.
pub async fn confirm(cx: &Cx, scope: &Scope, token: &str) -> Result<bool, Error> {
    let mut tx = cx.store.begin().await?;
    let Some(change) = look(cx, &mut tx, scope, token).await? else {
        return Ok(false);
    };
    let customer = tx.customer(scope, &change.customer).await?;
    let Some(mut customer) = customer.filter(|customer| customer.email == change.old_email) else {
        return Ok(false);
    };
    if !tx.confirm_email_change(scope, &change.id, cx.now()).await? {
        return Ok(false);
    }
    session::end_all(cx, &mut tx, &customer, Some(&change.session)).await?;
    customer.email = change.new_email.clone();
    customer.updated_at = cx.business_now(&mut tx, scope).await?;
    tx.save_customer(&customer).await?;
    let mail = AccessMail::EmailChanged {
        change: change.id.clone(),
    };
    cx.order(&mut tx, scope, &Work::Access(mail)).await?;
    let after = serde_json::json!({ "change": change.id.as_str() });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "customer.change_email",
        customer.id.as_str(),
        None,
        Some(after),
    )
    .await?;
    tx.commit().await?;
    Ok(true)
}
