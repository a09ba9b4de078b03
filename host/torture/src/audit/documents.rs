//! Whether what was paid has its document, and numbers have no gaps.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, applied, reversals};
use crate::findings::Findings;
use crate::records::{Invoice, Payment, Records};

/// Numbers without gaps; one paid document for each payment that settled something.
pub(super) fn documents(evidence: &Evidence, found: &mut Findings) {
    let records = &evidence.records;
    let mut series: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for invoice in &records.invoices {
        if let Some(number) = invoice.number {
            series.entry(&invoice.kind).or_default().push(number);
        }
    }
    for (kind, mut numbers) in series {
        numbers.sort_unstable();
        if !numbers.iter().copied().eq((1..).take(numbers.len())) {
            let pairs = numbers.windows(2);
            let odd: Vec<i64> = pairs
                .filter(|pair| pair[0] + 1 != pair[1])
                .map(|pair| pair[1])
                .collect();
            found.documents.push(format!(
                "the numbers of {kind}s are not 1 to {}: from {:?}, with gaps before {odd:?}",
                numbers.len(),
                numbers.first()
            ));
        }
    }
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for payment in applied(records) {
        let invoice = payment
            .invoice_id
            .as_ref()
            .and_then(|id| records.invoices.iter().find(|invoice| invoice.id == *id));
        let Some(invoice) = invoice else {
            found
                .documents
                .push(format!("{} has no document", payment.id));
            continue;
        };
        if !is_its_own(records, payment, invoice) {
            found.documents.push(format!(
                "the document of {} is not its own: {invoice:?} over {:?}, and it paid for {:?}",
                payment.id,
                billed(records, &invoice.id),
                paid(records, &payment.id)
            ));
        }
        // What a bank took back is paid again with the same document.
        if reversals::owed_again(records, &payment.id) {
            continue;
        }
        if let Some(other) = owners.insert(&invoice.id, &payment.id) {
            found
                .documents
                .push(format!("{} and {other} have one document", payment.id));
        }
    }
}

/// Whether a document is over what a payment paid for. What was paid before, and taken back by a
/// bank, keeps the document that it had, perhaps with others in it; what is paid beside it for the
/// first time has one of its own, and that is the payment's.
fn is_its_own(records: &Records, payment: &Payment, invoice: &Invoice) -> bool {
    if invoice.state == "draft" || invoice.state == "discarded" {
        return false;
    }
    if invoice.gross_minor == payment.amount_minor {
        return true;
    }
    let (own, billed) = (paid(records, &payment.id), billed(records, &invoice.id));
    let elsewhere: BTreeSet<&str> = applied(records)
        .filter(|other| other.id != payment.id)
        .flat_map(|other| paid(records, &other.id))
        .collect();
    let mut fresh = own.difference(&elsewhere).peekable();
    let gross: i64 = (records.debts.iter())
        .filter(|debt| billed.contains(debt.id.as_str()))
        .map(|debt| debt.amount_minor)
        .sum();
    let is_over_it = if fresh.peek().is_none() {
        !own.is_disjoint(&billed)
    } else {
        fresh.all(|debt| billed.contains(debt)) && billed.is_subset(&own)
    };
    is_over_it && gross == invoice.gross_minor
}

/// The debts that a payment was for.
fn paid<'a>(records: &'a Records, payment: &str) -> BTreeSet<&'a str> {
    let shares = records.shares.iter();
    let own = shares.filter(|share| share.payment_id == payment);
    own.map(|share| share.debt_id.as_str()).collect()
}

/// The debts that a document is over.
fn billed<'a>(records: &'a Records, invoice: &str) -> BTreeSet<&'a str> {
    let billed = records.billed.iter();
    let own = billed.filter(|billed| billed.invoice_id == invoice);
    own.map(|billed| billed.debt_id.as_str()).collect()
}
