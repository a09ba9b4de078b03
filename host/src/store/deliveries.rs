//! Events on their way to endpoints, and every try.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::pages::{Page, Seek, beside};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::endpoint::{Attempt, AttemptEnd, Delivery, DeliveryState};
use crate::domain::id::{EndpointId, EventId};

queries! {
    /// One that was given up, or acknowledged, is ordered anew.
    ORDER = "INSERT INTO webhook_deliveries (endpoint_id, event_id, business_id, mode, state, \
        failures, created_at) VALUES ($1, $2, $3, $4, 'waiting', 0, $5) \
        ON CONFLICT (endpoint_id, event_id) DO UPDATE \
        SET state = 'waiting', failures = 0, slot_at = NULL, ended_at = NULL";
    GET = "SELECT webhook_deliveries.*, events.type, events.object_id FROM webhook_deliveries \
        JOIN events ON events.id = webhook_deliveries.event_id \
        WHERE webhook_deliveries.business_id = $1 AND webhook_deliveries.mode = $2 \
        AND endpoint_id = $3 AND event_id = $4";
    HOLD = "UPDATE webhook_deliveries SET state = state WHERE business_id = $1 AND mode = $2 \
        AND endpoint_id = $3 AND event_id = $4";
    OLDER = "SELECT webhook_deliveries.*, events.type, events.object_id FROM webhook_deliveries \
        JOIN events ON events.id = webhook_deliveries.event_id \
        WHERE webhook_deliveries.business_id = $1 AND webhook_deliveries.mode = $2 \
        AND (created_at, event_id) < ($3, $4) AND endpoint_id = $6 AND state LIKE $7 \
        ORDER BY created_at DESC, event_id DESC LIMIT $5 + 0";
    NEWER = "SELECT webhook_deliveries.*, events.type, events.object_id FROM webhook_deliveries \
        JOIN events ON events.id = webhook_deliveries.event_id \
        WHERE webhook_deliveries.business_id = $1 AND webhook_deliveries.mode = $2 \
        AND (created_at, event_id) > ($3, $4) AND endpoint_id = $6 AND state LIKE $7 \
        ORDER BY created_at, event_id LIMIT $5 + 0";
    FAILED = "SELECT event_id FROM webhook_deliveries \
        WHERE business_id = $1 AND mode = $2 AND endpoint_id = $3 AND state = 'failed' \
        AND created_at >= $4 AND created_at < $5 ORDER BY created_at, event_id LIMIT $6 + 0";
    COUNTS = "SELECT state, COUNT(*) AS number FROM webhook_deliveries \
        WHERE business_id = $1 AND mode = $2 AND endpoint_id = $3 AND created_at >= $4 \
        GROUP BY state";
    SLOT = "UPDATE webhook_deliveries SET slot_at = $5 WHERE business_id = $1 AND mode = $2 \
        AND endpoint_id = $3 AND event_id = $4 AND state = 'waiting'";
    /// Late news changes nothing about what was acknowledged.
    END = "UPDATE webhook_deliveries SET state = $5, failures = $6, ended_at = $7 \
        WHERE business_id = $1 AND mode = $2 AND endpoint_id = $3 AND event_id = $4 \
        AND state <> 'delivered'";
    FORGET = "DELETE FROM webhook_deliveries WHERE ended_at < $1";
    TRY = "INSERT INTO webhook_attempts (id, business_id, mode, endpoint_id, event_id, at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    TRIED = "UPDATE webhook_attempts SET took_us = $4, status = $5, error = $6 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND took_us IS NULL";
    ATTEMPTS = "SELECT id, endpoint_id, event_id, at, took_us, status, error \
        FROM webhook_attempts WHERE business_id = $1 AND mode = $2 AND endpoint_id = $3 \
        AND event_id = $4 ORDER BY id LIMIT 1000";
}

/// Which deliveries of an endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those that are so far.
    pub state: Option<DeliveryState>,
}

#[derive(sqlx::FromRow)]
struct Row {
    endpoint_id: String,
    event_id: String,
    #[sqlx(rename = "type")]
    kind: String,
    object_id: String,
    state: String,
    failures: i64,
    slot_at: Option<i64>,
    created_at: i64,
    ended_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct AttemptRow {
    id: String,
    endpoint_id: String,
    event_id: String,
    at: i64,
    took_us: Option<i64>,
    status: Option<i64>,
    error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    event_id: String,
}

#[derive(sqlx::FromRow)]
struct CountRow {
    state: String,
    number: i64,
}

impl TryFrom<Row> for Delivery {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "webhook_deliveries",
            id: &row.event_id,
        };
        Ok(Self {
            endpoint: columns.parse("endpoint_id", &row.endpoint_id)?,
            event: columns.parse("event_id", &row.event_id)?,
            state: columns.parse("state", &row.state)?,
            failures: columns.number("failures", row.failures)?,
            slot_at: columns.time_some("slot_at", row.slot_at)?,
            created_at: columns.time("created_at", row.created_at)?,
            ended_at: columns.time_some("ended_at", row.ended_at)?,
            kind: row.kind,
            object: row.object_id,
        })
    }
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = Error;

    fn try_from(row: AttemptRow) -> Result<Self> {
        let columns = Columns {
            table: "webhook_attempts",
            id: &row.id,
        };
        let end = match row.took_us {
            Some(took_us) => Some(AttemptEnd {
                took_us,
                status: columns.number_some("status", row.status)?,
                error: row.error,
            }),
            None => None,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            endpoint: columns.parse("endpoint_id", &row.endpoint_id)?,
            event: columns.parse("event_id", &row.event_id)?,
            at: columns.time("at", row.at)?,
            end,
        })
    }
}

