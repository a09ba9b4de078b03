//! Staff: making the first member, signing in to the console by a mailed link, sessions.

use std::collections::BTreeMap;

use super::limit::{self, Asking, Cause, Side};
use super::secret::{fresh, hash, keyed_hash};
use super::session::{ADDRESS, Client};
use super::{Error, address, facts};
use crate::cx::{Actor, Cx};
use crate::domain::access::{Role, Staff, StaffSession};
use crate::domain::email::Email;
use crate::domain::id::{BusinessId, LoginRequestId};
use crate::domain::{Mode, Scope};
use crate::store::{StaffRequest, Tx, Work};

/// What a member of staff gets at a sign-in.
#[derive(Debug)]
pub struct Opened {
    /// The session.
    pub session: StaffSession,
    /// The session's token.
    pub token: String,
    /// By this the browser is known from now on.
    pub known: String,
}

/// The link that answers a request, to be mailed in the same run.
#[derive(Debug)]
pub struct Answer {
    /// To whom.
    pub email: Email,
    /// The complete link.
    pub link: String,
    /// The language of the mail.
    pub locale: String,
}

/// Where rows stand that belong to no business: staff signing in and the work for it. No business
/// can have this id.
pub fn host_scope() -> Scope {
    Scope::new(BusinessId::of_host(), Mode::Live)
}

/// The command: makes the member of staff if there is none with this address, as manager of every
/// business that has a file, and answers a link to the console. Whoever is there already keeps
/// the roles they have.
pub async fn first_link(cx: &Cx, email: &Email, name: &str) -> Result<String, Error> {
    let businesses: Vec<BusinessId> = cx.settings.load().businesses.keys().cloned().collect();
    let mut tx = cx.store.begin().await?;
    let staff = match tx.staff_by_email(email).await? {
        Some(staff) => staff,
        None => {
            let staff = Staff {
                id: cx.new_id(),
                email: email.clone(),
                name: name.to_owned(),
                roles: businesses
                    .into_iter()
                    .map(|business| (business, Role::Manager))
                    .collect(),
            };
            tx.insert_staff(&staff, cx.now()).await?;
            let roles: BTreeMap<&str, &str> = staff
                .roles
                .iter()
                .map(|(business, role)| (business.as_str(), role.as_str()))
                .collect();
            let after = serde_json::json!({ "roles": roles });
            facts::audit(
                cx,
                &mut tx,
                &host_scope(),
                "staff.create",
                staff.id.as_str(),
                None,
                Some(after),
            )
            .await?;
            staff
        }
    };
    let request = request(cx, email, None, "host", "en");
    let token = fresh();
    tx.insert_staff_request(&request).await?;
    tx.answer_staff_request(&request.id, cx.now(), &hash(&token))
        .await?;
    facts::audit(
        cx,
        &mut tx,
        &host_scope(),
        "staff.first_link",
        staff.id.as_str(),
        None,
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(url(cx, &token))
}

/// The command: gives a member of staff a role at a business, in place of the one they had there.
pub async fn give_role(
    cx: &Cx,
    email: &Email,
    business: &BusinessId,
    role: Role,
) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    let staff = tx.staff_by_email(email).await?;
    let staff = staff.ok_or(Error::NotFound("member of staff"))?;
    tx.give_role(&staff.id, business, role).await?;
    let had = staff.role(business).map(Role::as_str);
    facts::audit(
        cx,
        &mut tx,
        &host_scope(),
        "staff.role",
        staff.id.as_str(),
        Some(serde_json::json!({ "business": business.as_str(), "role": had })),
        Some(serde_json::json!({ "business": business.as_str(), "role": role.as_str() })),
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Notes that somebody wants to sign in, and orders the answer; the same for any address. Nothing
/// happens when this browser or its network has asked too often.
pub async fn ask(cx: &Cx, client: &Client, email: &Email, locale: &str) -> Result<(), Error> {
    let known_hash = client.known.as_deref().map(hash);
    let request = request(cx, email, known_hash, &client.network, locale);
    let work = Work::AnswerStaffLogin {
        request: request.id.clone(),
    };
    let mut tx = cx.store.begin().await?;
    let asking = Asking {
        side: Side::Console,
        browser_hash: &hash(&client.browser),
        network: &client.network,
        known: known(cx, &mut tx, &request).await?,
    };
    if !limit::allow_request(cx, &mut tx, &asking).await? {
        return Ok(());
    }
    tx.insert_staff_request(&request).await?;
    cx.order(&mut tx, &host_scope(), &work).await?;
    Ok(tx.commit().await?)
}

/// The browser of a request, where it has signed in with the address before.
async fn known<'a>(
    cx: &Cx,
    tx: &mut Tx,
    request: &'a StaffRequest,
) -> Result<Option<&'a str>, Error> {
    let Some(known) = &request.known_hash else {
        return Ok(None);
    };
    let address = keyed_hash(cx, ADDRESS, &request.email.folded());
    let is_known = tx.is_known_browser(&host_scope(), known, &address).await?;
    Ok(is_known.then_some(known.as_str()))
}

