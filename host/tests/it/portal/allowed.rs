//! What the merchant's file does not allow: it is not done, not even from a form that was open
//! when the merchant said so.

use std::sync::Arc;

use axum::http::StatusCode;
use vestibule::config::Allow;
use vestibule::domain::subscription::{Subscription, SubscriptionState};

use super::House;

impl House {
    /// The merchant changes what customers may do.
    pub(super) fn let_customers(&self, change: impl Fn(&mut Allow)) {
        let mut settings = (**self.cx.settings.load()).clone();
        for business in settings.businesses.values_mut() {
            change(&mut business.allow);
        }
        self.cx.settings.store(Arc::new(settings));
    }

    /// The subscription as it is now.
    pub(super) async fn stored(&self, subscription: &Subscription) -> Subscription {
        let mut tx = self.cx.store.read().await.unwrap();
        let stored = tx.subscription(&self.scope, &subscription.id).await;
        stored.unwrap().unwrap()
    }
}

fn forbid(allow: &mut Allow) {
    allow.cancel_now = false;
    allow.cancel_at_period_end = false;
    allow.reactivate = false;
}

#[tokio::test]
async fn what_the_merchant_does_not_allow_is_neither_offered_nor_done() {
    let forbidden =
        "[allow]\ncancel_now = false\ncancel_at_period_end = false\nreactivate = false\n";
    let house = House::with(forbidden).await;
    let guest = house.guest("Alex").await;
    let (active, held) = (guest.active().await, guest.on_hold().await);
    guest.on_hold().await;
    let method = guest.visa().await.to_string();
    let here = format!("/subscriptions/{}", active.id);
    let cancel = format!("{here}/cancel");
    let pay = format!("/subscriptions/{}/reactivate", held.id);
    let (cancel, pay, all) = (cancel.as_str(), pay.as_str(), "/pay-all");
    let page = guest.get(&here).await;
    assert!(!page.html.contains("/cancel"), "{}", page.html);
    for path in [cancel, pay, all] {
        let page = guest.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }

    // Forms that were open when the merchant said so.
    house.let_customers(|allow| *allow = Allow::default());
    let cancelling = guest.get(cancel).await;
    let paying = guest.get(pay).await;
    let paying_all = guest.get(all).await;
    house.let_customers(forbid);
    let before = (house.stored(&active).await, house.stored(&held).await);
    let choice = ("choice", method.as_str());
    for (page, path, field) in [
        (&cancelling, cancel, ("when", "now")),
        (&cancelling, cancel, ("when", "period-end")),
        (&paying, pay, choice),
        (&paying_all, all, choice),
    ] {
        let answer = guest.press(page, path, &[field]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} {field:?}");
    }
    let after = (house.stored(&active).await, house.stored(&held).await);
    assert_eq!(after.0.version, before.0.version);
    assert_eq!(after.1.version, before.1.version);
    assert_eq!(after.0.state, SubscriptionState::Active);
    let mut tx = house.cx.store.read().await.unwrap();
    let open = tx.open_payments_of(&house.scope, &held.id).await.unwrap();
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn where_nobody_ends_at_once_the_periods_end_is_left_and_can_always_be_taken_back() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let here = format!("/subscriptions/{}", subscription.id);
    let cancel = format!("{here}/cancel");
    let page = guest.get(&cancel).await;
    house.let_customers(|allow| allow.cancel_now = false);
    let answer = guest.press(&page, &cancel, &[("when", "now")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let stored = house.stored(&subscription).await;
    assert_eq!(stored.state, SubscriptionState::Active);
    assert!(!stored.cancel_at_period_end);

    // The page asks no longer when.
    let page = guest.get(&cancel).await;
    assert!(page.elements("input[name=when][type=radio]").is_empty());
    guest
        .press(&page, &cancel, &[])
        .await
        .redirects_to(&format!("{here}/cancelled"));
    assert!(house.stored(&subscription).await.cancel_at_period_end);

    house.let_customers(forbid);
    let page = guest.get(&here).await;
    guest
        .press(&page, &format!("{here}/keep"), &[])
        .await
        .redirects_to(&format!("{here}/kept"));
    assert!(!house.stored(&subscription).await.cancel_at_period_end);
}
