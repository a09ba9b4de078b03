//! Stripe's books: balance transactions. Stripe lists them newest first, page by page from the last
//! that was read on, and so are they read here, however many there are: the parts follow each other
//! backwards in time, and each of them is oldest first.

use vestibule_plugin::Timestamp;
use vestibule_plugin::gateway::GatewayError;
use vestibule_plugin::gateway::ledger::{Entry, EntryKind, Page};

use crate::api::{self, Form};
use crate::stand;
use crate::wire::{self, Expandable, List, Movement};

/// How many entries a page of Stripe's has, and how many of them a call reads: the host takes 200
/// entries at once.
const PAGE: &str = "100";
const PAGES: usize = 2;

/// The movements of a time, from the cursor on: Stripe's id of the last that was read before.
pub(crate) fn page(
    start: Timestamp,
    end: Timestamp,
    cursor: Option<String>,
) -> Result<Page, GatewayError> {
    // Stripe's moments are whole seconds: the bounds are rounded up, so that every movement is
    // in one of two adjoining times and in one only.
    let seconds = |moment: Timestamp| moment.saturating_add(999_999).div_euclid(1_000_000);
    let mut of_this_time = Form::new();
    of_this_time
        .set("limit", PAGE)
        .set("created[gte]", seconds(start).to_string())
        .set("created[lt]", seconds(end).to_string())
        .set("expand[]", "data.source");
    let mut movements: Vec<Movement> = Vec::new();
    let mut after = cursor;
    for _ in 0..PAGES {
        let mut query = of_this_time.clone();
        if let Some(after) = &after {
            query.set("starting_after", after.as_str());
        }
        let part: List<Movement> = api::get("/v1/balance_transactions", &query)?;
        let last = part.data.last().filter(|_| part.has_more);
        after = last.map(|last| last.id.clone());
        movements.extend(part.data);
        if after.is_none() {
            break;
        }
    }
    movements.reverse();
    Ok(Page {
        entries: movements.into_iter().map(entry).collect(),
        next: after,
    })
}

fn entry(movement: Movement) -> Entry {
    let kind = match movement.kind.as_str() {
        "charge" | "payment" => EntryKind::Charge,
        "refund" | "payment_refund" => EntryKind::Refund,
        // What a dispute took is given again when it is won.
        "adjustment" if movement.amount > 0 => EntryKind::Other("reinstated".to_owned()),
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
