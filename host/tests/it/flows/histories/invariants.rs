//! What must be true after every step, each as plain SQL or a read past the flows, held against
//! the gateway's ledger and against what was true before.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::{Connection as _, FromRow, PgConnection, SqliteConnection};
use vestibule::domain::subscription::SubscriptionState;

use super::town::Town;
use crate::support::world::World;

/// The payments that money moved for, or may have.
const PAYMENTS: &str = "SELECT id, state, COALESCE(moved_minor, amount_minor) AS amount_minor, \
    CAST(CAST(unapplied AS INTEGER) AS BIGINT) AS unapplied FROM payments";
/// Debts that money settled.
const SETTLED: &str = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM debts \
    WHERE state = 'settled' AND settled_by IS NOT NULL";
/// What went back, or is on its way.
const REFUNDS: &str = "SELECT id, state, amount_minor, \
    CAST(0 AS BIGINT) AS unapplied FROM refunds";
/// What banks took back, with nothing owed again for it.
const LOST: &str = "SELECT reference AS id, state, amount_minor, \
    CAST(CAST(reopened AS INTEGER) AS BIGINT) AS unapplied FROM disputes";
/// Debts that two open payments hold.
const HELD_TWICE: &str = "SELECT debt_id FROM payment_debts JOIN payments \
    ON payments.id = payment_debts.payment_id \
    WHERE state IN ('created', 'awaiting-customer', 'processing', 'unknown') \
    GROUP BY debt_id HAVING COUNT(*) > 1";
/// Debts that a payment holds though it has ended.
const HELD_BY_ENDED: &str = "SELECT debt_id FROM payment_debts JOIN payments \
    ON payments.id = payment_debts.payment_id WHERE CAST(open AS INTEGER) = 1 \
    AND state NOT IN ('created', 'awaiting-customer', 'processing', 'unknown')";
/// Debts of what runs that nobody asks for: only those of periods are asked for by a renewal, and
/// those that were carried to one.
const UNASKED: &str = "SELECT debts.id || ' ' || kind FROM debts JOIN subscriptions \
    ON subscriptions.id = debts.subscription_id \
    WHERE debts.state = 'open' AND subscriptions.state = 'active' \
    AND (CAST(disputed AS INTEGER) = 1 OR kind NOT IN ('carried', 'period')) \
    AND NOT EXISTS (SELECT 1 FROM payment_debts WHERE payment_debts.debt_id = debts.id \
    AND CAST(open AS INTEGER) = 1)";
/// Changes of plan whose payment has ended and that have not.
const UNDECIDED: &str = "SELECT plan_changes.id FROM plan_changes JOIN payments \
    ON payments.id = plan_changes.payment_id WHERE plan_changes.state = 'pending' \
    AND payments.state NOT IN ('created', 'awaiting-customer', 'processing', 'unknown')";
/// Subscriptions that were not told of as often as their plan changed.
const PLANS: &str = "SELECT id FROM subscriptions WHERE \
    (SELECT COUNT(*) FROM events WHERE type = 'subscription.plan_changed' AND object_id = subscriptions.id) \
    <> (SELECT COUNT(*) FROM plan_changes WHERE subscription_id = subscriptions.id \
    AND plan_changes.state = 'applied')";
/// Codes whose count is not the count of their uses, and uses for changes that never were.
const CODES: &str = "SELECT code FROM discounts WHERE times_used <> \
    (SELECT COUNT(*) FROM discount_uses WHERE discount_id = discounts.id) \
    UNION SELECT cause FROM discount_uses JOIN plan_changes ON plan_changes.id = cause \
    WHERE plan_changes.state = 'dropped'";
/// Payments of which more is to go back than they took.
const TOO_MUCH_BACK: &str = "SELECT payments.id FROM payments JOIN refunds \
    ON refunds.payment_id = payments.id WHERE refunds.state <> 'failed' \
    GROUP BY payments.id, payments.amount_minor \
    HAVING SUM(refunds.amount_minor) > payments.amount_minor";
/// Money that moved without a document that says so.
const UNDOCUMENTED: &str = "SELECT id FROM payments WHERE state = 'succeeded' AND amount_minor > 0 \
    AND CAST(unapplied AS INTEGER) = 0 AND NOT EXISTS (SELECT 1 FROM invoices \
    WHERE invoices.id = payments.invoice_id AND number IS NOT NULL) \
    UNION SELECT refunds.id FROM refunds JOIN payments ON payments.id = refunds.payment_id \
    WHERE refunds.state = 'succeeded' AND CAST(unapplied AS INTEGER) = 0 \
    AND credit_note_id IS NULL";
