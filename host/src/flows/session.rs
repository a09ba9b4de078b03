//! Sessions of customers: opening one at a sign-in, using it, ending it.

use super::facts;
use super::secret::{fresh, hash, keyed_hash};
use super::{Error, Refused};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::access::{Session, SessionSource};
use crate::domain::customer::Customer;
use crate::domain::id::{CustomerId, SessionId};
use crate::store::{self, Entrance, Tx};

/// The purpose under which addresses are hashed where they only have to be recognised.
pub(super) const ADDRESS: &str = "address";

/// The browser that signs in.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its network, masked.
    pub network: String,
    /// What it calls itself.
    pub agent: String,
    /// The secret in its cookie for browsers that are not signed in.
    pub browser: String,
    /// The secret by which it is known from an earlier sign-in.
    pub known: Option<String>,
    /// The session it holds; a new one takes its place.
    pub session: Option<SessionId>,
}

/// What a browser gets at a sign-in: the secrets for its cookies.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The session.
    pub session: Session,
    /// The session's token.
    pub token: String,
    /// By this the browser is known from now on.
    pub known: String,
}

/// What a session is opened with.
pub(super) struct Opening {
    pub(super) customer: Option<CustomerId>,
    pub(super) email_folded: String,
    pub(super) source: SessionSource,
    pub(super) made_by: Option<String>,
    pub(super) return_url: Option<String>,
}

/// Opens a session with an id of its own and ends the one that the browser held.
pub(super) async fn open(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    client: &Client,
    opening: Opening,
) -> store::Result<Opened> {
    let now = cx.now();
    let absolute = cx.settings.load().login.session_absolute;
    let session = Session {
        id: cx.new_id(),
        scope: scope.clone(),
        customer: opening.customer,
        email_folded: opening.email_folded,
        source: opening.source,
        made_by: opening.made_by,
        return_url: opening.return_url,
        network: client.network.clone(),
        agent: client.agent.clone(),
        signed_in_at: now,
        last_used_at: now,
        ends_at: now
            .saturating_add(absolute)
            .expect("durations of days stay in range"),
    };
    let token = fresh();
    tx.insert_session(&session, &hash(&token)).await?;
    if let Some(before) = &client.session {
        tx.end_session(scope, before, now).await?;
    }
    let known = client.known.clone().unwrap_or_else(fresh);
    let address = keyed_hash(cx, ADDRESS, &session.email_folded);
    tx.remember_browser(scope, &hash(&known), &address, now)
        .await?;
    let after = serde_json::json!({ "by": session.source.as_str(), "made_by": session.made_by });
    facts::audit(
        cx,
        tx,
        scope,
        "session.open",
        session.id.as_str(),
        None,
        Some(after),
    )
    .await?;
    Ok(Opened {
        session,
        token,
        known,
    })
}

/// The live session that a token stands for.
pub async fn find(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    token: &str,
) -> Result<Option<Session>, Error> {
    let idle = cx.settings.load().login.session_idle;
    let found = tx.session_by_token(scope, &hash(token)).await?;
    Ok(found.filter(|session| session.is_live(cx.now(), idle)))
}

/// The same, with whom it acts for.
pub async fn entrance(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    token: &str,
) -> Result<Option<Entrance>, Error> {
    let idle = cx.settings.load().login.session_idle;
    let found = tx.entrance(scope, &hash(token)).await?;
    Ok(found.filter(|found| found.session.is_live(cx.now(), idle)))
}

/// Whether the last use of `session` has to be written down again.
pub fn wants_touch(cx: &Cx, session: &Session) -> bool {
    cx.now().duration_since(session.last_used_at) >= cx.settings.load().login.session_touch
}

/// Writes down that a session was used.
pub async fn touch(cx: &Cx, session: &Session) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    tx.touch_session(&session.scope, &session.id, cx.now())
        .await?;
    Ok(tx.commit().await?)
}

