//! Stripe's books: balance transactions, which it lists newest first and the host wants oldest
//! first.

use vestibule_plugin::Timestamp;
use vestibule_plugin::gateway::GatewayError;
use vestibule_plugin::gateway::invalid;
use vestibule_plugin::gateway::ledger::{Entry, EntryKind, Page};

use crate::api::{self, Form};
use crate::stand;
use crate::wire::{self, Expandable, List, Movement};

/// How many entries the host takes at once.
const ENTRIES: usize = 200;
/// How many pages of Stripe's a call may read.
const PAGES: usize = 9;

/// The movements of a time, from the cursor on: how many entries were read before.
pub(crate) fn page(
    start: Timestamp,
    end: Timestamp,
    cursor: Option<&str>,
) -> Result<Page, GatewayError> {
    let from: usize = match cursor {
        None => 0,
        Some(cursor) => cursor
            .parse()
            .map_err(|_| invalid("cursor", "it is none of this gateway"))?,
    };
    // Stripe's moments are whole seconds: the bounds are rounded up, so that every movement is
    // in one of two adjoining times and in one only.
    let seconds = |moment: Timestamp| moment.saturating_add(999_999).div_euclid(1_000_000);
    let mut movements = movements(seconds(start), seconds(end))?;
    movements.reverse();
    let until = from.saturating_add(ENTRIES);
    let next = (until < movements.len()).then(|| until.to_string());
    let entries = movements.into_iter().skip(from).take(ENTRIES);
    Ok(Page {
        entries: entries.map(entry).collect(),
        next,
    })
}

fn movements(start: i64, end: i64) -> Result<Vec<Movement>, GatewayError> {
    let mut all: Vec<Movement> = Vec::new();
    for _ in 0..PAGES {
        let mut query = Form::new();
        query
            .set("limit", "100")
            .set("created[gte]", start.to_string())
            .set("created[lt]", end.to_string())
            .set("expand[]", "data.source");
        if let Some(last) = all.last() {
            query.set("starting_after", last.id.as_str());
        }
        let list: List<Movement> = api::get("/v1/balance_transactions", &query)?;
        let more = list.has_more && !list.data.is_empty();
        all.extend(list.data);
        if !more {
            return Ok(all);
        }
    }
    Err(invalid(
        "start",
        "there are too many movements in this time for one call; ask for a shorter one",
    ))
}

fn entry(movement: Movement) -> Entry {
    let kind = match movement.kind.as_str() {
        "charge" | "payment" => EntryKind::Charge,
        "refund" | "payment_refund" => EntryKind::Refund,
        "adjustment" | "payment_reversal" | "payment_failure_refund" => EntryKind::Reversal,
        other => EntryKind::Other(other.replace('_', "-")),
    };
    let source = movement.source.map(|source| match source {
        Expandable::Id(id) => (id, None, None),
        Expandable::Whole(source) => {
            let mut source = *source;
            let key = source.metadata.remove(wire::KEY);
            (source.id, key, source.amount.zip(source.currency))
        }
    });
    let (reference, key, paid) = source.unwrap_or((movement.id, None, None));
    // The books are in the account's currency; what was charged stands in the charge.
    let (minor, currency) = paid.unwrap_or((movement.amount, movement.currency));
    Entry {
        kind,
        reference,
        key,
        amount: stand::money(minor.saturating_abs(), &currency),
        at: stand::moment(movement.created),
        extra: Vec::new(),
    }
}
