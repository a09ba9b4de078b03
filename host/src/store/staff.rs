//! Staff, their roles, requests for their links, and their sessions. They span businesses.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::access::{Role, Staff, StaffSession};
use crate::domain::email::Email;
use crate::domain::id::{BusinessId, LoginRequestId, SessionId, StaffId};

queries! {
    INSERT = "INSERT INTO staff (id, email, email_folded, name, created_at) \
        VALUES ($1, $2, $3, $4, $5)";
    GIVE_ROLE = "INSERT INTO staff_roles (staff_id, business_id, role) VALUES ($1, $2, $3) \
        ON CONFLICT (staff_id, business_id) DO UPDATE SET role = excluded.role";
    GET = "SELECT id, email, name FROM staff WHERE id = $1";
    BY_EMAIL = "SELECT id, email, name FROM staff WHERE email_folded = $1";
    ROLES = "SELECT business_id, role FROM staff_roles WHERE staff_id = $1 ORDER BY business_id";
    ASK = "INSERT INTO staff_requests (id, email, email_folded, known_hash, network, locale, \
        asked_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    REQUEST = "SELECT id, email, known_hash, network, locale, asked_at, expires_at, answered_at, \
        used_at, used_by_hash FROM staff_requests WHERE id = $1";
    BY_TOKEN = "SELECT id, email, known_hash, network, locale, asked_at, expires_at, answered_at, \
        used_at, used_by_hash FROM staff_requests WHERE token_hash = $1";
    /// Takes the row: who waited for it reads what the other has made of it.
    LOCK = "UPDATE staff_requests SET network = network WHERE id = $1";
    ANSWER = "UPDATE staff_requests SET answered_at = $2, token_hash = $3 WHERE id = $1";
    USE = "UPDATE staff_requests SET used_at = $2, used_by_hash = $3 \
        WHERE id = $1 AND used_at IS NULL";
    OPEN = "INSERT INTO staff_sessions (id, staff_id, token_hash, network, agent, signed_in_at, \
        ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SESSION = "SELECT id, staff_id, ends_at FROM staff_sessions \
        WHERE token_hash = $1 AND ended_at IS NULL";
    END = "UPDATE staff_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    FORGET_REQUESTS = "DELETE FROM staff_requests WHERE expires_at < $1";
    FORGET_SESSIONS = "DELETE FROM staff_sessions WHERE ends_at < $1";
}

/// Somebody asked for a link to the console.
#[derive(Clone, Debug)]
pub struct StaffRequest {
    /// Identity.
    pub id: LoginRequestId,
    /// The address that was typed; perhaps nobody's.
    pub email: Email,
    /// The hash of the secret by which the browser is known from before.
    pub known_hash: Option<String>,
    /// The network it was asked from.
    pub network: String,
    /// The language of the page it was asked on.
    pub locale: String,
    /// When.
    pub asked_at: Timestamp,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// When the link was made.
    pub answered_at: Option<Timestamp>,
    /// When it was used, and the hash of the browser that did.
    pub used: Option<(Timestamp, Option<String>)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    email: String,
    name: String,
}

#[derive(sqlx::FromRow)]
struct RoleRow {
    business_id: String,
    role: String,
}

#[derive(sqlx::FromRow)]
struct RequestRow {
    id: String,
    email: String,
    known_hash: Option<String>,
    network: String,
    locale: String,
    asked_at: i64,
    expires_at: i64,
    answered_at: Option<i64>,
    used_at: Option<i64>,
    used_by_hash: Option<String>,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: String,
    staff_id: String,
    ends_at: i64,
}

impl TryFrom<RequestRow> for StaffRequest {
    type Error = super::Error;

    fn try_from(row: RequestRow) -> Result<Self> {
        let columns = Columns {
            table: "staff_requests",
            id: &row.id,
        };
        let used_at = columns.time_some("used_at", row.used_at)?;
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            email: columns.parse("email", &row.email)?,
            asked_at: columns.time("asked_at", row.asked_at)?,
            expires_at: columns.time("expires_at", row.expires_at)?,
            answered_at: columns.time_some("answered_at", row.answered_at)?,
            used: used_at.map(|at| (at, row.used_by_hash)),
            known_hash: row.known_hash,
            network: row.network,
            locale: row.locale,
        })
    }
}

impl Tx {
    /// Adds a member of staff with their roles.
    pub async fn insert_staff(&mut self, staff: &Staff, at: Timestamp) -> Result<()> {
        execute!(
            self,
            INSERT,
            staff.id.as_str(),
            staff.email.as_str(),
            staff.email.folded(),
            &staff.name,
            at.as_microsecond()
        )?;
        for (business, role) in &staff.roles {
            self.give_role(&staff.id, business, *role).await?;
        }
        Ok(())
    }

