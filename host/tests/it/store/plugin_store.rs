//! What plugins keep, on both databases.

use sqlx::{Connection as _, PgConnection, SqliteConnection};
use vestibule::domain::{Mode, Scope};
use vestibule::store::{PluginEntry, PluginKept, PluginUsage};

use crate::support::sample::{at, scope};
use crate::support::{Database, databases};

/// Room for everything that is no test of room.
const MOST: PluginUsage = PluginUsage {
    entries: 100,
    bytes: 1000,
};

fn entry(key: &str, value: &str) -> PluginEntry {
    PluginEntry {
        key: key.to_owned(),
        value: value.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn a_value_is_found_by_its_own_plugin_business_and_mode_only() {
    for database in databases().await {
        let own = scope();
        let mut tx = database.store.begin().await.unwrap();
        let first = entry("a", "1");
        let kept = tx.keep_plugin_value(&own, "survey", &first, true, MOST, at(1));
        assert_eq!(kept.await.unwrap(), PluginKept::Yes);
        let other_mode = match own.mode {
            Mode::Live => Mode::Test,
            Mode::Test => Mode::Live,
        };
        for (scope, plugin) in [
            (Scope::new(own.business.clone(), other_mode), "survey"),
            (Scope::new("bus_other".parse().unwrap(), own.mode), "survey"),
            (own.clone(), "offers"),
        ] {
            let found = tx.plugin_value(&scope, plugin, "a").await.unwrap();
            assert_eq!(found, None, "{} {scope} {plugin}", database.name);
            tx.forget_plugin_value(&scope, plugin, "a").await.unwrap();
            let usage = tx.plugin_usage(&scope, plugin).await.unwrap();
            assert_eq!((usage.entries, usage.bytes), (0, 0));
        }
        let found = tx.plugin_value(&own, "survey", "a").await.unwrap();
        assert_eq!(found.as_deref(), Some(&b"1"[..]), "{}", database.name);
        tx.forget_plugin_value(&own, "survey", "a").await.unwrap();
        let found = tx.plugin_value(&own, "survey", "a").await.unwrap();
        assert_eq!(found, None, "{}", database.name);
    }
}

#[tokio::test]
async fn of_two_who_add_a_key_at_once_one_has_added_it() {
    for database in databases().await {
        let own = scope();
        let add = async |value: &'static str| {
            let mut tx = database.store.begin().await.unwrap();
            let entry = entry("once", value);
            let kept = tx.keep_plugin_value(&own, "survey", &entry, false, MOST, at(1));
            let kept = kept.await.unwrap() == PluginKept::Yes;
            tx.commit().await.unwrap();
            kept
        };
        let (first, second) = tokio::join!(add("1"), add("2"));
        assert!(first ^ second, "{}: {first} {second}", database.name);
        let mut tx = database.store.read().await.unwrap();
        let found = tx.plugin_value(&own, "survey", "once").await.unwrap();
        let winner: &[u8] = if first { b"1" } else { b"2" };
        assert_eq!(found.as_deref(), Some(winner), "{}", database.name);
    }
}

#[tokio::test]
async fn keys_are_read_in_the_order_of_their_bytes_below_a_prefix() {
    for database in databases().await {
        let own = scope();
        let mut tx = database.store.begin().await.unwrap();
        for key in ["a/b", "a/B", "a/~", "a/", "a", "b", "a0"] {
            let entry = entry(key, "1");
            let kept = tx.keep_plugin_value(&own, "survey", &entry, true, MOST, at(1));
            kept.await.unwrap();
        }
        let mut keys = async |prefix: &str, after: &str, limit| {
            let found = tx.plugin_values(&own, "survey", prefix, after, limit).await;
            let keys = found.unwrap().into_iter().map(|entry| entry.key);
            keys.collect::<Vec<_>>()
        };
        let all = ["a", "a/", "a/B", "a/b", "a/~", "a0", "b"];
        assert_eq!(keys("", "", 100).await, all, "{}", database.name);
        assert_eq!(keys("a/", "", 100).await, all[1..5], "{}", database.name);
        assert_eq!(keys("a/", "a/B", 1).await, ["a/b"], "{}", database.name);
        let usage = tx.plugin_usage(&own, "survey").await.unwrap();
        assert_eq!((usage.entries, usage.bytes), (7, 7), "{}", database.name);
    }
}

#[tokio::test]
async fn what_a_plugin_remembers_is_told_and_cleared_in_one_business_and_mode() {
    for database in databases().await {
        let own = scope();
        let other = Scope::new("bus_other".parse().unwrap(), own.mode);
        let mut tx = database.store.begin().await.unwrap();
        for (scope, plugin, key, second) in [
            (&own, "survey", "a", 1),
            (&own, "survey", "b", 3),
            (&own, "offers", "a", 2),
            (&other, "survey", "a", 4),
        ] {
            let entry = entry(key, "12345");
            let kept = tx.keep_plugin_value(scope, plugin, &entry, true, MOST, at(second));
            assert_eq!(kept.await.unwrap(), PluginKept::Yes);
        }
        let told = async |tx: &mut vestibule::store::Tx, scope: &Scope| {
            let all = tx.plugin_memories(scope).await.unwrap();
            let told = all.into_iter().map(|memory| {
                let usage = memory.usage;
                (memory.plugin, usage.entries, usage.bytes, memory.written_at)
            });
            told.collect::<Vec<_>>()
        };
        let survey = ("survey".to_owned(), 2, 10, at(3));
        let offers = ("offers".to_owned(), 1, 5, at(2));
        let others = ("survey".to_owned(), 1, 5, at(4));
        assert_eq!(told(&mut tx, &own).await, [offers.clone(), survey]);
        let cleared = tx.clear_plugin_memory(&own, "survey").await;
        assert_eq!(cleared.unwrap(), 2, "{}", database.name);
        assert_eq!(told(&mut tx, &own).await, [offers]);
        assert_eq!(told(&mut tx, &other).await, [others]);
        assert_eq!(tx.clear_plugin_memory(&own, "survey").await.unwrap(), 0);
        let usage = tx.plugin_usage(&own, "survey").await.unwrap();
        assert_eq!((usage.entries, usage.bytes), (0, 0), "{}", database.name);
    }
}

/// What is counted beside the values, and what is counted anew.
async fn usages(database: &Database) -> [PluginUsage; 2] {
    let mut tx = database.store.read().await.unwrap();
    let known = tx.plugin_usage(&scope(), "survey").await.unwrap();
    let all = tx.plugin_values(&scope(), "survey", "", "", 1000).await;
    let all = all.unwrap();
    let bytes: usize = all.iter().map(|entry| entry.value.len()).sum();
    let counted = PluginUsage {
        entries: i64::try_from(all.len()).unwrap(),
        bytes: i64::try_from(bytes).unwrap(),
    };
    [known, counted]
}

#[tokio::test]
async fn what_is_used_is_known_without_counting_it() {
    for database in databases().await {
        let own = scope();
        let keep = async |key: &str, value: &str, over, most| {
            let mut tx = database.store.begin().await.unwrap();
            let entry = entry(key, value);
            let kept = tx.keep_plugin_value(&own, "survey", &entry, over, most, at(1));
            let kept = kept.await.unwrap();
            tx.commit().await.unwrap();
            kept
        };
        let forget = async |key: &str| {
            let mut tx = database.store.begin().await.unwrap();
            tx.forget_plugin_value(&own, "survey", key).await.unwrap();
            tx.commit().await.unwrap();
        };
        let most = PluginUsage {
            entries: 2,
            bytes: 10,
        };
        let (yes, another, full) = (PluginKept::Yes, PluginKept::Another, PluginKept::Full);
        for (key, value, over, kept, entries, bytes) in [
            ("a", "12345", true, yes, 1, 5),
            ("a", "1", false, another, 1, 5),
            ("a", "1234567890", true, yes, 1, 10),
            ("b", "1", true, full, 1, 10),
            ("a", "12345678901", true, full, 1, 10),
            ("a", "", true, yes, 1, 0),
            ("b", "12", false, yes, 2, 2),
            ("c", "", true, full, 2, 2),
            ("b", "123", true, yes, 2, 3),
        ] {
            let step = format!("{}: {key} {value}", database.name);
            assert_eq!(keep(key, value, over, most).await, kept, "{step}");
            let [known, counted] = usages(&database).await;
            assert_eq!((known.entries, known.bytes), (entries, bytes), "{step}");
            assert_eq!(known, counted, "{step}");
        }
        for key in ["a", "a", "nothing", "b"] {
            forget(key).await;
            let [known, counted] = usages(&database).await;
            assert_eq!(known, counted, "{}: without {key}", database.name);
        }
    }
}

#[tokio::test]
async fn of_two_who_take_the_last_room_at_once_one_has_it() {
    for database in databases().await {
        let own = scope();
        let keep = async |key: &'static str| {
            let mut tx = database.store.begin().await.unwrap();
            let one = PluginUsage { entries: 1, ..MOST };
            let entry = entry(key, "1");
            let kept = tx.keep_plugin_value(&own, "survey", &entry, true, one, at(1));
            let kept = kept.await.unwrap();
            tx.commit().await.unwrap();
            kept == PluginKept::Yes
        };
        let (first, second) = tokio::join!(keep("a"), keep("b"));
        assert!(first ^ second, "{}: {first} {second}", database.name);
        let [known, counted] = usages(&database).await;
        assert_eq!((known.entries, known), (1, counted), "{}", database.name);
    }
}

