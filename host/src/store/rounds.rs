//! Rounds: a customer pays everything that is due, and everything later, with one method.

use jiff::Timestamp;

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{CustomerId, MethodId, PaymentId, RoundId, SetupId, SubscriptionId};
use crate::domain::text_enum;

queries! {
    INSERT = "INSERT INTO rounds (id, business_id, mode, customer_id, method_id, setup_id, \
        created_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    GET = "SELECT * FROM rounds WHERE business_id = $1 AND mode = $2 AND id = $3";
    SET_METHOD = "UPDATE rounds SET method_id = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND method_id IS NULL";
    SET_SETUP = "UPDATE rounds SET setup_id = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND setup_id IS NULL";
    END = "UPDATE rounds SET ended_at = $4 \
        WHERE business_id = $1 AND mode = $2 AND id = $3 AND ended_at IS NULL";
    INSERT_STEP = "INSERT INTO round_steps (round_id, position, subscription_id, quote, \
        payment_id, outcome) VALUES ($1, $2, $3, $4, $5, $6)";
    STEPS = "SELECT * FROM round_steps WHERE round_id = $1 ORDER BY position";
    /// What was noted first stays.
    NOTE = "UPDATE round_steps SET payment_id = $3, outcome = $4 \
        WHERE round_id = $1 AND position = $2 AND outcome = 'waiting'";
    SKIP = "UPDATE round_steps SET outcome = 'skipped' WHERE round_id = $1 AND outcome = 'waiting'";
    BY_PAYMENT = "SELECT rounds.* FROM rounds \
        JOIN round_steps ON round_steps.round_id = rounds.id \
        WHERE rounds.business_id = $1 AND rounds.mode = $2 AND round_steps.payment_id = $3 \
        ORDER BY rounds.id DESC LIMIT 1";
    BY_SETUP = "SELECT * FROM rounds WHERE business_id = $1 AND mode = $2 AND setup_id = $3 \
        ORDER BY id DESC LIMIT 1";
}

text_enum! {
    /// What became of a step.
    pub enum StepOutcome {
        /// Not its turn yet.
        Waiting = "waiting",
        /// A payment was made, which says the rest.
        Tried = "tried",
        /// The method pays from now on; nothing was charged.
        Changed = "changed",
        /// What is due is not what the customer saw.
        Stale = "stale",
        /// Another payment of the subscription is under way.
        UnderWay = "under-way",
        /// The method cannot be used here.
        Unusable = "unusable",
        /// Too many tries in a day.
        TooMany = "too-many",
        /// The subscription has ended meanwhile.
        Ended = "ended",
        /// The round ended before its turn.
        Skipped = "skipped",
    }
}

/// One method for all subscriptions of a customer.
#[derive(Clone, Debug)]
pub struct Round {
    /// Identity.
    pub id: RoundId,
    /// Business and mode.
    pub scope: Scope,
    /// Whose.
    pub customer: CustomerId,
    /// The method; none until the first step has saved a new one.
    pub method: Option<MethodId>,
    /// The set-up that saves a new method, when nothing is due.
    pub setup: Option<SetupId>,
    /// When it was started (host time).
    pub created_at: Timestamp,
    /// When its last step had its turn (host time).
    pub ended_at: Option<Timestamp>,
}

/// One subscription's turn.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its place in the round.
    pub position: u32,
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// What the customer agreed to pay; none when only the method changes.
    pub quote: Option<String>,
    /// Its payment, named before it is made.
    pub payment: Option<PaymentId>,
    /// What became of it.
    pub outcome: StepOutcome,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    business_id: String,
    mode: String,
    customer_id: String,
    method_id: Option<String>,
    setup_id: Option<String>,
    created_at: i64,
    ended_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct StepRow {
    round_id: String,
    position: i64,
    subscription_id: String,
    quote: Option<String>,
    payment_id: Option<String>,
    outcome: String,
}

impl TryFrom<Row> for Round {
    type Error = super::Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "rounds",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            scope: columns.scope(&row.business_id, &row.mode)?,
            customer: columns.parse("customer_id", &row.customer_id)?,
            method: columns.parse_some("method_id", row.method_id.as_deref())?,
            setup: columns.parse_some("setup_id", row.setup_id.as_deref())?,
            created_at: columns.time("created_at", row.created_at)?,
            ended_at: columns.time_some("ended_at", row.ended_at)?,
        })
    }
}

