//! A throw-away Postgres: one cluster for the test process, one database for each test.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use vestibule_postgres::{Cluster, Commits};

/// The URL of an empty database that nobody else uses.
pub(crate) async fn database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);

    let cluster = CLUSTER.get_or_init(|| Cluster::start(Commits::InMemory).unwrap());
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    cluster.database(&name).await.unwrap()
}

/// A connection to the database at `url`.
pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Whether no session of this database waits inside a transaction, now or soon.
pub(crate) async fn is_idle(observer: &mut PgConnection) -> bool {
    const INSIDE: &str = "SELECT COUNT(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";

    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        let inside: i64 = sqlx::query_scalar(INSIDE)
            .fetch_one(&mut *observer)
            .await
            .unwrap();
        if inside == 0 {
            return true;
        }
    }
    false
}
