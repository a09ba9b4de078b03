//! The front page: what the processor did lately, for those who run a demo. Read-only, and
//! served only on loopback unless it was asked for.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::{missing, page};
use crate::error::Error;
use crate::money;
use crate::processor::Processor;
use crate::store::{EntryKind, Kind};

/// How many rows each list shows.
const ROWS: i64 = 50;

/// What the page shows.
#[derive(Debug, Serialize)]
struct FrontPage {
    entries: Vec<EntryRow>,
    intents: Vec<IntentRow>,
}

#[derive(Debug, Serialize)]
struct EntryRow {
    at: String,
    account: String,
    kind: &'static str,
    reference: String,
    amount: String,
}

#[derive(Debug, Serialize)]
struct IntentRow {
    at: String,
    account: String,
    kind: &'static str,
    id: String,
    customer: String,
    amount: Option<String>,
    method: Option<String>,
    status: &'static str,
    decline: Option<&'static str>,
}

pub(super) async fn show(State(processor): State<Arc<Processor>>) -> Result<Response, Error> {
    if !processor.shows_front_page {
        return missing(&processor);
    }
    let mut tx = processor.store.read().await?;
    let entries = tx
        .newest_entries(ROWS)
        .await?
        .into_iter()
        .map(|entry| EntryRow {
            at: moment(entry.at),
            account: entry.account,
            kind: match entry.kind {
                EntryKind::Charge => "Charge",
                EntryKind::Refund => "Refund",
                EntryKind::Reversal => "Reversal",
                EntryKind::ReversalReturned => "Reversal returned",
            },
            reference: entry.reference,
            amount: money::show(
                match entry.kind {
                    EntryKind::Charge | EntryKind::ReversalReturned => entry.amount,
                    EntryKind::Refund | EntryKind::Reversal => -entry.amount,
                },
                &entry.currency,
            ),
        })
        .collect();
    let mut intents = Vec::new();
    for intent in tx.newest_intents(None, ROWS).await? {
        let method = match &intent.method {
            Some(id) => tx.method(&intent.account, id).await?,
            None => None,
        };
        let amount = intent.amount.zip(intent.currency.as_deref());
        intents.push(IntentRow {
            at: moment(intent.created_at),
            kind: match intent.kind {
                Kind::Charge => "Charge",
                Kind::Setup => "Set-up",
            },
            customer: intent.customer,
            amount: amount.map(|(minor, currency)| money::show(minor, currency)),
            method: method.map(|method| format!("{} •••• {}", method.brand, method.last_four)),
            status: intent.status.word(),
            decline: intent.decline.map(crate::decline::DeclineCode::message),
            id: intent.id,
            account: intent.account,
        });
    }
    page(
        &processor,
        StatusCode::OK,
        "front.html",
        &FrontPage { entries, intents },
        None,
    )
}

/// A moment for people, in UTC.
fn moment(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
