//! A gateway that lies: what it says is believed as far as the books bear it out, and no further.

use std::fmt::Write as _;

use axum::{Json, Router};
use jiff::SignedDuration;
use serde_json::json;
use vestibule::domain::Mode;
use vestibule::domain::balance::{Problem, Unseen};
use vestibule::domain::payment::CustomerAction;
use vestibule::domain::refund::RefundState;
use vestibule::domain::refund::parts::Wish;
use vestibule::flows::{AttemptOf, Ending, balance, begin, renewal, settlement, unsettled};
use vestibule::plugins::gateway::config::{GatewayConfig, GatewayConfigs};
use vestibule::plugins::grants::{Grant, OriginGrant};

use super::GOOD;
use super::disputes::decided;
use super::refunds::deliver;
use crate::plugins::guest::{self, MANIFEST, OnCharge};
use crate::support::log::Log;
use crate::support::world::World;

impl World {
    /// From now on the gateway says of every charge that this much was taken, and takes nothing.
    async fn lie(&self, minor: i64) {
        self.lie_about(minor, "").await;
    }

    /// The same, and calls every charge by this reference.
    async fn lie_about(&self, minor: i64, reference: &str) {
        let mut body = format!("(i64.store (i32.const 4168) (i64.const {minor}))");
        for (place, byte) in reference.bytes().enumerate() {
            let at = 7_000 + place;
            write!(body, "(i32.store8 (i32.const {at}) (i32.const {byte}))").unwrap();
        }
        if !reference.is_empty() {
            let length = reference.len();
            write!(
                body,
                "(i32.store8 (i32.const 4184) (i32.const 1))
                 (i32.store (i32.const 4188) (i32.const 7000))
                 (i32.store (i32.const 4192) (i32.const {length}))"
            )
            .unwrap();
        }
        body.push_str("(i32.const 4096)");
        let liar = guest::plugin(MANIFEST, &OnCharge::Does(body.leak()));
        self.have_plugin("guest.wasm", &liar).await;
        let liar = GatewayConfig {
            plugin: "guest".to_owned(),
            settings: [("base_url".to_owned(), "http://127.0.0.1:9".into())].into(),
            secrets: std::collections::BTreeMap::new(),
            grant: Grant::default(),
        };
        let key = (self.scope.clone(), "sandbox".to_owned());
        self.cx.plugins.configure([(key, liar)].into());
    }

    /// The gateway of the file, whose operator has granted none of its pages.
    fn grant_no_pages(&self) {
        let settings = self.cx.settings.load();
        let business = &settings.businesses[&self.scope.business];
        let mut config = business.mode(Mode::Test).gateways["sandbox"].clone();
        config.grant.browser.clear();
        let key = (self.scope.clone(), "sandbox".to_owned());
        self.cx.plugins.configure([(key, config)].into());
    }

    /// The gateway of the file, which knows its key no more.
    pub(super) fn revoke_the_key(&self) {
        let settings = self.cx.settings.load();
        let business = &settings.businesses[&self.scope.business];
        let mut config = business.mode(Mode::Test).gateways["sandbox"].clone();
        let revoked = "revoked".to_owned().into();
        config.secrets.insert("api_key".to_owned(), revoked);
        let key = (self.scope.clone(), "sandbox".to_owned());
        self.cx.plugins.configure([(key, config)].into());
    }

