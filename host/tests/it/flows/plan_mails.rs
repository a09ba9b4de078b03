//! Mails about plans and pauses: what changed, what it cost, from when; each once for its fact.

use jiff::SignedDuration;
use vestibule::flows::pause::{self, Pause};
use vestibule::flows::plan_change::{self, Wish};
use vestibule::flows::reconciliation;

use super::dunning::days;
use super::extras;
use super::plan_changes::to;
use super::refunds::deliver;
use super::test_clock::Working;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

/// What is mailed of what was ordered until now, as far as it says `about`.
pub(super) async fn mailed(world: &World, about: &str) -> Vec<String> {
    let working = Working::start(world);
    working.idle(world).await;
    let mut texts = working.texts();
    working.stop().await;
    texts.retain(|text| text.contains(about));
    texts
}

pub(super) fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_charged_is_mailed_once_with_old_and_new_plan_and_the_amount() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let wish = Wish {
            quantity: 2,
            ..to(&pro)
        };
        let started = world.switch(&id, wish).await;
        // The other roads tell of the same success.
        let payment = started.change.payment.unwrap();
        for _ in 0..2 {
            reconciliation::look(&world.cx, &world.scope, &payment)
                .await
                .unwrap();
        }
        let texts = mailed(&world, "Your plan was changed").await;
        let [text] = &texts[..] else {
            panic!("{texts:?}")
        };
        says(
            text,
            &[
                "Before: Lumen Pro",
                "New: Lumen Pro × 2",
                "Price: €118.00 per month",
                "Charged: €44.50",
                "Next payment: ",
                "/test/login/bus_lumen",
            ],
        );
        assert!(!text.contains("credit"), "{text}");
        assert!(mailed(&world, "Your plan was changed").await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheaper_plan_is_mailed_with_the_credit_that_is_kept() {
    let world = World::sqlite().await;
    let id = world.paying(10_000, GOOD).await;
    let basic = world.product_at(2_900, true).await;
    world.wait_half(&id).await;
    world.switch(&id, to(&basic)).await;
    let texts = mailed(&world, "Your plan was changed").await;
    assert_eq!(texts.len(), 1, "{texts:?}");
    says(
        &texts[0],
        &[
            "Kept as credit: €35.50",
            "goes towards your next payments",
            "Price: €29.00",
        ],
    );
    assert!(!texts[0].contains("Charged"), "{texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_the_next_date_is_mailed_when_it_is_agreed_and_when_it_happens() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        let wish = Wish {
            at_next_date: true,
            ..to(&pro)
        };
        // One that is taken back before anybody reads of it is not told.
        world.switch(&id, wish.clone()).await;
        plan_change::cancel_scheduled(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        world.switch(&id, wish).await;
        let texts = mailed(&world, "Your plan").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(
            &texts[0],
            &["Your plan changes on", "From: ", "Price: €59.00"],
        );
        let undo = "you can keep your plan";
        assert!(!texts[0].contains(undo), "that is not offered: {texts:?}");
        world.wait_and_renew(&id).await;
        let texts = mailed(&world, "Your plan was changed").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(&texts[0], &["Price: €59.00"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_charge_is_declined_never_happened_and_is_not_mailed() {
    let world = World::sqlite().await;
    let id = world.paying(2_900, DECLINED_AT_RENEWAL).await;
    let pro = world.product_at(5_900, true).await;
    world.switch(&id, to(&pro)).await;
    assert!(mailed(&world, "Your plan").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_its_new_date_and_its_end_are_each_mailed_once() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let (cx, scope) = (&world.cx, &world.scope);
        let pause = async |days: i64| {
            let wish = Pause {
                resume_at: (days > 0).then(|| cx.now() + SignedDuration::from_hours(24 * days)),
                settlement: None,
            };
            pause::start(cx, scope, &id, wish).await.unwrap();
        };
        pause(0).await;
        // The same once more is no news.
        pause(0).await;
        let texts = mailed(&world, "is paused").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(&texts[0], &["Lumen Pro is paused", "until you resume it"]);

        pause(30).await;
        let texts = mailed(&world, "is paused").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(&texts[0], &["Goes on: ", "You can resume it sooner"]);

        pause::resume(cx, scope, &id).await.unwrap();
        assert!(pause::resume(cx, scope, &id).await.is_err());
        let texts = mailed(&world, "is over").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(
            &texts[0],
            &["Next payment: ", "License keys work as before"],
        );

        // A pause that is over before its mail is written is not told; its end is.
        pause(0).await;
        pause::resume(cx, scope, &id).await.unwrap();
        let texts = mailed(&world, "Lumen Pro").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(&texts[0], &["The pause of Lumen Pro is over"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_taken_back_in_a_pause_is_mailed_once_with_what_can_be_done() {
    for world in World::each().await {
        let (id, payment) = world.paid().await;
        pause::start(&world.cx, &world.scope, &id, Pause::default())
            .await
            .unwrap();
        let lost = world.lose(&payment).await;
        deliver(&world, "dispute.lost", &lost).await;
        assert_eq!(world.subscription(&id).await.state.name(), "paused");
        let texts = mailed(&world, "taken back by your bank").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(
            &texts[0],
            &[
                "Your payment of €29.00 for Lumen Pro",
                "Lumen Pro stays paused",
                "When you resume it, you pay this amount first",
                "/test/login/bus_lumen",
            ],
        );
        let dispute = world.disputes_over(&payment).await.remove(0);
        let told = world.told(dispute.id.as_str()).await;
        let lost = told.iter().filter(|kind| *kind == "dispute.lost");
        assert_eq!(lost.count(), 1, "{told:?}");

        // The end of the pause says what it waits for now.
        pause::resume(&world.cx, &world.scope, &id).await.unwrap();
        assert!(world.is_reversed(&id).await);
        let texts = mailed(&world, "Lumen Pro").await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        says(
            &texts[0],
            &[
                "The pause of Lumen Pro is over",
                "on hold: your bank took back a payment",
                "/test/login/bus_lumen",
            ],
        );
        assert!(!texts[0].contains("Next payment"), "{texts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_told_of_with_the_plan_and_the_amount_that_come() {
    for world in World::each().await {
        world.rules(|rules| rules.renewal_notices = vec![days(7)]);
        let product = world.product_at(2_900, false).await;
        let seats = world.addon_at(500).await;
        world.code("TENTH", 1_000, None).await;
        let wish = extras::Wish {
            addons: vec![(seats.id, 2)],
            codes: vec!["TENTH".to_owned()],
            ..extras::Wish::default()
        };
        let id = world.begun(&product, wish).await;
        let told = async || {
            let end = world.subscription(&id).await.period.end;
            world.wait((end - days(6)).duration_since(world.cx.now()));
            let mut texts = mailed(&world, "renews on").await;
            assert_eq!(texts.len(), 1, "{texts:?}");
            texts.remove(0)
        };
        let parts = ["Price: €39.00 per month", "To be charged: €41.77"];
        says(&told().await, &parts);
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [4_177, 4_177]);

        let pro = world.product_at(5_900, true).await;
        let next = Wish {
            at_next_date: true,
            codes: Some(Vec::new()),
            ..to(&pro)
        };
        world.switch(&id, next).await;
        let parts = ["Price: €59.00 per month", "To be charged: €59.00"];
        says(&told().await, &parts);
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [4_177, 4_177, 5_900]);
    }
}
