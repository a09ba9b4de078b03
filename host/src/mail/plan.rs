//! Mails about the plan of a subscription: what changed and what that cost, and pauses.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::money::Money;
use crate::domain::period::{Interval, Unit};
use crate::domain::plan::Bought;
use crate::themes::Mail;

/// The plan has changed, or will.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PlanChanged {
    /// What the subscription was for.
    pub before: Vec<Bought>,
    /// What it is for now, or will be; the product first.
    pub after: Vec<Bought>,
    /// The new price of one period.
    pub price: Money,
    /// How long a period is.
    pub interval: Interval,
    /// Since when, or from when on.
    pub at: Timestamp,
    /// Whether it is still to come.
    pub scheduled: bool,
    /// Whether the customer may take it back until then.
    pub undo: bool,
    /// What was charged for it.
    pub charge: Option<Charge>,
    /// What of the old plan is kept as credit.
    pub kept: Option<Money>,
    /// The next charge, if there is one.
    pub next_billing: Option<Timestamp>,
    /// The sign-in page of the portal.
    pub portal: String,
}

/// What a change costs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Charge {
    /// How much.
    pub amount: Money,
    /// Whether it is paid; otherwise it is being charged.
    pub is_paid: bool,
}

/// A subscription rests.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubscriptionPaused {
    /// The product's name.
    pub product: String,
    /// When it goes on by itself.
    pub resume_at: Option<Timestamp>,
    /// The sign-in page of the portal.
    pub portal: String,
}

/// A paused subscription runs again.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubscriptionResumed {
    /// The product's name.
    pub product: String,
    /// Whether it is on hold now, because its bank took a payment back meanwhile.
    pub on_hold: bool,
    /// The next charge, if there is one.
    pub next_billing: Option<Timestamp>,
    /// When it ends, where that was asked for before.
    pub ends_at: Option<Timestamp>,
    /// The sign-in page of the portal.
    pub portal: String,
}

const PORTAL: &str = "https://portal.example.com/login/bus_sample";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid timestamp")
}

fn euros(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().expect("a currency"))
}

fn bought(parts: &[(&str, u32)]) -> Vec<Bought> {
    let part = |(name, quantity): &(&str, u32)| Bought {
        name: (*name).to_owned(),
        quantity: *quantity,
    };
    parts.iter().map(part).collect()
}

impl Mail for PlanChanged {
    const NAME: &'static str = "plan-changed";

    fn samples() -> Vec<Self> {
        let upgraded = Self {
            before: bought(&[("Pro", 1)]),
            after: bought(&[("Team", 3), ("Priority support", 1)]),
            price: euros(17_700),
            interval: Interval {
                unit: Unit::Month,
                count: 1,
            },
            at: at("2026-11-22T09:30:00Z"),
            scheduled: false,
            undo: false,
            charge: Some(Charge {
                amount: euros(7_412),
                is_paid: true,
            }),
            kept: None,
            next_billing: Some(at("2026-12-10T09:30:00Z")),
            portal: PORTAL.to_owned(),
        };
        let under_way = Self {
            charge: Some(Charge {
                amount: euros(7_412),
                is_paid: false,
            }),
            next_billing: None,
            ..upgraded.clone()
        };
        let downgraded = Self {
            before: bought(&[("Team", 3)]),
            after: bought(&[("Pro", 1)]),
            price: euros(2_900),
            charge: None,
            kept: Some(euros(3_120)),
            ..upgraded.clone()
        };
        let to_come = Self {
            at: at("2026-12-10T09:30:00Z"),
            scheduled: true,
            undo: true,
            kept: None,
            next_billing: None,
            ..downgraded.clone()
        };
        vec![upgraded, under_way, downgraded, to_come]
    }
}

impl Mail for SubscriptionPaused {
    const NAME: &'static str = "subscription-paused";

    fn samples() -> Vec<Self> {
        let until = Self {
            product: "Pro".to_owned(),
            resume_at: Some(at("2027-01-15T09:30:00Z")),
            portal: PORTAL.to_owned(),
        };
        let open = Self {
            resume_at: None,
            ..until.clone()
        };
        vec![until, open]
    }
}

impl Mail for SubscriptionResumed {
    const NAME: &'static str = "subscription-resumed";

    fn samples() -> Vec<Self> {
        let running = Self {
            product: "Pro".to_owned(),
            on_hold: false,
            next_billing: Some(at("2027-01-15T09:30:00Z")),
            ends_at: None,
            portal: PORTAL.to_owned(),
        };
        let ending = Self {
            next_billing: None,
            ends_at: Some(at("2027-01-15T09:30:00Z")),
            ..running.clone()
        };
        let held = Self {
            on_hold: true,
            next_billing: None,
            ..running.clone()
        };
        vec![running, ending, held]
    }
}