    /// The gateway of the file, before a processor that answers whatever is asked of it with `said`.
    async fn ask_another(&self, said: serde_json::Value) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(move || std::future::ready(Json(said.clone())));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = self.cx.settings.load();
        let business = &settings.businesses[&self.scope.business];
        let mut config = business.mode(Mode::Test).gateways["sandbox"].clone();
        let url = origin.clone().into();
        config.settings.insert("base_url".to_owned(), url);
        config.grant.http = vec![OriginGrant {
            origin: origin.clone(),
            private: true,
        }];
        config.grant.browser = vec![origin];
        let key = (self.scope.clone(), "sandbox".to_owned());
        self.cx.plugins.configure([(key, config)].into());
    }

    /// And now it is the honest one again.
    fn tell_the_truth(&self) {
        let settings = self.cx.settings.load();
        let business = &settings.businesses[&self.scope.business];
        let gateways = business.mode(Mode::Test).gateways.iter();
        let gateways: GatewayConfigs = gateways
            .map(|(name, config)| ((self.scope.clone(), name.clone()), config.clone()))
            .collect();
        self.cx.plugins.configure(gateways);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn books_whose_pages_lead_back_to_a_page_before_end_with_a_finding() {
    for world in World::each().await {
        world.paid().await;
        // The page after the second is the second.
        world
            .ask_another(json!({ "data": [], "next_cursor": 7 }))
            .await;
        let compared = world.compared().await;
        assert_eq!(compared.unseen, [Unseen::NoEnd { pages: 2 }]);
        assert!(
            compared.differences.is_empty(),
            "ours are not held against a part"
        );
        balance::make(&world.cx, &world.scope, "sandbox")
            .await
            .unwrap();
        let next = world.due("balance:").await;
        assert!(next > world.cx.now(), "the next day's is ordered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_without_a_charge_is_found_when_the_books_are_compared() {
    let world = World::sqlite().await;
    let (subscription, _) = world.paid().await;
    world.lie(2_900).await;
    world.renew(&subscription).await;
    world.tell_the_truth();
    // One charge at the processor, and two that succeeded here.
    assert_eq!(world.charged().await, [2_900]);
    let wrong = world.compared().await.differences;
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].problem, Problem::NotThere);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_of_another_amount_settles_nothing_and_is_on_the_operators_list() {
    for minor in [1, 2_899, 290_000] {
        let world = World::sqlite().await;
        let (subscription, _) = world.paid().await;
        let before = world.subscription(&subscription).await.period.end;
        world.lie(minor).await;
        world.renew(&subscription).await;
        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!(listed.len(), 1, "{minor}");
        let (state, amount) = (listed[0].state, listed[0].amount.minor);
        assert_eq!((state, amount), ("unapplied", minor));
        let after = world.subscription(&subscription).await;
        assert!(after.period.end <= world.cx.now(), "no period was bought");
        assert!(after.period.end <= before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_with_the_reference_of_another_payment_is_unknown_and_settles_nothing() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        let before = world.subscription(&subscription).await.period;
        let reference = world.charge_of(&payment).await;
        world.lie_about(2_900, &reference).await;
        world.renew(&subscription).await;

        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0].state, "unknown");
        assert!(listed[0].next_look.is_some(), "it is asked for again");
        assert_eq!(listed[0].gateway_reference, None);
        assert_eq!(world.dues(&subscription).await, [2_900]);
        let after = world.subscription(&subscription).await;
        assert!(after.period.end <= world.cx.now(), "no period was bought");
        assert_eq!(after.period.start, before.start);

        // The honest one knows no such charge, and the period is charged once.
        world.tell_the_truth();
        for _ in 0..2 {
            world.cx.clock.advance(SignedDuration::from_mins(20));
            world.send_queued(&subscription).await;
        }
        renewal::due(&world.cx, &world.scope, &subscription)
            .await
            .unwrap();
        assert_eq!(world.charged().await, [2_900, 2_900]);
        assert!(world.dues(&subscription).await.is_empty());
    }
}

#[tokio::test]
async fn who_answers_with_the_reference_of_another_payment_is_named_in_the_log() {
    let (log, _guard) = Log::of_this_thread("vestibule=error");
    let world = World::sqlite().await;
    let (subscription, payment) = world.paid().await;
    let reference = world.charge_of(&payment).await;
    world.lie_about(2_900, &reference).await;
    world.renew(&subscription).await;
    let text = log.text();
    assert!(text.contains("the reference of another payment"), "{text}");
    assert!(text.contains("plugin=\"guest\""), "{text}");
}

#[tokio::test]
async fn who_takes_another_amount_or_charges_nothing_is_named_in_the_log() {
    let (log, _guard) = Log::of_this_thread("vestibule=error");
    let world = World::sqlite().await;
    let ((other, _), (nothing, _)) = (world.paid().await, world.paid().await);
    world.lie(1).await;
    world.renew(&other).await;
    world.lie(2_900).await;
    world.renew(&nothing).await;
    // The books are those of the honest one, which is asked for them.
    world.tell_the_truth();
    assert!(!world.compared().await.differences.is_empty());
    let text = log.text();
    for (what, plugin) in [
        ("money arrived that settles nothing", "guest"),
        ("the gateway's books differ from ours", "sandbox"),
    ] {
        let line = text.lines().find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("no `{what}` in: {text}"));
        assert!(line.contains("gateway=\"sandbox\""), "{line}");
        assert!(line.contains(&format!("plugin=\"{plugin}\"")), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_charge_that_is_told_of_two_payments_settles_the_debt_of_its_own_alone() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        let first = world.charge_of(&payment).await;
        world.lose_the_answer().await;
        world.renew(&subscription).await;
        let open = world.under_way(&subscription).await;
        world
            .says(&open, |charge| charge["id"] = json!(first))
            .await;
        assert_eq!(world.under_way(&subscription).await, open);
        assert_eq!(world.dues(&subscription).await, [2_900]);
        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");

        world.says(&open, |_| {}).await;
        assert!(world.dues(&subscription).await.is_empty());
        assert!(unsettled::list(&world.cx).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_nobody_granted_is_shown_to_nobody_and_loses_no_payment() {
    for world in World::each().await {
        world.grant_no_pages();
        let begun = world.pending().await;
        let pay = || begin::pay(&world.cx, &world.scope, &begun.payment.id);
        let attempt = pay().await.unwrap();
        // Nobody is led anywhere, and it is known how the payment stands.
        assert_eq!(attempt.ending, Ending::Action(CustomerAction::Wait));
        assert_eq!(world.come_back(&attempt).await, attempt.ending);
        let AttemptOf::Payment(id) = &attempt.of else {
            panic!("not a payment")
        };
        // The customer takes another way: what was begun is ended at the processor first.
        let ended = settlement::give_up(&world.cx, &world.scope, id).await;
        assert_eq!(ended.unwrap(), Ending::Cancelled);
        world.tell_the_truth();
        let again = pay().await.unwrap();
        assert_ne!(again.of, attempt.of);
        assert_eq!(world.give_card(&again, GOOD).await, Ending::Succeeded);
        assert_eq!(world.charged().await, [2_900]);
        assert!(world.compared().await.differences.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_went_back_once_is_not_two_refunds() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let first = world.refund(&payment, Wish::Amount(500)).await.unwrap();
        world.faulty("cut_before").await;
        let second = world.refund(&payment, Wish::Amount(500)).await.unwrap();
        assert!(matches!(second.state, RefundState::Unknown { .. }));
        let path = format!("/v1/refunds?key={}", first.id);
        let told = world.sandbox.call(reqwest::Method::GET, &path, None).await;
        let mut told = told["data"][0].clone();
        assert_eq!(told["id"], json!(first.gateway_ref));
        told["key"] = json!(second.id);
        deliver(&world, "refund.succeeded", &told).await;
        let after = world.refund_now(&second.id).await;
        assert!(matches!(after.state, RefundState::Unknown { .. }));
        assert_eq!(after.credit_note, None);
        assert_eq!(unsettled::list(&world.cx).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_that_is_told_of_two_payments_takes_back_its_own_alone() {
    for world in World::each().await {
        let ((first, payment), (second, other)) = (world.paid().await, world.paid().await);
        let opened = world.contest(&payment).await;
        deliver(&world, "dispute.opened", &opened).await;
        let lost = world.control(&format!("{}/lose", decided(&opened))).await;
        let mut wrong = lost.clone();
        wrong["charge"] = world.charge_of(&other).await.into();
        wrong["key"] = other.as_str().into();
        deliver(&world, "dispute.lost", &wrong).await;
        assert!(world.is_active(&second).await);
        assert!(world.dues(&second).await.is_empty());
        assert!(world.is_active(&first).await, "the bank still decides");

        deliver(&world, "dispute.lost", &lost).await;
        assert!(world.is_reversed(&first).await);
        assert!(world.is_active(&second).await);
    }
}
