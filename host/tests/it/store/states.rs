//! Debts and invoices have no machine in the code: their rules stand in the conditions of the store's
//! statements, so that a row which somebody else has moved meanwhile is not moved again. Their
//! tables, as both databases keep them.

use std::fmt::Write;

use vestibule::domain::debt::{Debt, DebtState};
use vestibule::domain::invoice::{Invoice, InvoiceState, PaidWith};
use vestibule::domain::payment::{Initiator, Payment};
use vestibule::store::Tx;

use crate::support::databases;
use crate::support::sample::{at, debt, draft, payment, scope, subscribed};

/// What can happen to a debt.
#[derive(Clone, Copy, Debug)]
enum OfDebt {
    Paid,
    WrittenOff,
    /// The bank takes back what paid it.
    TakenBack,
    Carried,
}

impl OfDebt {
    const ALL: [Self; 4] = [Self::Paid, Self::WrittenOff, Self::TakenBack, Self::Carried];

    async fn happen(self, tx: &mut Tx, debt: &Debt, payment: &Payment) {
        let (scope, by) = (scope(), &payment.id);
        match self {
            Self::Paid => {
                let settled = DebtState::Settled;
                tx.close_debt(&scope, &debt.id, settled, Some(by), at(9))
                    .await
                    .unwrap();
            }
            Self::WrittenOff => {
                let gone = DebtState::WrittenOff;
                tx.close_debt(&scope, &debt.id, gone, None, at(9))
                    .await
                    .unwrap();
            }
            Self::TakenBack => {
                let why = (by, &crate::support::sample::id());
                tx.reopen_debt(&scope, why, &debt.id).await.unwrap();
            }
            Self::Carried => tx.carry_debt(&scope, &debt.id).await.unwrap(),
        }
    }
}

/// What can happen to a document.
#[derive(Clone, Copy, Debug)]
enum OfInvoice {
    Issued,
    Discarded,
    Paid,
    TakenBack,
    Credited,
}

impl OfInvoice {
    const ALL: [Self; 5] = [
        Self::Issued,
        Self::Discarded,
        Self::Paid,
        Self::TakenBack,
        Self::Credited,
    ];

    async fn happen(self, tx: &mut Tx, invoice: &Invoice, payment: &Payment) {
        let (scope, id) = (scope(), &invoice.id);
        // What is no draft any more is refused, which leaves it as it is.
        let as_draft = |state| Invoice {
            state,
            number: Some(7),
            number_text: Some("7".to_owned()),
            issued_at: Some(at(9)),
            ..invoice.clone()
        };
        match self {
            Self::Issued => {
                let _ = tx.save_draft(&as_draft(InvoiceState::Issued)).await;
            }
            Self::Discarded => {
                let gone = Invoice {
                    state: InvoiceState::Discarded,
                    ..invoice.clone()
                };
                let _ = tx.save_draft(&gone).await;
            }
            Self::Paid => {
                let with = PaidWith {
                    payment: payment.id.clone(),
                    at: at(9),
                    brand: None,
                    last4: None,
                };
                tx.mark_paid(&scope, id, &with).await.unwrap();
            }
            Self::TakenBack => tx.mark_unpaid(&scope, id).await.unwrap(),
            Self::Credited => tx.mark_credited(&scope, id).await.unwrap(),
        }
    }
}

#[tokio::test]
async fn the_whole_table_of_debts_is_as_reviewed() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let mut table = String::new();
        for state in DebtState::ALL {
            for event in OfDebt::ALL {
                let mut tx = database.store.begin().await.unwrap();
                let paying = payment(&subscription, Initiator::Recurring);
                let paid = *state == DebtState::Settled;
                let owed = Debt {
                    state: *state,
                    settled_by: paid.then(|| paying.id.clone()),
                    ..debt(&subscription, "2026-11")
                };
                tx.insert_payment(&paying).await.unwrap();
                tx.insert_debt(&owed).await.unwrap();
                tx.hold_debt(&paying.id, &owed.id).await.unwrap();
                event.happen(&mut tx, &owed, &paying).await;
                let after = tx.debts_of_payment(&paying.id).await.unwrap().remove(0);
                let marked = if after.disputed { ", marked" } else { "" };
                let (state, event) = (state.as_str(), format!("{event:?}"));
                let (kind, after) = (after.kind, after.state);
                writeln!(table, "{state:12} {event:11} -> {after} ({kind}{marked})").unwrap();
            }
        }
        insta::assert_snapshot!("debts", table);
    }
}

#[tokio::test]
async fn the_whole_table_of_documents_is_as_reviewed() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let mut table = String::new();
        for state in InvoiceState::ALL {
            for event in OfInvoice::ALL {
                let mut tx = database.store.begin().await.unwrap();
                let numbered = !matches!(state, InvoiceState::Draft | InvoiceState::Discarded);
                let document = Invoice {
                    state: *state,
                    number: numbered.then_some(7),
                    number_text: numbered.then(|| "7".to_owned()),
                    issued_at: numbered.then(|| at(1)),
                    ..draft(&subscription)
                };
                let paying = payment(&subscription, Initiator::Recurring);
                tx.insert_invoice(&document).await.unwrap();
                event.happen(&mut tx, &document, &paying).await;
                let after = tx.invoice(&scope(), &document.id).await.unwrap().unwrap();
                assert!(
                    !numbered || after.number == Some(7),
                    "a number never changes"
                );
                let (state, event) = (state.as_str(), format!("{event:?}"));
                writeln!(table, "{state:10} {event:10} -> {}", after.state).unwrap();
            }
        }
        insta::assert_snapshot!("documents", table);
    }
}
