//! The rest of what has no machine in the code: changes of plan, dunnings, deliveries and rounds. The
//! conditions of the store's statements and its unique indexes decide; their tables, as both
//! databases keep them.

use std::fmt::Write;

use vestibule::domain::dunning::{Dunning, DunningState, DunningTrigger};
use vestibule::domain::endpoint::{DeliveryState, Endpoint};
use vestibule::domain::id::{EndpointId, EventId, RoundId};
use vestibule::domain::payment::Initiator;
use vestibule::domain::plan::{ChangeState, PlanChange, Terms};
use vestibule::domain::subscription::Subscription;
use vestibule::store::{Event, Round, Step, StepOutcome, Tx};

use crate::support::databases;
use crate::support::sample::{at, id, payment, scope, subscribed};

fn change(subscription: &Subscription, state: ChangeState) -> PlanChange {
    let is_over = matches!(state, ChangeState::Applied | ChangeState::Dropped);
    PlanChange {
        id: id(),
        scope: scope(),
        subscription: subscription.id.clone(),
        state,
        terms: Terms {
            product: subscription.product.clone(),
            quantity: 2,
            unit_price: subscription.unit_price,
            tax_inclusive: true,
            interval: subscription.interval,
            addons: Vec::new(),
            discounts: Vec::new(),
            period: None,
            anchor: subscription.anchor,
            credits: Vec::new(),
        },
        payment: None,
        created_at: at(0),
        closed_at: is_over.then(|| at(1)),
    }
}

/// What can happen to a change of plan.
#[derive(Clone, Copy, Debug)]
enum OfChange {
    Stands,
    NeverHappened,
    TakenBack,
    PaidByAnother,
    AnotherPending,
    AnotherScheduled,
}

impl OfChange {
    const ALL: [Self; 6] = [
        Self::Stands,
        Self::NeverHappened,
        Self::TakenBack,
        Self::PaidByAnother,
        Self::AnotherPending,
        Self::AnotherScheduled,
    ];

    /// Answers what it came to.
    async fn happen(self, tx: &mut Tx, own: &PlanChange, subscription: &Subscription) -> String {
        let scope = scope();
        let closed = |done| if done { "" } else { " (nothing done)" };
        let added = |added: bool| if added { " (added)" } else { " (refused)" };
        let noted = match self {
            Self::Stands => {
                let done = tx.close_plan_change(&scope, &own.id, ChangeState::Applied, at(9));
                closed(done.await.unwrap())
            }
            Self::NeverHappened => {
                let done = tx.close_plan_change(&scope, &own.id, ChangeState::Dropped, at(9));
                closed(done.await.unwrap())
            }
            Self::TakenBack => {
                let done = tx.drop_scheduled_change(&scope, &subscription.id, at(9));
                closed(done.await.unwrap())
            }
            Self::PaidByAnother => {
                let paying = payment(subscription, Initiator::Unscheduled);
                tx.insert_payment(&paying).await.unwrap();
                let noted = tx.change_is_paid_by(&scope, &own.id, &paying.id).await;
                noted.unwrap();
                let after = tx.plan_change(&scope, &own.id).await.unwrap().unwrap();
                closed(after.payment == Some(paying.id))
            }
            // A refused statement ends the transaction of one of the databases.
            Self::AnotherPending => {
                let other = change(subscription, ChangeState::Pending);
                return format!(
                    "{}{}",
                    own.state,
                    added(tx.insert_plan_change(&other).await.is_ok())
                );
            }
            Self::AnotherScheduled => {
                let other = change(subscription, ChangeState::Scheduled);
                return format!(
                    "{}{}",
                    own.state,
                    added(tx.insert_plan_change(&other).await.is_ok())
                );
            }
        };
        let after = tx.plan_change(&scope, &own.id).await.unwrap().unwrap();
        format!("{}{noted}", after.state)
    }
}

#[tokio::test]
async fn the_whole_table_of_changes_of_plan_is_as_reviewed() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let mut table = String::new();
        for state in ChangeState::ALL {
            for event in OfChange::ALL {
                let mut tx = database.store.begin().await.unwrap();
                let own = change(&subscription, *state);
                tx.insert_plan_change(&own).await.unwrap();
                let after = event.happen(&mut tx, &own, &subscription).await;
                let (state, event) = (state.as_str(), format!("{event:?}"));
                writeln!(table, "{state:10} {event:17} -> {after}").unwrap();
            }
        }
        insta::assert_snapshot!("plan_changes", table);
    }
}

#[tokio::test]
async fn the_whole_table_of_dunnings_is_as_reviewed() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let dunning = |state: DunningState, trigger: DunningTrigger| {
            let is_over = matches!(state, DunningState::Recovered | DunningState::Stopped);
            Dunning {
                id: id(),
                scope: scope(),
                customer: subscription.customer.clone(),
                subscription: subscription.id.clone(),
                payment: None,
                trigger,
                state,
                next_retry_at: None,
                failed_at: at(0),
                ended_at: is_over.then(|| at(1)),
            }
        };
        let mut table = String::new();
        for state in DunningState::ALL {
            for trigger in DunningTrigger::ALL {
                let own = dunning(*state, *trigger);
                let mut tx = database.store.begin().await.unwrap();
                tx.insert_dunning(&own).await.unwrap();
                let asked = tx.open_dunning(&scope(), &subscription.id).await.unwrap();
                drop(tx);
                let asked = if asked.is_some() { "asks" } else { "is over" };
                let (state, trigger_word) = (state.as_str(), trigger.as_str());
                let mut line = format!("{state:10} {trigger_word:8} {asked:7}");
                for other in DunningState::ALL {
                    let mut tx = database.store.begin().await.unwrap();
                    tx.insert_dunning(&own).await.unwrap();
                    let beside = tx.insert_dunning(&dunning(*other, *trigger)).await;
                    let beside = if beside.is_ok() { "beside" } else { "refused" };
                    write!(line, ", {other} {beside}").unwrap();
                }
                writeln!(table, "{line}").unwrap();
            }
        }
        insta::assert_snapshot!("dunnings", table);
    }
}

