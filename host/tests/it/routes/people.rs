//! A customer who has one of everything.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use vestibule::cx::Cx;
use vestibule::domain::Scope;
use vestibule::domain::access::{Session, SessionSource};
use vestibule::domain::customer::Customer;
use vestibule::domain::debt::Debt;
use vestibule::domain::dispute::{Dispute, DisputeKind, DisputeState};
use vestibule::domain::invoice::{Invoice, InvoiceState, PaidWith};
use vestibule::domain::license::{License, LicenseInstance};
use vestibule::domain::method::PaymentMethod;
use vestibule::domain::payment::{CustomerAction, Initiator, Payment, PaymentState};
use vestibule::domain::product::Product;
use vestibule::domain::refund::{Refund, RefundCause, RefundState};
use vestibule::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use vestibule::flows::endpoint::{self, NewEndpoint};
use vestibule::flows::{portal_link, secret};
use vestibule::store::{EmailChange, Round, Setup, SetupState, Step, StepOutcome};

use super::offers::offers;
use super::table::Kind;
use crate::support::sample;

pub(super) struct Person {
    pub(super) customer: Customer,
    /// The id or the secret of each thing.
    pub(super) things: BTreeMap<Kind, String>,
    secret: String,
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Rows that are not written yet.
struct Rows {
    product: Product,
    method: PaymentMethod,
    subscription: Subscription,
    invoice: Invoice,
    payment: Payment,
    setup: Setup,
    license: License,
    device: LicenseInstance,
    session: Session,
    change: EmailChange,
}

impl Person {
    pub(super) async fn arrive(cx: &Cx, scope: &Scope, name: &str) -> Self {
        let now = cx.now();
        let customer = Customer {
            id: cx.new_id(),
            scope: scope.clone(),
            email: format!(
                "{name}@{}.{}.example",
                scope.mode,
                scope.business.as_str().replace('_', "-")
            )
            .parse()
            .unwrap(),
            name: format!("{name} of {} {}", scope.business, scope.mode),
            locale: None,
            created_at: now,
            updated_at: now,
            ..sample::customer()
        };
        let rows = rows(cx, &customer);
        let (secret, proof) = (
            format!("secret-of-{}", customer.id),
            format!("proof-of-{}", customer.id),
        );
        let mut debt = Debt {
            scope: scope.clone(),
            ..sample::debt(&rows.subscription, "period")
        };
        debt.lines[0].product = Some(rows.product.id.clone());
        let mut tx = cx.store.begin().await.unwrap();
        tx.insert_customer(&customer).await.unwrap();
        tx.insert_product(&rows.product).await.unwrap();
        let (addon, discount) = offers(cx, scope);
        tx.insert_addon(&addon).await.unwrap();
        tx.insert_discount(&discount).await.unwrap();
        tx.keep_method(&rows.method, rows.method.created_at)
            .await
            .unwrap();
        tx.insert_subscription(&rows.subscription).await.unwrap();
        tx.insert_debt(&debt).await.unwrap();
        tx.insert_invoice(&rows.invoice).await.unwrap();
        tx.insert_payment(&rows.payment).await.unwrap();
        tx.hold_debt(&rows.payment.id, &debt.id).await.unwrap();
        let (mut refund, dispute) = money_back(cx, &rows.payment);
        tx.insert_refund(&refund).await.unwrap();
        refund.credit_note = Some(rows.invoice.id.clone());
        tx.save_refund(&mut refund).await.unwrap();
        tx.insert_dispute(&dispute).await.unwrap();
        tx.insert_setup(&rows.setup).await.unwrap();
        let (round, step) = round(cx, &rows.subscription);
        tx.insert_round(&round, &[step]).await.unwrap();
        tx.insert_license(&rows.license).await.unwrap();
        tx.insert_license_instance(&rows.device).await.unwrap();
        tx.insert_session(&rows.session, &secret::hash(&secret))
            .await
            .unwrap();
        let change = EmailChange {
            token_hash: secret::hash(&proof),
            ..rows.change.clone()
        };
        tx.insert_email_change(&change).await.unwrap();
        let (_, link) = portal_link::create_in(cx, &mut tx, scope, &customer.id, None, "tests")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let webhook = NewEndpoint {
            id: cx.new_id(),
            url: format!("https://hooks.example.com/{}", customer.id),
            description: format!("of {}", customer.name),
            metadata: "{}".to_owned(),
            disabled: false,
            filter_types: None,
            headers: std::collections::BTreeMap::new(),
            rate_limit: None,
            idempotency_key: None,
        };
        let webhook = endpoint::create(cx, scope, webhook).await.unwrap();
        let things = [
            (Kind::Customer, customer.id.to_string()),
            (Kind::Subscription, rows.subscription.id.to_string()),
            (Kind::Payment, rows.payment.id.to_string()),
            (Kind::Setup, rows.setup.id.to_string()),
            (Kind::Round, round.id.to_string()),
            (Kind::Invoice, rows.invoice.id.to_string()),
            (Kind::Method, rows.method.id.to_string()),
            (Kind::License, rows.license.id.to_string()),
            (Kind::Device, rows.device.id.to_string()),
            (Kind::Product, rows.product.id.to_string()),
            (Kind::Refund, refund.id.to_string()),
            (Kind::Dispute, dispute.id.to_string()),
            (Kind::Webhook, webhook.id.to_string()),
            (Kind::Addon, addon.id.to_string()),
            (Kind::Discount, discount.id.to_string()),
            (Kind::Code, discount.code),
            (Kind::Link, link),
            (Kind::Proof, proof),
        ];
        Self {
            customer,
            things: things.into(),
            secret,
        }
    }

