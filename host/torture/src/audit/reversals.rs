//! Whether what banks took back is known here, once, and what follows from it.

use super::Evidence;
use crate::findings::Findings;
use crate::records::Records;

/// Every reversal of the ledger is one dispute that is lost, and none is open any more.
pub(super) fn reversals(evidence: &Evidence, found: &mut Findings) {
    let disputes = &evidence.records.disputes;
    found.disputes = disputes.len();
    found.reopened = disputes.iter().filter(|one| one.reopened == 1).count();
    for entry in evidence
        .ledger
        .iter()
        .filter(|entry| entry.kind == "reversal")
    {
        let known: Vec<_> = disputes
            .iter()
            .filter(|one| one.reference == entry.reference)
            .collect();
        let is_it = known
            .iter()
            .all(|one| (one.state.as_str(), one.amount_minor) == ("lost", entry.amount));
        if known.len() != 1 || !is_it {
            let problem = format!("{} of {} is {known:?}", entry.reference, entry.amount);
            found.reversals.push(problem);
        }
    }
    for dispute in disputes {
        let booked = evidence
            .ledger
            .iter()
            .any(|entry| entry.kind == "reversal" && entry.reference == dispute.reference);
        if dispute.state == "opened" || (dispute.state == "lost") != booked {
            found
                .reversals
                .push(format!("{} is {}", dispute.id, dispute.state));
        }
    }
}

/// Whether a bank took back what this payment had settled, so that it is owed again.
pub(super) fn owed_again(records: &Records, payment: &str) -> bool {
    let mut disputes = records.disputes.iter();
    disputes.any(|one| one.payment_id == payment && one.reopened == 1)
}

/// What banks took back with nothing owed again for it, in minor units.
pub(super) fn taken_back(records: &Records) -> i64 {
    let lost = records.disputes.iter();
    let lost = lost.filter(|one| one.state == "lost" && one.reopened == 0);
    lost.map(|one| one.amount_minor).sum()
}