fn request(
    cx: &Cx,
    email: &Email,
    known_hash: Option<String>,
    network: &str,
    locale: &str,
) -> StaffRequest {
    let now = cx.now();
    let lifetime = cx.settings.load().login.staff_link_lifetime;
    StaffRequest {
        id: cx.new_id(),
        email: email.clone(),
        known_hash,
        network: network.to_owned(),
        locale: locale.to_owned(),
        asked_at: now,
        expires_at: now
            .saturating_add(lifetime)
            .expect("durations of days stay in range"),
        answered_at: None,
        used: None,
    }
}

/// The job: makes the link and answers what to mail; none for an address that is no member's,
/// over a limit, or too late.
pub async fn answer(cx: &Cx, id: &LoginRequestId) -> Result<Option<Answer>, Error> {
    let mut tx = cx.store.begin().await?;
    let request = tx
        .staff_request(id)
        .await?
        .ok_or(Error::NotFound("login request"))?;
    if cx.now() >= request.expires_at || request.used.is_some() {
        return Ok(None);
    }
    let cause = Cause {
        side: Side::Console,
        email_folded: &request.email.folded(),
        network: &request.network,
        known: known(cx, &mut tx, &request).await?,
    };
    let allowed = request.answered_at.is_some() || limit::allow_mail(cx, &mut tx, &cause).await?;
    let staff = tx.staff_by_email(&request.email).await?;
    let token = fresh();
    tx.answer_staff_request(id, cx.now(), &hash(&token)).await?;
    tx.commit().await?;
    Ok(staff.filter(|_| allowed).map(|staff| Answer {
        email: staff.email,
        link: url(cx, &token),
        locale: request.locale,
    }))
}

fn url(cx: &Cx, token: &str) -> String {
    address::console(cx, &format!("/link/{token}"))
}

/// The address that an open link was mailed to, masked. Changes nothing.
pub async fn look(
    cx: &Cx,
    tx: &mut Tx,
    token: &str,
    browser: &str,
) -> Result<Option<String>, Error> {
    let found = tx.staff_request_by_token(&hash(token)).await?;
    let open = found.filter(|request| is_open(cx, request, browser));
    Ok(open.map(|request| request.email.masked()))
}

/// Uses a link; none when it was used or has run out. A second press in the same browser enters.
pub async fn enter(cx: &Cx, client: &Client, token: &str) -> Result<Option<Opened>, Error> {
    let now = cx.now();
    let mut tx = cx.store.begin().await?;
    let Some(found) = tx.staff_request_by_token(&hash(token)).await? else {
        return Ok(None);
    };
    let request = tx.lock_staff_request(&found.id).await?;
    let Some(request) = request.filter(|request| is_open(cx, request, &client.browser)) else {
        return Ok(None);
    };
    let staff = tx.staff_by_email(&request.email).await?;
    let Some(staff) = staff.filter(|staff| !staff.roles.is_empty()) else {
        return Ok(None);
    };
    tx.use_staff_request(&request.id, now, &hash(&client.browser))
        .await?;
    let lifetime = cx.settings.load().login.staff_session;
    let session = StaffSession {
        id: cx.new_id(),
        staff: staff.id.clone(),
        ends_at: now
            .saturating_add(lifetime)
            .expect("durations of days stay in range"),
    };
    if let Some(before) = &client.session {
        tx.end_staff_session(before, now).await?;
    }
    let token = fresh();
    tx.insert_staff_session(&session, &hash(&token), &client.network, &client.agent, now)
        .await?;
    let known = client.known.clone().unwrap_or_else(fresh);
    let address = keyed_hash(cx, ADDRESS, &request.email.folded());
    tx.remember_browser(&host_scope(), &hash(&known), &address, now)
        .await?;
    let cx = cx.acting(Actor {
        id: staff.id.into(),
        origin: Some(client.network.clone()),
    });
    facts::audit(
        &cx,
        &mut tx,
        &host_scope(),
        "staff.sign_in",
        session.id.as_str(),
        None,
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(Some(Opened {
        session,
        token,
        known,
    }))
}

fn is_open(cx: &Cx, request: &StaffRequest, browser: &str) -> bool {
    let unused = request
        .used
        .as_ref()
        .is_none_or(|(_, by)| by.as_deref() == Some(hash(browser).as_str()));
    unused && cx.now() < request.expires_at
}

/// The live session and the member of staff that a token stands for.
pub async fn find(
    cx: &Cx,
    tx: &mut Tx,
    token: &str,
) -> Result<Option<(StaffSession, Staff)>, Error> {
    let found = tx.staff_session_by_token(&hash(token)).await?;
    let Some(session) = found.filter(|session| cx.now() < session.ends_at) else {
        return Ok(None);
    };
    let staff = tx.staff(&session.staff).await?;
    Ok(staff.map(|staff| (session, staff)))
}

/// Signs out.
pub async fn end(cx: &Cx, session: &StaffSession) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    tx.end_staff_session(&session.id, cx.now()).await?;
    facts::audit(
        cx,
        &mut tx,
        &host_scope(),
        "staff.sign_out",
        session.id.as_str(),
        None,
        None,
    )
    .await?;
    Ok(tx.commit().await?)
}
