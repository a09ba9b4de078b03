//! Endpoints that merchants made. What signs their deliveries, and their headers, stand here
//! sealed.

use jiff::{SignedDuration, Timestamp};

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, json, touched_one};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::endpoint::Endpoint;
use crate::domain::id::EndpointId;

queries! {
    INSERT = "INSERT INTO webhook_endpoints (id, business_id, mode, url, description, metadata, \
        disabled, filter_types, rate_limit, secrets, headers, idempotency_key, paced_until, \
        created_at, updated_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $13, 0)";
    GET = "SELECT * FROM webhook_endpoints WHERE business_id = $1 AND mode = $2 AND id = $3";
    BY_KEY = "SELECT * FROM webhook_endpoints \
        WHERE business_id = $1 AND mode = $2 AND idempotency_key = $3";
    LIST = "SELECT * FROM webhook_endpoints \
        WHERE business_id = $1 AND mode = $2 AND id > $3 ORDER BY id LIMIT $4 + 0";
    SAVE = "UPDATE webhook_endpoints SET url = $4, description = $5, metadata = $6, \
        disabled = $7, filter_types = $8, rate_limit = $9, secrets = $10, headers = $11, \
        updated_at = $12, version = version + 1 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND version = $13";
    DELETE = "DELETE FROM webhook_endpoints WHERE business_id = $1 AND mode = $2 AND id = $3";
    /// Turns follow each other at the endpoint's pace; the next one is never before now.
    PACE = "UPDATE webhook_endpoints SET paced_until = \
        CASE WHEN paced_until > $4 THEN paced_until ELSE $4 END + $5 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 RETURNING paced_until";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    url: String,
    description: String,
    metadata: String,
    disabled: bool,
    filter_types: Option<String>,
    rate_limit: Option<i64>,
    secrets: String,
    headers: String,
    idempotency_key: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

#[derive(sqlx::FromRow)]
struct Paced {
    paced_until: i64,
}

impl TryFrom<Row> for Endpoint {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "webhook_endpoints",
            id: &row.id,
        };
        let filter = row.filter_types.as_deref();
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            filter_types: filter
                .map(|text| columns.json("filter_types", text))
                .transpose()?,
            rate_limit: columns.number_some("rate_limit", row.rate_limit)?,
            created_at: columns.time("created_at", row.created_at)?,
            updated_at: columns.time("updated_at", row.updated_at)?,
            url: row.url,
            description: row.description,
            metadata: row.metadata,
            disabled: row.disabled,
            secrets: row.secrets,
            headers: row.headers,
            idempotency_key: row.idempotency_key,
            version: row.version,
        })
    }
}

impl Tx {
    /// Adds an endpoint. [`Error::Conflict`] when its id or idempotency key is taken.
    pub async fn insert_endpoint(&mut self, endpoint: &Endpoint) -> Result<()> {
        execute!(
            self,
            INSERT,
            endpoint.id.as_str(),
            endpoint.scope.business.as_str(),
            endpoint.scope.mode.as_str(),
            &endpoint.url,
            &endpoint.description,
            &endpoint.metadata,
            endpoint.disabled,
            endpoint.filter_types.as_ref().map(json),
            endpoint.rate_limit.map(i64::from),
            &endpoint.secrets,
            &endpoint.headers,
            endpoint.idempotency_key.as_deref(),
            endpoint.created_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The endpoint with this id.
    pub async fn endpoint(&mut self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        fetch_optional!(self, Row, GET, business, mode, id.as_str())?
            .map(Endpoint::try_from)
            .transpose()
    }

    /// The endpoint that was made under this key.
    pub async fn endpoint_by_key(&mut self, scope: &Scope, key: &str) -> Result<Option<Endpoint>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        fetch_optional!(self, Row, BY_KEY, business, mode, key)?
            .map(Endpoint::try_from)
            .transpose()
    }

    /// Up to `limit` endpoints behind the id `after`, oldest first; from the start behind "".
    pub async fn endpoints(
        &mut self,
        scope: &Scope,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Endpoint>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        fetch_all!(self, Row, LIST, business, mode, after, i64::from(limit))?
            .into_iter()
            .map(Endpoint::try_from)
            .collect()
    }

    /// Writes an endpoint that was read before; refuses it when it changed since.
    pub async fn save_endpoint(&mut self, endpoint: &mut Endpoint) -> Result<()> {
        let touched = execute!(
            self,
            SAVE,
            endpoint.scope.business.as_str(),
            endpoint.scope.mode.as_str(),
            endpoint.id.as_str(),
            &endpoint.url,
            &endpoint.description,
            &endpoint.metadata,
            endpoint.disabled,
            endpoint.filter_types.as_ref().map(json),
            endpoint.rate_limit.map(i64::from),
            &endpoint.secrets,
            &endpoint.headers,
            endpoint.updated_at.as_microsecond(),
            endpoint.version,
        )?;
        touched_one(touched, "webhook_endpoints", endpoint.id.as_str())?;
        endpoint.version += 1;
        Ok(())
    }

    /// Removes an endpoint for good; answers whether it was there.
    pub async fn delete_endpoint(&mut self, scope: &Scope, id: &EndpointId) -> Result<bool> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let touched = execute!(self, DELETE, business, mode, id.as_str())?;
        Ok(touched == 1)
    }

    /// Takes the next turn of an endpoint that has one every `step`: now, or behind the turns that
    /// are taken already. Whoever does the same in another process gets another turn.
    pub async fn take_turn(
        &mut self,
        scope: &Scope,
        id: &EndpointId,
        now: Timestamp,
        step: SignedDuration,
    ) -> Result<Timestamp> {
        let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX);
        let paced = fetch_optional!(
            self,
            Paced,
            PACE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            now.as_microsecond(),
            step,
        )?;
        let columns = Columns {
            table: "webhook_endpoints",
            id: id.as_str(),
        };
        match paced {
            Some(row) => columns.time("paced_until", row.paced_until.saturating_sub(step)),
            None => Ok(now),
        }
    }
}
