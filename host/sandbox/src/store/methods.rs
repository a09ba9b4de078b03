//! Cards and accounts that customers entered: what may be shown of them, never a number.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Result, Tx};
use crate::instrument::Behaviour;

/// Card or account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum MethodKind {
    Card,
    BankDebit,
}

/// A payment method. Only a saved and attached one can be charged again.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) customer: String,
    pub(crate) kind: MethodKind,
    pub(crate) brand: String,
    pub(crate) funding: String,
    pub(crate) last_four: String,
    pub(crate) expiry_month: Option<i64>,
    pub(crate) expiry_year: Option<i64>,
    pub(crate) holder: String,
    /// The same for the same card or account; its number cannot be found from it.
    pub(crate) fingerprint: String,
    pub(crate) behaviour: Behaviour,
    /// What the card network calls the agreement to charge again.
    pub(crate) network_reference: String,
    pub(crate) saved: bool,
    pub(crate) detached_at: Option<i64>,
    pub(crate) created_at: i64,
}

impl Tx {
    pub(crate) async fn insert_method(&mut self, method: &Method) -> Result<()> {
        sqlx::query(
            "INSERT INTO methods (id, account, customer, kind, brand, funding, last_four,
                 expiry_month, expiry_year, holder, fingerprint, behaviour, network_reference,
                 saved, detached_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(&method.id)
        .bind(&method.account)
        .bind(&method.customer)
        .bind(method.kind)
        .bind(&method.brand)
        .bind(&method.funding)
        .bind(&method.last_four)
        .bind(method.expiry_month)
        .bind(method.expiry_year)
        .bind(&method.holder)
        .bind(&method.fingerprint)
        .bind(method.behaviour)
        .bind(&method.network_reference)
        .bind(method.saved)
        .bind(method.detached_at)
        .bind(method.created_at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Keeps a method for later charges.
    pub(crate) async fn mark_method_saved(&mut self, id: &str) -> Result<()> {
        sqlx::query("UPDATE methods SET saved = 1 WHERE id = $1")
            .bind(id)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Lets a method go. Doing it again changes nothing.
    pub(crate) async fn mark_method_detached(
        &mut self,
        account: &str,
        id: &str,
        now: i64,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE methods SET detached_at = $3
             WHERE account = $1 AND id = $2 AND detached_at IS NULL",
        )
        .bind(account)
        .bind(id)
        .bind(now)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub(crate) async fn method(&mut self, account: &str, id: &str) -> Result<Option<Method>> {
        sqlx::query_as("SELECT * FROM methods WHERE account = $1 AND id = $2")
            .bind(account)
            .bind(id)
            .fetch_optional(&mut *self.inner)
            .await
    }

    /// What a customer has saved and not removed, newest first.
    pub(crate) async fn methods_of(
        &mut self,
        account: &str,
        customer: &str,
    ) -> Result<Vec<Method>> {
        sqlx::query_as(
            "SELECT * FROM methods
             WHERE account = $1 AND customer = $2 AND saved = 1 AND detached_at IS NULL
             ORDER BY created_at DESC, id DESC",
        )
        .bind(account)
        .bind(customer)
        .fetch_all(&mut *self.inner)
        .await
    }
}