/// Everything that an issued document says.
const DOCUMENTS: &str = "SELECT id, kind, number, number_text || ' ' || CAST(issued_at AS TEXT) \
    || ' ' || lines || ' ' || totals || ' ' || seller || ' ' || buyer AS text \
    FROM invoices WHERE number IS NOT NULL ORDER BY kind, number";
/// Keys that work although they should not, or the other way round.
const ACCESS: &str = "SELECT licenses.id FROM licenses JOIN subscriptions \
    ON subscriptions.id = licenses.subscription_id \
    WHERE (state IN ('active', 'past-due') AND CAST(suspended AS INTEGER) = 1) \
    OR (state IN ('on-hold', 'paused') AND CAST(suspended AS INTEGER) = 0) \
    OR (state IN ('cancelled', 'expired') AND licenses.expires_at IS NULL)";
/// Mails that were ordered twice under one key.
const MAILED_TWICE: &str = "SELECT unique_key FROM jobs WHERE kind = 'mail' \
    GROUP BY unique_key HAVING COUNT(*) > 1";
/// Facts of payments that are told under two ids.
const TOLD_TWICE: &str = "SELECT type || ' ' || object_id FROM events \
    WHERE type IN ('payment.succeeded', 'payment.failed', 'payment.cancelled', \
    'subscription.cancelled', 'subscription.expired', 'subscription.failed', \
    'refund.succeeded', 'refund.failed', 'dispute.opened', 'dispute.won', 'dispute.lost') \
    GROUP BY type, object_id HAVING COUNT(*) > 1";
/// Payments whose outcome is awaited and that nobody will look at.
const UNWATCHED: &str = "SELECT id FROM payments WHERE request IS NOT NULL \
    AND state IN ('created', 'awaiting-customer', 'processing', 'unknown') \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'reconcile:' || payments.id \
    AND jobs.state IN ('queued', 'running'))";
/// Living subscriptions whose next date nobody will notice.
const UNDATED: &str = "SELECT id FROM subscriptions WHERE state IN ('active', 'on-hold') \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'renew:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running'))";
/// What is charged by the period and has no payment under way, and whose next date nobody will
/// notice in time: at the latest a day after it, which is longer than any wait of a renewal.
const LATE: &str = "SELECT id FROM subscriptions WHERE state = 'active' \
    AND CAST(on_demand AS INTEGER) = 0 AND NOT EXISTS (SELECT 1 FROM payments \
    WHERE payments.subscription_id = subscriptions.id AND request IS NOT NULL \
    AND payments.state IN ('created', 'awaiting-customer', 'processing', 'unknown')) \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'renew:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running') AND run_at <= 86400000000 + \
    CASE WHEN period_end > $1 THEN period_end ELSE $1 END)";
/// Subscriptions that wait for their beginning and that nobody will give up.
const UNBEGUN: &str = "SELECT id FROM subscriptions WHERE state = 'pending' \
    AND NOT EXISTS (SELECT 1 FROM payments JOIN jobs \
    ON jobs.unique_key = 'expire-begin:' || payments.id \
    WHERE payments.subscription_id = subscriptions.id AND jobs.state IN ('queued', 'running'))";
/// Set-ups that are open and that nobody will give up.
const UNENDED: &str = "SELECT id FROM setups WHERE state IN ('created', 'awaiting-customer') \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'expire-setup:' || setups.id \
    AND jobs.state IN ('queued', 'running'))";
/// Refunds on their way that nobody will look at.
const UNREFUNDED: &str = "SELECT id FROM refunds WHERE state IN ('created', 'processing', \
    'unknown') AND NOT EXISTS (SELECT 1 FROM jobs \
    WHERE unique_key = 'reconcile-refund:' || refunds.id AND jobs.state IN ('queued', 'running'))";
/// Work that was given up.
const GIVEN_UP: &str = "SELECT kind || ': ' || COALESCE(last_error, '') FROM jobs \
    WHERE state = 'failed'";
/// Payments that have not ended.
const OPEN: &str = "SELECT id || ' is ' || state FROM payments WHERE sent_at IS NOT NULL \
    AND state IN ('created', 'awaiting-customer', 'processing', 'unknown')";
