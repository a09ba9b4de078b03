//! Pure types and state machines: money, ids, debts, payments, invoices, subscriptions.
//!
//! Nothing here is async, reads a clock, logs, or knows a database, a plugin or HTTP. A
//! machine is an enum whose variants carry the facts of that state and one exhaustive
//! `apply`; its whole table is a reviewed snapshot.

pub mod access;
pub mod addon;
pub mod balance;
pub mod branding;
pub mod card_number;
pub mod content;
pub mod credit;
pub mod customer;
pub mod debt;
pub mod discount;
pub mod dispute;
pub mod dunning;
pub mod email;
pub mod endpoint;
pub mod event_type;
pub mod extra_page;
pub mod extras;
pub mod id;
pub mod invoice;
pub mod license;
pub mod method;
pub mod money;
pub mod next;
pub mod paid;
pub mod part;
pub mod payment;
pub mod period;
pub mod plan;
pub mod product;
pub mod proration;
pub mod quote;
pub mod refund;
pub mod setup;
pub mod subscription;
pub mod tax;
pub(crate) mod text;
pub mod transition;

use std::fmt;

use self::id::BusinessId;
pub use self::text::UnknownWord;
pub(crate) use self::text::text_enum;

text_enum! {
    /// Two worlds that never mix: every row carries its mode and every query filters by it.
    pub enum Mode {
        /// Real money.
        Live = "live",
        /// Rehearsal: same rules, no real money, a clock that can be moved.
        Test = "test",
    }
}

/// The business and mode that a read or write is confined to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Scope {
    /// The merchant.
    pub business: BusinessId,
    /// Live or test.
    pub mode: Mode,
}

impl Scope {
    /// The scope of `business` in `mode`.
    pub fn new(business: BusinessId, mode: Mode) -> Self {
        Self { business, mode }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.business, self.mode)
    }
}