    /// What the browser of this customer sends.
    pub(super) fn cookie(&self) -> String {
        let scope = &self.customer.scope;
        format!(
            "vestibule-session-{}-{}={}",
            scope.mode, scope.business, self.secret
        )
    }
}

/// On hold with a debt, the last payment in the customer's hands: every button does something.
fn rows(cx: &Cx, customer: &Customer) -> Rows {
    let (scope, now) = (customer.scope.clone(), cx.now());
    let product = Product {
        scope: scope.clone(),
        name: format!("Pro of {}", customer.name),
        ..sample::product()
    };
    let subscription = Subscription {
        scope: scope.clone(),
        state: SubscriptionState::OnHold {
            why: HoldReason::RenewalFailed,
            since: now - days(3),
        },
        ..sample::subscription(&customer.id, &product.id)
    };
    let invoice = Invoice {
        scope: scope.clone(),
        state: InvoiceState::Paid,
        number: Some(if customer.name.starts_with("Ada") {
            1
        } else {
            2
        }),
        number_text: Some(format!("INV-{}", customer.id)),
        issued_at: Some(now),
        ..sample::draft(&subscription)
    };
    let payment = Payment {
        scope: scope.clone(),
        gateway: "sandbox".to_owned(),
        state: PaymentState::AwaitingCustomer {
            action: CustomerAction::Redirect {
                url: "https://bank.example/confirm".to_owned(),
            },
            expires_at: now + days(1),
        },
        sent_at: Some(now),
        invoice: Some(invoice.id.clone()),
        ..sample::payment(&subscription, Initiator::Customer)
    };
    let license = License {
        id: cx.new_id(),
        scope: scope.clone(),
        customer: customer.id.clone(),
        product: product.id.clone(),
        subscription: Some(subscription.id.clone()),
        payment: None,
        key: String::new(),
        activations_limit: Some(3),
        activations: 0,
        disabled: false,
        suspended: false,
        expires_at: None,
        created_at: now,
    };
    let session = Session {
        id: cx.new_id(),
        scope: scope.clone(),
        customer: Some(customer.id.clone()),
        email_folded: customer.email.folded(),
        source: SessionSource::Request,
        made_by: None,
        return_url: None,
        network: "192.0.2.0/24".to_owned(),
        agent: "a browser".to_owned(),
        signed_in_at: now,
        last_used_at: now,
        ends_at: now + days(1),
    };
    Rows {
        method: method(cx, customer),
        setup: Setup {
            id: cx.new_id(),
            scope: scope.clone(),
            customer: customer.id.clone(),
            subscription: subscription.id.clone(),
            gateway: "sandbox".to_owned(),
            state: SetupState::AwaitingCustomer,
            decline: None,
            action: Some(CustomerAction::Wait),
            expires_at: now + days(1),
            gateway_ref: None,
            method: None,
            return_url: None,
            created_at: now,
            updated_at: now,
            version: 0,
        },
        change: EmailChange {
            id: cx.new_id(),
            scope,
            customer: customer.id.clone(),
            session: session.id.clone(),
            old_email: customer.email.clone(),
            new_email: format!("new.{}", customer.email.as_str()).parse().unwrap(),
            token_hash: String::new(),
            locale: "en".to_owned(),
            network: "192.0.2.0/24".to_owned(),
            agent: "a browser".to_owned(),
            asked_at: now,
            expires_at: now + days(1),
            confirmed_at: None,
            ended_at: None,
        },
        device: LicenseInstance {
            id: cx.new_id(),
            license: license.id.clone(),
            name: format!("Laptop of {}", customer.name),
            created_at: now,
        },
        invoice: Invoice {
            paid_with: Some(PaidWith {
                payment: payment.id.clone(),
                at: now,
                brand: None,
                last4: None,
            }),
            ..invoice
        },
        license: License {
            key: format!("KEY-{}", license.id),
            ..license
        },
        product,
        subscription,
        payment,
        session,
    }
}

fn money_back(cx: &Cx, payment: &Payment) -> (Refund, Dispute) {
    let now = cx.now();
    let refund = Refund {
        id: cx.new_id(),
        scope: payment.scope.clone(),
        payment: payment.id.clone(),
        customer: payment.customer.clone(),
        subscription: payment.subscription.clone(),
        gateway: payment.gateway.clone(),
        cause: RefundCause::Merchant,
        amount: payment.amount,
        moved_minor: None,
        parts: Vec::new(),
        is_partial: false,
        reason: None,
        metadata: "{}".to_owned(),
        state: RefundState::Succeeded { at: now },
        sent_at: Some(now),
        request: "{}".to_owned(),
        gateway_ref: None,
        lookups: 0,
        absent_since: None,
        waits: false,
        key_from: None,
        credit_note: None,
        bounced: None,
        correction: None,
        created_at: now,
        updated_at: now,
        version: 0,
    };
    let dispute = Dispute {
        id: cx.new_id(),
        scope: payment.scope.clone(),
        payment: payment.id.clone(),
        customer: payment.customer.clone(),
        method: payment.method.clone(),
        gateway: payment.gateway.clone(),
        reference: format!("dp-of-{}", payment.id),
        kind: DisputeKind::Dispute,
        state: DisputeState::Won,
        amount: payment.amount,
        reason: None,
        reopened: false,
        came_back: false,
        attention: None,
        heard_at: now,
        created_at: now,
        updated_at: now,
    };
    (refund, dispute)
}

/// A round that has ended without a try.
fn round(cx: &Cx, subscription: &Subscription) -> (Round, Step) {
    let round = Round {
        id: cx.new_id(),
        scope: subscription.scope.clone(),
        customer: subscription.customer.clone(),
        method: None,
        setup: None,
        created_at: cx.now(),
        ended_at: Some(cx.now()),
    };
    let step = Step {
        position: 0,
        subscription: subscription.id.clone(),
        quote: None,
        payment: None,
        outcome: StepOutcome::Skipped,
    };
    (round, step)
}

fn method(cx: &Cx, customer: &Customer) -> PaymentMethod {
    PaymentMethod {
        id: cx.new_id(),
        scope: customer.scope.clone(),
        customer: customer.id.clone(),
        gateway: "sandbox".to_owned(),
        reference: format!("pm-of-{}", customer.id),
        customer_reference: None,
        kind: "card".to_owned(),
        brand: Some("visa".to_owned()),
        last4: Some("4242".to_owned()),
        expiry_month: Some(6),
        expiry_year: Some(2099),
        holder: None,
        country: None,
        funding: None,
        mandate_reference: None,
        network_reference: None,
        created_at: cx.now(),
        last_used_at: None,
        refused_at: None,
        is_backup: false,
    }
}
