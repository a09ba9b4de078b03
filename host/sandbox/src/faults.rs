//! Faults on demand: what an account asked to go wrong. Kept in memory and per account, so
//! that a restart is healthy and tests do not meet each other's faults.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is being asked of the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// Any of the others.
    #[default]
    Any,
    Charge,
    Setup,
    Refund,
    Lookup,
    Cancel,
    Detach,
    Ledger,
}

/// How the answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It does not.
    #[default]
    Normal,
    /// The connection is cut and nothing is done.
    CutBefore,
    /// It is done, and the connection is cut without a byte of an answer.
    CutAfter,
    /// A 500 that is remembered for the key; nothing is done.
    ErrorBefore,
    /// A 500 that is remembered for the key, although it was done.
    ErrorAfter,
    /// It is done, and the answer is no JSON.
    Garbage,
    /// 429; nothing is done.
    RateLimited,
    /// The request arrives twice; the first answer is given.
    Twice,
    /// A charge is of one minor unit less than was asked for.
    Less,
}

/// One fault, for the next requests that match it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default)]
    operation: Operation,
    /// Only requests for this customer.
    #[serde(default)]
    customer: Option<String>,
    /// Only requests whose metadata has all of these.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// How many requests it strikes.
    #[serde(default = "once")]
    times: u32,
    /// Waits before anything is done.
    #[serde(default)]
    delay_before_ms: u64,
    /// Waits after it is done, before the answer.
    #[serde(default)]
    delay_after_ms: u64,
    /// For this long, lookups by this request's key find nothing.
    #[serde(default)]
    hide_lookup_ms: u64,
    /// What a 429 says of when to ask again.
    #[serde(default = "one_second")]
    pub(crate) retry_after_s: u32,
    #[serde(default)]
    pub(crate) answer: Answer,
}

fn once() -> u32 {
    1
}

fn one_second() -> u32 {
    1
}

impl Fault {
    pub(crate) fn delay_before(&self) -> Duration {
        Duration::from_millis(self.delay_before_ms)
    }

    pub(crate) fn delay_after(&self) -> Duration {
        Duration::from_millis(self.delay_after_ms)
    }

    pub(crate) fn hides_lookup_for(&self) -> Duration {
        Duration::from_millis(self.hide_lookup_ms)
    }

    fn matches(
        &self,
        operation: Operation,
        customer: &str,
        metadata: &BTreeMap<String, String>,
    ) -> bool {
        (self.operation == Operation::Any || self.operation == operation)
            && self
                .customer
                .as_ref()
                .is_none_or(|wanted| wanted == customer)
            && self
                .metadata
                .iter()
                .all(|(name, value)| metadata.get(name) == Some(value))
    }
}

/// When webhooks leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Departure {
    #[default]
    AtOnce,
    /// Kept back until they are released, in the order asked for.
    Held,
    /// Never made.
    Off,
}

/// How webhooks of an account are treated.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookTreatment {
    pub(crate) departure: Departure,
    /// How late each one leaves.
    pub(crate) delay_ms: u64,
    /// How many more times each one is sent.
    pub(crate) repeats: u32,
}

/// Everything that an account set to happen.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) pending: Vec<Fault>,
    pub(crate) webhooks: WebhookTreatment,
    /// After how long a bank debit settles by itself; none: only when it is told to.
    pub(crate) debit_delay: Option<Duration>,
    /// Whether an order under a known key is carried out anew, as no processor should.
    pub(crate) ignores_keys: bool,
    /// Whether refunds of cards, too, are under way until they are told to end.
    pub(crate) refunds_held: bool,
    hidden_until: HashMap<String, i64>,
}

impl Faults {
    pub(crate) fn none(debit_delay: Duration) -> Self {
        Self {
            pending: Vec::new(),
            webhooks: WebhookTreatment::default(),
            debit_delay: Some(debit_delay),
            ignores_keys: false,
            refunds_held: false,
            hidden_until: HashMap::new(),
        }
    }

    /// Takes the oldest fault that this request matches, and counts it.
    pub(crate) fn strike(
        &mut self,
        operation: Operation,
        customer: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Option<Fault> {
        let at = self
            .pending
            .iter()
            .position(|f| f.matches(operation, customer, metadata))?;
        self.pending[at].times = self.pending[at].times.saturating_sub(1);
        if self.pending[at].times == 0 {
            return Some(self.pending.remove(at));
        }
        Some(self.pending[at].clone())
    }

    /// Hides a key from lookups.
    pub(crate) fn hide(&mut self, key: &str, until: i64) {
        self.hidden_until.insert(key.to_owned(), until);
    }

    pub(crate) fn hides(&self, key: &str, now: i64) -> bool {
        self.hidden_until.get(key).is_some_and(|until| now < *until)
    }
}
