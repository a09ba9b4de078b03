//! What tests stand on: real databases that are made for them and go away with them.

mod postgres;
pub(crate) mod sandbox;

use vestibule::store::Store;

/// An empty database with the current schema.
pub(crate) struct Database {
    /// For messages.
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    _dir: Option<tempfile::TempDir>,
}

/// One of each kind: every test of the store runs on both.
pub(crate) async fn databases() -> [Database; 2] {
    [sqlite().await, postgres().await]
}

/// A SQLite file in a folder of its own.
pub(crate) async fn sqlite() -> Database {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&dir.path().join("vestibule.db"))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    Database {
        name: "SQLite",
        store,
        _dir: Some(dir),
    }
}

/// A Postgres database of its own.
pub(crate) async fn postgres() -> Database {
    let store = Store::open_postgres(&postgres::database().await)
        .await
        .unwrap();
    store.migrate().await.unwrap();
    Database {
        name: "Postgres",
        store,
        _dir: None,
    }
}
