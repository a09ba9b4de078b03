//! What is announced is what comes: the plan that will be charged, and nothing that was overtaken
//! while its mail waited.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use vestibule::flows::notices;
use vestibule::flows::plan_change::Wish;

use super::GOOD;
use super::plan_changes::to;
use super::test_clock::Working;
use crate::support::world::World;

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

impl World {
    /// The texts of the mails that wait, once they are sent.
    async fn written(&self) -> Vec<String> {
        let working = Working::start(self);
        working.idle(self).await;
        let texts = working.texts();
        working.stop().await;
        texts
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_came_before_its_mail_is_not_announced_for_a_year_later() {
    for world in World::each().await {
        let id = world.yearly().await;
        let end = world.subscription(&id).await.period.end;
        world.wait((end - days(29)).duration_since(world.cx.now()));
        notices::renewal(&world.cx, &world.scope, &id)
            .await
            .unwrap();
        assert_eq!(world.count("renewal").await, 1);
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await, [2900, 2900]);
        let texts = world.written().await;
        let told = texts.iter().filter(|text| text.contains("renews on"));
        assert_eq!(told.count(), 0, "{texts:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_renewed_before_its_mail_is_not_announced_to_end() {
    let world = World::sqlite().await;
    world.rules(|rules| rules.card_notice = days(70));
    let id = world.active(GOOD).await;
    let soon = (world.cx.now() + days(28)).to_zoned(TimeZone::UTC);
    let month = u8::try_from(soon.month()).unwrap();
    let year = u16::try_from(soon.year()).unwrap();
    let card = world.card_ends(&id, month, year).await;
    notices::card(&world.cx, &world.scope, &card).await.unwrap();
    assert_eq!(world.count("card").await, 1);
    world.card_ends(&id, 3, 2096).await;
    let texts = world.written().await;
    assert!(
        !texts.iter().any(|text| text.contains("2096")),
        "{texts:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_announced_with_the_plan_that_is_scheduled_for_it() {
    let world = World::sqlite().await;
    let id = world.yearly().await;
    let pro = world.product_at(5_900, true).await;
    let wish = Wish {
        at_next_date: true,
        ..to(&pro)
    };
    world.switch(&id, wish).await;
    let end = world.subscription(&id).await.period.end;
    world.wait((end - days(29)).duration_since(world.cx.now()));
    notices::renewal(&world.cx, &world.scope, &id)
        .await
        .unwrap();
    let texts = world.written().await;
    let text = texts.iter().find(|text| text.contains("renews on"));
    assert!(text.unwrap().contains("€59.00"), "{texts:#?}");
}
