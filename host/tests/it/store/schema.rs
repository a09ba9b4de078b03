//! Both databases have the same tables, and one text for every statement.

use std::path::Path;

use crate::support::databases;

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_nulls() {
    let [sqlite, postgres] = databases().await;
    let mut schemas = Vec::new();
    for database in [&sqlite, &postgres] {
        let mut tx = database.store.read().await.unwrap();
        schemas.push(tx.schema().await.unwrap());
    }
    let [of_sqlite, of_postgres] = &schemas[..] else {
        unreachable!("two were read")
    };
    assert!(
        of_sqlite.len() > 100,
        "{} columns are too few",
        of_sqlite.len()
    );
    for column in of_sqlite {
        assert!(of_postgres.contains(column), "only on SQLite: {column:?}");
    }
    for column in of_postgres {
        assert!(of_sqlite.contains(column), "only on Postgres: {column:?}");
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(migrations("sqlite"), migrations("postgres"));
}

fn migrations(database: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(database);
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
