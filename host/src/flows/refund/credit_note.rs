//! The document of a refund: a credit note in a series of its own, which names the invoice and
//! reverses its tax at the original rates; and the one that takes it back.

use jiff::Timestamp;

use crate::cx::Cx;
use crate::domain::invoice::{Corrected, Invoice, InvoiceKind, InvoiceState, PaidWith};
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::parts::{self, Part};
use crate::domain::refund::{Refund, RefundState};
use crate::domain::tax::{Line, Role};
use crate::flows::{Error, documents};
use crate::store::Tx;

/// Issues the credit note of a refund that succeeded, in the transaction that settles it. There
/// is none where there is no invoice to correct.
pub(super) async fn issue(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    refund: &mut Refund,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &refund.scope;
    let invoice = match &payment.invoice {
        Some(id) if !payment.unapplied => tx.invoice(scope, id).await?,
        _ => None,
    };
    let Some(invoice) = invoice.filter(|invoice| invoice.number.is_some()) else {
        return Ok(());
    };
    // A payment may have paid an older invoice again, besides its own.
    let debts = tx.debts_of_payment(&payment.id).await?;
    let (_, paid) = documents::unbilled(tx, &debts).await?;
    let mut corrects = Vec::with_capacity(paid.len());
    for id in &paid {
        corrects.extend(tx.invoice(scope, id).await?.as_ref().and_then(named));
    }
    let others = tx.refunds_of(scope, &payment.id).await?;
    let credited: i64 = others
        .iter()
        .filter(|other| other.id != refund.id)
        .filter(|other| matches!(other.state, RefundState::Succeeded { .. }))
        .map(|other| other.total().minor)
        .sum();
    let credited = credited + refund.total().minor;
    if credited > payment.captured().minor {
        tracing::error!(refund.id = %refund.id, "more went back than was taken; no credit note is issued over it");
        return Ok(());
    }
    let (business, _) = cx
        .business(scope)
        .ok_or_else(|| Error::Unavailable("its file is gone".to_owned()))?;
    let zero = Money::zero(refund.amount.currency);
    let draft = Invoice {
        id: cx.new_id(),
        kind: InvoiceKind::CreditNote,
        state: InvoiceState::Draft,
        number: None,
        number_text: None,
        issued_at: None,
        currency: zero.currency,
        lines: refund.parts.iter().map(|part| line(part, zero)).collect(),
        totals: parts::totals(&refund.parts, zero)?,
        paid_with: None,
        corrects,
        created_at: now,
        ..invoice.clone()
    };
    tx.insert_invoice(&draft).await?;
    let paid_with = PaidWith {
        payment: payment.id.clone(),
        at: now,
        ..documents::paid_with(tx, payment, now).await?
    };
    let issued = documents::issue(cx, tx, &business, draft, Some(paid_with), now).await?;
    refund.credit_note = Some(issued.id);
    if credited == payment.captured().minor {
        for id in &paid {
            tx.mark_credited(scope, id).await?;
        }
    }
    Ok(())
}

/// Takes the credit note of a refund back whose money came back: what it said is owed and paid after
/// all, in a document of its own that names it.
pub(super) async fn take_back(
    cx: &Cx,
    tx: &mut Tx,
    payment: &Payment,
    refund: &mut Refund,
    now: Timestamp,
) -> Result<(), Error> {
    let scope = &refund.scope;
    let note = match &refund.credit_note {
        Some(id) => tx.invoice(scope, id).await?,
        None => None,
    };
    let Some(note) = note else {
        return Ok(());
    };
    let (business, _) = cx
        .business(scope)
        .ok_or_else(|| Error::Unavailable("its file is gone".to_owned()))?;
    let draft = Invoice {
        id: cx.new_id(),
        kind: InvoiceKind::Invoice,
        state: InvoiceState::Draft,
        number: None,
        number_text: None,
        issued_at: None,
        paid_with: None,
        corrects: named(&note).into_iter().collect(),
        created_at: now,
        ..note
    };
    tx.insert_invoice(&draft).await?;
    let paid_with = documents::paid_with(tx, payment, now).await?;
    let issued = documents::issue(cx, tx, &business, draft, Some(paid_with), now).await?;
    refund.correction = Some(issued.id);
    let debts = tx.debts_of_payment(&payment.id).await?;
    let (_, paid) = documents::unbilled(tx, &debts).await?;
    for id in &paid {
        tx.mark_uncredited(scope, id).await?;
    }
    Ok(())
}

fn named(invoice: &Invoice) -> Option<Corrected> {
    Some(Corrected {
        invoice: invoice.id.clone(),
        number: invoice.number_text.clone()?,
        issued_at: invoice.issued_at?,
    })
}

/// A part as a line: with or without its tax, as the invoice has it.
fn line(part: &Part, zero: Money) -> Line {
    let minor = if part.tax_inclusive {
        part.gross
    } else {
        part.gross - part.tax
    };
    Line {
        product: None,
        description: part.name.clone(),
        quantity: 1,
        unit: Money::new(minor, zero.currency),
        tax_inclusive: part.tax_inclusive,
        rate: part.rate,
        period: None,
        role: Role::Product,
        share: None,
        part: None,
    }
}
