//! Webhook endpoints on the wire.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Metadata;
use crate::domain::id::EndpointId;
use crate::flows::endpoint::{View, is_sensitive};

/// An endpoint (`WebhookDetails`). Its secret is not in it.
#[derive(Debug, Serialize)]
pub struct WebhookDetails {
    /// Identity.
    pub id: EndpointId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The merchant's remark.
    pub description: String,
    /// The merchant's own keys.
    pub metadata: Metadata,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Where events are posted to.
    pub url: String,
    /// Whether nothing is sent to it.
    pub disabled: bool,
    /// The types that are sent to it; null for all.
    pub filter_types: Option<Vec<String>>,
    /// The most deliveries in a second; null for no limit.
    pub rate_limit: Option<u32>,
}

impl From<View> for WebhookDetails {
    fn from(view: View) -> Self {
        Self {
            metadata: Metadata::from_json(&view.metadata),
            id: view.id,
            created_at: view.created_at,
            description: view.description,
            updated_at: view.updated_at,
            url: view.url,
            disabled: view.disabled,
            filter_types: view.filter_types,
            rate_limit: view.rate_limit,
        }
    }
}

/// A page of a list that goes on behind `iterator`.
#[derive(Debug, Serialize)]
pub struct Cursor<T> {
    /// The items; an empty page is the end.
    pub data: Vec<T>,
    /// What to ask for the next page with.
    pub iterator: String,
    /// Whether this was the last page.
    pub done: bool,
}

/// The headers of an endpoint (`HeaderRetrieveResponse`).
#[derive(Debug, Serialize)]
pub struct Headers {
    /// Those whose value may be seen.
    pub headers: BTreeMap<String, String>,
    /// The names of the others.
    pub sensitive: Vec<String>,
}

impl From<BTreeMap<String, String>> for Headers {
    fn from(all: BTreeMap<String, String>) -> Self {
        let (sensitive, headers): (BTreeMap<_, _>, _) =
            all.into_iter().partition(|(name, _)| is_sensitive(name));
        Self {
            headers,
            sensitive: sensitive.into_keys().collect(),
        }
    }
}
