//! What must be true after every step, each as plain SQL or a read past the flows, held against
//! the gateway's ledger and against what was true before.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection as _, FromRow, PgConnection, SqliteConnection};
use vestibule::domain::id::{CustomerId, SubscriptionId};
use vestibule::domain::subscription::SubscriptionState;

use super::town::Town;
use super::waiting;
use crate::support::world::World;

/// Debts that two open payments hold.
const HELD_TWICE: &str = "SELECT debt_id FROM payment_debts JOIN payments \
    ON payments.id = payment_debts.payment_id \
    WHERE state IN ('created', 'awaiting-customer', 'processing', 'unknown') \
    GROUP BY debt_id HAVING COUNT(*) > 1";
/// Debts that a payment holds though it has ended.
const HELD_BY_ENDED: &str = "SELECT debt_id FROM payment_debts JOIN payments \
    ON payments.id = payment_debts.payment_id WHERE CAST(open AS INTEGER) = 1 \
    AND state NOT IN ('created', 'awaiting-customer', 'processing', 'unknown')";
/// Debts of what runs that nobody asks for: only those of periods are asked for by a renewal, those
/// that were carried to one, and those of changes whose gateway could not be asked.
const UNASKED: &str = "SELECT debts.id || ' ' || kind FROM debts JOIN subscriptions \
    ON subscriptions.id = debts.subscription_id \
    WHERE debts.state = 'open' AND subscriptions.state = 'active' \
    AND (CAST(disputed AS INTEGER) = 1 OR kind NOT IN ('carried', 'period')) \
    AND NOT (kind = 'plan-change' AND CAST(disputed AS INTEGER) = 0 \
    AND EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'renew:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running'))) \
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
/// Keys that work although they should not, or the other way round; those that a change of plan has
/// ended are over.
const ACCESS: &str = "SELECT licenses.id || ' while ' || state FROM licenses JOIN subscriptions \
    ON subscriptions.id = licenses.subscription_id WHERE licenses.expires_at IS NULL \
    AND CAST(suspended AS INTEGER) <> CASE WHEN state IN ('active', 'past-due') THEN 0 \
    WHEN state = 'on-hold' AND EXISTS (SELECT 1 FROM lent_access \
    WHERE lent_access.subscription_id = subscriptions.id) THEN 0 ELSE 1 END";
/// Subscriptions that do not have a key for each unit, or have any before they began or after they
/// ended.
const KEYS: &str = "SELECT id || ' is ' || state FROM subscriptions WHERE \
    (SELECT COUNT(*) FROM licenses WHERE licenses.subscription_id = subscriptions.id \
    AND licenses.expires_at IS NULL) <> \
    CASE WHEN state IN ('active', 'past-due', 'on-hold', 'paused') THEN quantity ELSE 0 END";
/// What customers are told by mail, each with the keys of which one must be there.
const MAIL_OWED: &str = "SELECT id, CASE WHEN purpose = 'begin' THEN \
    'mail:started:' || subscription_id ELSE 'mail:received:' || id END AS text FROM payments \
    WHERE state = 'succeeded' AND amount_minor > 0 AND CAST(unapplied AS INTEGER) = 0 \
    UNION SELECT id, 'mail:refunded:' || id AS text FROM refunds WHERE state = 'succeeded' \
    UNION SELECT id, 'mail:cancelled:' || id || ':now mail:cancelled:' || id || ':end' AS text \
    FROM subscriptions WHERE state = 'cancelled'";
/// Mails that were ordered, and by which row.
const MAILS: &str = "SELECT id, unique_key AS text FROM jobs WHERE kind = 'mail'";
/// Facts of payments that are told under two ids.
const TOLD_TWICE: &str = "SELECT type || ' ' || object_id FROM events \
    WHERE type IN ('payment.succeeded', 'payment.failed', 'payment.cancelled', \
    'subscription.cancelled', 'subscription.expired', 'subscription.failed', \
    'refund.succeeded', 'refund.failed', 'dispute.opened', 'dispute.won', 'dispute.lost', \
    'dunning.started', 'dunning.recovered', 'license_key.created') \
    GROUP BY type, object_id HAVING COUNT(*) > 1";
/// Subscriptions that were told of as renewed more often than a period was owed after the first,
/// which has a debt even where it costs nothing.
const RENEWED: &str = "SELECT id FROM subscriptions WHERE \
    (SELECT COUNT(*) FROM events WHERE type = 'subscription.renewed' AND object_id = subscriptions.id) \
    > (SELECT COUNT(*) FROM debts WHERE debts.subscription_id = subscriptions.id \
    AND kind IN ('carried', 'period') AND NOT EXISTS (SELECT 1 FROM payments \
    WHERE payments.id = debts.settled_by AND purpose = 'begin'))";
/// Work that was given up.
const GIVEN_UP: &str = "SELECT kind || ': ' || COALESCE(last_error, '') FROM jobs \
    WHERE state = 'failed' OR (kind <> 'deliver-event' AND attempts > 8 AND state = 'queued')";
/// Payments that have not ended.
const OPEN: &str = "SELECT id || ' is ' || state FROM payments WHERE sent_at IS NOT NULL \
    AND state IN ('created', 'awaiting-customer', 'processing', 'unknown')";
/// A connection of our own.
pub(super) enum Reader {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

#[derive(FromRow)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) amount_minor: i64,
    pub(super) unapplied: i64,
}

/// What orders a mail, and its key.
#[derive(FromRow)]
struct Mail {
    id: String,
    text: String,
}