impl TryFrom<StepRow> for Step {
    type Error = super::Error;

    fn try_from(row: StepRow) -> Result<Self> {
        let columns = Columns {
            table: "round_steps",
            id: &row.round_id,
        };
        Ok(Self {
            position: columns.number("position", row.position)?,
            subscription: columns.parse("subscription_id", &row.subscription_id)?,
            payment: columns.parse_some("payment_id", row.payment_id.as_deref())?,
            outcome: columns.parse("outcome", &row.outcome)?,
            quote: row.quote,
        })
    }
}

impl Tx {
    /// Adds a round with its steps; [`super::Error::Conflict`] when it is there already.
    pub async fn insert_round(&mut self, round: &Round, steps: &[Step]) -> Result<()> {
        execute!(
            self,
            INSERT,
            round.id.as_str(),
            round.scope.business.as_str(),
            round.scope.mode.as_str(),
            round.customer.as_str(),
            round.method.as_ref().map(MethodId::as_str),
            round.setup.as_ref().map(SetupId::as_str),
            round.created_at.as_microsecond(),
            round.ended_at.map(Timestamp::as_microsecond),
        )?;
        for step in steps {
            execute!(
                self,
                INSERT_STEP,
                round.id.as_str(),
                i64::from(step.position),
                step.subscription.as_str(),
                step.quote.as_deref(),
                step.payment.as_ref().map(PaymentId::as_str),
                step.outcome.as_str(),
            )?;
        }
        Ok(())
    }

    /// The round with this id in this scope.
    pub async fn round(&mut self, scope: &Scope, id: &RoundId) -> Result<Option<Round>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(Round::try_from)
        .transpose()
    }

    /// The newest round with a step that this payment was made for.
    pub async fn round_of_payment(
        &mut self,
        scope: &Scope,
        payment: &PaymentId,
    ) -> Result<Option<Round>> {
        fetch_optional!(
            self,
            Row,
            BY_PAYMENT,
            scope.business.as_str(),
            scope.mode.as_str(),
            payment.as_str()
        )?
        .map(Round::try_from)
        .transpose()
    }

    /// The round whose method this set-up saves.
    pub async fn round_of_setup(
        &mut self,
        scope: &Scope,
        setup: &SetupId,
    ) -> Result<Option<Round>> {
        fetch_optional!(
            self,
            Row,
            BY_SETUP,
            scope.business.as_str(),
            scope.mode.as_str(),
            setup.as_str()
        )?
        .map(Round::try_from)
        .transpose()
    }

    /// The steps of a round in their order.
    pub async fn round_steps(&mut self, id: &RoundId) -> Result<Vec<Step>> {
        fetch_all!(self, StepRow, STEPS, id.as_str())?
            .into_iter()
            .map(Step::try_from)
            .collect()
    }

    /// Notes the method of a round that had none.
    pub async fn set_round_method(
        &mut self,
        scope: &Scope,
        id: &RoundId,
        method: &MethodId,
    ) -> Result<()> {
        execute!(
            self,
            SET_METHOD,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            method.as_str()
        )?;
        Ok(())
    }

    /// Notes the set-up of a round that had none.
    pub async fn set_round_setup(
        &mut self,
        scope: &Scope,
        id: &RoundId,
        setup: &SetupId,
    ) -> Result<()> {
        execute!(
            self,
            SET_SETUP,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            setup.as_str()
        )?;
        Ok(())
    }

    /// Notes what became of a step that waited.
    pub async fn note_round_step(&mut self, id: &RoundId, step: &Step) -> Result<()> {
        execute!(
            self,
            NOTE,
            id.as_str(),
            i64::from(step.position),
            step.payment.as_ref().map(PaymentId::as_str),
            step.outcome.as_str(),
        )?;
        Ok(())
    }

    /// Ends a round; steps that wait are skipped.
    pub async fn end_round(&mut self, scope: &Scope, id: &RoundId, at: Timestamp) -> Result<()> {
        execute!(self, SKIP, id.as_str())?;
        execute!(
            self,
            END,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str(),
            at.as_microsecond()
        )?;
        Ok(())
    }
}
