//! What indexes hold, whatever runs at once: one payment per debt, one by the customer per
//! subscription, one document per debt, numbers without gaps.

use futures_util::future::join_all;
use vestibule::domain::debt::DebtState;
use vestibule::domain::invoice::{InvoiceKind, InvoiceState};
use vestibule::domain::payment::{Initiator, PaymentState};
use vestibule::domain::subscription::Subscription;
use vestibule::store::{Error, Store};

use crate::support::databases;
use crate::support::sample::{at, debt, draft, id, payment, scope, subscribed};

#[tokio::test]
async fn one_cause_makes_one_debt() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let mut tx = database.store.begin().await.unwrap();
        assert!(
            tx.insert_debt(&debt(&subscription, "2026-11"))
                .await
                .unwrap()
        );
        assert!(
            !tx.insert_debt(&debt(&subscription, "2026-11"))
                .await
                .unwrap()
        );
        assert!(
            tx.insert_debt(&debt(&subscription, "2026-12"))
                .await
                .unwrap()
        );
        assert_eq!(
            tx.dues_of(&scope(), &subscription.id).await.unwrap().len(),
            2
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_debt_is_held_by_one_open_payment_at_a_time() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let owed = debt(&subscription, "2026-11");
        let first = payment(&subscription, Initiator::Recurring);
        let second = payment(&subscription, Initiator::Recurring);
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_debt(&owed).await.unwrap();
        tx.insert_payment(&first).await.unwrap();
        tx.insert_payment(&second).await.unwrap();
        tx.hold_debt(&first.id, &owed.id).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.store.begin().await.unwrap();
        let refused = tx.hold_debt(&second.id, &owed.id).await;
        assert!(
            matches!(refused, Err(Error::Conflict(_))),
            "{}: {refused:?}",
            database.name
        );
        drop(tx);

        let mut tx = database.store.begin().await.unwrap();
        tx.release_debts(&first.id).await.unwrap();
        tx.hold_debt(&second.id, &owed.id).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn fifty_customer_payments_at_once_leave_one_open() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let tries = (0..50).map(|_| begin_payment(&database.store, &subscription));
        let results = join_all(tries).await;
        let won = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(won, 1, "{}", database.name);
        for refused in results.into_iter().filter_map(Result::err) {
            assert!(
                matches!(refused, Error::Conflict(_)),
                "{}: {refused:?}",
                database.name
            );
        }
        let mut tx = database.store.begin().await.unwrap();
        let mut open = tx
            .open_payments_of(&scope(), &subscription.id)
            .await
            .unwrap();
        assert_eq!(open.len(), 1, "{}", database.name);
        open[0].state = PaymentState::Cancelled { at: at(1) };
        tx.save_payment(&mut open[0]).await.unwrap();
        tx.commit().await.unwrap();
        begin_payment(&database.store, &subscription).await.unwrap();
    }
}

async fn begin_payment(store: &Store, subscription: &Subscription) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    tx.insert_payment(&payment(subscription, Initiator::Customer))
        .await?;
    tx.commit().await
}

#[tokio::test]
async fn a_debt_stands_in_one_live_document() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let owed = debt(&subscription, "2026-11");
        let (first, second) = (draft(&subscription), draft(&subscription));
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_debt(&owed).await.unwrap();
        tx.insert_invoice(&first).await.unwrap();
        tx.insert_invoice(&second).await.unwrap();
        tx.bill_debt(&first.id, &owed.id).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.store.begin().await.unwrap();
        let refused = tx.bill_debt(&second.id, &owed.id).await;
        assert!(
            matches!(refused, Err(Error::Conflict(_))),
            "{}: {refused:?}",
            database.name
        );
        drop(tx);

        let mut tx = database.store.begin().await.unwrap();
        tx.unbill_debts(&first.id).await.unwrap();
        tx.bill_debt(&second.id, &owed.id).await.unwrap();
        assert_eq!(tx.billed_debts(&second.id).await.unwrap(), [owed.id]);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn numbers_have_no_gaps_though_every_third_transaction_fails() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let issues = (0..60).map(|n| issue(&database.store, &subscription, n % 3 != 2));
        let mut numbers: Vec<i64> = join_all(issues).await.into_iter().flatten().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<_>>(), "{}", database.name);
    }
}

/// Issues a document, or gives up just before the commit.
async fn issue(store: &Store, subscription: &Subscription, commit: bool) -> Option<i64> {
    let mut invoice = draft(subscription);
    let mut tx = store.begin().await.unwrap();
    tx.insert_invoice(&invoice).await.unwrap();
    let number = tx
        .next_invoice_number(&scope(), InvoiceKind::Invoice)
        .await
        .unwrap();
    invoice.number = Some(number);
    invoice.issued_at = Some(at(1));
    invoice.state = InvoiceState::Issued;
    tx.save_draft(&invoice).await.unwrap();
    if !commit {
        return None;
    }
    tx.commit().await.unwrap();
    Some(number)
}

#[tokio::test]
async fn an_issued_document_keeps_its_text_and_its_first_bytes() {
    for database in databases().await {
        let store = &database.store;
        let subscription = subscribed(store).await;
        let mut invoice = draft(&subscription);
        let mut tx = store.begin().await.unwrap();
        tx.insert_invoice(&invoice).await.unwrap();
        assert!(
            !tx.keep_invoice_pdf(&scope(), &invoice.id, b"draft", "0")
                .await
                .unwrap()
        );
        invoice.number = Some(1);
        invoice.issued_at = Some(at(1));
        invoice.state = InvoiceState::Paid;
        tx.save_draft(&invoice).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = store.begin().await.unwrap();
        let refused = tx.save_draft(&invoice).await;
        assert!(
            matches!(refused, Err(Error::Stale { .. })),
            "{}: {refused:?}",
            database.name
        );
        assert!(
            tx.keep_invoice_pdf(&scope(), &invoice.id, b"first", "1")
                .await
                .unwrap()
        );
        assert!(
            !tx.keep_invoice_pdf(&scope(), &invoice.id, b"second", "2")
                .await
                .unwrap()
        );
        let kept = tx.invoice_pdf(&scope(), &invoice.id).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&b"first"[..]), "{}", database.name);
    }
}

#[tokio::test]
async fn a_debt_is_closed_once() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let owed = debt(&subscription, "2026-11");
        let mut tx = database.store.begin().await.unwrap();
        tx.insert_debt(&owed).await.unwrap();
        let paid_by = id();
        let settled = DebtState::Settled;
        let written_off = DebtState::WrittenOff;
        assert!(
            tx.close_debt(&scope(), &owed.id, settled, Some(&paid_by), at(1))
                .await
                .unwrap()
        );
        assert!(
            !tx.close_debt(&scope(), &owed.id, written_off, None, at(2))
                .await
                .unwrap()
        );
        assert!(
            tx.dues_of(&scope(), &subscription.id)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_gateways_event_is_taken_once() {
    for database in databases().await {
        let mut tx = database.store.begin().await.unwrap();
        assert!(
            tx.receive_gateway_event(&scope(), "main", "evt_1", at(0))
                .await
                .unwrap()
        );
        assert!(
            !tx.receive_gateway_event(&scope(), "main", "evt_1", at(1))
                .await
                .unwrap()
        );
        assert!(
            tx.receive_gateway_event(&scope(), "other", "evt_1", at(1))
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
    }
}