impl Reader {
    pub(super) async fn connect(url: &str) -> Self {
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
    pub(super) async fn at(&mut self, sql: &'static str, now: Timestamp) -> Vec<String> {
        let now = now.as_microsecond();
        let all = match self {
            Self::Sqlite(own) => sqlx::query_scalar(sql).bind(now).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_scalar(sql).bind(now).fetch_all(own).await,
        };
        all.unwrap()
    }

    /// Payments, or refunds and disputes in their shape.
    pub(super) async fn payments(&mut self, sql: &'static str) -> Vec<Payment> {
        let all = match self {
            Self::Sqlite(own) => sqlx::query_as(sql).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_as(sql).fetch_all(own).await,
        };
        all.unwrap()
    }

    /// The same for a statement about a customer.
    pub(super) async fn about(&mut self, sql: &'static str, customer: &CustomerId) -> Vec<String> {
        let customer = customer.to_string();
        let all = match self {
            Self::Sqlite(own) => sqlx::query_scalar(sql).bind(customer).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_scalar(sql).bind(customer).fetch_all(own).await,
        };
        all.unwrap()
    }

    async fn mails(&mut self, sql: &'static str) -> Vec<Mail> {
        let all = match self {
            Self::Sqlite(own) => sqlx::query_as(sql).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_as(sql).fetch_all(own).await,
        };
        all.unwrap()
    }

    async fn run(&mut self, sql: &'static str) {
        match self {
            Self::Sqlite(own) => drop(sqlx::raw_sql(sql).execute(own).await.unwrap()),
            Self::Postgres(own) => drop(sqlx::raw_sql(sql).execute(own).await.unwrap()),
        }
    }

    pub(super) async fn sum(&mut self, sql: &'static str) -> i64 {
        let sum = match self {
            Self::Sqlite(own) => sqlx::query_scalar(sql).fetch_one(own).await,
            Self::Postgres(own) => sqlx::query_scalar(sql).fetch_one(own).await,
        };
        sum.unwrap()
    }
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

/// What is remembered from step to step.
pub(super) struct Invariants {
    pub(super) reader: Reader,
    /// What each document said at first.
    pub(super) documents: BTreeMap<String, String>,
    /// The bytes of each document, by their hash.
    pub(super) bytes: BTreeMap<String, String>,
    /// Which row ordered each mail; rows are forgotten some days after they are done.
    mails: BTreeMap<String, String>,
    ended: BTreeMap<String, SubscriptionState>,
}

impl Invariants {
    pub(super) async fn new(world: &World) -> Self {
        Self {
            reader: Reader::connect(&world.url).await,
            documents: BTreeMap::new(),
            bytes: BTreeMap::new(),
            mails: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    /// What is not as it must be.
    pub(super) async fn broken(&mut self, world: &World, town: &Town<'_>) -> Vec<String> {
        let mut wrong = self.money(world).await;
        wrong.extend(self.documents().await);
        wrong.extend(self.mailed().await);
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
            ("keys", KEYS),
            ("told twice", TOLD_TWICE),
            ("renewed more often than a period was owed", RENEWED),
            ("nobody will look", waiting::UNWATCHED),
            ("nobody will renew or end", waiting::UNDATED),
            ("nobody will give up the beginning", waiting::UNBEGUN),
            ("nobody will give up", waiting::UNENDED),
            ("nobody will look at the refund", waiting::UNREFUNDED),
            ("given up", GIVEN_UP),
            ("nobody will end the grace", waiting::UNGRACED),
            ("nobody will go on after the pause", waiting::UNRESUMED),
            ("nobody will retry", waiting::UNRETRIED),
            ("nobody asks for what is due", waiting::UNDUNNED),
            ("nobody was told", waiting::UNTOLD),
            ("something else was told last", waiting::TOLD_OTHERWISE),
            ("nobody will make the document", waiting::UNRENDERED),
            ("nobody will take lent access back", waiting::LENT),
            ("nobody will go on with the round", waiting::UNENDED_ROUNDS),
            ("nobody will move the clock", waiting::STOPPED_CLOCKS),
            ("nobody will give it back", waiting::KEPT),
        ] {
            let found = self.reader.texts(sql).await;
            wrong.extend(found.iter().map(|one| format!("{what}: {one}")));
        }
        let now = town.today().await;
        let (asked_last, in_a_month) = (days(-13), days(30));
        for (what, sql, at) in [
            ("nobody will remind", waiting::UNREMINDED, now + asked_last),
            ("nobody will tell of", waiting::UNNOTICED, now + in_a_month),
            ("nobody will renew in time", waiting::LATE, now),
        ] {
            let found = self.reader.at(sql, at).await;
            wrong.extend(found.iter().map(|one| format!("{what}: {one}")));
        }
        wrong.extend(town.unexpected.iter().cloned());
        wrong
    }

    /// Does something to the database that only these invariants see.
    pub(super) async fn damage(&mut self, sql: &'static str) {
        self.reader.run("BEGIN").await;
        self.reader.run(sql).await;
    }

    pub(super) async fn undo(&mut self) {
        self.reader.run("ROLLBACK").await;
    }

    pub(super) fn remember_end(&mut self, id: &SubscriptionId, state: SubscriptionState) {
        self.ended.insert(id.as_str().to_owned(), state);
    }

    /// What has not ended although it had time to.
    pub(super) async fn unsettled(&mut self) -> Vec<String> {
        self.reader.texts(OPEN).await
    }

    /// One mail for each fact that customers are told of, however long ago.
    async fn mailed(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        for mail in self.reader.mails(MAILS).await {
            let first = self.mails.entry(mail.text.clone());
            if *first.or_insert_with(|| mail.id.clone()) != mail.id {
                wrong.push(format!("mailed twice: {}", mail.text));
            }
        }
        for fact in self.reader.mails(MAIL_OWED).await {
            if !fact.text.split(' ').any(|key| self.mails.contains_key(key)) {
                wrong.push(format!("no mail about {}", fact.id));
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