/// Signs out.
pub async fn end(cx: &Cx, session: &Session) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    if tx
        .end_session(&session.scope, &session.id, cx.now())
        .await?
    {
        facts::audit(
            cx,
            &mut tx,
            &session.scope,
            "session.end",
            session.id.as_str(),
            None,
            None,
        )
        .await?;
    }
    Ok(tx.commit().await?)
}

/// The customers that a session may act for: those of the address that was proven, and the one it
/// acts for, whose address may be another by now.
pub async fn accounts(tx: &mut Tx, session: &Session) -> Result<Vec<Customer>, Error> {
    let scope = &session.scope;
    match (session.source, &session.customer) {
        (SessionSource::Request, _) => {
            let email = session
                .email_folded
                .parse()
                .map_err(|_| Error::NotFound("customer"))?;
            let mut customers = tx.customers_by_email(scope, &email).await?;
            if let Some(own) = &session.customer
                && !customers.iter().any(|customer| customer.id == *own)
            {
                customers.extend(tx.customer(scope, own).await?);
            }
            Ok(customers)
        }
        (SessionSource::Link, Some(customer)) => {
            Ok(tx.customer(scope, customer).await?.into_iter().collect())
        }
        (SessionSource::Link, None) => Ok(Vec::new()),
    }
}

/// Chooses one of several customers of the address.
pub async fn choose(cx: &Cx, session: &Session, customer: &CustomerId) -> Result<(), Error> {
    if session.source == SessionSource::Link {
        return Err(Error::Refused(Refused::State));
    }
    let scope = &session.scope;
    let mut tx = cx.store.begin().await?;
    let accounts = accounts(&mut tx, session).await?;
    if !accounts.iter().any(|account| account.id == *customer) {
        return Err(Error::NotFound("customer"));
    }
    tx.choose_customer(scope, &session.id, customer).await?;
    let after = serde_json::json!({ "customer": customer.as_str() });
    facts::audit(
        cx,
        &mut tx,
        scope,
        "session.choose",
        session.id.as_str(),
        None,
        Some(after),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Ends every session, link and login request of a customer whose address was or is about to be
/// replaced, but for one session. Sessions come last: a sign-in that holds the row of its link or
/// request is waited for there, and the session that it has opened is among them.
pub(crate) async fn end_all(
    cx: &Cx,
    tx: &mut Tx,
    customer: &Customer,
    except: Option<&SessionId>,
) -> store::Result<()> {
    let (scope, now) = (&customer.scope, cx.now());
    let folded = customer.email.folded();
    tx.end_links_of(scope, &customer.id, now).await?;
    tx.end_email_changes_of(scope, &customer.id, now).await?;
    tx.end_login_requests_of(scope, &folded, now).await?;
    tx.end_sessions_of(scope, &customer.id, &folded, except, now)
        .await
}

/// Deletes what has run out: sessions, requests, links, counts, mails of test mode.
pub async fn clean_up(cx: &Cx) -> Result<(), Error> {
    let now = cx.now();
    let before = |age| now.saturating_sub(age).unwrap_or(now);
    let settings = cx.settings.load_full();
    let login = &settings.login;
    let counted = login.mail_window.max(login.request_lifetime);
    let counted = counted.max(login.send_email_interval);
    let mut tx = cx.store.begin().await?;
    tx.forget_sessions(before(login.keep_ended), before(login.known_browser))
        .await?;
    tx.forget_login_requests(before(login.keep_requests))
        .await?;
    tx.forget_links(before(login.keep_ended)).await?;
    tx.forget_email_changes(before(login.keep_ended)).await?;
    tx.forget_staff_requests(before(login.keep_requests))
        .await?;
    tx.forget_staff_sessions(before(login.keep_ended)).await?;
    tx.forget_limit_uses(before(counted)).await?;
    tx.forget_test_mails(before(settings.mail.keep_test_mails))
        .await?;
    Ok(tx.commit().await?)
}