/// Work that is due, or being done.
const DUE: &str = "SELECT id FROM jobs WHERE state = 'running' OR (state = 'queued' \
    AND run_at <= $1)";

/// A connection of our own.
enum Reader {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

#[derive(FromRow)]
struct Payment {
    id: String,
    state: String,
    amount_minor: i64,
    unapplied: i64,
}

#[derive(FromRow)]
struct Document {
    id: String,
    kind: String,
    number: i64,
    text: String,
}

impl Reader {
    async fn connect(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(SqliteConnection::connect(url).await.unwrap())
        } else {
            Self::Postgres(PgConnection::connect(url).await.unwrap())
        }
    }

    async fn texts(&mut self, sql: &'static str) -> Vec<String> {
        let all = match self {
            Self::Sqlite(own) => sqlx::query_scalar(sql).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_scalar(sql).fetch_all(own).await,
        };
        all.unwrap()
    }

    /// The same for a statement that needs to know how late it is.
    async fn at(&mut self, sql: &'static str, now: Timestamp) -> Vec<String> {
        let now = now.as_microsecond();
        let all = match self {
            Self::Sqlite(own) => sqlx::query_scalar(sql).bind(now).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_scalar(sql).bind(now).fetch_all(own).await,
        };
        all.unwrap()
    }

    /// Payments, or refunds and disputes in their shape.
    async fn payments(&mut self, sql: &'static str) -> Vec<Payment> {
        let all = match self {
            Self::Sqlite(own) => sqlx::query_as(sql).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_as(sql).fetch_all(own).await,
        };
        all.unwrap()
    }

    async fn documents(&mut self) -> Vec<Document> {
        let all = match self {
            Self::Sqlite(own) => sqlx::query_as(DOCUMENTS).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_as(DOCUMENTS).fetch_all(own).await,
        };
        all.unwrap()
    }

    async fn settled(&mut self) -> i64 {
        let sum = match self {
            Self::Sqlite(own) => sqlx::query_scalar(SETTLED).fetch_one(own).await,
            Self::Postgres(own) => sqlx::query_scalar(SETTLED).fetch_one(own).await,
        };
        sum.unwrap()
    }
}

/// Whether nothing is due and nothing is being done.
pub(super) async fn is_idle(world: &World) -> bool {
    let mut reader = Reader::connect(&world.url).await;
    reader.at(DUE, world.cx.now()).await.is_empty()
}

/// What is remembered from step to step.
pub(super) struct Invariants {
    reader: Reader,
    documents: BTreeMap<String, String>,
    ended: BTreeMap<String, SubscriptionState>,
}

