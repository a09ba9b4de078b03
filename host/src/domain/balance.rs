//! A gateway's own books beside ours: what differs, and what cannot be seen.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::id::BalanceId;
use super::money::Money;
use super::text_enum;

text_enum! {
    /// What moved.
    pub enum Movement {
        /// Money taken.
        Charge = "charge",
        /// Money given back.
        Refund = "refund",
        /// Money taken back by the bank.
        Reversal = "reversal",
    }
}

text_enum! {
    /// How the two books differ.
    pub enum Problem {
        /// The gateway moved money that nothing here knows of.
        NotHere = "not-here",
        /// The gateway moved money for something that has not succeeded here.
        NotSettledHere = "not-settled-here",
        /// The gateway moved money twice for one thing here.
        Twice = "twice",
        /// It succeeded here, and the gateway's books do not have it.
        NotThere = "not-there",
        /// Both have it, with other amounts.
        AmountDiffers = "amount-differs",
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How they differ.
    pub problem: Problem,
    /// What moved.
    pub kind: Movement,
    /// The id of the payment, refund or dispute here.
    pub own: Option<String>,
    /// The gateway's reference.
    pub reference: Option<String>,
    /// What we have.
    pub ours: Option<Money>,
    /// What the gateway has.
    pub theirs: Option<Money>,
    /// When the gateway moved it, or when it was sent to the gateway.
    pub at: Option<Timestamp>,
}

/// What a comparison could not see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Unseen {
    /// The gateway cannot list its books.
    NoList,
    /// It did not answer to the end.
    NoAnswer {
        /// Why, for the operator.
        why: String,
    },
    /// Its list of them leads on for ever.
    NoEnd {
        /// How many pages were read.
        pages: usize,
    },
    /// Movements of kinds that are not compared, such as fees, with how many there were.
    OtherKinds {
        /// By the gateway's own word.
        kinds: BTreeMap<String, u64>,
    },
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Identity.
    pub id: BalanceId,
    /// Business and mode.
    #[serde(flatten)]
    pub scope: Scope,
    /// The business's name for the gateway.
    pub gateway: String,
    /// What moved from this moment on was compared (host time).
    pub since: Timestamp,
    /// And before this one: later movements may still be on their way to one of the books.
    pub until: Timestamp,
    /// When it was made (host time).
    pub made_at: Timestamp,
    /// How many movements of the gateway were compared.
    pub movements: u64,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What could not be seen.
    pub unseen: Vec<Unseen>,
}

/// The pages of a gateway's books while they are read. Each names the next by a cursor, and nothing
/// but this makes sure that they end.
#[derive(Debug)]
pub struct Pages {
    cursors: HashSet<String>,
    most: usize,
}

impl Pages {
    /// `most` at most. The first, which has no cursor, is read.
    #[must_use]
    pub fn up_to(most: usize) -> Self {
        Self {
            cursors: HashSet::new(),
            most,
        }
    }

    /// How many were read.
    #[must_use]
    pub fn read(&self) -> usize {
        1 + self.cursors.len()
    }

    /// Whether the page at `cursor` is another one, which is read now; false where it was read, or
    /// there are too many.
    pub fn leads_on(&mut self, cursor: &str) -> bool {
        self.read() < self.most && self.cursors.insert(cursor.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Pages;

    #[test]
    fn pages_end_where_they_lead_back_or_are_too_many() {
        let mut back = Pages::up_to(10);
        assert!(back.leads_on("b") && back.leads_on("c"));
        assert!(!back.leads_on("b"));
        assert_eq!(back.read(), 3);

        let mut endless = Pages::up_to(10);
        let read = (0..).take_while(|page: &u32| endless.leads_on(&page.to_string()));
        assert_eq!(read.count(), 9, "after the first");
        assert_eq!(endless.read(), 10);
    }
}
