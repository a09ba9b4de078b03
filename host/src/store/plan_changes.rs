//! Changes of plan, and what they do to rows of others.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, json};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{PaymentId, PlanChangeId, SubscriptionId};
use crate::domain::plan::{ChangeState, PlanChange};
use crate::domain::subscription::Subscription;

queries! {
    INSERT = "INSERT INTO plan_changes (id, business_id, mode, subscription_id, state, terms, \
        payment_id, created_at, closed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    GET = "SELECT * FROM plan_changes WHERE business_id = $1 AND mode = $2 AND id = $3";
    OF_PAYMENT = "SELECT * FROM plan_changes \
        WHERE business_id = $1 AND mode = $2 AND payment_id = $3";
    TO_COME = "SELECT * FROM plan_changes WHERE business_id = $1 AND mode = $2 \
        AND subscription_id = $3 AND state IN ('pending', 'scheduled') ORDER BY id";
    CLOSE = "UPDATE plan_changes SET state = $4, closed_at = $5 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state IN ('pending', 'scheduled')";
    PAID_BY = "UPDATE plan_changes SET payment_id = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND state = 'pending'";
    DROP_SCHEDULED = "UPDATE plan_changes SET state = 'dropped', closed_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 AND state = 'scheduled'";
    /// What no other flow changes of a subscription.
    SAVE_PLAN = "UPDATE subscriptions SET product_id = $4, tax_inclusive = $5, \
        interval_unit = $6, interval_count = $7 \
        WHERE business_id = $1 AND mode = $2 AND id = $3";
    END_SURPLUS = "UPDATE licenses SET suspended = FALSE, expires_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id IN (SELECT id FROM licenses \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND (expires_at IS NULL OR expires_at > $4) \
        ORDER BY created_at, id LIMIT 1000000 + 0 OFFSET $5)";
    COUNT_LICENSES = "SELECT COUNT(*) AS count FROM licenses \
        WHERE business_id = $1 AND mode = $2 AND subscription_id = $3 \
        AND (expires_at IS NULL OR expires_at > $4)";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    subscription_id: String,
    state: String,
    terms: String,
    payment_id: Option<String>,
    created_at: i64,
    closed_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

impl TryFrom<Row> for PlanChange {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "plan_changes",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            subscription: columns.parse("subscription_id", &row.subscription_id)?,
            state: columns.parse("state", &row.state)?,
            terms: columns.json("terms", &row.terms)?,
            payment: columns.parse_some("payment_id", row.payment_id.as_deref())?,
            created_at: columns.time("created_at", row.created_at)?,
            closed_at: columns.time_some("closed_at", row.closed_at)?,
        })
    }
}

impl Tx {
    /// Adds a change of plan; [`Error::Conflict`] when another is to come.
    pub async fn insert_plan_change(&mut self, change: &PlanChange) -> Result<()> {
        execute!(
            self,
            INSERT,
            change.id.as_str(),
            change.scope.business.as_str(),
            change.scope.mode.as_str(),
            change.subscription.as_str(),
            change.state.as_str(),
            json(&change.terms),
            change.payment.as_ref().map(PaymentId::as_str),
            change.created_at.as_microsecond(),
            change.closed_at.map(Timestamp::as_microsecond),
        )?;
        Ok(())
    }

    /// The change with this id in this scope.
    pub async fn plan_change(
        &mut self,
        scope: &Scope,
        id: &PlanChangeId,
    ) -> Result<Option<PlanChange>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(PlanChange::try_from)
        .transpose()
    }

    /// The change that a payment was made for.
    pub async fn plan_change_of_payment(
        &mut self,
        scope: &Scope,
        payment: &PaymentId,
    ) -> Result<Option<PlanChange>> {
        fetch_optional!(
            self,
            Row,
            OF_PAYMENT,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str()
        )?
        .map(PlanChange::try_from)
        .transpose()
    }

    /// The change of a subscription's plan that waits for its next date.
    pub async fn scheduled_change(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
    ) -> Result<Option<PlanChange>> {
        let to_come: Result<Vec<PlanChange>> = fetch_all!(
            self,
            Row,
            TO_COME,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str()
        )?
        .into_iter()
        .map(PlanChange::try_from)
        .collect();
        Ok(to_come?
            .into_iter()
            .find(|change| change.state == ChangeState::Scheduled))
    }

    /// Notes that a change that was to come is applied or dropped; answers false when it was no
    /// longer to come.
    pub async fn close_plan_change(
        &mut self,
        scope: &Scope,
        id: &PlanChangeId,
        state: ChangeState,
        now: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            CLOSE,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            state.as_str(),
            now.as_microsecond(),
        )?;
        Ok(touched == 1)
    }

    /// Lets a change that waits for its payment wait for another one.
    pub async fn change_is_paid_by(
        &mut self,
        scope: &Scope,
        id: &PlanChangeId,
        payment: &PaymentId,
    ) -> Result<()> {
        let (business, mode) = (scope.business.as_str(), scope.mode.as_str());
        execute!(self, PAID_BY, business, mode, id.as_str(), payment.as_str())?;
        Ok(())
    }

    /// Takes a scheduled change back; answers false when there is none.
    pub async fn drop_scheduled_change(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
        now: Timestamp,
    ) -> Result<bool> {
        let touched = execute!(
            self,
            DROP_SCHEDULED,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            now.as_microsecond(),
        )?;
        Ok(touched > 0)
    }

    /// Writes product, interval and kind of price of a subscription; everything else of it is
    /// written by [`Tx::save_subscription`], in the same transaction.
    pub async fn save_plan(&mut self, subscription: &Subscription) -> Result<()> {
        execute!(
            self,
            SAVE_PLAN,
            subscription.scope.business.as_str(),
            subscription.scope.mode.as_str(),
            subscription.id.as_str(),
            subscription.product.as_str(),
            subscription.tax_inclusive,
            subscription.interval.unit.as_str(),
            i64::from(subscription.interval.count),
        )?;
        Ok(())
    }

    /// Ends the newest license keys of a subscription beyond `keep`; answers how many work then.
    pub async fn keep_licenses(
        &mut self,
        scope: &Scope,
        subscription: &SubscriptionId,
        keep: u32,
        now: Timestamp,
    ) -> Result<u32> {
        execute!(
            self,
            END_SURPLUS,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            now.as_microsecond(),
            i64::from(keep),
        )?;
        let row = fetch_optional!(
            self,
            Count,
            COUNT_LICENSES,
            scope.business.as_str(),
            scope.mode.as_str(),
            subscription.as_str(),
            now.as_microsecond(),
        )?;
        let columns = Columns {
            table: "licenses",
            id: subscription.as_str(),
        };
        columns.number("count", row.map_or(0, |row| row.count))
    }
}
