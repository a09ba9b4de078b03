//! The store on both databases.

mod queue;
mod schema;
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
async fn processes_that_start_together_migrate_once() {
    for database in databases().await {
        let again = futures_util::future::join_all((0..4).map(|_| database.store.migrate()));
        for result in again.await {
            result.unwrap();
        }
    }
}
