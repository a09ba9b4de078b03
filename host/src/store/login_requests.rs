//! Requests for login links: who asked, and the hashes of the link and code that answered.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::email::Email;
use crate::domain::id::LoginRequestId;

queries! {
    INSERT = "INSERT INTO login_requests (id, business_id, mode, browser_hash, known_hash, email, \
        email_folded, network, agent, locale, next, asked_at, expires_at, tries) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)";
    GET = "SELECT id, business_id, mode, browser_hash, known_hash, email, network, agent, locale, \
        next, asked_at, expires_at, answered_at, code_hash, tries, used_at, used_by_hash, ended_at \
        FROM login_requests WHERE business_id = $1 AND mode = $2 AND id = $3";
    BY_TOKEN = "SELECT id, business_id, mode, browser_hash, known_hash, email, network, agent, \
        locale, next, asked_at, expires_at, answered_at, code_hash, tries, used_at, used_by_hash, \
        ended_at FROM login_requests WHERE business_id = $1 AND mode = $2 AND token_hash = $3";
    /// Counting a try takes the row, so that tries at the same moment are counted one by one.
    /// A code that is sent twice finds the request that its own browser has just used.
    TRY = "UPDATE login_requests SET tries = tries + 1 \
        WHERE business_id = $1 AND mode = $2 AND browser_hash = $3 AND expires_at > $4 \
        AND (used_at IS NULL OR used_by_hash = $3) AND ended_at IS NULL \
        RETURNING id, business_id, mode, browser_hash, known_hash, email, network, agent, locale, \
        next, asked_at, expires_at, answered_at, code_hash, tries, used_at, used_by_hash, ended_at";
    ANSWER = "UPDATE login_requests SET answered_at = $4, token_hash = $5, code_hash = $6 \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// Takes the row: who waited for it reads what the other has made of it.
    LOCK = "UPDATE login_requests SET tries = tries \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    USE = "UPDATE login_requests SET used_at = $4, used_by_hash = $5 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND used_at IS NULL AND ended_at IS NULL";
    END = "UPDATE login_requests SET ended_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND ended_at IS NULL";
    END_OLDER = "UPDATE login_requests SET ended_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND email_folded = $3 AND ended_at IS NULL \
        AND used_at IS NULL AND id NOT IN (SELECT id FROM login_requests WHERE business_id = $1 \
        AND mode = $2 AND email_folded = $3 AND answered_at IS NOT NULL AND ended_at IS NULL \
        AND used_at IS NULL ORDER BY id DESC LIMIT $5 + 0) AND answered_at IS NOT NULL";
    END_ALL = "UPDATE login_requests SET ended_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND email_folded = $3 AND ended_at IS NULL";
    FORGET = "DELETE FROM login_requests WHERE expires_at < $1";
}

/// Somebody asked for a login link.
#[derive(Clone, Debug)]
pub struct LoginRequest {
    /// Identity.
    pub id: LoginRequestId,
    /// Business and mode.
    pub scope: Scope,
    /// The hash of the asking browser's secret: the code works there only.
    pub browser_hash: String,
    /// The hash of the secret by which it is known from before.
    pub known_hash: Option<String>,
    /// The address that was typed; perhaps nobody's.
    pub email: Email,
    /// The network it was asked from.
    pub network: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// The language of the page it was asked on.
    pub locale: String,
    /// The path to go to afterwards.
    pub next: Option<String>,
    /// When.
    pub asked_at: Timestamp,
    /// Until when link and code work.
    pub expires_at: Timestamp,
    /// When link and code were made.
    pub answered_at: Option<Timestamp>,
    /// The keyed hash of the code.
    pub code_hash: Option<String>,
    /// How many codes were tried.
    pub tries: u32,
    /// When link or code was used, and the hash of the browser that did.
    pub used: Option<(Timestamp, String)>,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    browser_hash: String,
    known_hash: Option<String>,
    email: String,
    network: String,
    agent: String,
    locale: String,
    next: Option<String>,
    asked_at: i64,
    expires_at: i64,
    answered_at: Option<i64>,
    code_hash: Option<String>,
    tries: i64,
    used_at: Option<i64>,
    used_by_hash: Option<String>,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for LoginRequest {
    type Error = super::Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "login_requests",
            id: &row.id,
        };
        let used_at = columns.time_some("used_at", row.used_at)?;
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            email: columns.parse("email", &row.email)?,
            asked_at: columns.time("asked_at", row.asked_at)?,
            expires_at: columns.time("expires_at", row.expires_at)?,
            answered_at: columns.time_some("answered_at", row.answered_at)?,
            tries: columns.number("tries", row.tries)?,
            used: used_at.zip(row.used_by_hash),
            ended_at: columns.time_some("ended_at", row.ended_at)?,
            browser_hash: row.browser_hash,
            known_hash: row.known_hash,
            network: row.network,
            agent: row.agent,
            locale: row.locale,
            next: row.next,
            code_hash: row.code_hash,
        })
    }
}

