//! Signing in by a mailed link or code. What a page answers never tells whether an address is
//! known: the question is one row and one job for any address, and the job finds out.

use jiff::Timestamp;

use super::limit::{self, Asking, Cause, Side};
use super::secret::{fresh, hash, keyed_hash};
use super::session::{self, ADDRESS, Client, Opened, Opening};
use super::{Error, facts};
use crate::cx::{self, Cx};
use crate::domain::Scope;
use crate::domain::access::SessionSource;
use crate::domain::email::Email;
use crate::domain::id::LoginRequestId;
use crate::store::{LoginRequest, Tx, Work};

const CODE: &str = "login-code";

/// What somebody asks for on the sign-in page.
#[derive(Clone, Debug)]
pub struct Question {
    /// The address that was typed.
    pub email: Email,
    /// The language of the page.
    pub locale: String,
    /// The path to go to afterwards.
    pub next: Option<String>,
}

/// The link and code that answer a request, to be mailed in the same run.
#[derive(Debug)]
pub struct Answer {
    /// To whom.
    pub email: Email,
    /// The token of the link.
    pub token: String,
    /// The code's digits.
    pub code: String,
    /// The language of the mail.
    pub locale: String,
    /// Until when both work.
    pub expires_at: Timestamp,
}

/// What the page behind a link tells before its button is pressed.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The address it was mailed to, masked.
    pub masked: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// The network it was asked from.
    pub network: String,
    /// The browser it was asked from.
    pub agent: String,
}

/// How using a link or code ended.
#[derive(Debug)]
pub enum Entry {
    /// Signed in; the path is where the customer wanted to go.
    Opened(Box<Opened>, Option<String>),
    /// It does not match; more tries are left.
    Wrong,
    /// It was used, ended or has run out.
    Gone,
}

/// Notes the question and orders its answer; none, which no page tells, when this browser or its
/// network has asked too often.
pub async fn ask(
    cx: &Cx,
    scope: &Scope,
    client: &Client,
    question: Question,
) -> Result<Option<LoginRequestId>, Error> {
    let now = cx.now();
    let lifetime = cx.settings.load().login.request_lifetime;
    let request = LoginRequest {
        id: cx.new_id(),
        scope: scope.clone(),
        browser_hash: hash(&client.browser),
        known_hash: client.known.as_deref().map(hash),
        email: question.email,
        network: client.network.clone(),
        agent: client.agent.clone(),
        locale: question.locale,
        next: question.next,
        asked_at: now,
        expires_at: now
            .saturating_add(lifetime)
            .expect("durations of days stay in range"),
        answered_at: None,
        code_hash: None,
        tries: 0,
        used: None,
        ended_at: None,
    };
    let work = Work::AnswerLogin {
        request: request.id.clone(),
    };
    let mut tx = cx.store.begin().await?;
    let asking = Asking {
        side: Side::Portal,
        browser_hash: &request.browser_hash,
        network: &request.network,
        known: known(cx, &mut tx, &request).await?,
    };
    if !limit::allow_request(cx, &mut tx, &asking).await? {
        return Ok(None);
    }
    tx.insert_login_request(&request).await?;
    cx.order(&mut tx, scope, &work).await?;
    tx.commit().await?;
    Ok(Some(request.id))
}

/// The job: makes link and code, keeps their hashes, and answers what to mail; none when nobody
/// here has the address, a limit is reached, or it is too late. A repeat makes new ones.
pub async fn answer(cx: &Cx, scope: &Scope, id: &LoginRequestId) -> Result<Option<Answer>, Error> {
    let now = cx.now();
    let settings = cx.settings.load_full();
    let mut tx = cx.store.begin().await?;
    let request = tx
        .login_request(scope, id)
        .await?
        .ok_or(Error::NotFound("login request"))?;
    if now >= request.expires_at || request.used.is_some() || request.ended_at.is_some() {
        return Ok(None);
    }
    let folded = request.email.folded();
    let customers = tx.customers_by_email(scope, &request.email).await?;
    // A repeat after a failure of the mail server is the same mail.
    let allowed = match request.answered_at {
        Some(_) => true,
        None => count(cx, &mut tx, &request, &folded).await?,
    };
    let token = fresh();
    let code = code(settings.login.code_digits);
    let wanted = allowed && !customers.is_empty();
    // For an address that gets no mail the same is written: of a code that has no digits and that
    // nobody knows, since the real one could be guessed.
    let text = if wanted {
        code_text(id, &code)
    } else {
        fresh()
    };
    let code_hash = keyed_hash(cx, CODE, &text);
    tx.answer_login_request(scope, id, now, &hash(&token), &code_hash)
        .await?;
    if allowed {
        tx.end_older_login_requests(scope, &folded, now, settings.login.live_requests)
            .await?;
    }
    tx.commit().await?;
    Ok(wanted.then(|| Answer {
        email: customers[0].email.clone(),
        token,
        code,
        locale: request.locale,
        expires_at: request.expires_at,
    }))
}

async fn count(cx: &Cx, tx: &mut Tx, request: &LoginRequest, folded: &str) -> Result<bool, Error> {
    let known = known(cx, tx, request).await?;
    let cause = Cause {
        side: Side::Portal,
        email_folded: folded,
        network: &request.network,
        known,
    };
    Ok(limit::allow_mail(cx, tx, &cause).await?)
}

