//! One method for all subscriptions: one charge for each debt, whatever happens on the way.

mod methods;

use serde_json::json;
use vestibule::cx::Cx;
use vestibule::domain::id::{CustomerId, MethodId, PaymentId, RoundId, SubscriptionId};
use vestibule::domain::payment::PaymentState;
use vestibule::flows::begin::{self, NewSubscription};
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, reconciliation, round, settlement,
};
use vestibule::store::{Step, StepOutcome};

use super::{DECLINED, DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::{World, buyer};

/// Asks to confirm every charge.
const CONFIRM_EACH: &str = "4000002760003184";

/// A customer with several subscriptions.
struct Family {
    customer: CustomerId,
    held: Vec<SubscriptionId>,
    active: SubscriptionId,
}

impl World {
    async fn member(&self, customer: &CustomerId, card: &str) -> SubscriptionId {
        let product = self.product().await;
        let new = NewSubscription {
            id: self.cx.new_id(),
            payment: self.cx.new_id(),
            customer: customer.clone(),
            product: product.id,
            quantity: 1,
            addons: Vec::new(),
            codes: Vec::new(),
            once: Vec::new(),
            trial_days: None,
            on_demand: None,
            buyer: buyer(),
            metadata: "{}".to_owned(),
            return_url: None,
        };
        let begun = begin::create_subscription(&self.cx, &self.scope, new)
            .await
            .unwrap();
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id)
            .await
            .unwrap();
        let ending = self.give_card(&attempt, card).await;
        if let Ending::Action(_) = &ending {
            self.sandbox.confirm(page(&ending), true).await;
            assert_eq!(self.come_back(&attempt).await, Ending::Succeeded);
        }
        begun.subscription.unwrap().id
    }

    /// Two subscriptions on hold, and one that runs and is paid with `card`.
    async fn family(&self, card: &str) -> Family {
        let customer = self.customer().await.id;
        let mut held = Vec::new();
        for _ in 0..2 {
            let id = self.member(&customer, DECLINED_AT_RENEWAL).await;
            self.renew(&id).await;
            assert_eq!(self.subscription(&id).await.state.name(), "on-hold");
            held.push(id);
        }
        let active = self.member(&customer, card).await;
        Family {
            customer,
            held,
            active,
        }
    }

    async fn method_of(&self, id: &SubscriptionId) -> MethodId {
        self.subscription(id).await.method.unwrap()
    }

    async fn seen(&self, family: &Family) -> String {
        round::offer(&self.cx, &self.scope, &family.customer)
            .await
            .unwrap()
            .id
    }

    async fn begin_round(&self, family: &Family, choice: Choice) -> RoundId {
        let seen = self.seen(family).await;
        let named = self.cx.new_id();
        let (cx, scope) = (&self.cx, &self.scope);
        round::start(cx, scope, &family.customer, &named, choice, &seen)
            .await
            .unwrap()
    }

    async fn steps(&self, id: &RoundId) -> Vec<Step> {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.round_steps(id).await.unwrap()
    }

    async fn outcomes(&self, id: &RoundId) -> Vec<StepOutcome> {
        let steps = self.steps(id).await;
        steps.into_iter().map(|step| step.outcome).collect()
    }

    /// The customer comes back from the gateway, and what waits for that goes on.
    async fn returns(&self, payment: &PaymentId) -> Ending {
        let (cx, scope) = (&self.cx, &self.scope);
        let ending = settlement::returned(cx, scope, payment, &[]).await.unwrap();
        let of = AttemptOf::Payment(payment.clone());
        round::after(cx, scope, &of).await.unwrap();
        ending
    }

    async fn all_run(&self, family: &Family) {
        for id in family.held.iter().chain([&family.active]) {
            assert!(self.is_active(id).await, "{id}");
        }
    }

    async fn waiting(&self, id: &RoundId) -> Vec<Ending> {
        round::waits_for(&self.cx, &self.scope, id).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_card_pays_each_debt_once_and_all_use_it_later() {
    for world in World::each().await {
        let family = world.family(GOOD).await;
        let card = world.method_of(&family.active).await;
        let round = world
            .begin_round(&family, Choice::Saved(card.clone()))
            .await;
        world.all_run(&family).await;
        assert_eq!(
            world.charged().await,
            [2900; 5],
            "three first ones, two dues"
        );
        assert_eq!(
            world.outcomes(&round).await,
            [StepOutcome::Tried, StepOutcome::Tried, StepOutcome::Changed]
        );
        for id in &family.held {
            assert_eq!(world.method_of(id).await, card);
        }
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_card_is_saved_by_the_first_charge_and_pays_the_others() {
    for world in World::each().await {
        let family = world.family(GOOD).await;
        let round = world.begin_round(&family, Choice::New).await;
        let steps = world.steps(&round).await;
        assert_eq!(steps[1].outcome, StepOutcome::Waiting);
        let waiting = world.waiting(&round).await;
        world.sandbox.pay_by_card(page(&waiting[0]), GOOD).await;
        let first = steps[0].payment.clone().unwrap();
        assert_eq!(world.returns(&first).await, Ending::Succeeded);
        world.all_run(&family).await;
        assert_eq!(world.charged().await, [2900; 5]);
        let card = world.method_of(&family.held[0]).await;
        assert_eq!(world.method_of(&family.active).await, card);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_card_that_is_declined_changes_nothing_else() {
    for world in World::each().await {
        let family = world.family(GOOD).await;
        let before = world.method_of(&family.active).await;
        let round = world.begin_round(&family, Choice::New).await;
        let waiting = world.waiting(&round).await;
        world.sandbox.pay_by_card(page(&waiting[0]), DECLINED).await;
        let first = world.steps(&round).await[0].payment.clone().unwrap();
        assert!(matches!(world.returns(&first).await, Ending::Declined(_)));
        assert_eq!(
            world.outcomes(&round).await,
            [
                StepOutcome::Tried,
                StepOutcome::Skipped,
                StepOutcome::Skipped
            ]
        );
        assert_eq!(world.charged().await, [2900; 3]);
        assert_eq!(world.method_of(&family.active).await, before);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_charge_is_confirmed_by_itself_and_has_its_own_result() {
    for world in World::each().await {
        let family = world.family(CONFIRM_EACH).await;
        let card = world.method_of(&family.active).await;
        let round = world.begin_round(&family, Choice::Saved(card)).await;
        let waiting = world.waiting(&round).await;
        assert_eq!(waiting.len(), 2, "one confirmation each");
        world.sandbox.confirm(page(&waiting[0]), true).await;
        world.sandbox.confirm(page(&waiting[1]), false).await;
        let steps = world.steps(&round).await;
        let payment = |step: &Step| step.payment.clone().unwrap();
        assert_eq!(world.returns(&payment(&steps[0])).await, Ending::Succeeded);
        let refused = world.returns(&payment(&steps[1])).await;
        assert!(matches!(refused, Ending::Declined(_)), "{refused:?}");
        assert!(world.is_active(&steps[0].subscription).await);
        let held = world.subscription(&steps[1].subscription).await;
        assert_eq!(held.state.name(), "on-hold");
        assert_eq!(world.charged().await, [2900; 4]);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_page_sent_forty_times_by_two_processes_is_one_round() {
    for world in World::each().await {
        let family = world.family(GOOD).await;
        let card = world.method_of(&family.active).await;
        let (seen, named) = (world.seen(&family).await, world.cx.new_id::<RoundId>());
        let other = world.process().await;
        let press = |cx: &Cx, named: RoundId| {
            let (cx, scope) = (cx.clone(), world.scope.clone());
            let (customer, choice) = (family.customer.clone(), Choice::Saved(card.clone()));
            let seen = seen.clone();
            tokio::spawn(async move {
                round::start(&cx, &scope, &customer, &named, choice, &seen).await
            })
        };
        // And two tabs.
        let tab: RoundId = world.cx.new_id();
        let presses: Vec<_> = (0..10)
            .flat_map(|_| {
                [
                    press(&world.cx, named.clone()),
                    press(&other, named.clone()),
                    press(&world.cx, tab.clone()),
                    press(&other, tab.clone()),
                ]
            })
            .collect();
        let mut rounds = Vec::new();
        for pressed in presses {
            match pressed.await.unwrap() {
                Ok(id) => rounds.push(id),
                // The other tab was first, and what is due has changed.
                Err(Error::Refused(Refused::StaleQuote)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        rounds.sort();
        rounds.dedup();
        assert!(rounds.len() <= 2, "a round for each page");
        for id in &rounds {
            round::go_on(&world.cx, &world.scope, id).await.unwrap();
        }
        world.all_run(&family).await;
        assert_eq!(world.charged().await, [2900; 5]);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_in_the_middle_leaves_nothing_out_and_charges_nothing_twice() {
    for world in World::each().await {
        let family = world.family(GOOD).await;
        let card = world.method_of(&family.active).await;
        // The process dies while it waits for the first answer, whose work was done.
        let slow = json!({ "operation": "charge", "delay_after_ms": 20_000 });
        world.sandbox.fault(slow).await;
        let (seen, named) = (world.seen(&family).await, world.cx.new_id::<RoundId>());
        let dying = {
            let (cx, scope) = (world.process().await, world.scope.clone());
            let (customer, choice) = (family.customer.clone(), Choice::Saved(card.clone()));
            let (seen, named) = (seen.clone(), named.clone());
            tokio::spawn(async move {
                round::start(&cx, &scope, &customer, &named, choice, &seen).await
            })
        };
        while world.charged().await.len() < 4 {
            tokio::task::yield_now().await;
        }
        dying.abort();
        drop(dying.await);

        let choice = Choice::Saved(card);
        let (cx, scope) = (&world.cx, &world.scope);
        let id = round::start(cx, scope, &family.customer, &named, choice, &seen)
            .await
            .unwrap();
        for step in world.steps(&id).await {
            let Some(payment) = step.payment else {
                continue;
            };
            reconciliation::look(cx, scope, &payment).await.unwrap();
            let mut tx = cx.store.read().await.unwrap();
            let state = tx.payment(scope, &payment).await.unwrap().unwrap().state;
            assert!(matches!(state, PaymentState::Succeeded { .. }), "{state:?}");
        }
        world.all_run(&family).await;
        assert_eq!(world.charged().await, [2900; 5]);
        world.books_agree().await;
        assert!(
            world
                .outcomes(&id)
                .await
                .iter()
                .all(|outcome| { matches!(outcome, StepOutcome::Tried | StepOutcome::Changed) })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_due_a_new_card_is_saved_without_a_charge() {
    for world in World::each().await {
        let customer = world.customer().await.id;
        let first = world.member(&customer, GOOD).await;
        let second = world.member(&customer, GOOD).await;
        let family = Family {
            customer,
            held: vec![first.clone()],
            active: second.clone(),
        };
        let round = world.begin_round(&family, Choice::New).await;
        let waiting = world.waiting(&round).await;
        world
            .sandbox
            .pay_by_card(page(&waiting[0]), "5555555555554444")
            .await;
        let (cx, scope) = (&world.cx, &world.scope);
        let setup = {
            let mut tx = cx.store.read().await.unwrap();
            let round = tx.round(scope, &round).await.unwrap().unwrap();
            round.setup.unwrap()
        };
        settlement::setup_returned(cx, scope, &setup, &[])
            .await
            .unwrap();
        let of = AttemptOf::Setup(setup);
        assert_eq!(
            round::after(cx, scope, &of).await.unwrap(),
            Some(round.clone())
        );
        assert_eq!(world.outcomes(&round).await, [StepOutcome::Changed; 2]);
        assert_eq!(
            world.method_of(&first).await,
            world.method_of(&second).await
        );
        assert_eq!(world.charged().await, [2900; 2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_the_page_was_opened_is_refused() {
    let world = World::sqlite().await;
    let family = world.family(GOOD).await;
    let seen = world.seen(&family).await;
    let card = world.method_of(&family.active).await;
    world
        .reactivate(&family.held[0], Choice::Saved(card.clone()))
        .await;
    let named = world.cx.new_id();
    let (cx, scope) = (&world.cx, &world.scope);
    let choice = Choice::Saved(card);
    let started = round::start(cx, scope, &family.customer, &named, choice, &seen).await;
    assert!(matches!(started, Err(Error::Refused(Refused::StaleQuote))));
    assert_eq!(world.charged().await, [2900; 4]);
}
