//! The list of all statements, for what is true of each: that both databases take it, and that
//! none reads a whole table where an index is meant. Besides, what the connections are set to.

use sqlx::{Executor, Row};

use super::macros::Statement;
use super::{Connection, Error, Result, Tx};
use super::{
    across, addons, api_calls, api_keys, balances, clocks, customers, debts, deliveries, dialect,
    discounts, disputes, dunnings, email_changes, endpoints, entrances, events, failing_jobs,
    invoices, jobs, lent_access, license_instances, licenses, limits, login_requests, method_pages,
    methods, pages, payment_lists, payments, plan_changes, plugin_reports, plugin_store,
    portal_hosts, portal_links, products, refunds, rounds, sessions, setups, staff,
    subscription_lists, subscriptions, test_mails,
};

impl Tx {
    /// Prepares every statement of the store without running it; answers the first that the
    /// database does not accept, by name.
    pub async fn prepare_all(&mut self) -> std::result::Result<(), (String, Error)> {
        let own = match &self.connection {
            Connection::Sqlite(_) => dialect::SQLITE,
            Connection::Postgres(_) => dialect::POSTGRES,
        };
        for Statement { name, sql } in queries().chain(own.iter().copied()) {
            let sql = sqlx::SqlStr::from_static(sql);
            let prepared = match &mut self.connection {
                Connection::Sqlite(c) => c.prepare(sql).await.map(drop),
                Connection::Postgres(c) => c.prepare(sql).await.map(drop),
            };
            prepared.map_err(|error| (name.to_owned(), error.into()))?;
        }
        Ok(())
    }

    /// How SQLite would run each statement that reads, by name: its plan, a step a line. Nothing
    /// on Postgres, whose plans depend on what is stored.
    pub async fn plans(&mut self) -> Result<Vec<(&'static str, &'static str, String)>> {
        let Connection::Sqlite(connection) = &mut self.connection else {
            return Ok(Vec::new());
        };
        let mut plans = Vec::new();
        for Statement { name, sql } in queries().chain(dialect::SQLITE.iter().copied()) {
            let question = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let rows = sqlx::query(question).fetch_all(&mut **connection).await?;
            let steps: sqlx::Result<Vec<String>> =
                rows.iter().map(|row| row.try_get("detail")).collect();
            plans.push((name, sql, steps?.join("\n")));
        }
        Ok(plans)
    }

    /// What this connection's session of Postgres is set to, such as its `lock_timeout`; nothing on
    /// SQLite.
    pub async fn session_setting(&mut self, name: &str) -> Result<Option<String>> {
        let Connection::Postgres(connection) = &mut self.connection else {
            return Ok(None);
        };
        let value = sqlx::query_scalar::<_, String>("SELECT current_setting($1)").bind(name);
        Ok(Some(value.fetch_one(&mut **connection).await?))
    }
}

/// Every statement that both databases are asked.
fn queries() -> impl Iterator<Item = Statement> {
    [
        across::QUERIES,
        addons::QUERIES,
        api_calls::QUERIES,
        api_keys::QUERIES,
        balances::QUERIES,
        clocks::QUERIES,
        customers::QUERIES,
        debts::QUERIES,
        discounts::QUERIES,
        disputes::QUERIES,
        deliveries::QUERIES,
        dunnings::QUERIES,
        email_changes::QUERIES,
        entrances::QUERIES,
        endpoints::QUERIES,
        events::QUERIES,
        failing_jobs::QUERIES,
        invoices::QUERIES,
        jobs::QUERIES,
        lent_access::QUERIES,
        license_instances::QUERIES,
        licenses::QUERIES,
        limits::QUERIES,
        login_requests::QUERIES,
        method_pages::QUERIES,
        methods::QUERIES,
        pages::QUERIES,
        payment_lists::QUERIES,
        payments::QUERIES,
        plan_changes::QUERIES,
        plugin_store::QUERIES,
        plugin_reports::QUERIES,
        portal_hosts::QUERIES,
        portal_links::QUERIES,
        products::QUERIES,
        refunds::QUERIES,
        rounds::QUERIES,
        sessions::QUERIES,
        setups::QUERIES,
        staff::QUERIES,
        subscription_lists::QUERIES,
        subscriptions::QUERIES,
        test_mails::QUERIES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
