//! Mails about money that went back: given back by the merchant, come back from there, or taken back
//! by a bank.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::billing::Method;
use crate::domain::money::Money;
use crate::themes::Mail;

/// Money went back.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RefundIssued {
    /// What was paid for; empty for money that settled nothing.
    pub product: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
    /// To what.
    pub method: Option<Method>,
    /// The number of the credit note, when there is one.
    pub credit_note: Option<String>,
    /// Where the payment and its documents are, behind sign-in.
    pub link: String,
}

/// Money that went back could not be taken there, and came back to the merchant.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RefundReturned {
    /// What was paid for; empty for money that settled nothing.
    pub product: String,
    /// How much.
    pub amount: Money,
    /// When that was learnt.
    pub at: Timestamp,
    /// Where it could not be taken.
    pub method: Option<Method>,
    /// The number of the document that takes the credit note back, when there is one.
    pub correction: Option<String>,
    /// Where the payment and its documents are, behind sign-in.
    pub link: String,
}

/// The bank took a payment back.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PaymentReversed {
    /// What was paid for.
    pub product: String,
    /// How much.
    pub amount: Money,
    /// When it had been paid.
    pub paid_at: Timestamp,
    /// What it means for the subscription.
    pub meaning: ReversalMeaning,
    /// The sign-in page of the portal.
    pub portal: String,
}

/// What a payment that was taken back means.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ReversalMeaning {
    /// The subscription is on hold until it is paid again.
    OnHold,
    /// It stays paused, and is paid again before it goes on.
    Paused,
    /// It has ended.
    Ended,
}

impl Mail for PaymentReversed {
    const NAME: &'static str = "payment-reversed";

    fn samples() -> Vec<Self> {
        let sample = |meaning| Self {
            product: "Pro".to_owned(),
            amount: Money::new(2900, "EUR".parse().expect("a currency")),
            paid_at: "2026-11-01T09:30:00Z".parse().expect("a valid timestamp"),
            meaning,
            portal: "https://portal.example.com/login/bus_sample".to_owned(),
        };
        vec![
            sample(ReversalMeaning::OnHold),
            sample(ReversalMeaning::Paused),
            sample(ReversalMeaning::Ended),
        ]
    }
}

impl Mail for RefundReturned {
    const NAME: &'static str = "refund-returned";

    fn samples() -> Vec<Self> {
        let returned = Self {
            product: "Pro".to_owned(),
            amount: Money::new(1050, "EUR".parse().expect("a currency")),
            at: "2026-11-26T09:30:00Z".parse().expect("a valid timestamp"),
            method: Some(Method {
                brand: "visa".to_owned(),
                last4: Some("4242".to_owned()),
            }),
            correction: Some("NW-00128".to_owned()),
            link: "https://portal.example.com/bus_sample/payments/pay_sample".to_owned(),
        };
        let bare = Self {
            product: String::new(),
            method: None,
            correction: None,
            ..returned.clone()
        };
        vec![returned, bare]
    }
}

impl Mail for RefundIssued {
    const NAME: &'static str = "refund-issued";

    fn samples() -> Vec<Self> {
        let refunded = Self {
            product: "Pro".to_owned(),
            amount: Money::new(1050, "EUR".parse().expect("a currency")),
            at: "2026-11-22T09:30:00Z".parse().expect("a valid timestamp"),
            method: Some(Method {
                brand: "visa".to_owned(),
                last4: Some("4242".to_owned()),
            }),
            credit_note: Some("NW-CN-00007".to_owned()),
            link: "https://portal.example.com/bus_sample/payments/pay_sample".to_owned(),
        };
        let bare = Self {
            product: String::new(),
            method: None,
            credit_note: None,
            ..refunded.clone()
        };
        vec![refunded, bare]
    }
}
