//! Comparisons of gateways' books with ours, and what they compare.

use jiff::Timestamp;

use super::disputes::Row as DisputeRow;
use super::macros::{execute, fetch_all, queries};
use super::payments::Row as PaymentRow;
use super::refunds::Row as RefundRow;
use super::row::{Columns, json};
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::balance::{Balance, Difference};
use crate::domain::dispute::Dispute;
use crate::domain::id::BalanceId;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;

queries! {
    INSERT = "INSERT INTO balances (id, business_id, mode, gateway, since_at, until_at, made_at, \
        movements, differences, unseen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    INSERT_DIFFERENCE = "INSERT INTO balance_differences (balance_id, place, problem, kind, \
        own_id, reference, ours_minor, ours_currency, theirs_minor, theirs_currency, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// The newest of each gateway, of one scope or of the whole host.
    LATEST = "SELECT balances.* FROM balances \
        WHERE (CAST($1 AS TEXT) IS NULL OR (business_id = $1 AND mode = $2)) \
        AND id = (SELECT newest.id FROM balances AS newest \
        WHERE newest.business_id = balances.business_id AND newest.mode = balances.mode \
        AND newest.gateway = balances.gateway ORDER BY newest.made_at DESC, newest.id DESC LIMIT 1) \
        ORDER BY business_id, mode, gateway";
    DIFFERENCES = "SELECT * FROM balance_differences WHERE balance_id = $1 ORDER BY place";
    FORGET_DIFFERENCES = "DELETE FROM balance_differences WHERE balance_id IN \
        (SELECT id FROM balances WHERE business_id = $1 AND mode = $2 AND gateway = $3 \
        AND made_at < $4)";
    FORGET = "DELETE FROM balances \
        WHERE business_id = $1 AND mode = $2 AND gateway = $3 AND made_at < $4";
    CHARGES = "SELECT * FROM payments WHERE business_id = $1 AND mode = $2 AND gateway = $3 \
        AND state = 'succeeded' AND sent_at >= $4 AND sent_at < $5 AND id > $6 \
        ORDER BY id LIMIT $7 + 0";
    REFUNDS = "SELECT * FROM refunds WHERE business_id = $1 AND mode = $2 AND gateway = $3 \
        AND state = 'succeeded' AND sent_at >= $4 AND sent_at < $5 AND id > $6 \
        ORDER BY id LIMIT $7 + 0";
    REVERSALS = "SELECT * FROM disputes WHERE business_id = $1 AND mode = $2 AND gateway = $3 \
        AND state = 'lost' AND heard_at >= $4 AND heard_at < $5 AND id > $6 \
        ORDER BY id LIMIT $7 + 0";
}

/// What of ours is compared.
#[derive(Clone, Debug)]
pub struct Compared<'a> {
    /// Business and mode.
    pub scope: &'a Scope,
    /// Through which gateway.
    pub gateway: &'a str,
    /// From this moment on (host time).
    pub since: Timestamp,
    /// Before this one.
    pub until: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    gateway: String,
    since_at: i64,
    until_at: i64,
    made_at: i64,
    movements: i64,
    unseen: String,
}

#[derive(sqlx::FromRow)]
struct DifferenceRow {
    balance_id: String,
    problem: String,
    kind: String,
    own_id: Option<String>,
    reference: Option<String>,
    ours_minor: Option<i64>,
    ours_currency: Option<String>,
    theirs_minor: Option<i64>,
    theirs_currency: Option<String>,
    at: Option<i64>,
}

fn balance(row: Row) -> Result<Balance> {
    let columns = Columns {
        table: "balances",
        id: &row.id,
    };
    Ok(Balance {
        id: columns.parse("id", &row.id)?,
        scope: columns.scope(&row.business_id, &row.mode)?,
        since: columns.time("since_at", row.since_at)?,
        until: columns.time("until_at", row.until_at)?,
        made_at: columns.time("made_at", row.made_at)?,
        movements: columns.number("movements", row.movements)?,
        unseen: columns.json("unseen", &row.unseen)?,
        differences: Vec::new(),
        gateway: row.gateway,
    })
}

fn difference(row: DifferenceRow) -> Result<Difference> {
    let columns = Columns {
        table: "balance_differences",
        id: &row.balance_id,
    };
    let money = |minor: Option<i64>, currency: &Option<String>| match (minor, currency) {
        (Some(minor), Some(currency)) => columns.money(minor, currency).map(Some),
        _ => Ok(None),
    };
    Ok(Difference {
        problem: columns.parse("problem", &row.problem)?,
        kind: columns.parse("kind", &row.kind)?,
        ours: money(row.ours_minor, &row.ours_currency)?,
        theirs: money(row.theirs_minor, &row.theirs_currency)?,
        at: columns.time_some("at", row.at)?,
        own: row.own_id,
        reference: row.reference,
    })
}

