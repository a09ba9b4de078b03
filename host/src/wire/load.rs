//! From ids to wire objects: what they need of other rows, read in the caller's transaction.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::Billing;
use super::dispute::Dispute;
use super::payment::{CartItem, Payment, Surroundings};
use super::plan_change::ScheduledChange;
use super::refund::Refund;
use super::subscription::Subscription;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::debt::DebtKind;
use crate::domain::id::{CustomerId, PageId, PaymentId};
use crate::domain::payment::Purpose;
use crate::domain::{dispute as domain_dispute, payment, refund as domain_refund, subscription};
use crate::flows::token;
use crate::store::{self, Tx};

/// What the signature of an invoice's address is for.
const INVOICE: &str = "invoice";

/// A subscription with its customer and discounts.
pub async fn subscription(
    tx: &mut Tx,
    subscription: &subscription::Subscription,
) -> store::Result<Subscription> {
    let scope = &subscription.scope;
    let customer = customer(tx, scope, &subscription.customer).await?;
    let mut discounts = Vec::new();
    for applied in &subscription.extras.discounts {
        discounts.extend(tx.discount(scope, &applied.discount).await?);
    }
    let mut whole = Subscription::new(subscription, &customer, &discounts);
    if let Some(change) = tx.scheduled_change(scope, &subscription.id).await? {
        let product = tx.product(scope, &change.terms.product).await?;
        let product = product.map(|product| (product.name, product.description));
        let effective_at = subscription.period.end;
        whole.scheduled_change = Some(ScheduledChange::new(change, effective_at, product));
    }
    Ok(whole)
}

/// A payment with its customer, method, cart, document and hosted page.
pub async fn payment(cx: &Cx, tx: &mut Tx, payment: &payment::Payment) -> store::Result<Payment> {
    let scope = &payment.scope;
    let customer = customer(tx, scope, &payment.customer).await?;
    let method = match &payment.method {
        Some(method) => tx.method_ever(scope, method).await?,
        None => None,
    };
    let invoice = match &payment.invoice {
        Some(id) => tx.invoice(scope, id).await?,
        None => None,
    };
    let cart = match payment.purpose {
        Purpose::Purchase => Some(cart(tx, &payment.id).await?),
        Purpose::Begin
        | Purpose::Renewal
        | Purpose::Reactivation
        | Purpose::OnDemand
        | Purpose::PauseSettlement
        | Purpose::PlanChange => None,
    };
    let issued = invoice.is_some_and(|invoice| invoice.number.is_some());
    let hosted = matches!(payment.purpose, Purpose::Begin | Purpose::Purchase);
    let around = Surroundings {
        customer: &customer,
        billing: Billing::from(&payment.buyer.billing),
        method: method.as_ref(),
        cart,
        invoice_url: issued.then(|| invoice_url(cx, scope, &payment.id)),
        payment_link: (hosted && payment.state.is_open())
            .then(|| payment_link(cx, scope, &payment.id)),
        refunds: &tx.refunds_of(scope, &payment.id).await?,
        disputes: &tx.disputes_of(scope, &payment.id).await?,
    };
    Ok(Payment::new(payment, around))
}

/// A refund with its customer.
pub async fn refund(tx: &mut Tx, refund: &domain_refund::Refund) -> store::Result<Refund> {
    let customer = customer(tx, &refund.scope, &refund.customer).await?;
    Ok(Refund::new(refund, &customer))
}

/// A dispute with its customer.
pub async fn dispute(tx: &mut Tx, dispute: &domain_dispute::Dispute) -> store::Result<Dispute> {
    let customer = customer(tx, &dispute.scope, &dispute.customer).await?;
    Ok(Dispute::new(dispute, &customer))
}

/// The hosted page on which a first payment is made.
pub fn payment_link(cx: &Cx, scope: &Scope, payment: &PaymentId) -> String {
    address(cx, &format!("/pay/{}", token::pay(cx, scope, payment)))
}

/// The hosted page on which a new method is given.
pub fn method_link(cx: &Cx, scope: &Scope, page: &PageId) -> String {
    address(cx, &format!("/pay/{}", token::method_page(cx, scope, page)))
}

/// The address of a payment's document; its signature stands for the API key that a browser
/// or a mail does not have.
pub fn invoice_url(cx: &Cx, scope: &Scope, payment: &PaymentId) -> String {
    let signature =
        BASE64_URL_SAFE_NO_PAD.encode(cx.keys.sign(INVOICE, signed(scope, payment).as_bytes()));
    let path = format!("/api/invoices/payments/{payment}");
    let query = format!(
        "?business={}&mode={}&signature={signature}",
        scope.business, scope.mode
    );
    address(cx, &path) + &query
}

/// Whether `signature` is one that [`invoice_url`] made for this payment.
pub fn opens_invoice(cx: &Cx, scope: &Scope, payment: &PaymentId, signature: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.decode(signature).is_ok_and(|bytes| {
        cx.keys
            .verify(INVOICE, signed(scope, payment).as_bytes(), &bytes)
    })
}

fn signed(scope: &Scope, payment: &PaymentId) -> String {
    format!("{scope}/{payment}")
}

fn address(cx: &Cx, path: &str) -> String {
    let mut url = cx.settings.load().server.public_url.clone();
    url.set_path(path);
    url.into()
}

async fn cart(tx: &mut Tx, payment: &PaymentId) -> store::Result<Vec<CartItem>> {
    let debts = tx.debts_of_payment(payment).await?;
    Ok(debts
        .into_iter()
        .filter(|debt| debt.kind == DebtKind::Purchase)
        .flat_map(|debt| debt.lines)
        .filter_map(|line| {
            Some(CartItem {
                product_id: line.product?,
                quantity: line.quantity,
            })
        })
        .collect())
}

/// The customer of a row, which a foreign key promises.
async fn customer(tx: &mut Tx, scope: &Scope, id: &CustomerId) -> store::Result<Customer> {
    tx.customer(scope, id)
        .await?
        .ok_or_else(|| store::Error::Corrupt {
            table: "customers",
            column: "id",
            id: id.to_string(),
            reason: "a row refers to it".to_owned(),
        })
}
