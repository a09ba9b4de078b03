//! Access lent while the bank moves the money.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{PaymentId, SubscriptionId};

queries! {
    LEND = "INSERT INTO lent_access (business_id, mode, subscription_id, payment_id, until) \
        VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (business_id, mode, subscription_id) DO UPDATE SET \
        payment_id = excluded.payment_id, until = excluded.until";
    UNTIL = "SELECT until FROM lent_access \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3";
    END = "DELETE FROM lent_access WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND (CAST($4 AS TEXT) IS NULL OR payment_id = $4)";
}

#[derive(sqlx::FromRow)]
struct Until {
    until: i64,
}

impl Tx {
    /// Lends a subscription access until `until` (business time), because of a payment.
    pub async fn lend_access(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
        payment: &PaymentId,
        until: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            LEND,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            payment.as_str(),
            until.as_microsecond(),
        )?;
        Ok(())
    }

    /// Until when a subscription is lent access (business time); none when it is not.
    pub async fn lent_until(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Option<Timestamp>> {
        let row = fetch_optional!(
            self,
            Until,
            UNTIL,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
        )?;
        let columns = Columns {
            table: "lent_access",
            id: subscription.as_str(),
        };
        columns.time_some("until", row.map(|row| row.until))
    }

    /// Ends what was lent, if it was because of `payment` where one is named; answers whether
    /// anything was.
    pub async fn end_lent_access(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
        payment: Option<&PaymentId>,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            END,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            payment.map(PaymentId::as_str),
        )?;
        Ok(touched == 1)
    }
}
