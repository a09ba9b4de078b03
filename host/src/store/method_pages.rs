//! Hosted pages on which a customer gives a new method for a subscription.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{PageId, SubscriptionId};

queries! {
    INSERT = "INSERT INTO method_pages (id, business_id, mode, subscription_id, return_url, \
        attempt_id, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    GET = "SELECT * FROM method_pages WHERE business_id = $1 AND mode = $2 AND id = $3";
    BY_ATTEMPT = "SELECT * FROM method_pages \
        WHERE business_id = $1 AND mode = $2 AND attempt_id = $3 ORDER BY id DESC LIMIT 1";
    NOTE = "UPDATE method_pages SET attempt_id = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
}

/// A hosted page on which a new method is given.
#[derive(Clone, Debug)]
pub struct MethodPage {
    /// Identity; its address holds a MAC over it.
    pub id: PageId,
    /// Business and mode.
    pub scope: Scope,
    /// What the method will pay for.
    pub subscription: SubscriptionId,
    /// The page the merchant wants the customer to be offered afterwards.
    pub return_url: Option<String>,
    /// The id of the payment or set-up that the newest press of its button led to.
    pub attempt: Option<String>,
    /// When it was made (host time).
    pub made_at: Timestamp,
    /// When its button stops working (host time).
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    subscription_id: String,
    return_url: Option<String>,
    attempt_id: Option<String>,
    made_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for MethodPage {
    type Error = super::Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "method_pages",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            subscription: columns.parse("subscription_id", &row.subscription_id)?,
            made_at: columns.time("made_at", row.made_at)?,
            expires_at: columns.time("expires_at", row.expires_at)?,
            return_url: row.return_url,
            attempt: row.attempt_id,
        })
    }
}

impl Tx {
    /// Adds a page.
    pub async fn insert_method_page(&mut self, page: &MethodPage) -> Result<()> {
        execute!(
            self,
            INSERT,
            page.id.as_str(),
            page.scope.business.as_str(),
            page.scope.mode.as_str(),
            page.subscription.as_str(),
            page.return_url.as_deref(),
            page.attempt.as_deref(),
            page.made_at.as_microsecond(),
            page.expires_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The page with this id in this scope.
    pub async fn method_page(&mut self, scope: &Scope, id: &PageId) -> Result<Option<MethodPage>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(MethodPage::try_from)
        .transpose()
    }

    /// The page whose newest attempt is the payment or set-up with this id.
    pub async fn method_page_by_attempt(
        &mut self,
        scope: &Scope,
        attempt: &str,
    ) -> Result<Option<MethodPage>> {
        fetch_optional!(
            self,
            Row,
            BY_ATTEMPT,
            scope.business.as_str(),
            scope.mode.as_str(),
            attempt
        )?
        .map(MethodPage::try_from)
        .transpose()
    }

    /// Notes what a press of the page's button led to.
    pub async fn note_method_attempt(
        &mut self,
        scope: &Scope,
        id: &PageId,
        attempt: &str,
    ) -> Result<()> {
        execute!(
            self,
            NOTE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            attempt
        )?;
        Ok(())
    }
}
