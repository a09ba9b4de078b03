//! Dynamic links to the portal of one customer.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::access::PortalLink;
use crate::domain::id::{CustomerId, LinkId};

queries! {
    INSERT = "INSERT INTO portal_links (id, business_id, mode, customer_id, token_hash, \
        return_url, made_by, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    GET = "SELECT id, business_id, mode, customer_id, token_hash, return_url, made_by, made_at, \
        expires_at, used_at, used_by_hash, ended_at FROM portal_links \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    BY_TOKEN = "SELECT id, business_id, mode, customer_id, token_hash, return_url, made_by, made_at, \
        expires_at, used_at, used_by_hash, ended_at FROM portal_links \
        WHERE business_id = $1 AND mode = $2 AND token_hash = $3";
    /// Takes the row: who waited for it reads what the other has made of it.
    LOCK = "UPDATE portal_links SET made_by = made_by \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    USE = "UPDATE portal_links SET used_at = $4, used_by_hash = $5 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND used_at IS NULL AND ended_at IS NULL";
    END_ALL = "UPDATE portal_links SET ended_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND customer_id = $3 AND ended_at IS NULL";
    FORGET = "DELETE FROM portal_links WHERE expires_at < $1";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    token_hash: String,
    return_url: Option<String>,
    made_by: String,
    made_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
    used_by_hash: Option<String>,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for PortalLink {
    type Error = super::Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "portal_links",
            id: &row.id,
        };
        let used_at = columns.time_some("used_at", row.used_at)?;
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            made_at: columns.time("made_at", row.made_at)?,
            expires_at: columns.time("expires_at", row.expires_at)?,
            used: used_at.zip(row.used_by_hash),
            ended_at: columns.time_some("ended_at", row.ended_at)?,
            token_hash: row.token_hash,
            return_url: row.return_url,
            made_by: row.made_by,
        })
    }
}

impl Tx {
    /// Adds a link.
    pub async fn insert_portal_link(&mut self, link: &PortalLink) -> Result<()> {
        execute!(
            self,
            INSERT,
            link.id.as_str(),
            link.scope.business.as_str(),
            link.scope.mode.as_str(),
            link.customer.as_str(),
            &link.token_hash,
            link.return_url.as_deref(),
            &link.made_by,
            link.made_at.as_microsecond(),
            link.expires_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The link with this id.
    pub async fn portal_link(&mut self, scope: &Scope, id: &LinkId) -> Result<Option<PortalLink>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(PortalLink::try_from)
        .transpose()
    }

    /// The link with this hash.
    pub async fn portal_link_by_token(
        &mut self,
        scope: &Scope,
        token_hash: &str,
    ) -> Result<Option<PortalLink>> {
        fetch_optional!(
            self,
            Row,
            BY_TOKEN,
            scope.business.as_str(),
            scope.mode.as_str(),
            token_hash
        )?
        .map(PortalLink::try_from)
        .transpose()
    }

    /// Takes a link for this transaction, and answers it as it is then.
    pub async fn lock_portal_link(
        &mut self,
        scope: &Scope,
        id: &LinkId,
    ) -> Result<Option<PortalLink>> {
        execute!(
            self,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?;
        self.portal_link(scope, id).await
    }

    /// Uses a link up; answers false when somebody was faster.
    pub async fn use_portal_link(
        &mut self,
        scope: &Scope,
        id: &LinkId,
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

    /// Ends every link of a customer.
    pub async fn end_links_of(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            END_ALL,
            scope.business.as_str(),
            scope.mode.as_str(),
            customer.as_str(),
            at.as_microsecond()
        )?;
        Ok(())
    }

    /// Deletes links that ran out before `before`.
    pub async fn forget_links(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
