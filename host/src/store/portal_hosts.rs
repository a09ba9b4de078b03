//! The hosts of portals' own, as business files said last.

use url::Url;

use super::macros::{execute, fetch_all, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;

queries! {
    ALL = "SELECT business_id, mode, url FROM portal_hosts ORDER BY business_id, mode";
    KEEP = "INSERT INTO portal_hosts (business_id, mode, url) VALUES ($1, $2, $3) \
        ON CONFLICT (business_id, mode) DO UPDATE SET url = excluded.url";
    FORGET = "DELETE FROM portal_hosts WHERE business_id = $1 AND mode = $2";
}

#[derive(sqlx::FromRow)]
struct Row {
    business_id: String,
    mode: String,
    url: String,
}

impl Tx {
    /// Whose portals have, or had last, hosts of their own, and which.
    pub async fn portal_hosts(&mut self) -> Result<Vec<(Scope, Url)>> {
        let read = |row: Row| {
            let columns = Columns {
                table: "portal_hosts",
                id: &row.business_id,
            };
            let business = columns.parse("business_id", &row.business_id)?;
            let scope = Scope::new(business, columns.parse("mode", &row.mode)?);
            Ok((scope, columns.parse("url", &row.url)?))
        };
        let rows = fetch_all!(self, Row, ALL)?;
        rows.into_iter().map(read).collect()
    }

    /// Keeps the host of the portal of `scope`, in the place of an earlier one.
    pub async fn keep_portal_host(&mut self, scope: &Scope, url: &Url) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, KEEP, business, mode, url.as_str())?;
        Ok(())
    }

    /// The portal of `scope` has no host of its own any more.
    pub async fn forget_portal_host(&mut self, scope: &Scope) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, FORGET, business, mode)?;
        Ok(())
    }
}
