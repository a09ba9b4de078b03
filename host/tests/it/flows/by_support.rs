//! Mails about what is due where customers may not pay it by themselves.

use super::GOOD;
use super::dunning::days;
use super::plan_mails::mailed;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_pay_is_led_to_the_subscription_and_reads_to_whom_to_write() {
    let world = World::sqlite().await;
    let mut settings = (**world.cx.settings.load()).clone();
    for business in settings.businesses.values_mut() {
        business.allow.reactivate = false;
    }
    world.cx.settings.store(settings.into());
    let declined = world.on_hold().await;
    world.rules(|rules| rules.grace = days(2));
    let unpaid = world.active(GOOD).await;
    let mut tx = world.cx.store.begin().await.unwrap();
    let locked = tx.lock_subscription(&world.scope, &unpaid).await.unwrap();
    let mut subscription = locked.unwrap();
    subscription.method = None;
    tx.save_subscription(&mut subscription).await.unwrap();
    tx.commit().await.unwrap();
    world.renew(&unpaid).await;

    let texts = mailed(&world, "To pay, write to help@lumen.example.").await;
    assert_eq!(texts.len(), 2, "{texts:#?}");
    for id in [&declined, &unpaid] {
        let page = format!("/subscriptions/{id}");
        let told = texts.iter().filter(|text| text.contains(&page));
        assert_eq!(told.count(), 1, "{page}: {texts:#?}");
    }
    let dead = texts.iter().find(|text| text.contains("/reactivate"));
    assert!(dead.is_none(), "{dead:?}");
}