/// The browser of a request, where it has signed in with the address before.
async fn known<'a>(
    cx: &Cx,
    tx: &mut Tx,
    request: &'a LoginRequest,
) -> Result<Option<&'a str>, Error> {
    let Some(known) = &request.known_hash else {
        return Ok(None);
    };
    let address = keyed_hash(cx, ADDRESS, &request.email.folded());
    let is_known = tx.is_known_browser(&request.scope, known, &address).await?;
    Ok(is_known.then_some(known.as_str()))
}

/// Uses a code in the browser that asked. Every try counts at every request it may be for.
pub async fn by_code(cx: &Cx, scope: &Scope, client: &Client, code: &str) -> Result<Entry, Error> {
    let now = cx.now();
    let most = cx.settings.load().login.code_tries;
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let mut tx = cx.store.begin().await?;
    let requests = tx
        .try_login_requests(scope, &hash(&client.browser), now)
        .await?;
    let matches = |request: &&LoginRequest| {
        let text = code_text(&request.id, &digits);
        let kept = request.code_hash.as_deref().and_then(decode);
        request.tries <= most
            && kept.is_some_and(|kept| cx.keys.verify(CODE, text.as_bytes(), &kept))
    };
    let entry = if let Some(request) = requests.iter().find(matches) {
        enter(cx, &mut tx, client, request).await?
    } else {
        let mut left = false;
        for request in &requests {
            if request.tries >= most {
                tx.end_login_request(scope, &request.id, now).await?;
            } else if request.used.is_none() {
                left = true;
            }
        }
        if left { Entry::Wrong } else { Entry::Gone }
    };
    tx.commit().await?;
    Ok(entry)
}

/// What a link is about; none when it was used, ended or has run out. Changes nothing. Pressing
/// its button again in the same browser is no second use.
pub async fn look(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    token: &str,
    browser: &str,
) -> Result<Option<Asked>, Error> {
    let found = tx.login_request_by_token(scope, &hash(token)).await?;
    let open = found.filter(|request| is_open(cx, request, browser));
    Ok(open.map(|request| Asked {
        masked: request.email.masked(),
        at: request.asked_at,
        network: request.network,
        agent: request.agent,
    }))
}

/// Uses a link.
pub async fn by_link(cx: &Cx, scope: &Scope, client: &Client, token: &str) -> Result<Entry, Error> {
    let mut tx = cx.store.begin().await?;
    let found = tx.login_request_by_token(scope, &hash(token)).await?;
    let entry = match found.filter(|request| is_open(cx, request, &client.browser)) {
        Some(request) => enter(cx, &mut tx, client, &request).await?,
        None => Entry::Gone,
    };
    tx.commit().await?;
    Ok(entry)
}

/// Asks again for the address that an old link was mailed to, which stays unsaid. False when
/// nobody knows the link any more.
pub async fn ask_again(
    cx: &Cx,
    scope: &Scope,
    client: &Client,
    token: &str,
    locale: String,
) -> Result<bool, Error> {
    let mut tx = cx.store.read().await?;
    let old = tx.login_request_by_token(scope, &hash(token)).await?;
    let email = match old {
        Some(old) => Some((old.email, old.next)),
        None => super::portal_link::address_on_file(&mut tx, scope, token)
            .await?
            .map(|email| (email, None)),
    };
    drop(tx);
    let Some((email, next)) = email else {
        return Ok(false);
    };
    let question = Question {
        email,
        locale,
        next,
    };
    ask(cx, scope, client, question).await?;
    Ok(true)
}

fn is_open(cx: &Cx, request: &LoginRequest, browser: &str) -> bool {
    let here = |used: &(Timestamp, String)| used.1 == hash(browser);
    let unused = request.used.as_ref().is_none_or(here);
    unused && request.ended_at.is_none() && cx.now() < request.expires_at
}

async fn enter(
    cx: &Cx,
    tx: &mut Tx,
    client: &Client,
    request: &LoginRequest,
) -> Result<Entry, Error> {
    let scope = &request.scope;
    // Somebody may have used or ended it meanwhile, or this browser's first press is still under
    // way.
    let request = tx.lock_login_request(scope, &request.id).await?;
    let Some(request) = request.filter(|request| is_open(cx, request, &client.browser)) else {
        return Ok(Entry::Gone);
    };
    tx.use_login_request(scope, &request.id, cx.now(), &hash(&client.browser))
        .await?;
    let customers = tx.customers_by_email(scope, &request.email).await?;
    let customer = match customers.as_slice() {
        [] => return Ok(Entry::Gone),
        [only] => Some(only.id.clone()),
        _ => None,
    };
    let opening = Opening {
        customer,
        email_folded: request.email.folded(),
        source: SessionSource::Request,
        made_by: None,
        return_url: None,
    };
    let opened = session::open(cx, tx, scope, client, opening).await?;
    let after = serde_json::json!({ "session": opened.session.id.as_str() });
    facts::audit(
        cx,
        tx,
        scope,
        "login_request.use",
        request.id.as_str(),
        None,
        Some(after),
    )
    .await?;
    Ok(Entry::Opened(Box::new(opened), request.next))
}

/// What is hashed for a code: its request belongs to it, so that equal codes have other hashes.
fn code_text(id: &LoginRequestId, code: &str) -> String {
    format!("{id}:{code}")
}

fn decode(hex: &str) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()
}

/// A code of `digits` digits, every one as likely as any other.
fn code(digits: u8) -> String {
    let mut code = String::new();
    while code.len() < usize::from(digits) {
        let [byte] = cx::random::<1>();
        // 250 is the largest multiple of ten that a byte can reach.
        if byte < 250 {
            code.push(char::from(b'0' + byte % 10));
        }
    }
    code
}
