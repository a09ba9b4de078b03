//! Set-ups: collecting a payment method without charging it.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::{Columns, json};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, MethodId, SetupId, SubscriptionId};
use crate::domain::payment::{CustomerAction, Decline};
pub use crate::domain::setup::SetupState;

queries! {
    INSERT = "INSERT INTO setups (id, business_id, mode, customer_id, subscription_id, gateway, \
        state, decline_code, decline_advice, decline_gateway_code, action, expires_at, \
        gateway_ref, method_id, return_url, created_at, updated_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    GET = "SELECT * FROM setups WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// Takes the row's lock on both databases.
    LOCK = "UPDATE setups SET version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 RETURNING *";
    OPEN_OF = "SELECT * FROM setups \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND state IN ('created', 'awaiting-customer') ORDER BY expires_at DESC, id DESC LIMIT 1";
    SAVE = "UPDATE setups SET state = $5, decline_code = $6, decline_advice = $7, \
        decline_gateway_code = $8, action = $9, gateway_ref = $10, method_id = $11, \
        updated_at = $12, version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND version = $4";
}

/// One attempt to save a method for a subscription.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Identity and idempotency key.
    pub id: SetupId,
    /// Business and mode.
    pub scope: Scope,
    /// Whose method.
    pub customer: CustomerId,
    /// The subscription that will use it.
    pub subscription: SubscriptionId,
    /// The business's name for the gateway that was asked.
    pub gateway: String,
    /// Where it stands.
    pub state: SetupState,
    /// The gateway's no.
    pub decline: Option<Decline>,
    /// What the customer has to do.
    pub action: Option<CustomerAction>,
    /// When it is given up (host time).
    pub expires_at: Timestamp,
    /// The gateway's reference, once known.
    pub gateway_ref: Option<String>,
    /// The method that was saved.
    pub method: Option<MethodId>,
    /// The page the merchant wants the customer to be offered afterwards.
    pub return_url: Option<String>,
    /// When it was intended (business time).
    pub created_at: Timestamp,
    /// When it last changed (business time).
    pub updated_at: Timestamp,
    /// Counts writes; a save with an old number is refused.
    pub version: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    subscription_id: String,
    gateway: String,
    state: String,
    decline_code: Option<String>,
    decline_advice: Option<String>,
    decline_gateway_code: Option<String>,
    action: Option<String>,
    expires_at: i64,
    gateway_ref: Option<String>,
    method_id: Option<String>,
    return_url: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<Row> for Setup {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "setups",
            id: &row.id,
        };
        let decline = match (row.decline_code.as_deref(), row.decline_advice.as_deref()) {
            (Some(code), Some(advice)) => Some(Decline {
                code: columns.parse("decline_code", code)?,
                advice: columns.parse("decline_advice", advice)?,
                gateway_code: row.decline_gateway_code.clone(),
            }),
            _ => None,
        };
        let action = match row.action.as_deref() {
            Some(text) => Some(columns.json("action", text)?),
            None => None,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            subscription: columns.parse("subscription_id", &row.subscription_id)?,
            state: columns.parse("state", &row.state)?,
            decline,
            action,
            expires_at: columns.time("expires_at", row.expires_at)?,
            method: columns.parse_some("method_id", row.method_id.as_deref())?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            gateway: row.gateway,
            gateway_ref: row.gateway_ref,
            return_url: row.return_url,
            version: row.version,
        })
    }
}

impl Tx {
    /// Adds a set-up.
    pub async fn insert_setup(&mut self, setup: &Setup) -> Result<()> {
        execute!(
            self,
            INSERT,
            setup.id.as_str(),
            setup.scope.business.as_str(),
            setup.scope.mode.as_str(),
            setup.customer.as_str(),
            setup.subscription.as_str(),
            &setup.gateway,
            setup.state.as_str(),
            setup.decline.as_ref().map(|decline| decline.code.as_str()),
            setup
                .decline
                .as_ref()
                .map(|decline| decline.advice.as_str()),
            setup
                .decline
                .as_ref()
                .and_then(|decline| decline.gateway_code.as_deref()),
            setup.action.as_ref().map(json),
            setup.expires_at.as_microsecond(),
            setup.gateway_ref.as_deref(),
            setup.method.as_ref().map(MethodId::as_str),
            setup.return_url.as_deref(),
            setup.created_at.as_microsecond(),
            setup.updated_at.as_microsecond(),
            setup.version,
        )?;
        Ok(())
    }

    /// The set-up with this id in this scope.
    pub async fn setup(&mut self, scope: &Scope, id: &SetupId) -> Result<Option<Setup>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Setup::try_from)
        .transpose()
    }

    /// The set-up of a subscription that is open, the last to expire.
    pub async fn open_setup_of(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Option<Setup>> {
        fetch_optional!(
            self,
            Row,
            OPEN_OF,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
        )?
        .map(Setup::try_from)
        .transpose()
    }

    /// The set-up, locked until the transaction ends; lock its subscription first.
    pub async fn lock_setup(&mut self, scope: &Scope, id: &SetupId) -> Result<Option<Setup>> {
        fetch_optional!(
            self,
            Row,
            LOCK,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Setup::try_from)
        .transpose()
    }

    /// Writes a set-up; [`Error::Stale`] when it changed since it was read.
    pub async fn save_setup(&mut self, setup: &mut Setup) -> Result<()> {
        let touched = execute!(
            self,
            SAVE,
            setup.scope.business.as_str(),
            setup.scope.mode.as_str(),
            setup.id.as_str(),
            setup.version,
            setup.state.as_str(),
            setup.decline.as_ref().map(|decline| decline.code.as_str()),
            setup
                .decline
                .as_ref()
                .map(|decline| decline.advice.as_str()),
            setup
                .decline
                .as_ref()
                .and_then(|decline| decline.gateway_code.as_deref()),
            setup.action.as_ref().map(json),
            setup.gateway_ref.as_deref(),
            setup.method.as_ref().map(MethodId::as_str),
            setup.updated_at.as_microsecond(),
        )?;
        super::row::touched_one(touched, "setups", setup.id.as_str())?;
        setup.version += 1;
        Ok(())
    }
}