#[tokio::test]
async fn what_was_kept_before_it_was_counted_is_counted_by_the_migration() {
    const FILLS: [&str; 2] = [
        include_str!("../../../migrations/sqlite/0027_plugin_usage.sql"),
        include_str!("../../../migrations/postgres/0027_plugin_usage.sql"),
    ];
    for (database, migration) in databases().await.into_iter().zip(FILLS) {
        let own = scope();
        let mut tx = database.store.begin().await.unwrap();
        for (key, value) in [("a", "123"), ("b", "")] {
            let entry = entry(key, value);
            let kept = tx.keep_plugin_value(&own, "survey", &entry, true, MOST, at(1));
            kept.await.unwrap();
        }
        tx.commit().await.unwrap();
        // As it was before, with the migration's own words.
        let migration = format!("DROP TABLE plugin_usage;\n{migration}");
        match database.url() {
            url if url.starts_with("sqlite:") => {
                let mut beside = SqliteConnection::connect(&url).await.unwrap();
                let run = sqlx::raw_sql(sqlx::AssertSqlSafe(migration));
                run.execute(&mut beside).await.unwrap();
            }
            url => {
                let mut beside = PgConnection::connect(&url).await.unwrap();
                let run = sqlx::raw_sql(sqlx::AssertSqlSafe(migration));
                run.execute(&mut beside).await.unwrap();
            }
        }
        let [known, counted] = usages(&database).await;
        assert_eq!((known.entries, known.bytes), (2, 3), "{}", database.name);
        assert_eq!(known, counted);
    }
}
