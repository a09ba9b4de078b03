//! What plugins keep, on both databases.

use vestibule::domain::{Mode, Scope};
use vestibule::store::PluginEntry;

use crate::support::databases;
use crate::support::sample::{at, scope};

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
        let kept = tx.keep_plugin_value(&own, "survey", &first, true, at(1));
        assert!(kept.await.unwrap());
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
            let kept = tx.keep_plugin_value(&own, "survey", &entry, false, at(1));
            let kept = kept.await.unwrap();
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
            let kept = tx.keep_plugin_value(&own, "survey", &entry, true, at(1));
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