impl Tx {
    /// Keeps a comparison with its differences.
    pub async fn insert_balance(&mut self, balance: &Balance) -> Result<()> {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        execute!(
            self,
            INSERT,
            balance.id.as_str(),
            balance.scope.business.as_str(),
            balance.scope.mode.as_str(),
            &balance.gateway,
            balance.since.as_microsecond(),
            balance.until.as_microsecond(),
            balance.made_at.as_microsecond(),
            i64::try_from(balance.movements).unwrap_or(i64::MAX),
            count(balance.differences.len()),
            json(&balance.unseen),
        )?;
        for (place, difference) in balance.differences.iter().enumerate() {
            let currency = |money: Option<Money>| money.map(|money| money.currency.code());
            execute!(
                self,
                INSERT_DIFFERENCE,
                balance.id.as_str(),
                count(place),
                difference.problem.as_str(),
                difference.kind.as_str(),
                difference.own.as_deref(),
                difference.reference.as_deref(),
                difference.ours.map(|money| money.minor),
                currency(difference.ours),
                difference.theirs.map(|money| money.minor),
                currency(difference.theirs),
                difference.at.map(Timestamp::as_microsecond),
            )?;
        }
        Ok(())
    }

    /// The newest comparison of each gateway, with its differences: of one scope, or of the host.
    pub async fn latest_balances(&mut self, scope: Option<&Scope>) -> Result<Vec<Balance>> {
        let rows = fetch_all!(
            self,
            Row,
            LATEST,
            scope.map(|scope| scope.business.as_str()),
            scope.map(|scope| scope.mode.as_str()),
        )?;
        let mut balances = Vec::with_capacity(rows.len());
        for row in rows {
            let mut balance = balance(row)?;
            balance.differences = self.differences_of(&balance.id).await?;
            balances.push(balance);
        }
        Ok(balances)
    }

    async fn differences_of(&mut self, id: &BalanceId) -> Result<Vec<Difference>> {
        fetch_all!(self, DifferenceRow, DIFFERENCES, id.as_str())?
            .into_iter()
            .map(difference)
            .collect()
    }

    /// Forgets the comparisons of a gateway that were made before `before`.
    pub async fn forget_balances(
        &mut self,
        scope: &Scope,
        gateway: &str,
        before: Timestamp,
    ) -> Result<()> {
        for sql in [FORGET_DIFFERENCES, FORGET] {
            execute!(
                self,
                sql,
                scope.business.as_str(),
                scope.mode.as_str(),
                gateway,
                before.as_microsecond(),
            )?;
        }
        Ok(())
    }

    /// Payments that succeeded and were sent in the time compared, in the order of their ids from
    /// `after` on.
    pub async fn charges_to_compare(
        &mut self,
        what: &Compared<'_>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Payment>> {
        fetch_all!(
            self,
            PaymentRow,
            CHARGES,
            what.scope.business.as_str(),
            what.scope.mode.as_str(),
            what.gateway,
            what.since.as_microsecond(),
            what.until.as_microsecond(),
            after,
            i64::from(limit),
        )?
        .into_iter()
        .map(Payment::try_from)
        .collect()
    }

    /// The same of refunds.
    pub async fn refunds_to_compare(
        &mut self,
        what: &Compared<'_>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Refund>> {
        fetch_all!(
            self,
            RefundRow,
            REFUNDS,
            what.scope.business.as_str(),
            what.scope.mode.as_str(),
            what.gateway,
            what.since.as_microsecond(),
            what.until.as_microsecond(),
            after,
            i64::from(limit),
        )?
        .into_iter()
        .map(Refund::try_from)
        .collect()
    }

    /// The same of money that banks took back, by the gateway's time of it.
    pub async fn reversals_to_compare(
        &mut self,
        what: &Compared<'_>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Dispute>> {
        fetch_all!(
            self,
            DisputeRow,
            REVERSALS,
            what.scope.business.as_str(),
            what.scope.mode.as_str(),
            what.gateway,
            what.since.as_microsecond(),
            what.until.as_microsecond(),
            after,
            i64::from(limit),
        )?
        .into_iter()
        .map(Dispute::try_from)
        .collect()
    }
}