/// What can happen to a delivery.
#[derive(Clone, Copy, Debug)]
enum OfDelivery {
    Ordered,
    TurnGiven,
    Acknowledged,
    Failed,
    GivenUp,
    NoLongerWanted,
}

impl OfDelivery {
    const ALL: [Self; 6] = [
        Self::Ordered,
        Self::TurnGiven,
        Self::Acknowledged,
        Self::Failed,
        Self::GivenUp,
        Self::NoLongerWanted,
    ];

    async fn happen(self, tx: &mut Tx, way: (&EndpointId, &EventId)) {
        let scope = scope();
        let (state, failures, end) = match self {
            Self::Ordered => {
                tx.order_delivery(&scope, way.0, way.1, at(5))
                    .await
                    .unwrap();
                return;
            }
            Self::TurnGiven => {
                let own = tx.delivery(&scope, way.0, way.1).await.unwrap().unwrap();
                tx.set_slot(&scope, &own, Some(at(7))).await.unwrap();
                return;
            }
            Self::Acknowledged => (DeliveryState::Delivered, 2, Some(at(9))),
            Self::Failed => (DeliveryState::Waiting, 3, None),
            Self::GivenUp => (DeliveryState::Failed, 3, Some(at(9))),
            Self::NoLongerWanted => (DeliveryState::Dropped, 2, Some(at(9))),
        };
        tx.set_delivery(&scope, way, state, failures, end)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_whole_table_of_deliveries_is_as_reviewed() {
    for database in databases().await {
        let endpoint = Endpoint {
            id: id(),
            scope: scope(),
            url: "https://merchant.example.com/hooks".into(),
            description: String::new(),
            metadata: "{}".into(),
            disabled: false,
            filter_types: None,
            rate_limit: None,
            secrets: String::new(),
            headers: String::new(),
            idempotency_key: None,
            created_at: at(0),
            updated_at: at(0),
            version: 0,
        };
        let mut table = String::new();
        for state in DeliveryState::ALL {
            for event in OfDelivery::ALL {
                let mut tx = database.store.begin().await.unwrap();
                tx.insert_endpoint(&endpoint).await.unwrap();
                let told = Event {
                    id: id(),
                    kind: "payment.succeeded".into(),
                    object: "pay_1".into(),
                    occurred_at: at(0),
                };
                tx.insert_event(&scope(), &told).await.unwrap();
                let way = (&endpoint.id, &told.id);
                let ordered = tx.order_delivery(&scope(), way.0, way.1, at(0)).await;
                ordered.unwrap();
                if *state != DeliveryState::Waiting {
                    let ended = tx.set_delivery(&scope(), way, *state, 2, Some(at(1))).await;
                    ended.unwrap();
                }
                event.happen(&mut tx, way).await;
                let after = tx.delivery(&scope(), way.0, way.1).await.unwrap().unwrap();
                let turn = if after.slot_at.is_some() {
                    ", has a turn"
                } else {
                    ""
                };
                let end = if after.ended_at.is_some() {
                    ", ended"
                } else {
                    ""
                };
                let (state, event) = (state.as_str(), format!("{event:?}"));
                let (failures, after) = (after.failures, after.state);
                writeln!(
                    table,
                    "{state:9} {event:14} -> {after} ({failures} failed{turn}{end})"
                )
                .unwrap();
            }
        }
        insta::assert_snapshot!("deliveries", table);
    }
}

#[tokio::test]
async fn the_whole_table_of_rounds_and_their_steps_is_as_reviewed() {
    for database in databases().await {
        let subscription = subscribed(&database.store).await;
        let mut table = String::new();
        for outcome in StepOutcome::ALL {
            for event in StepOutcome::ALL.iter().map(Some).chain([None]) {
                let mut tx = database.store.begin().await.unwrap();
                let round = Round {
                    id: id::<RoundId>(),
                    scope: scope(),
                    customer: subscription.customer.clone(),
                    method: None,
                    setup: None,
                    created_at: at(0),
                    ended_at: None,
                };
                let step = Step {
                    position: 0,
                    subscription: subscription.id.clone(),
                    quote: Some("quoted".into()),
                    payment: None,
                    outcome: *outcome,
                };
                tx.insert_round(&round, std::slice::from_ref(&step))
                    .await
                    .unwrap();
                match event {
                    Some(outcome) => {
                        let noted = Step {
                            outcome: *outcome,
                            ..step
                        };
                        tx.note_round_step(&round.id, &noted).await.unwrap();
                    }
                    None => tx.end_round(&scope(), &round.id, at(9)).await.unwrap(),
                }
                let after = tx.round_steps(&round.id).await.unwrap().remove(0).outcome;
                let known = tx.round(&scope(), &round.id).await.unwrap().unwrap();
                let end = if known.ended_at.is_some() {
                    ", the round is over"
                } else {
                    ""
                };
                let event = event.map_or("the round ends", |noted| noted.as_str());
                let outcome = outcome.as_str();
                writeln!(table, "{outcome:9} {event:14} -> {after}{end}").unwrap();
            }
        }
        insta::assert_snapshot!("rounds", table);
    }
}
