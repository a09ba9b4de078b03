//! Lost answers, dead processes, late and repeated news.

use jiff::SignedDuration;
use serde_json::json;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::money::Money;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::refund::RefundState;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::failing_jobs::{FailingJob, Which};
use vestibule::flows::pause::{self, Pause, Settlement};
use vestibule::flows::{
    AttemptOf, Choice, Ending, cancellation, failing_jobs, reconciliation, refund, renewal,
    unsettled,
};

use super::test_clock::Working;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::sandbox::plugin_folder;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_whose_answer_was_lost_is_unknown_until_a_look_up_finds_the_one_charge() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        world
            .sandbox
            .fault(json!({ "operation": "charge", "answer": "cut_after", "times": 1 }))
            .await;
        world.renew(&id).await;
        assert!(world.is_active(&id).await, "unknown is never declined");

        let mut tx = world.cx.store.read().await.unwrap();
        let open = tx.open_payments_of(&world.scope, &id).await.unwrap();
        drop(tx);
        assert_eq!(open.len(), 1);
        assert!(matches!(open[0].standing(), PaymentState::Unknown { .. }));

        let ending = reconciliation::look(&world.cx, &world.scope, &open[0].id)
            .await
            .unwrap();
        assert_eq!(ending, Ending::Succeeded);
        assert_eq!(world.charged().await, [2900, 2900]);
        assert!(world.subscription(&id).await.period.end > world.cx.now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_was_taken_away_looks_after_what_is_open_and_begins_nothing() {
    let world = World::sqlite().await;
    let (open, other) = (world.on_hold().await, world.on_hold().await);
    let saved = async |id| Choice::Saved(world.subscription(id).await.method.unwrap());
    world
        .sandbox
        .fault(json!({ "operation": "charge", "answer": "cut_after", "times": 1 }))
        .await;
    let attempt = world.reactivate(&open, saved(&open).await).await;
    assert_eq!(attempt.ending, Ending::Unknown);

    world.take_the_plugin_away().await;
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    let found = reconciliation::look(&world.cx, &world.scope, payment).await;
    assert_eq!(found.unwrap(), Ending::Succeeded);
    assert!(world.is_active(&open).await);

    let new = world.reactivate(&other, saved(&other).await).await;
    assert_eq!(new.ending, Ending::Cancelled, "certainly not executed");
    assert!(!world.is_active(&other).await);
    assert_eq!(world.charged().await, [2900, 2900, 2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_died_after_sending_leaves_an_unknown_payment_that_another_settles() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    world
        .sandbox
        .fault(json!({ "operation": "charge", "answer": "cut_after", "times": 1 }))
        .await;
    let attempt = world.reactivate(&id, Choice::New).await;
    assert_eq!(attempt.ending, Ending::Unknown);
    let again = world.reactivate(&id, Choice::New).await;
    assert_eq!(
        again.of, attempt.of,
        "no second payment is offered meanwhile"
    );

    let other = world.process().await;
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    let found = reconciliation::look(&other, &world.scope, payment)
        .await
        .unwrap();
    assert!(
        matches!(found, Ending::Action(_)),
        "the page that was made is found again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_the_gateway_never_saw_is_cancelled_only_after_two_old_answers() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    world
        .sandbox
        .fault(json!({ "operation": "charge", "answer": "cut_before", "times": 1 }))
        .await;
    world.renew(&id).await;
    let payment = {
        let mut tx = world.cx.store.read().await.unwrap();
        tx.open_payments_of(&world.scope, &id)
            .await
            .unwrap()
            .remove(0)
            .id
    };
    let look = || reconciliation::look(&world.cx, &world.scope, &payment);
    assert_eq!(
        look().await.unwrap(),
        Ending::Unknown,
        "too young to believe"
    );
    world.cx.clock.advance(jiff::SignedDuration::from_mins(20));
    assert_eq!(look().await.unwrap(), Ending::Unknown, "said once");
    world.cx.clock.advance(jiff::SignedDuration::from_mins(6));
    assert_eq!(
        look().await.unwrap(),
        Ending::Cancelled,
        "said twice, five minutes apart"
    );
    assert_eq!(world.charged().await, [2900]);

    renewal::due(&world.cx, &world.scope, &id).await.unwrap();
    assert_eq!(
        world.charged().await,
        [2900, 2900],
        "the period is charged under a new key"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_is_run_many_times_at_once_charges_once() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let mut tx = world.cx.store.begin().await.unwrap();
        let mut subscription = tx
            .lock_subscription(&world.scope, &id)
            .await
            .unwrap()
            .unwrap();
        subscription.period.end = world.cx.now();
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
        let other = world.process().await;
        let runs = (0..20).map(|n| {
            let cx = if n % 2 == 0 {
                world.cx.clone()
            } else {
                other.clone()
            };
            let (scope, id) = (world.scope.clone(), id.clone());
            tokio::spawn(async move { renewal::due(&cx, &scope, &id).await })
        });
        for run in runs.collect::<Vec<_>>() {
            run.await.unwrap().unwrap();
        }
        assert_eq!(world.charged().await, [2900, 2900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_cannot_be_asked_is_told_once_and_listed_until_the_renewal_goes_through() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        world.take_the_plugin_away().await;
        world.renew(&id).await;
        let first = world.cx.now();
        for _ in 0..3 {
            let next = world.due(&format!("renew:{id}")).await;
            world.cx.clock.advance(next.duration_since(world.cx.now()));
            renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        }
        assert!(world.is_active(&id).await, "with access");
        let mut told = Vec::new();
        for payment in world.payments(&id).await {
            told.extend(world.told(payment.id.as_str()).await);
        }
        told.retain(|kind| kind == "payment.cancelled");
        assert_eq!(told.len(), 1, "the same trouble is no news");

        let listed = failing_jobs::list(&world.cx).await.unwrap();
        let [job] = &listed[..] else {
            panic!("{listed:?}")
        };
        assert_eq!((job.kind.as_str(), job.state), ("renew", "failing"));
        assert_eq!(job.subject.as_deref(), Some(id.as_str()));
        assert!(job.reason.contains("could not be asked"), "{job:?}");
        assert!(job.since <= first, "since the first try: {job:?}");
        assert!(job.next_look.unwrap() > world.cx.now());

        let folder = plugin_folder().await;
        let plugin = std::fs::read(folder.path().join("sandbox.wasm")).unwrap();
        world.have_plugin("sandbox.wasm", &plugin).await;
        world.cx.clock.advance(SignedDuration::from_hours(17));
        let working = Working::start(&world);
        working.idle(&world).await;
        assert_eq!(world.charged().await, [2900, 2900]);
        assert!(failing_jobs::list(&world.cx).await.unwrap().is_empty());
        working.stop().await;
    }
}

impl World {
    /// The one job that is on the operator's list a while later.
    async fn the_failing_job(&self) -> FailingJob {
        self.cx.clock.advance(SignedDuration::from_mins(16));
        let mut listed = failing_jobs::list(&self.cx).await.unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
        listed.remove(0)
    }

    /// Waits for the next retry, and makes it.
    async fn wait_and_retry(&self, id: &SubscriptionId) {
        let next = self.due(&format!("retry:{id}")).await;
        self.cx.clock.advance(next.duration_since(self.cx.now()));
        self.retry(id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_whose_gateway_is_away_is_on_the_operators_list_since_the_first_time() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        world.wait_and_renew(&id).await;
        world.take_the_plugin_away().await;
        world.wait_and_retry(&id).await;
        let first = world.the_failing_job().await;
        assert_eq!((first.kind.as_str(), first.state), ("retry", "failing"));
        assert_eq!(first.subject.as_deref(), Some(id.as_str()));
        assert!(first.reason.contains("could not be asked"), "{first:?}");
        world.wait_and_retry(&id).await;
        let second = world.the_failing_job().await;
        assert_eq!((second.kind.as_str(), second.since), ("retry", first.since));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_an_operator_takes_up_is_charged_at_once() {
    for world in World::each().await {
        let id = world.active(DECLINED_AT_RENEWAL).await;
        world.wait_and_renew(&id).await;
        let folder = plugin_folder().await;
        let plugin = std::fs::read(folder.path().join("sandbox.wasm")).unwrap();
        world.take_the_plugin_away().await;
        world.wait_and_retry(&id).await;
        let job = world.the_failing_job().await;
        assert!(job.next_look.unwrap() > world.cx.now());
        world.have_plugin("sandbox.wasm", &plugin).await;
        assert_eq!(world.declines().await, 1);

        let which = Which::One(job.job.clone());
        let taken_up = failing_jobs::retry(&world.cx, &which).await.unwrap();
        assert_eq!(taken_up, [job.job]);
        assert!(world.due(&format!("retry:{id}")).await <= world.cx.now());
        world.retry(&id).await;
        assert_eq!(world.declines().await, 2, "it was tried");
        assert!(world.due(&format!("retry:{id}")).await > world.cx.now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_before_a_pause_and_no_gateway_could_be_asked_for_is_on_the_operators_list() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        world.take_the_plugin_away().await;
        let used = Pause {
            resume_at: None,
            settlement: Some(Settlement {
                payment: world.cx.new_id(),
                price: Money::new(700, "EUR".parse().unwrap()),
                description: None,
            }),
        };
        pause::start(&world.cx, &world.scope, &id, used)
            .await
            .unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
        let job = world.the_failing_job().await;
        assert_eq!(job.kind, "retry");
        assert!(job.reason.contains("could not be asked"), "{job:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_an_open_payment_that_waits_for_its_gateway_says_so_on_the_operators_list() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&id).await;
        let payment = unsettled::list(&world.cx).await.unwrap().remove(0).payment;
        // A process that starts without the plugin can ask nobody.
        world.take_the_plugin_away().await;
        let other = world.process().await;
        let look = reconciliation::look(&other, &world.scope, &payment);
        assert_eq!(look.await.unwrap(), Ending::Unknown);
        let job = world.the_failing_job().await;
        assert_eq!(job.kind, "reconcile");
        assert_eq!(job.subject.as_deref(), Some(payment.as_str()));
        assert!(job.reason.contains("could not be asked"), "{job:?}");
        assert!(job.next_look.is_some());
        // The first one has it still, and finds the charge.
        let look = reconciliation::look(&world.cx, &world.scope, &payment);
        assert_eq!(look.await.unwrap(), Ending::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_cannot_go_back_by_itself_says_why_on_the_operators_list() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let lost = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(lost).await;
        world.renew(&id).await;
        let payment = unsettled::list(&world.cx).await.unwrap().remove(0).payment;
        let (cx, scope) = (&world.cx, &world.scope);
        cancellation::now(cx, scope, &id, Cancellation::default())
            .await
            .unwrap();
        reconciliation::look(cx, scope, &payment).await.unwrap();
        // Its key was revoked at the gateway.
        world.revoke_the_key();
        for tries in 1..=2 {
            let due = world.due("refund-unapplied:").await;
            cx.clock.advance(due.duration_since(cx.now()));
            refund::give_back_unapplied(cx, scope, &payment)
                .await
                .unwrap();
            let mut tx = cx.store.read().await.unwrap();
            let made = tx.refunds_of(scope, &payment).await.unwrap();
            drop(tx);
            assert_eq!(made.len(), tries);
            let failed = |one: &vestibule::domain::refund::Refund| {
                matches!(one.state, RefundState::Failed { .. })
            };
            assert!(made.iter().all(failed), "{made:?}");
            let job = world.the_failing_job().await;
            assert_eq!(job.kind, "refund-unapplied");
            assert!(job.reason.contains("the refund failed: "), "{job:?}");
            assert_eq!(Some(job.since), made[0].sent_at, "since the first try");
        }
        assert!(world.given_back().await.is_empty());
    }
}
