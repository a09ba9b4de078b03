//! Documents: gaps, missing ones, those of others, and those that are paid again.

use super::world::billed;
use super::*;
use crate::records::{Debt, Dispute, Invoice};

const DOCUMENTS: &str = "documents missing, doubled or with a gap";

/// Another payment with the same subscription, of `amount` for `debts`, with the document `invoice`.
fn paid(evidence: &mut Evidence, id: &str, amount: i64, debts: &[&str], invoice: &str) {
    let payment = Payment {
        id: id.to_owned(),
        amount_minor: amount,
        invoice_id: Some(invoice.to_owned()),
        metadata: "{}".to_owned(),
        ..evidence.records.payments[0].clone()
    };
    evidence.records.payments.push(payment);
    for debt in debts {
        evidence.records.shares.push(share(id, debt));
    }
}

/// Another document, over `debts`, which it names for the first time.
fn issued(evidence: &mut Evidence, id: &str, number: i64, debts: &[(&str, i64)]) {
    let invoice = Invoice {
        id: id.to_owned(),
        number: Some(number),
        number_text: Some(format!("INV-{number}")),
        gross_minor: debts.iter().map(|(_, amount)| amount).sum(),
        ..evidence.records.invoices[0].clone()
    };
    evidence.records.invoices.push(invoice);
    for (debt, amount) in debts {
        evidence.records.debts.push(Debt {
            id: (*debt).to_owned(),
            amount_minor: *amount,
            ..evidence.records.debts[0].clone()
        });
        evidence.records.billed.push(billed(id, debt));
    }
}

#[test]
fn a_gap_and_a_document_that_is_missing_or_has_two_owners_are_found() {
    let gap = after(|evidence| evidence.records.invoices[0].number = Some(2));
    assert_eq!(gap, [DOCUMENTS]);
    let missing = after(|evidence| evidence.records.payments[0].invoice_id = None);
    assert_eq!(missing, [DOCUMENTS]);
    let draft = after(|evidence| evidence.records.invoices[0].state = "draft".to_owned());
    assert_eq!(draft, [DOCUMENTS]);
    let other_sum = after(|evidence| evidence.records.invoices[0].gross_minor = 2_800);
    assert_eq!(other_sum, [DOCUMENTS]);
    let shared = after(|evidence| paid(evidence, "pay_2", 2_900, &["debt_2"], "inv_1"));
    assert!(shared.contains(&DOCUMENTS));
}

#[test]
fn what_is_paid_again_beside_others_has_its_old_document() {
    // Of two debts on one document, one is paid again: alone, or beside a new one.
    let world = |evidence: &mut Evidence| {
        issued(evidence, "inv_2", 2, &[("debt_2", 500), ("debt_3", 700)]);
        paid(evidence, "pay_2", 1_200, &["debt_2", "debt_3"], "inv_2");
    };
    let alone = after(|evidence| {
        world(evidence);
        paid(evidence, "pay_3", 500, &["debt_2"], "inv_2");
        taken_back(evidence, "pay_2");
    });
    assert!(!alone.contains(&DOCUMENTS), "{alone:?}");
    let beside = after(|evidence| {
        world(evidence);
        issued(evidence, "inv_3", 3, &[("debt_4", 300)]);
        paid(evidence, "pay_3", 800, &["debt_2", "debt_4"], "inv_3");
        taken_back(evidence, "pay_2");
    });
    assert!(!beside.contains(&DOCUMENTS), "{beside:?}");
    // What is paid for the first time is on none.
    let of_the_old = after(|evidence| {
        world(evidence);
        paid(evidence, "pay_3", 800, &["debt_2", "debt_4"], "inv_2");
        taken_back(evidence, "pay_2");
    });
    assert!(of_the_old.contains(&DOCUMENTS));
    // The document of somebody else.
    let of_another = after(|evidence| {
        world(evidence);
        paid(evidence, "pay_3", 500, &["debt_2"], "inv_1");
        taken_back(evidence, "pay_2");
    });
    assert!(of_another.contains(&DOCUMENTS));
}

/// A bank took back what a payment had settled.
fn taken_back(evidence: &mut Evidence, payment: &str) {
    evidence.records.disputes.push(Dispute {
        id: "dis_1".to_owned(),
        payment_id: payment.to_owned(),
        reopened: 1,
        ..Dispute::default()
    });
}
