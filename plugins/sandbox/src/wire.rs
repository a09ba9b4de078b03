//! The processor's JSON, as far as this plugin reads and writes it. Fields that it does not
//! know are ignored, so that the processor may grow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An amount in minor units.
#[derive(Serialize, Deserialize)]
pub(crate) struct Money {
    pub(crate) minor: i64,
    pub(crate) currency: String,
}

#[derive(Serialize)]
pub(crate) struct Customer {
    pub(crate) reference: String,
    pub(crate) name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    Collect,
    Method(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MethodKind {
    Card,
    BankDebit,
}

#[derive(Serialize)]
pub(crate) struct NewCharge {
    pub(crate) customer: Customer,
    pub(crate) amount: Money,
    pub(crate) source: Source,
    pub(crate) initiator: &'static str,
    pub(crate) save_method: bool,
    pub(crate) return_url: String,
    pub(crate) expires_at: i64,
    pub(crate) description: String,
    pub(crate) only_kind: Option<MethodKind>,
    pub(crate) network_reference: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

#[derive(Serialize)]
pub(crate) struct NewSetup {
    pub(crate) customer: Customer,
    pub(crate) return_url: String,
    pub(crate) expires_at: i64,
    pub(crate) only_kind: Option<MethodKind>,
    pub(crate) metadata: BTreeMap<String, String>,
}

#[derive(Serialize)]
pub(crate) struct NewRefund {
    pub(crate) charge: String,
    pub(crate) amount: Money,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The body of a request that has nothing to say.
#[derive(Serialize)]
pub(crate) struct Empty {}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    RequiresAction,
    Processing,
    Succeeded,
    Declined,
    Cancelled,
}

/// A charge or a set-up.
#[derive(Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) status: Status,
    pub(crate) customer: String,
    pub(crate) amount: Option<Money>,
    pub(crate) method: Option<Method>,
    pub(crate) decline: Option<Decline>,
    pub(crate) action: Option<Action>,
    pub(crate) expected_by: Option<i64>,
    pub(crate) created_at: i64,
}

#[derive(Deserialize)]
pub(crate) struct Decline {
    pub(crate) code: String,
    pub(crate) advice: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) not_before: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct Action {
    pub(crate) url: String,
    pub(crate) expires_at: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) kind: MethodKind,
    pub(crate) brand: String,
    pub(crate) funding: String,
    pub(crate) last_four: String,
    pub(crate) expiry_month: Option<u8>,
    pub(crate) expiry_year: Option<u16>,
    pub(crate) holder: String,
    pub(crate) fingerprint: String,
    pub(crate) network_reference: String,
    pub(crate) saved: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Processing,
    Succeeded,
    Failed,
}

#[derive(Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) status: RefundStatus,
    pub(crate) amount: Money,
    pub(crate) created_at: i64,
}

/// What stands under a key.
#[derive(Deserialize)]
pub(crate) struct Found<T> {
    pub(crate) data: Vec<T>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CancelResult {
    Cancelled,
    TooLate,
}

#[derive(Deserialize)]
pub(crate) struct Cancelled {
    pub(crate) result: CancelResult,
    pub(crate) object: Intent,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntryKind {
    Charge,
    Refund,
    Reversal,
    ReversalReturned,
}

#[derive(Deserialize)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    pub(crate) reference: String,
    pub(crate) idempotency_key: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) at: i64,
}

#[derive(Deserialize)]
pub(crate) struct LedgerPage {
    pub(crate) data: Vec<Entry>,
    pub(crate) next_cursor: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    Opened,
    Won,
    Lost,
    Returned,
}

/// A dispute, or a debit that the bank returned.
#[derive(Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) charge: String,
    pub(crate) key: String,
    pub(crate) status: DisputeStatus,
    pub(crate) amount: Money,
    pub(crate) reason: String,
}

/// A webhook's body; `data` is read once its type is known.
#[derive(Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) created_at: i64,
    pub(crate) data: serde_json::Value,
}

/// The body of an answer that is not 2xx.
#[derive(Deserialize)]
pub(crate) struct Refusal {
    pub(crate) error: RefusalReason,
}

#[derive(Deserialize)]
pub(crate) struct RefusalReason {
    pub(crate) code: String,
    pub(crate) message: String,
}