impl Invariants {
    pub(super) async fn new(world: &World) -> Self {
        Self {
            reader: Reader::connect(&world.url).await,
            documents: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    /// What is not as it must be.
    pub(super) async fn broken(&mut self, world: &World, town: &Town<'_>) -> Vec<String> {
        let mut wrong = self.money(world).await;
        wrong.extend(self.documents().await);
        wrong.extend(self.ends(town).await);
        for (what, sql) in [
            ("two open payments for one debt", HELD_TWICE),
            ("held by a payment that has ended", HELD_BY_ENDED),
            ("nobody asks for the debt", UNASKED),
            ("undecided", UNDECIDED),
            ("plan changes and what was told", PLANS),
            ("uses of codes", CODES),
            ("more back than was taken", TOO_MUCH_BACK),
            ("no document", UNDOCUMENTED),
            ("access", ACCESS),
            ("mailed twice", MAILED_TWICE),
            ("told twice", TOLD_TWICE),
            ("nobody will look", UNWATCHED),
            ("nobody will renew or end", UNDATED),
            ("nobody will give up the beginning", UNBEGUN),
            ("nobody will give up", UNENDED),
            ("nobody will look at the refund", UNREFUNDED),
            ("given up", GIVEN_UP),
        ] {
            let found = self.reader.texts(sql).await;
            wrong.extend(found.iter().map(|one| format!("{what}: {one}")));
        }
        let late = self.reader.at(LATE, world.cx.now()).await;
        wrong.extend(
            late.iter()
                .map(|id| format!("nobody will renew in time: {id}")),
        );
        wrong
    }

    /// What has not ended although it had time to.
    pub(super) async fn unsettled(&mut self) -> Vec<String> {
        self.reader.texts(OPEN).await
    }

    /// Money at the gateway is settled debts, unapplied receipts, less what went back and was taken
    /// back, and what is not known yet; never more than once for a key.
    async fn money(&mut self, world: &World) -> Vec<String> {
        let payments = self.reader.payments(PAYMENTS).await;
        let refunds = self.reader.payments(REFUNDS).await;
        let disputes = self.reader.payments(LOST).await;
        let settled = self.reader.settled().await;
        let mut wrong = Vec::new();
        let (mut at_gateway, mut not_known_yet) = (0, 0);
        let mut charged: BTreeMap<String, u32> = BTreeMap::new();
        for entry in world.sandbox.ledger().await {
            let amount = entry["amount"].as_i64().unwrap();
            let key = entry["idempotency_key"].as_str().unwrap();
            if entry["kind"] == "reversal" {
                at_gateway -= amount;
                let known = disputes.iter().find(|one| entry["reference"] == *one.id);
                if known.is_none_or(|one| one.state != "lost") {
                    not_known_yet -= amount;
                }
                continue;
            }
            if entry["kind"] == "reversal_returned" {
                // What was taken back, given again: as long as that is not known, its reversal is
                // taken back; afterwards the reversal is one that is not known.
                at_gateway += amount;
                not_known_yet += amount;
                continue;
            }
            *charged.entry(key.to_owned()).or_default() += 1;
            if entry["kind"] == "refund" {
                at_gateway -= amount;
                match refunds.iter().find(|refund| refund.id == key) {
                    None => wrong.push(format!("money went back for {key}, which is no refund")),
                    Some(refund) if refund.state == "succeeded" => {}
                    Some(refund) if refund.state == "failed" => {
                        wrong.push(format!("money went back for {key}, which failed"));
                    }
                    Some(_) => not_known_yet -= amount,
                }
                continue;
            }
            at_gateway += amount;
            match payments.iter().find(|payment| payment.id == key) {
                None => wrong.push(format!("money for {key}, which is no payment")),
                Some(payment) if payment.state == "succeeded" => {}
                Some(payment) if ["declined", "cancelled"].contains(&payment.state.as_str()) => {
                    wrong.push(format!("money for {key}, which is {}", payment.state));
                }
                Some(_) => not_known_yet += amount,
            }
        }
        for (key, times) in charged.iter().filter(|(_, times)| **times > 1) {
            wrong.push(format!("{key} was charged {times} times"));
        }
        let unapplied: i64 = payments
            .iter()
            .filter(|payment| payment.unapplied == 1)
            .map(|payment| payment.amount_minor)
            .sum();
        let refunded: i64 = refunds
            .iter()
            .filter(|refund| refund.state == "succeeded")
            .map(|refund| refund.amount_minor)
            .sum();
        // What is owed again is not settled any more.
        let taken_back: i64 = disputes
            .iter()
            .filter(|one| one.state == "lost" && one.unapplied == 0)
            .map(|one| one.amount_minor)
            .sum();
        if at_gateway != settled + unapplied - refunded - taken_back + not_known_yet {
            wrong.push(format!(
                "{at_gateway} at the gateway, {settled} settled, {unapplied} unapplied, \
                 {refunded} refunded, {taken_back} taken back, {not_known_yet} not known yet"
            ));
        }
        wrong
    }

    /// Numbers without gaps, and documents that say what they said.
    async fn documents(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut last: BTreeMap<String, i64> = BTreeMap::new();
        for document in self.reader.documents().await {
            let number = last.entry(document.kind.clone()).or_default();
            *number += 1;
            if *number != document.number {
                wrong.push(format!("no {} {number}", document.kind));
            }
            let known = self.documents.entry(document.id.clone());
            if *known.or_insert_with(|| document.text.clone()) != document.text {
                wrong.push(format!("{} says something else", document.id));
            }
        }
        wrong
    }

    /// What has ended has ended.
    async fn ends(&mut self, town: &Town<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, state) in town.states().await {
            let ended = self.ended.get(id.as_str());
            if ended.is_some_and(|ended| *ended != state) {
                wrong.push(format!("{id} came back from its end"));
            } else if state.is_final() {
                self.ended.insert(id.as_str().to_owned(), state);
            }
        }
        wrong
    }
}
