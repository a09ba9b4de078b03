//! Invoices: drafting one over debts, keeping or discarding drafts, issuing at settlement.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Error;
use crate::config::Business;
use crate::cx::Cx;
use crate::domain::customer::{BuyerDetails, Customer};
use crate::domain::debt::Debt;
use crate::domain::id::{DebtId, InvoiceId};
use crate::domain::invoice::{Invoice, InvoiceKind, InvoiceState, PaidWith, Party};
use crate::domain::payment::Payment;
use crate::domain::subscription::Subscription;
use crate::domain::tax::{self, Line, Role, Totals};
use crate::domain::{Mode, Scope};
use crate::store::{Tx, Work};

/// The buyer as a document names them.
fn party(customer: &Customer, buyer: &BuyerDetails) -> Party {
    let billing = &buyer.billing;
    let town: Vec<&str> = [&billing.zipcode, &billing.city]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let address = [
        billing.street.clone(),
        Some(town.join(" ")),
        billing.state.clone(),
    ];
    Party {
        name: buyer
            .business_name
            .as_ref()
            .unwrap_or(&customer.name)
            .clone(),
        attention: buyer.business_name.as_ref().map(|_| customer.name.clone()),
        address: address
            .into_iter()
            .flatten()
            .filter(|line| !line.is_empty())
            .collect(),
        country: billing.country.clone(),
        tax_id: buyer.tax_id.clone(),
        email: Some(customer.email.as_str().to_owned()),
    }
}

/// A draft over `lines`.
pub(super) fn draft(
    cx: &Cx,
    business: &Business,
    (customer, buyer): (&Customer, &BuyerDetails),
    subscription: Option<&Subscription>,
    (lines, totals): (Vec<Line>, Totals),
    now: Timestamp,
) -> Invoice {
    let seller = &business.seller;
    Invoice {
        id: cx.new_id(),
        scope: customer.scope.clone(),
        kind: InvoiceKind::Invoice,
        state: InvoiceState::Draft,
        customer: customer.id.clone(),
        subscription: subscription.map(|subscription| subscription.id.clone()),
        number: None,
        number_text: None,
        issued_at: None,
        currency: totals.gross.currency,
        lines,
        totals,
        seller: Party {
            name: seller.name.clone(),
            attention: None,
            address: seller.address.clone(),
            country: seller.country.clone(),
            tax_id: seller.tax_id.clone(),
            email: Some(seller.email.as_str().to_owned()),
        },
        buyer: party(customer, buyer),
        paid_with: None,
        corrects: Vec::new(),
        locale: customer
            .locale
            .clone()
            .unwrap_or_else(|| business.default_locale.clone()),
        theme: business.theme.clone(),
        time_zone: business.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        created_at: now,
    }
}

/// The draft over exactly `debts`: the one there is, brought up to date, or a new one in
/// place of it. A debt stands in one live document only.
pub(super) async fn keep_draft(
    tx: &mut Tx,
    scope: &Scope,
    subscription: &Subscription,
    debts: &[Debt],
    mut fresh: Invoice,
) -> Result<Invoice, Error> {
    if let Some(mut known) = tx.draft_of(scope, &subscription.id).await? {
        let mut wanted: Vec<&DebtId> = debts.iter().map(|debt| &debt.id).collect();
        wanted.sort();
        let billed = tx.billed_debts(&known.id).await?;
        if billed.iter().eq(wanted) {
            fresh.id = known.id;
            fresh.created_at = known.created_at;
            tx.save_draft(&fresh).await?;
            return Ok(fresh);
        }
        known.state = InvoiceState::Discarded;
        tx.save_draft(&known).await?;
        tx.unbill_debts(&known.id).await?;
    }
    add(tx, debts, &fresh).await?;
    Ok(fresh)
}

/// The debts that stand in no issued document, and the documents of the others: a payment that
/// was taken back leaves its invoice, which is paid again.
pub(super) async fn unbilled(
    tx: &mut Tx,
    debts: &[Debt],
) -> Result<(Vec<Debt>, Vec<InvoiceId>), Error> {
    let (mut open, mut issued) = (Vec::new(), Vec::new());
    for debt in debts {
        match tx.issued_document_of(&debt.id).await? {
            Some(id) if issued.contains(&id) => {}
            Some(id) => issued.push(id),
            None => open.push(debt.clone()),
        }
    }
    Ok((open, issued))
}

/// Adds a draft and puts `debts` into it.
async fn add(tx: &mut Tx, debts: &[Debt], draft: &Invoice) -> Result<(), Error> {
    tx.insert_invoice(draft).await?;
    for debt in debts {
        tx.bill_debt(&draft.id, &debt.id).await?;
    }
    Ok(())
}

/// Discards the draft of a subscription, when there is one.
pub(super) async fn discard_draft(
    tx: &mut Tx,
    scope: &Scope,
    subscription: &Subscription,
) -> Result<(), Error> {
    if let Some(mut known) = tx.draft_of(scope, &subscription.id).await? {
        known.state = InvoiceState::Discarded;
        tx.save_draft(&known).await?;
        tx.unbill_debts(&known.id).await?;
    }
    Ok(())
}

/// How `payment` was made, as its document says it.
pub(super) async fn paid_with(
    tx: &mut Tx,
    payment: &Payment,
    at: Timestamp,
) -> Result<PaidWith, Error> {
    let method = match &payment.method {
        Some(id) => tx.method_ever(&payment.scope, id).await?,
        None => None,
    };
    Ok(PaidWith {
        payment: payment.id.clone(),
        at,
        brand: method
            .as_ref()
            .map(|m| m.brand.clone().unwrap_or_else(|| m.kind.clone())),
        last4: method.and_then(|m| m.last4),
    })
}

