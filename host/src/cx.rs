//! What every flow is handed: the store, the plugins, the settings, two clocks and chance.
//!
//! The only place that reads the machine's clock and its randomness.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use rand::TryRng;
use rand::rngs::SysRng;
use tokio_util::task::TaskTracker;
use ulid::Ulid;

use crate::config::{Business, HostKeys, ModeSettings, Settings};
use crate::domain::id::Id;
use crate::domain::{Mode, Scope};
use crate::plugins::Plugins;
use crate::store::{self, Clock as BusinessClock, JobClock, NewJob, Store, Tx, Work};

/// The context of a flow. Cheap to clone.
#[derive(Clone)]
pub struct Cx {
    /// The database.
    pub store: Store,
    /// The gateways.
    pub plugins: Arc<Plugins>,
    /// The configuration; business files change while the host runs.
    pub settings: Arc<ArcSwap<Settings>>,
    /// The host's keys: the first signs, all verify.
    pub keys: HostKeys,
    /// Where time comes from.
    pub clock: Clock,
    /// Flows under way, waited for before the process ends.
    pub flows: TaskTracker,
    /// On whose behalf flows run, for the audit.
    pub actor: Actor,
}

/// Who acts, and from where.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The id of a customer, staff member or API key, or `host` for the host's own jobs.
    pub id: String,
    /// A masked network address; none for the host itself.
    pub origin: Option<String>,
}

impl Actor {
    /// The host's own jobs and timers.
    pub fn host() -> Self {
        Self {
            id: "host".to_owned(),
            origin: None,
        }
    }
}

/// Host time; tests move it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_us: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's time, in whole microseconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    pub fn now(&self) -> Timestamp {
        let micros = Timestamp::now().as_microsecond() + self.ahead_us.load(Ordering::Relaxed);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
    }

    /// Moves the time of this process ahead, for tests that wait for an expiry.
    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.ahead_us.fetch_add(micros, Ordering::Relaxed);
    }
}

/// `N` random bytes from the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

impl Cx {
    /// The same context, acting for `actor`.
    #[must_use]
    pub fn acting(&self, actor: Actor) -> Self {
        Self {
            actor,
            ..self.clone()
        }
    }

    /// Host time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Business time of a scope: host time, but for a test clock that was moved.
    pub async fn business_now(&self, tx: &mut Tx, scope: &Scope) -> store::Result<Timestamp> {
        Ok(self.business_time(tx.clock(scope).await?.offset_us))
    }

    /// Host time, moved by as many microseconds as a test clock was.
    pub fn business_time(&self, offset: i64) -> Timestamp {
        let micros = self.now().as_microsecond().saturating_add(offset);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
    }

    /// A new id, sortable by host time.
    pub fn new_id<I: Id>(&self) -> I {
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        I::from_ulid(Ulid::from_parts(millis, u128::from_be_bytes(random())))
    }

    /// Orders work for host time `at`.
    pub async fn order_at(
        &self,
        tx: &mut Tx,
        scope: &Scope,
        work: &Work,
        at: Timestamp,
    ) -> store::Result<()> {
        tx.enqueue(scope, &self.job(work, JobClock::Host, at, at))
            .await
    }

    /// Orders work for now.
    pub async fn order(&self, tx: &mut Tx, scope: &Scope, work: &Work) -> store::Result<()> {
        self.order_at(tx, scope, work, self.now()).await
    }

    /// Orders work for business time `at`.
    pub async fn order_at_business_time(
        &self,
        tx: &mut Tx,
        scope: &Scope,
        work: &Work,
        at: Timestamp,
    ) -> store::Result<()> {
        let clock = match scope.mode {
            Mode::Live => BusinessClock::default(),
            // A clock that moves at this moment would leave the job behind.
            Mode::Test => tx.hold_clock(scope).await?,
        };
        let micros = at.as_microsecond().saturating_sub(clock.offset_us);
        let run_at = Timestamp::from_microsecond(micros).unwrap_or(at);
        tx.enqueue(scope, &self.job(work, JobClock::Business, at, run_at))
            .await
    }

    fn job(&self, work: &Work, clock: JobClock, due_at: Timestamp, run_at: Timestamp) -> NewJob {
        NewJob {
            id: self.new_id(),
            kind: work.kind(),
            payload: work.payload(),
            unique_key: work.unique_key(),
            clock,
            due_at,
            run_at,
            created_at: self.now(),
        }
    }

    /// The business of a scope and what it uses in its mode, as they are now; none when its
    /// file is gone.
    pub fn business(&self, scope: &Scope) -> Option<(Business, ModeSettings)> {
        let settings = self.settings.load();
        let business = settings.businesses.get(&scope.business)?;
        Some((business.clone(), business.mode(scope.mode).clone()))
    }
}
