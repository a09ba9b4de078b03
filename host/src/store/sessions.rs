//! Sessions of customers, and the browsers that have signed in before.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::access::Session;
use crate::domain::id::{CustomerId, SessionId};

queries! {
    INSERT = "INSERT INTO sessions (id, business_id, mode, token_hash, customer_id, email_folded, \
        source, made_by, return_url, network, agent, signed_in_at, last_used_at, ends_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    BY_TOKEN = "SELECT id, business_id, mode, customer_id, email_folded, source, made_by, \
        return_url, network, agent, signed_in_at, last_used_at, ends_at FROM sessions \
        WHERE business_id = $1 AND mode = $2 AND token_hash = $3 AND ended_at IS NULL";
    OF_CUSTOMER = "SELECT id, business_id, mode, customer_id, email_folded, source, made_by, \
        return_url, network, agent, signed_in_at, last_used_at, ends_at FROM sessions \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND ended_at IS NULL \
        ORDER BY id DESC LIMIT 100";
    TOUCH = "UPDATE sessions SET last_used_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND last_used_at < $4";
    CHOOSE = "UPDATE sessions SET customer_id = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND ended_at IS NULL";
    END = "UPDATE sessions SET ended_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND ended_at IS NULL";
    END_OTHERS = "UPDATE sessions SET ended_at = $6 WHERE business_id = $1 AND mode = $2 \
        AND (customer_id = $3 OR email_folded = $4) AND id <> $5 AND ended_at IS NULL";
    REMEMBER = "INSERT INTO known_browsers (business_id, mode, token_hash, address_hash, seen_at) \
        VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (business_id, mode, token_hash, address_hash) \
        DO UPDATE SET seen_at = excluded.seen_at";
    IS_KNOWN = "SELECT seen_at FROM known_browsers \
        WHERE business_id = $1 AND mode = $2 AND token_hash = $3 AND address_hash = $4";
    FORGET = "DELETE FROM sessions WHERE ends_at < $1";
    FORGET_BROWSERS = "DELETE FROM known_browsers WHERE seen_at < $1";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: Option<String>,
    email_folded: String,
    source: String,
    made_by: Option<String>,
    return_url: Option<String>,
    network: String,
    agent: String,
    signed_in_at: i64,
    last_used_at: i64,
    ends_at: i64,
}

#[derive(sqlx::FromRow)]
struct Seen {
    #[expect(dead_code, reason = "the row itself is the answer")]
    seen_at: i64,
}

impl TryFrom<Row> for Session {
    type Error = super::Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "sessions",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse_some("customer_id", row.customer_id.as_deref())?,
            source: columns.parse("source", &row.source)?,
            signed_in_at: columns.time("signed_in_at", row.signed_in_at)?,
            last_used_at: columns.time("last_used_at", row.last_used_at)?,
            ends_at: columns.time("ends_at", row.ends_at)?,
            email_folded: row.email_folded,
            made_by: row.made_by,
            return_url: row.return_url,
            network: row.network,
            agent: row.agent,
        })
    }
}

impl Tx {
    /// Adds a session under the hash of its token.
    pub async fn insert_session(&mut self, session: &Session, token_hash: &str) -> Result<()> {
        execute!(
            self,
            INSERT,
            session.id.as_str(),
            session.scope.business.as_str(),
            session.scope.mode.as_str(),
            token_hash,
            session.customer.as_ref().map(CustomerId::as_str),
            &session.email_folded,
            session.source.as_str(),
            session.made_by.as_deref(),
            session.return_url.as_deref(),
            &session.network,
            &session.agent,
            session.signed_in_at.as_microsecond(),
            session.last_used_at.as_microsecond(),
            session.ends_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The session with this hash that nobody has ended; it may have run out.
    pub async fn session_by_token(
        &mut self,
        scope: &Scope,
        token_hash: &str,
    ) -> Result<Option<Session>> {
        fetch_optional!(
            self,
            Row,
            BY_TOKEN,
            scope.business.as_str(),
            scope.mode.as_str(),
            token_hash
        )?
        .map(Session::try_from)
        .transpose()
    }

    /// The sessions of a customer that nobody has ended, newest first.
    pub async fn sessions_of(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
    ) -> Result<Vec<Session>> {
        fetch_all!(
            self,
            Row,
            OF_CUSTOMER,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str()
        )?
        .into_iter()
        .map(Session::try_from)
        .collect()
    }

    /// Notes the last use of a session.
    pub async fn touch_session(
        &mut self,
        scope: &Scope,
        id: &SessionId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            TOUCH,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond()
        )?;
        Ok(())
    }

    /// Notes for whom a session acts from now on.
    pub async fn choose_customer(
        &mut self,
        scope: &Scope,
        id: &SessionId,
        customer: &CustomerId,
    ) -> Result<()> {
        execute!(
            self,
            CHOOSE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            customer.as_str()
        )?;
        Ok(())
    }

    /// Ends a session; answers false when it had ended.
    pub async fn end_session(
        &mut self,
        scope: &Scope,
        id: &SessionId,
        at: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            END,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond()
        )?;
        Ok(touched == 1)
    }

    /// Ends the sessions of a customer and of an address, but for one.
    pub async fn end_sessions_of(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        email_folded: &str,
        except: Option<&SessionId>,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            END_OTHERS,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
            email_folded,
            except.map_or("", SessionId::as_str),
            at.as_microsecond()
        )?;
        Ok(())
    }

    /// Notes that a browser has signed in with an address.
    pub async fn remember_browser(
        &mut self,
        scope: &Scope,
        token_hash: &str,
        address_hash: &str,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            REMEMBER,
            scope.business.as_str(),
            scope.mode.as_str(),
            token_hash,
            address_hash,
            at.as_microsecond()
        )?;
        Ok(())
    }

    /// Whether a browser has signed in with an address before.
    pub async fn is_known_browser(
        &mut self,
        scope: &Scope,
        token_hash: &str,
        address_hash: &str,
    ) -> Result<bool> {
        let row = fetch_optional!(
            self,
            Seen,
            IS_KNOWN,
            scope.business.as_str(),
            scope.mode.as_str(),
            token_hash,
            address_hash
        )?;
        Ok(row.is_some())
    }

    /// Deletes sessions that ended before `sessions` and browsers not seen since `browsers`.
    pub async fn forget_sessions(
        &mut self,
        sessions: Timestamp,
        browsers: Timestamp,
    ) -> Result<()> {
        execute!(self, FORGET, sessions.as_microsecond())?;
        execute!(self, FORGET_BROWSERS, browsers.as_microsecond())?;
        Ok(())
    }
}
