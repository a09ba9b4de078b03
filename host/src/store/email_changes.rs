//! Changes of a customer's address that wait for proof of the new one.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::email::Email;
use crate::domain::id::{CustomerId, LinkId, SessionId};

queries! {
    INSERT = "INSERT INTO email_changes (id, business_id, mode, customer_id, session_id, \
        old_email, new_email, token_hash, locale, network, agent, asked_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    GET = "SELECT id, business_id, mode, customer_id, session_id, old_email, new_email, \
        token_hash, locale, network, agent, asked_at, expires_at, confirmed_at, ended_at FROM email_changes \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    BY_TOKEN = "SELECT id, business_id, mode, customer_id, session_id, old_email, new_email, \
        token_hash, locale, network, agent, asked_at, expires_at, confirmed_at, ended_at FROM email_changes \
        WHERE business_id = $1 AND mode = $2 AND token_hash = $3";
    CONFIRM = "UPDATE email_changes SET confirmed_at = $4 WHERE business_id = $1 AND mode = $2 \
        AND id = $3 AND confirmed_at IS NULL AND ended_at IS NULL";
    END_OPEN = "UPDATE email_changes SET ended_at = $4 WHERE business_id = $1 AND mode = $2 \
        AND customer_id = $3 AND confirmed_at IS NULL AND ended_at IS NULL";
    FORGET = "DELETE FROM email_changes WHERE expires_at < $1";
}

/// A change of address.
#[derive(Clone, Debug)]
pub struct EmailChange {
    /// Identity; not the token.
    pub id: LinkId,
    /// Business and mode.
    pub scope: Scope,
    /// Whose.
    pub customer: CustomerId,
    /// The session that asked for it and outlives it.
    pub session: SessionId,
    /// The address it replaces.
    pub old_email: Email,
    /// The address that has to be proven.
    pub new_email: Email,
    /// The hash of the token that proves it.
    pub token_hash: String,
    /// The language of the page it was asked on.
    pub locale: String,
    /// The network it was asked from.
    pub network: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// When.
    pub asked_at: Timestamp,
    /// Until when the new address can be proven.
    pub expires_at: Timestamp,
    /// When it was.
    pub confirmed_at: Option<Timestamp>,
    /// When it was given up.
    pub ended_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    session_id: String,
    old_email: String,
    new_email: String,
    token_hash: String,
    locale: String,
    network: String,
    agent: String,
    asked_at: i64,
    expires_at: i64,
    confirmed_at: Option<i64>,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for EmailChange {
    type Error = super::Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "email_changes",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            session: columns.parse("session_id", &row.session_id)?,
            old_email: columns.parse("old_email", &row.old_email)?,
            new_email: columns.parse("new_email", &row.new_email)?,
            asked_at: columns.time("asked_at", row.asked_at)?,
            expires_at: columns.time("expires_at", row.expires_at)?,
            confirmed_at: columns.time_some("confirmed_at", row.confirmed_at)?,
            ended_at: columns.time_some("ended_at", row.ended_at)?,
            token_hash: row.token_hash,
            locale: row.locale,
            network: row.network,
            agent: row.agent,
        })
    }
}

impl Tx {
    /// Adds a change.
    pub async fn insert_email_change(&mut self, change: &EmailChange) -> Result<()> {
        execute!(
            self,
            INSERT,
            change.id.as_str(),
            change.scope.business.as_str(),
            change.scope.mode.as_str(),
            change.customer.as_str(),
            change.session.as_str(),
            change.old_email.as_str(),
            change.new_email.as_str(),
            &change.token_hash,
            &change.locale,
            &change.network,
            &change.agent,
            change.asked_at.as_microsecond(),
            change.expires_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The change with this id.
    pub async fn email_change(
        &mut self,
        scope: &Scope,
        id: &LinkId,
    ) -> Result<Option<EmailChange>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(EmailChange::try_from)
        .transpose()
    }

    /// The change whose link has this hash.
    pub async fn email_change_by_token(
        &mut self,
        scope: &Scope,
        token_hash: &str,
    ) -> Result<Option<EmailChange>> {
        fetch_optional!(
            self,
            Row,
            BY_TOKEN,
            scope.business.as_str(),
            scope.mode.as_str(),
            token_hash
        )?
        .map(EmailChange::try_from)
        .transpose()
    }

    /// Notes that the new address was proven; answers false when the change was over.
    pub async fn confirm_email_change(
        &mut self,
        scope: &Scope,
        id: &LinkId,
        at: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            CONFIRM,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond()
        )?;
        Ok(touched == 1)
    }

    /// Gives up what a customer has asked for and not proven.
    pub async fn end_email_changes_of(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            END_OPEN,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
            at.as_microsecond()
        )?;
        Ok(())
    }

    /// Deletes changes that ran out before `before`.
    pub async fn forget_email_changes(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
