//! Mails that ask for what is owed, and those that say what comes. None carries a link that
//! signs anybody in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::billing::Method;
use crate::domain::money::Money;
use crate::domain::period::{Interval, Unit};
use crate::themes::Mail;

/// What a subscription owes is asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PaymentDue {
    /// The product's name.
    pub product: String,
    /// Everything that is due.
    pub amount: Money,
    /// Since when.
    pub since: Timestamp,
    /// When access ends, or none when it has ended.
    pub access_until: Option<Timestamp>,
    /// What the customer can do about it.
    pub advice: DueAdvice,
    /// The page on which it is paid, or shown where the customer may not pay it, behind sign-in.
    pub link: String,
}

/// What a customer who owes can do.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum DueAdvice {
    /// Pay.
    Pay,
    /// Pay, or wait: the method is charged again then.
    Wait {
        /// When.
        retry_at: Timestamp,
    },
    /// Give another method: the one on file cannot be charged, or there is none.
    NewMethod,
    /// Confirm the payment at the bank.
    Confirm,
}

/// A subscription renews soon.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RenewalSoon {
    /// The product's name.
    pub product: String,
    /// The price of the next period with its add-ons, as it is set: before tax that is added, and
    /// before what is taken off.
    pub price: Money,
    /// How long a period is.
    pub interval: Interval,
    /// What is charged.
    pub amount: Money,
    /// When it is charged.
    pub at: Timestamp,
    /// With what.
    pub method: Option<Method>,
    /// Whether a trial ends then, and this is the first charge.
    pub trial: bool,
    /// The subscription's page, behind sign-in, where it can be cancelled.
    pub link: String,
}

/// A card that pays for something expires soon.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CardExpiring {
    /// The card.
    pub method: Method,
    /// The last month in which it works, 1 to 12.
    pub month: u8,
    /// The year of that month.
    pub year: u16,
    /// What it pays for.
    pub products: Vec<String>,
    /// The page on which another method is given, behind sign-in.
    pub link: String,
}

/// The gateway says that a method can no longer be charged.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MethodGone {
    /// Which.
    pub method: Method,
    /// What it paid for.
    pub products: Vec<String>,
    /// Whether something is on hold until there is another method.
    pub on_hold: bool,
    /// The page on which another method is given, behind sign-in.
    pub link: String,
}

const LINK: &str = "https://portal.example.com/bus_sample/subscriptions/sub_sample/reactivate";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid timestamp")
}

fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, currency.parse().expect("a currency"))
}

fn visa() -> Method {
    Method {
        brand: "visa".to_owned(),
        last4: Some("4242".to_owned()),
    }
}

impl Mail for PaymentDue {
    const NAME: &'static str = "payment-due";

    fn samples() -> Vec<Self> {
        let sample = |access_until, advice| Self {
            product: "Pro".to_owned(),
            amount: money(2900, "USD"),
            since: at("2026-11-01T09:30:00Z"),
            access_until,
            advice,
            link: LINK.to_owned(),
        };
        let until = Some(at("2026-11-08T09:30:00Z"));
        let retry_at = at("2026-11-04T09:30:00Z");
        vec![
            sample(None, DueAdvice::Pay),
            sample(until, DueAdvice::Wait { retry_at }),
            sample(until, DueAdvice::NewMethod),
            sample(None, DueAdvice::Confirm),
        ]
    }
}

impl Mail for RenewalSoon {
    const NAME: &'static str = "renewal-soon";

    fn samples() -> Vec<Self> {
        let yearly = Self {
            product: "Pro".to_owned(),
            price: money(29_000, "EUR"),
            interval: Interval {
                unit: Unit::Year,
                count: 1,
            },
            amount: money(29_000, "EUR"),
            at: at("2026-12-22T09:30:00Z"),
            method: Some(visa()),
            trial: false,
            link: "https://portal.example.com/bus_sample/subscriptions/sub_sample".to_owned(),
        };
        let trial = Self {
            trial: true,
            price: money(2900, "EUR"),
            interval: Interval {
                unit: Unit::Month,
                count: 1,
            },
            amount: money(1450, "EUR"),
            ..yearly.clone()
        };
        let bare = Self {
            method: None,
            ..yearly.clone()
        };
        vec![yearly, trial, bare]
    }
}

impl Mail for CardExpiring {
    const NAME: &'static str = "card-expiring";

    fn samples() -> Vec<Self> {
        let one = Self {
            method: visa(),
            month: 12,
            year: 2026,
            products: vec!["Pro".to_owned()],
            link: "https://portal.example.com/bus_sample/payment-methods".to_owned(),
        };
        let several = Self {
            month: 1,
            year: 2027,
            products: vec!["Pro".to_owned(), "Storage".to_owned()],
            ..one.clone()
        };
        vec![one, several]
    }
}

impl Mail for MethodGone {
    const NAME: &'static str = "method-gone";

    fn samples() -> Vec<Self> {
        let going_on = Self {
            method: visa(),
            products: vec!["Pro".to_owned(), "Storage".to_owned()],
            on_hold: false,
            link: "https://portal.example.com/bus_sample/payment-methods".to_owned(),
        };
        let on_hold = Self {
            products: vec!["Calls".to_owned()],
            on_hold: true,
            ..going_on.clone()
        };
        vec![going_on, on_hold]
    }
}