/// Gives a draft its number and notes how it was paid, if it was. Its bytes are made by a job or
/// by the first reader: rendering never delays or undoes a settlement.
pub(super) async fn issue(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    mut draft: Invoice,
    paid_with: Option<PaidWith>,
    now: Timestamp,
) -> Result<Invoice, Error> {
    let scope = draft.scope.clone();
    let number = tx.next_invoice_number(&scope, draft.kind).await?;
    let settings = cx.settings.load();
    let rules = &settings.invoices;
    let mode = match scope.mode {
        Mode::Live => "",
        Mode::Test => &rules.test_prefix,
    };
    let prefix = match draft.kind {
        InvoiceKind::Invoice => business.invoice_prefix.as_deref().unwrap_or(&rules.prefix),
        InvoiceKind::CreditNote => &rules.credit_note_prefix,
    };
    let digits = usize::from(rules.digits);
    draft.number = Some(number);
    draft.number_text = Some(format!("{mode}{prefix}{number:0>digits$}"));
    draft.issued_at = Some(now);
    draft.state = if paid_with.is_some() || draft.totals.gross.is_zero() {
        InvoiceState::Paid
    } else {
        InvoiceState::Issued
    };
    draft.paid_with = paid_with;
    tx.save_draft(&draft).await?;
    cx.order(
        tx,
        &scope,
        &Work::RenderInvoice {
            invoice: draft.id.clone(),
        },
    )
    .await?;
    Ok(draft)
}

/// Issues the document of a payment, paid: the draft that was shown, or a new one. The lines
/// that `bought` names, in the order of the debts, name the period that was bought in the end.
pub(super) async fn bill(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    payment: &mut Payment,
    subscription: Option<&Subscription>,
    (all, bought): (&[Debt], &[bool]),
    now: Timestamp,
) -> Result<(), Error> {
    let scope = payment.scope.clone();
    let paid = paid_with(tx, payment, now).await?;
    let (debts, issued) = unbilled(tx, all).await?;
    let is_open = |debt: &Debt| debts.iter().any(|open| open.id == debt.id);
    let on_the_draft = all
        .iter()
        .flat_map(|debt| std::iter::repeat_n(is_open(debt), debt.lines.len()));
    let bought: Vec<bool> = on_the_draft
        .zip(bought)
        .filter_map(|(open, bought)| open.then_some(*bought))
        .collect();
    for document in &issued {
        tx.mark_paid(&scope, document, &paid).await?;
    }
    if let Some(first) = issued.into_iter().next().filter(|_| debts.is_empty()) {
        payment.invoice = Some(first);
        return Ok(());
    }
    let drafted = match &payment.invoice {
        Some(id) => tx.invoice(&scope, id).await?,
        None => None,
    };
    let mut draft = match drafted.filter(|known| known.state == InvoiceState::Draft) {
        Some(draft) => draft,
        None => fresh(cx, tx, business, payment, subscription, &debts, now).await?,
    };
    for (line, bought) in draft.lines.iter_mut().zip(bought) {
        if bought && line.period.is_some() {
            line.period = payment.period.or(line.period);
        }
    }
    let issued = issue(cx, tx, business, draft, Some(paid), now).await?;
    payment.invoice = Some(issued.id);
    Ok(())
}

/// Issues the document of a debt that credit has paid as a whole: nothing is charged, and yet
/// something was supplied and paid for.
pub(super) async fn bill_credit(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    subscription: &Subscription,
    debt: &Debt,
    now: Timestamp,
) -> Result<(), Error> {
    if debt.lines.iter().all(|line| line.role != Role::Credit) {
        return Ok(());
    }
    let customer = tx
        .customer(&debt.scope, &debt.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let totals = tax::totals(debt.amount.currency, &debt.lines)?;
    let parties = (&customer, &subscription.buyer);
    let supply = (debt.lines.clone(), totals);
    let draft = draft(cx, business, parties, Some(subscription), supply, now);
    add(tx, std::slice::from_ref(debt), &draft).await?;
    issue(cx, tx, business, draft, None, now).await?;
    Ok(())
}

/// A draft over `debts` in place of any other.
async fn fresh(
    cx: &Cx,
    tx: &mut Tx,
    business: &Business,
    payment: &Payment,
    subscription: Option<&Subscription>,
    debts: &[Debt],
    now: Timestamp,
) -> Result<Invoice, Error> {
    let scope = &payment.scope;
    let customer = tx
        .customer(scope, &payment.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    if let Some(subscription) = subscription {
        // A draft over the same dues, made for another try, gives way to this one.
        discard_draft(tx, scope, subscription).await?;
    }
    let lines: Vec<Line> = debts.iter().flat_map(|debt| debt.lines.clone()).collect();
    let totals = tax::totals(payment.amount.currency, &lines)?;
    let parties = (&customer, &payment.buyer);
    let draft = draft(cx, business, parties, subscription, (lines, totals), now);
    add(tx, debts, &draft).await?;
    Ok(draft)
}

/// Keeps the bytes of an issued document; answers those that stay, which are the first.
pub async fn keep_bytes(
    cx: &Cx,
    scope: &Scope,
    id: &InvoiceId,
    pdf: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let hash = HEXLOWER.encode(&Sha256::digest(&pdf));
    let mut tx = cx.store.begin().await?;
    if tx.keep_invoice_pdf(scope, id, &pdf, &hash).await? {
        tx.commit().await?;
        return Ok(pdf);
    }
    tx.invoice_pdf(scope, id)
        .await?
        .ok_or(Error::NotFound("document"))
}
