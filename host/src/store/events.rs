//! Facts: what merchants are told by webhook, what gateways told us, the audit.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{AuditId, EventId};

queries! {
    INSERT = "INSERT INTO events (id, business_id, mode, type, object_id, occurred_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    GET = "SELECT id, type, object_id, occurred_at FROM events \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    OF_OBJECT = "SELECT id, type, object_id, occurred_at FROM events \
        WHERE business_id = $1 AND mode = $2 AND object_id = $3 ORDER BY id";
    DELIVERED = "UPDATE events SET delivered_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND delivered_at IS NULL";
    RECEIVE = "INSERT INTO gateway_events (business_id, mode, gateway, event_id, received_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (business_id, mode, gateway, event_id) DO NOTHING";
    RECEIVED = "SELECT COUNT(*) AS count FROM gateway_events WHERE business_id = $1 AND mode = $2 \
        AND gateway = $3 AND event_id = $4";
    AUDIT = "INSERT INTO audit (id, business_id, mode, at, actor, origin, action, object_id, \
        before, after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
}

/// A fact that the merchant is told.
#[derive(Clone, Debug)]
pub struct Event {
    /// Identity; also the `webhook-id`, the same at every delivery.
    pub id: EventId,
    /// The event's type in Dodo's words, such as `payment.succeeded`.
    pub kind: String,
    /// The id of what it happened to.
    pub object: String,
    /// When it happened (business time).
    pub occurred_at: Timestamp,
}

/// Who did what to what, for the append-only audit.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Identity.
    pub id: AuditId,
    /// When (host time).
    pub at: Timestamp,
    /// Who: the id of a customer, staff member, API key or job.
    pub actor: String,
    /// From where: a masked network address, or none for the host itself.
    pub origin: Option<String>,
    /// What was done, such as `subscription.cancel`.
    pub action: String,
    /// The id of what it was done to.
    pub object: String,
    /// The changed facts before (JSON), without addresses or secrets.
    pub before: Option<String>,
    /// The changed facts after (JSON), without addresses or secrets.
    pub after: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    #[sqlx(rename = "type")]
    kind: String,
    object_id: String,
    occurred_at: i64,
}

fn event(row: Row) -> Result<Event> {
    let columns = Columns {
        table: "events",
        id: &row.id,
    };
    Ok(Event {
        id: columns.parse("id", &row.id)?,
        occurred_at: columns.time("occurred_at", row.occurred_at)?,
        kind: row.kind,
        object: row.object_id,
    })
}

impl Tx {
    /// Adds a fact for the merchant.
    pub async fn insert_event(&mut self, scope: &Scope, event: &Event) -> Result<()> {
        execute!(
            self,
            INSERT,
            event.id.as_str(),
            scope.business.as_str(),
            scope.mode.as_str(),
            &event.kind,
            &event.object,
            event.occurred_at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The fact with this id.
    pub async fn event(&mut self, scope: &Scope, id: &EventId) -> Result<Option<Event>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(event)
        .transpose()
    }

    /// What happened to one object, oldest first.
    pub async fn events_of(&mut self, scope: &Scope, object: &str) -> Result<Vec<Event>> {
        fetch_all!(
            self,
            Row,
            OF_OBJECT,
            scope.business.as_str(),
            scope.mode.as_str(),
            object
        )?
        .into_iter()
        .map(event)
        .collect()
    }

    /// Notes that the merchant acknowledged a fact.
    pub async fn event_delivered(
        &mut self,
        scope: &Scope,
        id: &EventId,
        at: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            DELIVERED,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond(),
        )?;
        Ok(())
    }

    /// Notes an event of a gateway; answers false when it was told before.
    pub async fn receive_gateway_event(
        &mut self,
        scope: &Scope,
        gateway: &str,
        event: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            RECEIVE,
            scope.business.as_str(),
            scope.mode.as_str(),
            gateway,
            event,
            at.as_microsecond(),
        )?;
        Ok(touched == 1)
    }

    /// Whether a gateway's event was applied before.
    pub async fn has_received_gateway_event(
        &mut self,
        scope: &Scope,
        gateway: &str,
        event: &str,
    ) -> Result<bool> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        let known = fetch_optional!(self, Count, RECEIVED, business, mode, gateway, event)?;
        Ok(known.is_some_and(|known| known.count > 0))
    }

    /// Appends to the audit.
    pub async fn audit(&mut self, scope: &Scope, entry: &AuditEntry) -> Result<()> {
        execute!(
            self,
            AUDIT,
            entry.id.as_str(),
            scope.business.as_str(),
            scope.mode.as_str(),
            entry.at.as_microsecond(),
            &entry.actor,
            entry.origin.as_deref(),
            &entry.action,
            &entry.object,
            entry.before.as_deref(),
            entry.after.as_deref(),
        )?;
        Ok(())
    }
}
