//! The killer: SIGKILL to hosts, now and then a freeze, and on Postgres cut connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::hosts::{Blow, Hosts};
use crate::place::{Database, Place};

/// Cuts some connections of others to this database; answers how many.
const CUT: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM (SELECT pid \
    FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
    AND usename = current_user AND application_name <> 'killer' \
    ORDER BY random() LIMIT $1) AS chosen";

/// Runs from here on have to kill so many a minute to show anything, shorter ones somebody.
const LONG: Duration = Duration::from_mins(5);
const A_MINUTE: u64 = 25;

/// How many hosts must have been killed in a run of this length; none where it spares them.
pub(crate) fn least_kills(ran: Duration, spares: bool) -> u64 {
    if spares {
        0
    } else if ran < LONG {
        1
    } else {
        A_MINUTE * ran.as_secs() / 60
    }
}

/// What it has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) kills: u64,
    pub(crate) freezes: u64,
    pub(crate) dropped: u64,
}

/// The killer at work.
pub(crate) struct Killer {
    work: [JoinHandle<()>; 2],
    hits: Arc<crate::hosts::Hits>,
    dropped: Arc<AtomicU64>,
}

impl Killer {
    /// Kills every one and a half seconds or so until `stop`.
    pub(crate) async fn start(
        place: &Place,
        hosts: &Hosts,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let dropped = Arc::new(AtomicU64::new(0));
        let doors = hosts.doors.clone();
        let mut chance = StdRng::seed_from_u64(place.seed ^ 0x2_0000);
        let until = stop.clone();
        // Who wants to see the audit fail needs no dead hosts for it.
        let spares = place.options.ignore_keys;
        // Where others go on meanwhile, a host may stand still until they take its charges for
        // lost.
        let (several, absent_after) = (place.hosts() > 1, place.pace().absent_after);
        let killing = tasks.spawn(async move {
            if spares {
                return;
            }
            loop {
                let pause = Duration::from_millis(chance.random_range(800..2_400));
                if until
                    .run_until_cancelled(tokio::time::sleep(pause))
                    .await
                    .is_none()
                {
                    return;
                }
                let Some(door) = doors.choose(&mut chance) else {
                    return;
                };
                if several && chance.random_bool(0.01) {
                    let more = Duration::from_millis(chance.random_range(2_500..8_000));
                    let _ = door.try_send(Blow::Freeze(absent_after + more));
                } else if chance.random_bool(0.1) {
                    let time = Duration::from_millis(chance.random_range(200..2_500));
                    let _ = door.try_send(Blow::Freeze(time));
                } else {
                    let _ = door.try_send(Blow::Kill);
                }
            }
        });
        let cutting = match place.options.database {
            Database::Sqlite => tasks.spawn(async {}),
            Database::Postgres => {
                let database = PgConnection::connect(place.database()).await?;
                let chance = StdRng::seed_from_u64(place.seed ^ 0x3_0000);
                let cut = cut(database, chance, Arc::clone(&dropped), stop.clone());
                tasks.spawn(cut)
            }
        };
        Ok(Self {
            work: [killing, cutting],
            hits: Arc::clone(&hosts.hits),
            dropped,
        })
    }

    /// Waits for its end; answers what it did.
    pub(crate) async fn counts(self) -> anyhow::Result<Counts> {
        for work in self.work {
            work.await?;
        }
        Ok(Counts {
            kills: self.hits.kills.load(Ordering::Relaxed),
            freezes: self.hits.freezes.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        })
    }
}

async fn cut(
    mut database: PgConnection,
    mut chance: StdRng,
    dropped: Arc<AtomicU64>,
    stop: CancellationToken,
) {
    // So that it does not cut its own line.
    let named = sqlx::query("SET application_name = 'killer'");
    if named.execute(&mut database).await.is_err() {
        return;
    }
    loop {
        let pause = Duration::from_millis(chance.random_range(300..1_500));
        if stop
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            return;
        }
        let some = chance.random_range(1..4_i64);
        let cut: Result<i64, _> = sqlx::query_scalar(CUT)
            .bind(some)
            .fetch_one(&mut database)
            .await;
        if let Ok(cut) = cut {
            dropped.fetch_add(u64::try_from(cut).unwrap_or(0), Ordering::Relaxed);
        }
    }
}