impl Tx {
    /// Adds a request.
    pub async fn insert_login_request(&mut self, request: &LoginRequest) -> Result<()> {
        execute!(
            self,
            INSERT,
            request.id.as_str(),
            request.scope.business.as_str(),
            request.scope.mode.as_str(),
            &request.browser_hash,
            request.known_hash.as_deref(),
            request.email.as_str(),
            request.email.folded(),
            &request.network,
            &request.agent,
            &request.locale,
            request.next.as_deref(),
            request.asked_at.as_microsecond(),
            request.expires_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The request with this id.
    pub async fn login_request(
        &mut self,
        scope: &Scope,
        id: &LoginRequestId,
    ) -> Result<Option<LoginRequest>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(LoginRequest::try_from)
        .transpose()
    }

    /// The request whose link has this hash.
    pub async fn login_request_by_token(
        &mut self,
        scope: &Scope,
        token_hash: &str,
    ) -> Result<Option<LoginRequest>> {
        fetch_optional!(
            self,
            Row,
            BY_TOKEN,
            scope.business.as_str(),
            scope.mode.as_str(),
            token_hash
        )?
        .map(LoginRequest::try_from)
        .transpose()
    }

    /// Counts a try at every live request of a browser, and answers them as they are after it.
    pub async fn try_login_requests(
        &mut self,
        scope: &Scope,
        browser_hash: &str,
        now: Timestamp,
    ) -> Result<Vec<LoginRequest>> {
        fetch_all!(
            self,
            Row,
            TRY,
            scope.business.as_str(),
            scope.mode.as_str(),
            browser_hash,
            now.as_microsecond()
        )?
        .into_iter()
        .map(LoginRequest::try_from)
        .collect()
    }

    /// Keeps the hashes of the link and code that answer a request.
    pub async fn answer_login_request(
        &mut self,
        scope: &Scope,
        id: &LoginRequestId,
        at: Timestamp,
        token_hash: &str,
        code_hash: &str,
    ) -> Result<()> {
        execute!(
            self,
            ANSWER,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond(),
            token_hash,
            code_hash
        )?;
        Ok(())
    }

    /// Takes a request for this transaction, and answers it as it is then.
    pub async fn lock_login_request(
        &mut self,
        scope: &Scope,
        id: &LoginRequestId,
    ) -> Result<Option<LoginRequest>> {
        execute!(
            self,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?;
        self.login_request(scope, id).await
    }

    /// Uses link and code up; answers false when somebody was faster.
    pub async fn use_login_request(
        &mut self,
        scope: &Scope,
        id: &LoginRequestId,
        at: Timestamp,
        browser_hash: &str,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            USE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond(),
            browser_hash
        )?;
        Ok(touched == 1)
    }

    /// Ends a request before its time.
    pub async fn end_login_request(
        &mut self,
        scope: &Scope,
        id: &LoginRequestId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            END,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond()
        )?;
        Ok(())
    }

    /// Ends the answered requests of an address but for the newest `live`.
    pub async fn end_older_login_requests(
        &mut self,
        scope: &Scope,
        email_folded: &str,
        at: Timestamp,
        live: u32,
    ) -> Result<()> {
        execute!(
            self,
            END_OLDER,
            scope.business.as_str(),
            scope.mode.as_str(),
            email_folded,
            at.as_microsecond(),
            i64::from(live)
        )?;
        Ok(())
    }

    /// Ends every request of an address.
    pub async fn end_login_requests_of(
        &mut self,
        scope: &Scope,
        email_folded: &str,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            END_ALL,
            scope.business.as_str(),
            scope.mode.as_str(),
            email_folded,
            at.as_microsecond()
        )?;
        Ok(())
    }

    /// Deletes requests that ran out before `before`.
    pub async fn forget_login_requests(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
