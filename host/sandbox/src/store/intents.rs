//! Charges and set-ups: two kinds of one thing, an intent that a customer's method is asked
//! for. A charge has an amount, a set-up only saves the method.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{MethodKind, Result, Tx};
use crate::decline::DeclineCode;

/// Whether money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Kind {
    Charge,
    Setup,
}

/// Who started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Initiator {
    CustomerPresent,
    MerchantRecurring,
    MerchantUnscheduled,
}

/// Where an intent stands. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "snake_case")]
pub(crate) enum Status {
    /// The hosted page waits for a card or an account.
    AwaitingMethod,
    /// The confirmation page waits for the customer.
    AwaitingAuthentication,
    /// A bank debit is under way.
    Processing,
    Succeeded,
    Declined,
    Cancelled,
}

impl Status {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AwaitingMethod | Self::AwaitingAuthentication => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the customer has something to do.
    pub(crate) fn awaits_customer(self) -> bool {
        matches!(self, Self::AwaitingMethod | Self::AwaitingAuthentication)
    }
}

/// A charge or a set-up.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) kind: Kind,
    pub(crate) idempotency_key: String,
    /// The caller's own reference of the customer.
    pub(crate) customer: String,
    pub(crate) customer_name: Option<String>,
    /// Minor units; none for a set-up.
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) initiator: Initiator,
    pub(crate) save_method: bool,
    pub(crate) return_url: Option<String>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) description: Option<String>,
    /// The one kind of method that is offered.
    pub(crate) only_kind: Option<MethodKind>,
    /// A JSON object of texts.
    metadata: String,
    /// What stands in the path of the hosted pages.
    pub(crate) token: String,
    pub(crate) status: Status,
    pub(crate) method: Option<String>,
    pub(crate) decline: Option<DeclineCode>,
    /// When a debit settles by itself; none while only the control API can settle it.
    pub(crate) settles_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Intent {
    /// A new intent that waits for a method. The caller moves it on before inserting it, when
    /// the method is known.
    pub(crate) fn new(
        kind: Kind,
        account: String,
        idempotency_key: String,
        customer: String,
        metadata: &BTreeMap<String, String>,
        now: i64,
    ) -> Self {
        Self {
            id: super::new_id(match kind {
                Kind::Charge => "ch",
                Kind::Setup => "su",
            }),
            account,
            kind,
            idempotency_key,
            customer,
            customer_name: None,
            amount: None,
            currency: None,
            initiator: Initiator::CustomerPresent,
            save_method: kind == Kind::Setup,
            return_url: None,
            expires_at: None,
            description: None,
            only_kind: None,
            metadata: encode(metadata),
            token: data_encoding::BASE64URL_NOPAD.encode(&crate::chance::bytes()),
            status: Status::AwaitingMethod,
            method: None,
            decline: None,
            settles_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn metadata(&self) -> BTreeMap<String, String> {
        decode(&self.metadata)
    }

    /// Whether the customer came too late.
    pub(crate) fn has_expired(&self, now: i64) -> bool {
        self.status.awaits_customer() && self.expires_at.is_some_and(|at| at <= now)
    }
}

pub(super) fn encode(metadata: &BTreeMap<String, String>) -> String {
    serde_json::to_string(metadata).expect("a map of texts is always JSON")
}

pub(super) fn decode(metadata: &str) -> BTreeMap<String, String> {
    serde_json::from_str(metadata).unwrap_or_default()
}

impl Tx {
    pub(crate) async fn insert_intent(&mut self, intent: &Intent) -> Result<()> {
        sqlx::query(
            "INSERT INTO intents (id, account, kind, idempotency_key, customer, customer_name,
                 amount, currency, initiator, save_method, return_url, expires_at, description,
                 only_kind, metadata, token, status, method, decline, settles_at, created_at,
                 updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                 $18, $19, $20, $21, $22)",
        )
        .bind(&intent.id)
        .bind(&intent.account)
        .bind(intent.kind)
        .bind(&intent.idempotency_key)
        .bind(&intent.customer)
        .bind(&intent.customer_name)
        .bind(intent.amount)
        .bind(&intent.currency)
        .bind(intent.initiator)
        .bind(intent.save_method)
        .bind(&intent.return_url)
        .bind(intent.expires_at)
        .bind(&intent.description)
        .bind(intent.only_kind)
        .bind(&intent.metadata)
        .bind(&intent.token)
        .bind(intent.status)
        .bind(&intent.method)
        .bind(intent.decline)
        .bind(intent.settles_at)
        .bind(intent.created_at)
        .bind(intent.updated_at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Writes the part of an intent that changes.
    pub(crate) async fn save_intent(&mut self, intent: &Intent) -> Result<()> {
        sqlx::query(
            "UPDATE intents SET status = $2, method = $3, decline = $4, settles_at = $5,
                 updated_at = $6
             WHERE id = $1",
        )
        .bind(&intent.id)
        .bind(intent.status)
        .bind(&intent.method)
        .bind(intent.decline)
        .bind(intent.settles_at)
        .bind(intent.updated_at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub(crate) async fn intent(
        &mut self,
        account: &str,
        kind: Kind,
        id: &str,
    ) -> Result<Option<Intent>> {
        sqlx::query_as("SELECT * FROM intents WHERE account = $1 AND kind = $2 AND id = $3")
            .bind(account)
            .bind(kind)
            .bind(id)
            .fetch_optional(&mut *self.inner)
            .await
    }

    pub(crate) async fn intent_by_token(&mut self, token: &str) -> Result<Option<Intent>> {
        sqlx::query_as("SELECT * FROM intents WHERE token = $1")
            .bind(token)
            .fetch_optional(&mut *self.inner)
            .await
    }

    /// Every intent made under a key, oldest first: more than one only when a key was used
    /// again after it was forgotten.
    pub(crate) async fn intents_by_key(
        &mut self,
        account: &str,
        kind: Kind,
        key: &str,
    ) -> Result<Vec<Intent>> {
        sqlx::query_as(
            "SELECT * FROM intents WHERE account = $1 AND kind = $2 AND idempotency_key = $3
             ORDER BY seq",
        )
        .bind(account)
        .bind(kind)
        .bind(key)
        .fetch_all(&mut *self.inner)
        .await
    }

    /// The newest intents of one account, or of all.
    pub(crate) async fn newest_intents(
        &mut self,
        account: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Intent>> {
        sqlx::query_as(
            "SELECT * FROM intents WHERE $1 IS NULL OR account = $1 ORDER BY seq DESC LIMIT $2",
        )
        .bind(account)
        .bind(limit)
        .fetch_all(&mut *self.inner)
        .await
    }

    /// How often a method was declined without its customer.
    pub(crate) async fn declined_renewals(&mut self, method: &str) -> Result<i64> {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM intents WHERE method = $1 AND status = 'declined'
                 AND initiator <> 'customer_present'",
        )
        .bind(method)
        .fetch_one(&mut *self.inner)
        .await
    }

    /// Intents whose customer did not come in time.
    pub(crate) async fn expired_intents(&mut self, now: i64) -> Result<Vec<Intent>> {
        sqlx::query_as(
            "SELECT * FROM intents
             WHERE status IN ('awaiting_method', 'awaiting_authentication') AND expires_at <= $1
             ORDER BY expires_at LIMIT 100",
        )
        .bind(now)
        .fetch_all(&mut *self.inner)
        .await
    }

    /// Debits whose time to settle has come.
    pub(crate) async fn settling_intents(&mut self, now: i64) -> Result<Vec<Intent>> {
        sqlx::query_as(
            "SELECT * FROM intents WHERE status = 'processing' AND settles_at <= $1
             ORDER BY settles_at LIMIT 100",
        )
        .bind(now)
        .fetch_all(&mut *self.inner)
        .await
    }
}
