//! Two books under comparison: the gateway's, page by page, and then ours.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::super::Error;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::balance::{Difference, Movement, Problem};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::payment::PaymentState;
use crate::plugins::gateway::answer::{LedgerEntry, LedgerKind};
use crate::store::{Compared, Tx};

/// Rows of ours that are read at a time.
const ROWS: u32 = 500;

/// How long after its last news a dispute still explains that its money is withdrawn.
const WITH_THE_NEWS: SignedDuration = SignedDuration::from_hours(24);

/// The most differences that one comparison names.
const MOST: usize = 1_000;

/// One comparison under way.
pub(super) struct Book {
    pub(super) scope: Scope,
    pub(super) gateway: String,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    /// What of ours the gateway's books have.
    seen: HashSet<String>,
    pub(super) movements: u64,
    pub(super) differences: Vec<Difference>,
    pub(super) others: BTreeMap<String, u64>,
}

/// What we know of a movement.
struct Known {
    id: String,
    /// What moved, once it has.
    moved: Option<Money>,
}

impl Book {
    /// Of what moves through a gateway from `since` on and before `until`; nothing is read yet.
    pub(super) fn new(scope: &Scope, gateway: &str, since: Timestamp, until: Timestamp) -> Self {
        Self {
            scope: scope.clone(),
            gateway: gateway.to_owned(),
            since,
            until,
            seen: HashSet::new(),
            movements: 0,
            differences: Vec::new(),
            others: BTreeMap::new(),
        }
    }

    fn note(&mut self, difference: Difference) {
        if self.differences.len() < MOST {
            self.differences.push(difference);
        }
    }

    /// Counts a movement of a kind that is not compared: by the gateway's word for it, of which there
    /// may be only so many.
    fn count(&mut self, word: &str) {
        let is_named = self.others.len() < MOST || self.others.contains_key(word);
        let word = if is_named { word } else { "more" };
        *self.others.entry(word.to_owned()).or_default() += 1;
    }

    /// Compares a page of the gateway's books with what is here.
    pub(super) async fn read_theirs(
        &mut self,
        cx: &Cx,
        entries: &[LedgerEntry],
    ) -> Result<(), Error> {
        let mut tx = cx.store.read().await?;
        for entry in entries {
            let kind = match &entry.kind {
                LedgerKind::Charge => Movement::Charge,
                LedgerKind::Refund => Movement::Refund,
                LedgerKind::Reversal => Movement::Reversal,
                LedgerKind::Other(word) => {
                    self.count(word);
                    continue;
                }
            };
            let known = self.find(&mut tx, kind, entry).await?;
            let twice = known
                .as_ref()
                .is_some_and(|known| !self.seen.insert(known.id.clone()));
            if entry.at < self.since || entry.at >= self.until {
                continue;
            }
            self.movements += 1;
            let problem = match &known {
                None => Problem::NotHere,
                Some(_) if twice => Problem::Twice,
                Some(Known { moved: None, .. }) => Problem::NotSettledHere,
                Some(Known {
                    moved: Some(moved), ..
                }) if *moved != entry.amount => Problem::AmountDiffers,
                Some(_) => continue,
            };
            self.note(Difference {
                problem,
                kind,
                ours: known.as_ref().and_then(|known| known.moved),
                own: known.map(|known| known.id),
                reference: Some(entry.reference.clone()),
                theirs: Some(entry.amount),
                at: Some(entry.at),
            });
        }
        Ok(())
    }

    /// What the entry is about: by our key, or by the gateway's reference.
    async fn find(
        &self,
        tx: &mut Tx,
        kind: Movement,
        entry: &LedgerEntry,
    ) -> Result<Option<Known>, Error> {
        let (scope, gateway) = (&self.scope, self.gateway.as_str());
        let key = entry.key.as_deref().unwrap_or_default();
        let reference = entry.reference.as_str();
        let found = match kind {
            Movement::Charge => {
                let by_key = match key.parse::<PaymentId>() {
                    Ok(id) => tx.payment(scope, &id).await?,
                    Err(_) => None,
                };
                let found = match by_key {
                    Some(payment) => Some(payment),
                    None => tx.payment_by_gateway_ref(scope, gateway, reference).await?,
                };
                found
                    .filter(|payment| payment.gateway == gateway)
                    .map(|payment| Known {
                        moved: matches!(payment.state, PaymentState::Succeeded { .. })
                            .then(|| payment.captured()),
                        id: payment.id.to_string(),
                    })
            }
            Movement::Refund => {
                let by_key = match key.parse::<RefundId>() {
                    Ok(id) => tx.refund(scope, &id).await?,
                    Err(_) => None,
                };
                let found = match by_key {
                    Some(refund) => Some(refund),
                    None => tx.refund_by_gateway_ref(scope, gateway, reference).await?,
                };
                found
                    .filter(|refund| refund.gateway == gateway)
                    .map(|refund| Known {
                        moved: refund.has_moved().then(|| refund.total()),
                        id: refund.id.to_string(),
                    })
            }
            // A gateway may withdraw the money when a dispute is opened, and give it again when it is
            // won. What goes later than that is a loss that nobody told of.
            Movement::Reversal => tx
                .dispute_by_reference(scope, gateway, reference)
                .await?
                .map(|dispute| {
                    let with_news = entry.at.duration_since(dispute.heard_at) <= WITH_THE_NEWS;
                    let explained = with_news || dispute.was_booked();
                    Known {
                        moved: explained.then_some(dispute.amount),
                        id: dispute.id.to_string(),
                    }
                }),
        };
        Ok(found)
    }

    /// What succeeded here and is not in the gateway's books.
    pub(super) async fn read_ours(&mut self, cx: &Cx) -> Result<(), Error> {
        let (scope, gateway) = (self.scope.clone(), self.gateway.clone());
        let what = Compared {
            scope: &scope,
            gateway: &gateway,
            since: self.since,
            until: self.until,
        };
        let mut tx = cx.store.read().await?;
        let mut after = String::new();
        loop {
            let rows = tx.charges_to_compare(&what, &after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.id.to_string();
            for row in rows.iter().filter(|row| !row.captured().is_zero()) {
                let at = row.sent_at;
                let reference = row.gateway_ref.clone();
                self.miss(
                    Movement::Charge,
                    row.id.as_str(),
                    reference,
                    row.captured(),
                    at,
                );
            }
        }
        let mut after = String::new();
        loop {
            let rows = tx.refunds_to_compare(&what, &after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.id.to_string();
            for row in &rows {
                let at = row.sent_at;
                let reference = row.gateway_ref.clone();
                self.miss(
                    Movement::Refund,
                    row.id.as_str(),
                    reference,
                    row.total(),
                    at,
                );
            }
        }
        let mut after = String::new();
        loop {
            let rows = tx.reversals_to_compare(&what, &after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.id.to_string();
            for row in &rows {
                let (at, reference) = (Some(row.heard_at), Some(row.reference.clone()));
                self.miss(
                    Movement::Reversal,
                    row.id.as_str(),
                    reference,
                    row.amount,
                    at,
                );
            }
        }
        Ok(())
    }

    fn miss(
        &mut self,
        kind: Movement,
        own: &str,
        reference: Option<String>,
        ours: Money,
        at: Option<Timestamp>,
    ) {
        if !self.seen.contains(own) {
            self.note(Difference {
                problem: Problem::NotThere,
                kind,
                own: Some(own.to_owned()),
                reference,
                ours: Some(ours),
                theirs: None,
                at,
            });
        }
    }
}
