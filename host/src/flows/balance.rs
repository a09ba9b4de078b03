//! The daily comparison of each gateway's books with ours. It changes nothing: it names what
//! differs, and what it cannot see.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::Error;
use crate::cx::Cx;
use crate::domain::balance::{Balance, Difference, Movement, Problem, Unseen};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::payment::PaymentState;
use crate::domain::{Mode, Scope};
use crate::plugins::gateway::answer::{LedgerEntry, LedgerKind};
use crate::store::{Compared, Tx, Work};

/// How far the two clocks may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);

/// After so long a gateway that did not answer is asked again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// Rows of ours that are read at a time.
const ROWS: u32 = 500;

/// The most differences that one comparison names.
const MOST: usize = 1_000;

/// The newest comparison of each gateway: of one scope, or of the host.
pub async fn latest(cx: &Cx, scope: Option<&Scope>) -> Result<Vec<Balance>, Error> {
    let mut tx = cx.store.read().await?;
    Ok(tx.latest_balances(scope).await?)
}

/// Orders the comparison of every gateway that is configured; one that was made has its next a day
/// later, and one that is ordered already stays as it is.
pub async fn order_all(cx: &Cx) -> Result<(), Error> {
    let every = cx.settings.load().billing.balance_every;
    for (scope, gateway) in gateways(cx) {
        let mut tx = cx.store.begin().await?;
        let made = tx.latest_balances(Some(&scope)).await?;
        let made = made.into_iter().find(|balance| balance.gateway == gateway);
        let at = made.and_then(|made| made.made_at.checked_add(every).ok());
        let work = work(&scope, &gateway);
        let key = work.unique_key().unwrap_or_default();
        if tx.next_run_of(&key).await?.is_none() {
            cx.order_at(&mut tx, &scope, &work, at.unwrap_or(cx.now()))
                .await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Compares every gateway now; for the operator who does not want to wait.
pub async fn make_all(cx: &Cx) -> Result<(), Error> {
    for (scope, gateway) in gateways(cx) {
        compare(cx, &scope, &gateway).await?;
    }
    Ok(())
}

fn work(scope: &Scope, gateway: &str) -> Work {
    Work::Balance {
        business: scope.business.clone(),
        mode: scope.mode,
        gateway: gateway.to_owned(),
    }
}

fn gateways(cx: &Cx) -> Vec<(Scope, String)> {
    let settings = cx.settings.load();
    let mut all = Vec::new();
    for business in settings.businesses.values() {
        for mode in [Mode::Live, Mode::Test] {
            let scope = Scope::new(business.id.clone(), mode);
            let names = business.mode(mode).gateways.keys();
            all.extend(names.map(|name| (scope.clone(), name.clone())));
        }
    }
    all
}

/// Compares one gateway, and orders the next time.
pub async fn make(cx: &Cx, scope: &Scope, gateway: &str) -> Result<(), Error> {
    let known = cx.business(scope);
    if known.is_none_or(|(_, mode)| !mode.gateways.contains_key(gateway)) {
        // Neither the business nor the gateway is configured any more.
        return Ok(());
    }
    let made = compare(cx, scope, gateway).await?;
    let silent = |unseen: &Unseen| matches!(unseen, Unseen::NoAnswer { .. });
    let wait = if made.unseen.iter().any(silent) {
        AGAIN
    } else {
        cx.settings.load().billing.balance_every
    };
    let mut tx = cx.store.begin().await?;
    let work = work(scope, gateway);
    let at = made.made_at.checked_add(wait).unwrap_or(Timestamp::MAX);
    cx.order_at(&mut tx, scope, &work, at).await?;
    tx.commit().await?;
    Ok(())
}

/// Compares one gateway and keeps the result.
pub async fn compare(cx: &Cx, scope: &Scope, gateway: &str) -> Result<Balance, Error> {
    let (window, keep, deadline) = {
        let settings = cx.settings.load();
        let billing = &settings.billing;
        (
            billing.balance_window,
            billing.balance_keep,
            settings.plugins.deadline,
        )
    };
    let now = cx.now();
    let before = |by: SignedDuration| now.checked_sub(by).unwrap_or(Timestamp::MIN);
    let door = cx.plugins.gateway_of_open(scope, gateway);
    let lag = match &door {
        Ok(door) => SignedDuration::try_from(door.description().lookup_lag).unwrap_or_default(),
        Err(_) => SignedDuration::ZERO,
    };
    let mut book = Book {
        scope: scope.clone(),
        gateway: gateway.to_owned(),
        since: before(window),
        // What moved later may be written down on one side only.
        until: before(lag.checked_add(deadline).unwrap_or(lag)),
        seen: HashSet::new(),
        movements: 0,
        differences: Vec::new(),
        others: BTreeMap::new(),
    };
    let mut unseen = Vec::new();
    match door {
        Err(error) => unseen.push(Unseen::NoAnswer {
            why: error.to_string(),
        }),
        Ok(door) if !door.capabilities().ledger => unseen.push(Unseen::NoList),
        Ok(door) => {
            let mut cursor = None;
            loop {
                let from = book.since.checked_sub(CLOCKS).unwrap_or(book.since);
                let to = now.checked_add(CLOCKS).unwrap_or(now);
                match door.ledger_list(from, to, cursor.as_deref()).await {
                    Ok(page) => {
                        book.read_theirs(cx, &page.entries).await?;
                        cursor = page.next;
                    }
                    Err(error) => {
                        let why = error.to_string();
                        unseen.push(Unseen::NoAnswer { why });
                        break;
                    }
                }
                if cursor.is_none() {
                    book.read_ours(cx).await?;
                    break;
                }
            }
        }
    }
    if !book.others.is_empty() {
        let kinds = book.others;
        unseen.push(Unseen::OtherKinds { kinds });
    }
    let balance = Balance {
        id: cx.new_id(),
        scope: book.scope,
        gateway: book.gateway,
        since: book.since,
        until: book.until,
        made_at: now,
        movements: book.movements,
        differences: book.differences,
        unseen,
    };
    if !balance.differences.is_empty() {
        tracing::error!(gateway, %scope, count = balance.differences.len(), "the gateway's books differ from ours; see `vestibule payment balance`");
    }
    let mut tx = cx.store.begin().await?;
    tx.insert_balance(&balance).await?;
    tx.forget_balances(scope, gateway, before(keep)).await?;
    tx.commit().await?;
    Ok(balance)
}

/// One comparison under way.
struct Book {
    scope: Scope,
    gateway: String,
    since: Timestamp,
    until: Timestamp,
    /// What of ours the gateway's books have.
    seen: HashSet<String>,
    movements: u64,
    differences: Vec<Difference>,
    others: BTreeMap<String, u64>,
}

/// What we know of a movement.
struct Known {
    id: String,
    /// What moved, once it has.
    moved: Option<Money>,
}

impl Book {
    fn note(&mut self, difference: Difference) {
        if self.differences.len() < MOST {
            self.differences.push(difference);
        }
    }

    async fn read_theirs(&mut self, cx: &Cx, entries: &[LedgerEntry]) -> Result<(), Error> {
        let mut tx = cx.store.read().await?;
        for entry in entries {
            let kind = match &entry.kind {
                LedgerKind::Charge => Movement::Charge,
                LedgerKind::Refund => Movement::Refund,
                LedgerKind::Reversal => Movement::Reversal,
                LedgerKind::Other(word) => {
                    *self.others.entry(word.clone()).or_default() += 1;
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
            Movement::Reversal => tx
                .dispute_by_reference(scope, gateway, reference)
                .await?
                .map(|dispute| Known {
                    moved: dispute.was_booked().then_some(dispute.amount),
                    id: dispute.id.to_string(),
                }),
        };
        Ok(found)
    }

    /// What succeeded here and is not in the gateway's books.
    async fn read_ours(&mut self, cx: &Cx) -> Result<(), Error> {
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
