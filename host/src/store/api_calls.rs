//! Calls of the merchant API that make something, kept so that a repeat finds what the first
//! one made.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::CallId;

queries! {
    INSERT = "INSERT INTO api_calls (id, business_id, mode, caller, idempotency_key, fingerprint, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BY_KEY = "SELECT * FROM api_calls \
        WHERE business_id = $1 AND mode = $2 AND caller = $3 AND idempotency_key = $4";
    LATEST = "SELECT * FROM api_calls WHERE business_id = $1 AND mode = $2 AND caller = $3 \
        AND fingerprint = $4 AND created_at >= $5 ORDER BY created_at DESC, id DESC LIMIT 1";
    GET = "SELECT * FROM api_calls WHERE business_id = $1 AND mode = $2 AND id = $3";
    CLOSE = "UPDATE api_calls SET outcome = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND outcome IS NULL";
    FAIL = "UPDATE api_calls SET outcome = 'failed' \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND outcome IS NULL";
    TAKE_OVER = "UPDATE api_calls SET outcome = NULL \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND outcome = 'failed'";
    FORGET = "DELETE FROM api_calls WHERE created_at < $1";
}

/// Stands for an outcome where a call failed; all others are ids, or nothing.
const FAILED: &str = "failed";

/// A call that makes something.
#[derive(Clone, Debug)]
pub struct ApiCall {
    /// Identity; the ids of what the call makes follow from it.
    pub id: CallId,
    /// Business and mode.
    pub scope: Scope,
    /// The API key, or the license whose key was shown.
    pub caller: String,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// A hash of method, path, query and body.
    pub fingerprint: String,
    /// What became of the call, where that does not follow from its id.
    pub outcome: Option<String>,
    /// Whether it ended without one, so that a repeat may start again.
    pub failed: bool,
    /// When it arrived first (host time).
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    caller: String,
    idempotency_key: Option<String>,
    fingerprint: String,
    outcome: Option<String>,
    created_at: i64,
}

impl TryFrom<Row> for ApiCall {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "api_calls",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            created_at: columns.time("created_at", row.created_at)?,
            caller: row.caller,
            idempotency_key: row.idempotency_key,
            fingerprint: row.fingerprint,
            failed: row.outcome.as_deref() == Some(FAILED),
            outcome: row.outcome.filter(|outcome| outcome != FAILED),
        })
    }
}

impl Tx {
    /// Adds a call; [`Error::Conflict`] when its idempotency key is taken.
    pub async fn insert_api_call(&mut self, call: &ApiCall) -> Result<()> {
        execute!(
            self,
            INSERT,
            call.id.as_str(),
            call.scope.business.as_str(),
            call.scope.mode.as_str(),
            &call.caller,
            call.idempotency_key.as_deref(),
            &call.fingerprint,
            call.created_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The call that a caller made under an idempotency key.
    pub async fn api_call_by_key(
        &mut self,
        scope: &Scope,
        caller: &str,
        idempotency_key: &str,
    ) -> Result<Option<ApiCall>> {
        fetch_optional!(
            self,
            Row,
            BY_KEY,
            scope.business.as_str(),
            scope.mode.as_str(),
            caller,
            idempotency_key,
        )?
        .map(ApiCall::try_from)
        .transpose()
    }

    /// The newest equal call of a caller since `since`.
    pub async fn latest_api_call(
        &mut self,
        scope: &Scope,
        caller: &str,
        fingerprint: &str,
        since: Timestamp,
    ) -> Result<Option<ApiCall>> {
        fetch_optional!(
            self,
            Row,
            LATEST,
            scope.business.as_str(),
            scope.mode.as_str(),
            caller,
            fingerprint,
            since.as_microsecond(),
        )?
        .map(ApiCall::try_from)
        .transpose()
    }

    /// The call with this id.
    pub async fn api_call(&mut self, scope: &Scope, id: &CallId) -> Result<Option<ApiCall>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(ApiCall::try_from)
        .transpose()
    }

    /// Notes what became of a call; the first note stays.
    pub async fn close_api_call(
        &mut self,
        scope: &Scope,
        id: &CallId,
        outcome: &str,
    ) -> Result<()> {
        execute!(
            self,
            CLOSE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            outcome,
        )?;
        Ok(())
    }

    /// Notes that a call made nothing.
    pub async fn fail_api_call(&mut self, scope: &Scope, id: &CallId) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, FAIL, business, mode, id.as_str())?;
        Ok(())
    }

    /// Makes a failed call one that runs again; whether this was the one to do it.
    pub async fn take_over_api_call(&mut self, scope: &Scope, id: &CallId) -> Result<bool> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let touched = execute!(self, TAKE_OVER, business, mode, id.as_str())?;
        Ok(touched == 1)
    }

    /// Forgets the calls of all scopes that arrived before `before`.
    pub async fn forget_api_calls(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
