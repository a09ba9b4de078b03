//! What tests stand on: real databases that are made for them and go away with them.

pub(crate) mod bank;
pub(crate) mod dump;
pub(crate) mod guests;
pub(crate) mod log;
pub(crate) mod lossy;
pub(crate) mod plugin;
mod postgres;
pub(crate) mod sample;
pub(crate) mod sandbox;
pub(crate) mod stripe;
pub(crate) mod world;

use std::path::PathBuf;

use vestibule::store::Store;

/// An empty database with the current schema.
pub(crate) struct Database {
    /// For messages.
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    place: Place,
    _dir: Option<tempfile::TempDir>,
}

enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Place {
    async fn open(&self) -> Store {
        match self {
            Self::Sqlite(path) => Store::open_sqlite(path, 4).await.unwrap(),
            Self::Postgres(url) => Store::open_postgres(url, 8).await.unwrap(),
        }
    }
}

impl Database {
    async fn new(name: &'static str, place: Place, dir: Option<tempfile::TempDir>) -> Self {
        let store = place.open().await;
        store.migrate().await.unwrap();
        Self {
            name,
            store,
            place,
            _dir: dir,
        }
    }

    /// What `database.url` says to use it.
    pub(crate) fn url(&self) -> String {
        match &self.place {
            Place::Sqlite(path) => format!("sqlite:{}", path.display()),
            Place::Postgres(url) => url.clone(),
        }
    }

    /// The same database as another process sees it.
    pub(crate) async fn reopen(&self) -> Store {
        self.place.open().await
    }

    /// Somebody else who looks at this database.
    pub(crate) async fn observer(&self) -> Observer {
        match &self.place {
            Place::Sqlite(_) => Observer::Sqlite(self.reopen().await),
            Place::Postgres(url) => Observer::Postgres(postgres::connect(url).await),
        }
    }
}

/// Another process, as far as a database can tell.
pub(crate) enum Observer {
    Sqlite(Store),
    Postgres(sqlx::PgConnection),
}

impl Observer {
    /// Whether no connection of others is inside a transaction. Those that are on their way
    /// back to their pool get a moment.
    pub(crate) async fn sees_no_transaction(&mut self) -> bool {
        match self {
            // Who is inside one holds the lock that every other writer needs.
            Self::Sqlite(store) => store.begin().await.is_ok(),
            Self::Postgres(connection) => postgres::is_idle(connection).await,
        }
    }
}

/// One of each kind: every test of the store runs on both.
pub(crate) async fn databases() -> [Database; 2] {
    [sqlite().await, postgres().await]
}

/// A SQLite file in a folder of its own.
pub(crate) async fn sqlite() -> Database {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Sqlite(dir.path().join("vestibule.db"));
    Database::new("SQLite", place, Some(dir)).await
}

/// A Postgres database of its own.
pub(crate) async fn postgres() -> Database {
    let place = Place::Postgres(postgres::database().await);
    Database::new("Postgres", place, None).await
}

/// The address of a Postgres database of its own.
pub(crate) async fn postgres_url() -> String {
    postgres::database().await
}