    /// Gives a member of staff a role at a business, instead of the one they had.
    pub async fn give_role(
        &mut self,
        staff: &StaffId,
        business: &BusinessId,
        role: Role,
    ) -> Result<()> {
        execute!(
            self,
            GIVE_ROLE,
            staff.as_str(),
            business.as_str(),
            role.as_str()
        )?;
        Ok(())
    }

    /// The member of staff with this id.
    pub async fn staff(&mut self, id: &StaffId) -> Result<Option<Staff>> {
        let row = fetch_optional!(self, Row, GET, id.as_str())?;
        self.with_roles(row).await
    }

    /// The member of staff with this address.
    pub async fn staff_by_email(&mut self, email: &Email) -> Result<Option<Staff>> {
        let row = fetch_optional!(self, Row, BY_EMAIL, email.folded())?;
        self.with_roles(row).await
    }

    async fn with_roles(&mut self, row: Option<Row>) -> Result<Option<Staff>> {
        let Some(row) = row else {
            return Ok(None);
        };
        let columns = Columns {
            table: "staff",
            id: &row.id,
        };
        let mut roles = Vec::new();
        for role in fetch_all!(self, RoleRow, ROLES, &row.id)? {
            roles.push((
                columns.parse("business_id", &role.business_id)?,
                columns.parse("role", &role.role)?,
            ));
        }
        Ok(Some(Staff {
            id: columns.parse("id", &row.id)?,
            email: columns.parse("email", &row.email)?,
            name: row.name,
            roles,
        }))
    }

    /// Adds a request for a link.
    pub async fn insert_staff_request(&mut self, request: &StaffRequest) -> Result<()> {
        execute!(
            self,
            ASK,
            request.id.as_str(),
            request.email.as_str(),
            request.email.folded(),
            request.known_hash.as_deref(),
            &request.network,
            &request.locale,
            request.asked_at.as_microsecond(),
            request.expires_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The request with this id.
    pub async fn staff_request(&mut self, id: &LoginRequestId) -> Result<Option<StaffRequest>> {
        fetch_optional!(self, RequestRow, REQUEST, id.as_str())?
            .map(StaffRequest::try_from)
            .transpose()
    }

    /// The request whose link has this hash.
    pub async fn staff_request_by_token(
        &mut self,
        token_hash: &str,
    ) -> Result<Option<StaffRequest>> {
        fetch_optional!(self, RequestRow, BY_TOKEN, token_hash)?
            .map(StaffRequest::try_from)
            .transpose()
    }

    /// Keeps the hash of the link that answers a request.
    pub async fn answer_staff_request(
        &mut self,
        id: &LoginRequestId,
        at: Timestamp,
        token_hash: &str,
    ) -> Result<()> {
        execute!(self, ANSWER, id.as_str(), at.as_microsecond(), token_hash)?;
        Ok(())
    }

    /// Takes a request for this transaction, and answers it as it is then.
    pub async fn lock_staff_request(
        &mut self,
        id: &LoginRequestId,
    ) -> Result<Option<StaffRequest>> {
        execute!(self, LOCK, id.as_str())?;
        self.staff_request(id).await
    }

    /// Uses a link up; answers false when somebody was faster.
    pub async fn use_staff_request(
        &mut self,
        id: &LoginRequestId,
        at: Timestamp,
        browser_hash: &str,
    ) -> Result<bool> {
        let touched = execute!(self, USE, id.as_str(), at.as_microsecond(), browser_hash)?;
        Ok(touched == 1)
    }

    /// Adds a session under the hash of its token.
    pub async fn insert_staff_session(
        &mut self,
        session: &StaffSession,
        token_hash: &str,
        network: &str,
        agent: &str,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            OPEN,
            session.id.as_str(),
            session.staff.as_str(),
            token_hash,
            network,
            agent,
            at.as_microsecond(),
            session.ends_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The session with this hash that nobody has ended; it may have run out.
    pub async fn staff_session_by_token(
        &mut self,
        token_hash: &str,
    ) -> Result<Option<StaffSession>> {
        fetch_optional!(self, SessionRow, SESSION, token_hash)?
            .map(|row| {
                let columns = Columns {
                    table: "staff_sessions",
                    id: &row.id,
                };
                Ok(StaffSession {
                    id: columns.parse("id", &row.id)?,
                    staff: columns.parse("staff_id", &row.staff_id)?,
                    ends_at: columns.time("ends_at", row.ends_at)?,
                })
            })
            .transpose()
    }

    /// Ends a session.
    pub async fn end_staff_session(&mut self, id: &SessionId, at: Timestamp) -> Result<()> {
        execute!(self, END, id.as_str(), at.as_microsecond())?;
        Ok(())
    }

    /// Deletes requests that ran out before `before`.
    pub async fn forget_staff_requests(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET_REQUESTS, before.as_microsecond())?;
        Ok(())
    }

    /// Deletes sessions that ran out before `before`.
    pub async fn forget_staff_sessions(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET_SESSIONS, before.as_microsecond())?;
        Ok(())
    }
}
