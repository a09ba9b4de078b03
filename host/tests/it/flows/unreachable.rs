//! A gateway that is away, busy or hangs: who has to wait for it, and who has not.

use jiff::SignedDuration;
use serde_json::json;
use tokio::net::TcpListener;
use vestibule::domain::plan::OnFailure;
use vestibule::domain::subscription::{Cancellation, HoldReason, SubscriptionState};
use vestibule::domain::{Mode, Scope};
use vestibule::flows::pause::{self, Pause};
use vestibule::flows::plan_change::Wish;
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, cancellation, reconciliation, renewal,
};
use vestibule::plugins::grants::OriginGrant;
use vestibule::store::Work;

use super::GOOD;
use super::plan_changes::to;
use super::test_clock::Working;
use crate::jobs::eventually;
use crate::support::sandbox::plugin_folder;
use crate::support::world::World;

/// Another card than the first.
const OTHER: &str = "5555555555554444";

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_waits_for_a_renewal_that_is_due_and_cannot_be_charged() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let bytes = std::fs::read(plugin_folder().await.path().join("sandbox.wasm")).unwrap();
        world.take_the_plugin_away().await;
        world.renew(&id).await;
        let (cx, scope) = (&world.cx, &world.scope);
        // Its debt is open: a pause would move the date, and with it make a second one.
        let refused = pause::start(cx, scope, &id, Pause::default()).await;
        assert!(matches!(
            refused,
            Err(Error::Refused(Refused::PaymentUnderWay))
        ));

        world.have_plugin("sandbox.wasm", &bytes).await;
        let next = world.due(&format!("renew:{id}")).await;
        cx.clock.advance(next.duration_since(cx.now()));
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.charged().await, [2900, 2900]);
        pause::start(cx, scope, &id, Pause::default())
            .await
            .unwrap();
        cx.clock.advance(SignedDuration::from_hours(240));
        pause::resume(cx, scope, &id).await.unwrap();
        let end = world.subscription(&id).await.period.end;
        cx.clock.advance(end.duration_since(cx.now()));
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.charged().await, [2900, 2900, 2900], "one a period");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_stands_waits_for_its_gateway_with_access_and_is_charged_once() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        let bytes = std::fs::read(plugin_folder().await.path().join("sandbox.wasm")).unwrap();
        world.take_the_plugin_away().await;
        world.wait_half(&id).await;
        let wish = Wish {
            on_failure: OnFailure::Apply,
            ..to(&pro)
        };
        let started = world.switch(&id, wish).await;
        assert_eq!(started.ending, Some(Ending::Cancelled), "nobody was asked");
        let try_again = async || {
            let next = world.due(&format!("renew:{id}")).await;
            let wait = next.duration_since(world.cx.now());
            assert!(wait < SignedDuration::from_hours(3), "{wait}");
            world.cx.clock.advance(wait);
            renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        };
        try_again().await;
        assert!(world.is_active(&id).await && world.is_on(&id, &pro).await);
        assert_eq!(world.dues(&id).await, [1_500]);
        assert!(!world.mails().await.contains(&"failed".to_owned()));

        world.have_plugin("sandbox.wasm", &bytes).await;
        try_again().await;
        assert_eq!(world.charged().await, [2_900, 1_500]);
        assert!(world.is_active(&id).await && world.dues(&id).await.is_empty());
        let told = world.told(id.as_str()).await;
        assert!(!told.contains(&"subscription.on_hold".to_owned()));
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await[2..], [5_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_stands_is_charged_though_its_subscription_is_to_end() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        let bytes = std::fs::read(plugin_folder().await.path().join("sandbox.wasm")).unwrap();
        world.take_the_plugin_away().await;
        world.wait_half(&id).await;
        let wish = Wish {
            on_failure: OnFailure::Apply,
            ..to(&pro)
        };
        world.switch(&id, wish).await;
        let (cx, scope) = (&world.cx, &world.scope);
        cancellation::at_period_end(cx, scope, &id, Cancellation::default())
            .await
            .unwrap();
        let next = world.due(&format!("renew:{id}")).await;
        let wait = next.duration_since(cx.now());
        assert!(wait < SignedDuration::from_hours(3), "{wait}");

        world.have_plugin("sandbox.wasm", &bytes).await;
        cx.clock.advance(wait);
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.charged().await, [2_900, 1_500]);
        let end = world.subscription(&id).await.period.end;
        assert_eq!(world.due(&format!("renew:{id}")).await, end);
        cx.clock.advance(end.duration_since(cx.now()));
        renewal::due(cx, scope, &id).await.unwrap();
        assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
        assert_eq!(world.charged().await, [2_900, 1_500]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_stands_is_paid_by_the_backup_or_asked_for_when_its_method_is_gone() {
    for world in World::each().await {
        for has_backup in [true, false] {
            let id = world.paying(2_900, GOOD).await;
            if has_backup {
                let backup = world.second_method(&id, OTHER).await;
                world.make_backup(&id, &backup).await;
            }
            let pro = world.product_at(5_900, true).await;
            let bytes = std::fs::read(plugin_folder().await.path().join("sandbox.wasm")).unwrap();
            world.take_the_plugin_away().await;
            world.wait_half(&id).await;
            let wish = Wish {
                on_failure: OnFailure::Apply,
                ..to(&pro)
            };
            world.switch(&id, wish).await;
            world.have_plugin("sandbox.wasm", &bytes).await;
            world.revoke(&id, 1).await;
            assert_eq!(world.dues(&id).await, [1_500]);
            let before = world.charged().await.len();

            let (cx, scope) = (&world.cx, &world.scope);
            let next = world.due(&format!("renew:{id}")).await;
            cx.clock.advance(next.duration_since(cx.now()));
            renewal::due(cx, scope, &id).await.unwrap();
            let charged = world.charged().await.split_off(before);
            if has_backup {
                assert_eq!(charged, [1_500]);
                assert!(world.is_active(&id).await && world.dues(&id).await.is_empty());
                continue;
            }
            assert!(charged.is_empty());
            let subscription = world.subscription(&id).await;
            let SubscriptionState::OnHold { why, .. } = subscription.state else {
                panic!("{:?}", subscription.state)
            };
            assert_eq!(why, HoldReason::PlanChangeFailed);
            assert!(world.mails().await.contains(&"due".to_owned()));
            assert!(world.is_queued("remind:").await);
            // Nothing renews on hold.
            let next = world.due(&format!("renew:{id}")).await;
            assert_eq!(Some(next), subscription.expires_at);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_charge_was_certainly_not_executed_may_choose_another_way_at_once() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let method = world.subscription(&id).await.method.unwrap();
        let busy = json!({
            "operation": "charge", "answer": "rate_limited", "retry_after_s": 86_400, "times": 1,
        });
        world.sandbox.fault(busy).await;
        let first = world.reactivate(&id, Choice::Saved(method)).await;
        assert_eq!(first.ending, Ending::Unknown);
        let second = world.reactivate(&id, Choice::New).await;
        assert_ne!(second.of, first.of);
        assert_eq!(world.give_card(&second, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900, 2900], "the first, and this");
        let AttemptOf::Payment(given_up) = &first.of else {
            panic!("not a payment")
        };
        let later = reconciliation::look(&world.cx, &world.scope, given_up).await;
        assert_eq!(later.unwrap(), Ending::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_hangs_leaves_room_for_the_work_of_others() {
    for world in World::each().await {
        let mut settings = (**world.cx.settings.load()).clone();
        settings.jobs.workers = 4;
        let business = &settings.businesses[&world.scope.business];
        let mut config = business.mode(Mode::Test).gateways["sandbox"].clone();
        world.cx.settings.store(settings.into());
        let mut ends = Vec::new();
        for _ in 0..8 {
            let id = world.active(GOOD).await;
            ends.push(world.subscription(&id).await.period.end);
        }
        // Whoever connects gets no answer.
        let hole = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", hole.local_addr().unwrap());
        let base_url = origin.clone().into();
        config.settings.insert("base_url".to_owned(), base_url);
        config.grant.http = vec![OriginGrant {
            origin,
            private: true,
        }];
        let key = (world.scope.clone(), "sandbox".to_owned());
        world.cx.plugins.configure([(key, config)].into());
        let last = ends.into_iter().max().unwrap();
        world.cx.clock.advance(last.duration_since(world.cx.now()));

        let working = Working::start(&world);
        let caught = hole.accept().await.unwrap();
        let other = Scope {
            mode: Mode::Live,
            ..world.scope.clone()
        };
        let notice = Work::NoticeCard {
            method: world.cx.new_id(),
        };
        let mut tx = world.cx.store.begin().await.unwrap();
        world.cx.order(&mut tx, &other, &notice).await.unwrap();
        tx.commit().await.unwrap();
        eventually("another's work is done", async || {
            let mut tx = world.cx.store.read().await.unwrap();
            let jobs = tx.jobs(&other, 10).await.unwrap();
            jobs.iter().all(|job| job.state == "failed")
        })
        .await;
        drop((caught, hole));
        working.stop().await;
    }
}
