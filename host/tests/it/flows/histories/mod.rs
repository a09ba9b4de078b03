//! Long random histories of customers, merchant, gateway and clock, on both databases, with
//! every invariant looked at after every step. What failed once stands in `regressions/`.

mod actions;
mod bank;
mod customer;
mod damage;
mod documents;
mod invariants;
mod merchant;
mod model;
mod money;
mod operator;
mod paid;
mod town;
mod waiting;
mod work;

use proptest::collection::vec;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestRunner};
use reqwest::Method;
use serde_json::json;
use tokio::runtime::Handle;
use vestibule::flows::test_clock;

use self::actions::{Action, Cart, Instrument, Trouble, Way, action};
use self::invariants::Invariants;
use self::model::Seen;
use self::town::Town;
use crate::support::world::World;

/// Histories on each database, and the most steps of one.
const HISTORIES: u32 = 4;
const STEPS: usize = 60;
/// Where the histories of every run begin.
const SEED: u64 = 31;

#[tokio::test(flavor = "multi_thread")]
async fn long_histories_keep_every_invariant() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let handle = Handle::current();
        let running = std::thread::spawn(move || tell_many(kind, &handle));
        let ended = tokio::task::block_in_place(|| running.join());
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    }
}

fn tell_many(kind: Kind, handle: &Handle) {
    // The same ones in every run; PROPTEST_CASES asks for so many others.
    let asked = std::env::var("PROPTEST_CASES").ok();
    let asked: Option<u32> = asked.and_then(|n| n.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(HISTORIES),
        rng_seed: asked.map_or(RngSeed::Fixed(SEED), |_| RngSeed::Random),
        max_shrink_iters: 40,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/flows/histories/regressions"
        )))),
        ..Config::default()
    };
    let histories = vec(action(), STEPS / 2..STEPS);
    let ran = TestRunner::new(config).run(&histories, |history| {
        handle
            .block_on(live(kind, &history))
            .map_err(TestCaseError::fail)
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invariants_notice_a_processor_that_ignores_keys() {
    let world = World::sqlite().await;
    let keys = json!({ "honoured": false });
    let sandbox = &world.sandbox;
    sandbox.call(Method::PUT, "/control/keys", Some(keys)).await;
    let twice = Trouble {
        operation: "charge",
        answer: "twice",
        times: 1,
    };
    let history = [
        Action::Buy(Instrument::Card("4242424242424242"), Cart::default()),
        Action::Trouble(twice),
        Action::BillNow(0),
    ];
    let found = play(&world, &history).await.unwrap_err();
    assert!(found.contains("was charged 2 times"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_waited_for_until_a_clock_has_arrived_or_waits_itself() {
    for world in World::each().await {
        let (cx, scope) = (&world.cx, &world.scope);
        let mut town = Town::new(&world).await;
        let bought = Action::Buy(Instrument::Debit, Cart::default());
        town.step(&bought).await;
        // The bank has not decided about the first payment.
        town.step(&Action::Rehearse(3)).await;
        let clock = test_clock::read(cx, scope).await.unwrap();
        assert!(clock.target.is_some());
        let decided = Action::BankDecides { moved: true };
        for action in [decided, Action::Webhook(0), Action::Work] {
            town.step(&action).await;
        }
        let clock = test_clock::read(cx, scope).await.unwrap();
        assert_eq!(clock.target, None);
    }
}

impl World {
    /// What the gateway says that it moved is what stands in our own books.
    pub(super) async fn books_agree(&self) {
        let wrong = Invariants::new(self).await.money(self).await;
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_knows_what_comes_of_a_good_card_where_nothing_else_has_a_say() {
    for world in World::each().await {
        let mut town = Town::new(&world).await;
        let declined = Instrument::Card("4000000000000341");
        let bought = Action::Buy(declined, Cart::default());
        town.step(&bought).await;
        assert!(!town.bill_now(0).await, "another card decides");
        let id = town.subscriptions[0].clone();
        let held = [Seen::of(&world.subscription(&id).await)];

        let good = Way::New(Instrument::Card("4242424242424242"));
        assert!(town.pay_due(0, good).await);
        let paid = world.subscription(&id).await;
        assert!(town.bill_now(0).await);
        assert!(town.unexpected.is_empty(), "{:?}", town.unexpected);

        let stayed = model::wrong_when_paid(&id, &held, &held);
        assert!(stayed[0].starts_with("paying on"), "{stayed:?}");
        let date = world.subscription(&id).await.period.start;
        let stayed = model::wrong_when_renewed(&paid, &paid, date);
        assert!(stayed.is_some(), "no period began");
    }
}

/// One history in a world of its own; answers what was wrong after which step.
async fn live(kind: Kind, history: &[Action]) -> Result<(), String> {
    let world = match kind {
        Kind::Sqlite => World::sqlite().await,
        Kind::Postgres => World::postgres().await,
    };
    play(&world, history).await
}

async fn play(world: &World, history: &[Action]) -> Result<(), String> {
    let mut town = Town::new(world).await;
    let mut invariants = Invariants::new(world).await;
    for (n, action) in history.iter().enumerate() {
        town.step(action).await;
        let wrong = invariants.broken(world, &town).await;
        if !wrong.is_empty() {
            return Err(format!("after step {n}, {action:?}: {}", wrong.join("; ")));
        }
    }
    // Everything finds its end once nobody disturbs it.
    town.settle().await;
    let mut wrong = invariants.broken(world, &town).await;
    wrong.extend(invariants.unsettled().await);
    wrong.extend(invariants.altered().await);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("at the end: {}", wrong.join("; ")))
    }
}
