//! The mail about money that went back.

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
