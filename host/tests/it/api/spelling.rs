//! Words and numbers as Dodo writes them.

use serde_json::{Value, json};
use vestibule::domain::customer::BillingAddress;
use vestibule::domain::method::PaymentMethod;
use vestibule::domain::payment::{Initiator, Payment, Purpose};
use vestibule::wire::Billing;
use vestibule::wire::payment::{self, Surroundings};

use crate::support::sample;
use crate::support::sqlite;

fn card() -> PaymentMethod {
    PaymentMethod {
        id: sample::id(),
        scope: sample::scope(),
        customer: sample::id(),
        gateway: "main".to_owned(),
        reference: "pm_1".to_owned(),
        customer_reference: None,
        kind: "card".to_owned(),
        brand: Some("visa".to_owned()),
        last4: Some("4242".to_owned()),
        expiry_month: Some(3),
        expiry_year: Some(2031),
        holder: None,
        country: None,
        funding: Some("credit".to_owned()),
        mandate_reference: None,
        network_reference: None,
        created_at: sample::at(0),
        last_used_at: None,
        refused_at: None,
        is_backup: false,
    }
}

fn written(payment: &Payment, method: &PaymentMethod) -> Value {
    let around = Surroundings {
        customer: &sample::customer(),
        billing: Billing::from(&BillingAddress::default()),
        method: Some(method),
        cart: None,
        invoice_url: None,
        payment_link: None,
        refunds: &[],
        disputes: &[],
    };
    serde_json::to_value(payment::Payment::new(payment, around)).unwrap()
}

#[tokio::test]
async fn a_payment_names_its_method_and_its_try_in_dodos_words() {
    let database = sqlite().await;
    let subscription = sample::subscribed(&database.store).await;
    let mut payment = sample::payment(&subscription, Initiator::Customer);
    payment.attempt = 2;
    let told = written(&payment, &card());
    assert_eq!(told["payment_method"], "card");
    assert_eq!(told["payment_method_type"], "visa");
    assert_eq!(told["card_network"], "VISA");
    assert_eq!(told["card_type"], "CREDIT");
    assert_eq!(told["retry_attempt"], 0, "a retry is one of a renewal");
    payment.purpose = Purpose::Renewal;
    let debit = PaymentMethod {
        kind: "bank_debit".to_owned(),
        ..card()
    };
    let told = written(&payment, &debit);
    assert_eq!(told["retry_attempt"], 2);
    assert_eq!(told["payment_method"], "bank_debit");
    assert_eq!(told["payment_method_type"], json!(null));
    let other = PaymentMethod {
        kind: "carrier pigeon".to_owned(),
        ..card()
    };
    assert_eq!(written(&payment, &other)["payment_method"], json!(null));
}
