//! Facts that others are told: events for the merchant, mails for the customer, the audit.
//! All are written in the transaction of the change that they tell of.

use jiff::Timestamp;

use super::delivery;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::event_type::EVENT_TYPES;
use crate::store::{self, AuditEntry, Event, MailOrder, Tx, Work};

/// Tells the merchant that `kind` (Dodo's event type) happened to `object`.
pub(super) async fn tell(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    kind: &str,
    object: &str,
    now: Timestamp,
) -> store::Result<()> {
    debug_assert!(EVENT_TYPES.contains(&kind), "no such type of event: {kind}");
    let event = Event {
        id: cx.new_id(),
        kind: kind.to_owned(),
        object: object.to_owned(),
        occurred_at: now,
    };
    delivery::tell(cx, tx, scope, &event).await
}

/// Orders a mail to the customer.
pub(super) async fn mail(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    order: MailOrder,
) -> store::Result<()> {
    cx.order(tx, scope, &Work::Mail(order)).await
}

/// Appends to the audit: the acting person or key did `action` to `object`. `before` and
/// `after` are JSON without addresses or secrets.
pub(super) async fn audit(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    action: &str,
    object: &str,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> store::Result<()> {
    let entry = AuditEntry {
        id: cx.new_id(),
        at: cx.now(),
        actor: cx.actor.id.clone(),
        origin: cx.actor.origin.clone(),
        action: action.to_owned(),
        object: object.to_owned(),
        before: before.map(|value| value.to_string()),
        after: after.map(|value| value.to_string()),
    };
    tx.audit(scope, &entry).await
}

/// The same for a person's decision: `action` to `object`, and the `evidence` for it.
pub(super) async fn audit_decision(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    (action, object): (&str, &str),
    before: serde_json::Value,
    evidence: &str,
) -> store::Result<()> {
    let after = serde_json::json!({ "evidence": evidence });
    audit(cx, tx, scope, action, object, Some(before), Some(after)).await
}