impl Tx {
    /// Orders an event for an endpoint; one that was delivered or given up is to go again.
    pub async fn order_delivery(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        event: &EventId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            ORDER,
            endpoint.as_str(),
            event.as_str(),
            scope.business.as_str(),
            scope.mode.as_str(),
            at.as_microsecond(),
        )?;
        Ok(())
    }

    /// An event on its way to an endpoint.
    pub async fn delivery(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        event: &EventId,
    ) -> Result<Option<Delivery>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            endpoint.as_str(),
            event.as_str(),
        )?
        .map(Delivery::try_from)
        .transpose()
    }

    /// The same, locked until the transaction ends.
    pub async fn lock_delivery(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        event: &EventId,
    ) -> Result<Option<Delivery>> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let (endpoint_id, event_id) = (endpoint.as_str(), event.as_str());
        execute!(self, HOLD, business, mode, endpoint_id, event_id)?;
        self.delivery(scope, endpoint, event).await
    }

    /// A page of an endpoint's deliveries.
    pub async fn deliveries_page(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        filter: DeliveryFilter,
        seek: &Seek<EventId>,
        limit: u32,
    ) -> Result<Page<Delivery>> {
        let row = match seek.row() {
            Some(event) => self.delivery(scope, endpoint, event).await?,
            None => None,
        };
        let edge = seek.edge(row.map(|row| (row.created_at, row.event.into())));
        let state = filter.state.map_or("%", DeliveryState::as_str);
        let page = beside!(
            self,
            scope,
            edge,
            limit,
            Row,
            OLDER,
            NEWER,
            endpoint.as_str(),
            state,
        );
        match page {
            Some(page) => Ok(page),
            None => {
                let top = Seek::Newest;
                Box::pin(self.deliveries_page(scope, endpoint, filter, &top, limit)).await
            }
        }
    }

    /// Up to `limit` events, oldest first, that were given up at an endpoint and ordered from
    /// `since` on, before `until`.
    pub async fn failed_deliveries(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<EventId>> {
        fetch_all!(
            self,
            EventRow,
            FAILED,
            scope.business.as_str(),
            scope.mode.as_str(),
            endpoint.as_str(),
            since.as_microsecond(),
            until.as_microsecond(),
            i64::from(limit),
        )?
        .into_iter()
        .map(|row| {
            let columns = Columns {
                table: "webhook_deliveries",
                id: &row.event_id,
            };
            columns.parse("event_id", &row.event_id)
        })
        .collect()
    }

    /// How many deliveries of an endpoint since `since` are how far.
    pub async fn delivery_counts(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        since: Timestamp,
    ) -> Result<Vec<(DeliveryState, i64)>> {
        fetch_all!(
            self,
            CountRow,
            COUNTS,
            scope.business.as_str(),
            scope.mode.as_str(),
            endpoint.as_str(),
            since.as_microsecond(),
        )?
        .into_iter()
        .map(|row| {
            let columns = Columns {
                table: "webhook_deliveries",
                id: endpoint.as_str(),
            };
            Ok((columns.parse("state", &row.state)?, row.number))
        })
        .collect()
    }

    /// Notes when a delivery's turn comes.
    pub async fn set_slot(
        &mut self,
        scope: &Scope,
        delivery: &Delivery,
        at: Option<Timestamp>,
    ) -> Result<()> {
        execute!(
            self,
            SLOT,
            scope.business.as_str(),
            scope.mode.as_str(),
            delivery.endpoint.as_str(),
            delivery.event.as_str(),
            at.map(Timestamp::as_microsecond),
        )?;
        Ok(())
    }

    /// Notes how far a delivery is after `failures` tries in vain.
    pub async fn set_delivery(
        &mut self,
        scope: &Scope,
        (endpoint, event): (&EndpointId, &EventId),
        state: DeliveryState,
        failures: u32,
        ended_at: Option<Timestamp>,
    ) -> Result<()> {
        execute!(
            self,
            END,
            scope.business.as_str(),
            scope.mode.as_str(),
            endpoint.as_str(),
            event.as_str(),
            state.as_str(),
            i64::from(failures),
            ended_at.map(Timestamp::as_microsecond),
        )?;
        Ok(())
    }

    /// Deletes deliveries of all scopes that ended before `before`, with their tries.
    pub async fn forget_deliveries(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }

    /// Notes that a try is about to be made.
    pub async fn insert_attempt(&mut self, scope: &Scope, attempt: &Attempt) -> Result<()> {
        execute!(
            self,
            TRY,
            attempt.id.as_str(),
            scope.business.as_str(),
            scope.mode.as_str(),
            attempt.endpoint.as_str(),
            attempt.event.as_str(),
            attempt.at.as_microsecond(),
        )?;
        Ok(())
    }

    /// Notes how a try ended.
    pub async fn end_attempt(
        &mut self,
        scope: &Scope,
        attempt: &Attempt,
        end: &AttemptEnd,
    ) -> Result<()> {
        execute!(
            self,
            TRIED,
            scope.business.as_str(),
            scope.mode.as_str(),
            attempt.id.as_str(),
            end.took_us,
            end.status.map(i64::from),
            end.error.as_deref(),
        )?;
        Ok(())
    }

    /// The tries of a delivery, oldest first.
    pub async fn attempts(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        event: &EventId,
    ) -> Result<Vec<Attempt>> {
        fetch_all!(
            self,
            AttemptRow,
            ATTEMPTS,
            scope.business.as_str(),
            scope.mode.as_str(),
            endpoint.as_str(),
            event.as_str(),
        )?
        .into_iter()
        .map(Attempt::try_from)
        .collect()
    }
}
