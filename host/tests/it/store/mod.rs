//! The store on both databases.

mod plugin_store;
mod queue;
mod rules;
mod schema;
mod states;
mod transactions;
mod uniqueness;

use crate::support::databases;

#[tokio::test]
async fn every_query_prepares_on_both_databases() {
    for database in databases().await {
        let mut tx = database.store.begin().await.unwrap();
        let refused = tx.prepare_all().await.err();
        assert!(refused.is_none(), "{}: {refused:?}", database.name);
    }
}

#[tokio::test]
async fn what_belongs_to_one_customer_is_found_without_reading_anybody_elses() {
    let database = crate::support::sqlite().await;
    let mut tx = database.store.begin().await.unwrap();
    let plans = tx.plans().await.unwrap();
    let of_a_customer = |sql: &str| {
        let words: Vec<_> = sql.split_whitespace().collect();
        sql.starts_with("SELECT")
            && words.windows(5).any(|words| {
                let [before, column, is, value, _] = words else {
                    return false;
                };
                column.trim_start_matches("s.").ends_with("customer_id")
                    && *is == "="
                    && value.starts_with('$')
                    && *before != "OR"
            })
    };
    let found: Vec<_> = plans
        .iter()
        .filter(|(_, sql, _)| of_a_customer(sql))
        .collect();
    assert!(found.len() > 10, "{found:?}");
    for (name, sql, plan) in found {
        let narrow = ["customer_id=?", "(id=?", " AND id=?"];
        let is_narrow = narrow.iter().any(|by| plan.contains(by));
        assert!(is_narrow, "{name}: {sql}\n{plan}");
    }
}

#[tokio::test]
async fn the_customers_own_list_of_subscriptions_is_read_in_its_order() {
    let database = crate::support::sqlite().await;
    let mut tx = database.store.begin().await.unwrap();
    let plans = tx.plans().await.unwrap();
    let lists: Vec<_> = plans
        .iter()
        .filter(|(_, sql, _)| sql.contains("ORDER BY CASE s.state"))
        .collect();
    assert_eq!(lists.len(), 2, "{lists:?}");
    for (name, _, plan) in lists {
        assert!(plan.contains("subscriptions_in_order"), "{name}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{name}: {plan}");
    }
}

#[tokio::test]
async fn processes_that_start_together_migrate_once() {
    for database in databases().await {
        let again = futures_util::future::join_all((0..4).map(|_| database.store.migrate()));
        for result in again.await {
            result.unwrap();
        }
    }
}
