//! Where a merchant wants to be told of events, and what became of telling.

use jiff::Timestamp;

use super::id::{AttemptId, EndpointId, EventId};
use super::{Scope, text_enum};

/// An endpoint of a merchant, made by the API.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Identity.
    pub id: EndpointId,
    /// Business and mode.
    pub scope: Scope,
    /// Where events are posted to. May hold a token of the merchant's: never logged.
    pub url: String,
    /// The merchant's remark.
    pub description: String,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
    /// Whether nothing is sent to it.
    pub disabled: bool,
    /// The types of events that it wants; none for all.
    pub filter_types: Option<Vec<String>>,
    /// The most deliveries in a second; none for no limit.
    pub rate_limit: Option<u32>,
    /// What signs its deliveries, sealed with the host's key.
    pub secrets: String,
    /// The merchant's own headers, sealed with the host's key.
    pub headers: String,
    /// What the merchant called the wish to make it; one endpoint per word.
    pub idempotency_key: Option<String>,
    /// When it was made (host time).
    pub created_at: Timestamp,
    /// When it was last changed (host time).
    pub updated_at: Timestamp,
    /// Counts changes.
    pub version: i64,
}

impl Endpoint {
    /// Whether events of this type are to be sent to it.
    pub fn wants(&self, event_type: &str) -> bool {
        !self.disabled && wants(self.filter_types.as_deref(), event_type)
    }
}

/// Whether a filter lets events of this type through; none lets all.
pub fn wants(filter: Option<&[String]>, event_type: &str) -> bool {
    filter.is_none_or(|wanted| wanted.iter().any(|wanted| wanted == event_type))
}

text_enum! {
    /// How far an event is on its way to an endpoint.
    pub enum DeliveryState {
        /// Not acknowledged yet; a job will try.
        Waiting = "waiting",
        /// Acknowledged.
        Delivered = "delivered",
        /// Given up after the last try.
        Failed = "failed",
        /// No longer wanted: the endpoint is gone or disabled.
        Dropped = "dropped",
    }
}

/// An event on its way to one endpoint.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where to.
    pub endpoint: EndpointId,
    /// What; also the `webhook-id`.
    pub event: EventId,
    /// The event's type.
    pub kind: String,
    /// The id of what it happened to.
    pub object: String,
    /// How far it is.
    pub state: DeliveryState,
    /// Tries that failed since it was ordered or replayed.
    pub failures: u32,
    /// When a limited endpoint's turn comes (host time).
    pub slot_at: Option<Timestamp>,
    /// When it was ordered (host time).
    pub created_at: Timestamp,
    /// When it was acknowledged or given up (host time).
    pub ended_at: Option<Timestamp>,
}

/// One try to deliver an event.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Identity.
    pub id: AttemptId,
    /// Where to.
    pub endpoint: EndpointId,
    /// What.
    pub event: EventId,
    /// When it was sent (host time).
    pub at: Timestamp,
    /// How it ended; none while it is under way, and when its process died: then nobody knows
    /// whether it arrived.
    pub end: Option<AttemptEnd>,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    /// How long it took, in microseconds.
    pub took_us: i64,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// Why it is no acknowledgement, without addresses.
    pub error: Option<String>,
}
