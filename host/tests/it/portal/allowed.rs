//! What the merchant's file does not allow: it is not done, not even from a form that was open
//! when the merchant said so.

use std::sync::Arc;

use axum::http::StatusCode;
use vestibule::config::Allow;
use vestibule::domain::payment::{CustomerAction, DeclineCode, PaymentState};
use vestibule::domain::subscription::{HoldReason, Subscription, SubscriptionState};
use vestibule::flows::{AttemptOf, token};

use super::money::declined;
use super::{House, Page, days};

/// What somebody reads who owes something and may not pay it in the portal.
const BY_SUPPORT: &str = "To pay, write to help@lumen.example.com.";

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

impl Page {
    /// Nothing here leads to where dues are paid.
    #[track_caller]
    fn offers_no_payment(&self) {
        for path in ["/reactivate", "/pay-all"] {
            assert!(!self.html.contains(path), "{path} in {}", self.html);
        }
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
    let owing = format!("/subscriptions/{}", held.id);
    let pay = format!("{owing}/reactivate");
    let (cancel, pay, all) = (cancel.as_str(), pay.as_str(), "/pay-all");
    let page = guest.get(&here).await;
    assert!(!page.html.contains("/cancel"), "{}", page.html);
    for path in ["/", "/subscriptions", "/payment-methods", owing.as_str()] {
        guest.get(path).await.offers_no_payment();
    }
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

#[tokio::test]
async fn who_may_not_pay_here_reads_what_is_due_and_to_whom_to_write() {
    let house = House::with("[allow]\nreactivate = false\n").await;
    let guest = house.guest("Alex").await;
    let held = guest.on_hold().await;
    let here = format!("/subscriptions/{}", held.id);
    for path in ["/", here.as_str()] {
        let page = guest.get(path).await;
        page.says("Your Lumen Pro plan is on hold. €29.00 is due.");
        page.says(BY_SUPPORT);
        let buttons = page.all(".todo .button");
        assert!(buttons.is_empty(), "{path}: {buttons:?}");
    }
    let page = guest.get_in("es", "/").await;
    page.says("Para pagar, escribe a help@lumen.example.com.");

    let product = house.product("Lumen Team").await;
    let until = house.now() + days(4);
    let late = guest
        .subscribe(product, SubscriptionState::PastDue { until })
        .await;
    let decline = declined(&house, DeclineCode::InsufficientFunds);
    guest.payment(&late, decline).await;
    let page = guest.get(&format!("/subscriptions/{}", late.id)).await;
    page.offers_no_payment();
    page.says("Your last payment for Lumen Team did not go through.");
    page.says("We may try your payment method again.");
    page.says(BY_SUPPORT);
    assert!(!page.text().contains("pay now"), "{}", page.text());
}

#[tokio::test]
async fn a_method_is_given_where_nothing_is_due_and_otherwise_its_page_leads_to_what_is() {
    let house = House::with("[allow]\nreactivate = false\n").await;
    let guest = house.guest("Alex").await;
    let active = guest.active().await;
    let method = guest.visa().await.to_string();
    let here = format!("/subscriptions/{}", active.id);
    let path = format!("{here}/payment-method");
    guest.get(&here).await.leads_to(&path);
    let page = guest.get(&path).await;
    guest.falls_due(&active).await;
    let choice = [("choice", method.as_str())];
    let answer = guest.press(&page, &path, &choice).await;
    answer.redirects_to(&here);
    guest.get(&path).await.redirects_to(&here);
    let page = guest.get(&here).await;
    page.offers_no_payment();
    page.says(BY_SUPPORT);
    assert!(!page.html.contains(&path), "{}", page.html);
    let done = guest.get(&format!("{path}/done")).await;
    done.offers_no_payment();

    // Without dues a method is all that is missing, until the paid time is over.
    let product = house.product("Lumen Team").await;
    let hold = SubscriptionState::OnHold {
        why: HoldReason::AuthorisationFailed,
        since: house.now() - days(3),
    };
    let mut bare = guest.subscribe(product, hold).await;
    let here = format!("/subscriptions/{}", bare.id);
    let path = format!("{here}/payment-method");
    let page = guest.get(&here).await;
    page.offers_no_payment();
    page.says("It needs a payment method.");
    assert!(page.all(".todo .button")[0].contains(&path));
    assert_eq!(guest.get(&path).await.status, StatusCode::OK);
    bare.period.end = house.now() - days(1);
    house
        .write(async |tx| tx.save_subscription(&mut bare).await.unwrap())
        .await;
    let page = guest.get(&here).await;
    page.offers_no_payment();
    page.says("its paid time is over");
    page.says(BY_SUPPORT);
    guest.get(&path).await.redirects_to(&here);
}

#[tokio::test]
async fn a_payment_that_did_not_work_leads_to_no_other_where_customers_may_not_pay() {
    let house = House::with("[allow]\nreactivate = false\n").await;
    let guest = house.guest("Alex").await;
    let (asked, refused) = (guest.on_hold().await, guest.on_hold().await);
    let wait = PaymentState::AwaitingCustomer {
        action: CustomerAction::Wait,
        expires_at: house.now() + days(1),
    };
    let asked = guest.payment(&asked, wait).await;
    let decline = declined(&house, DeclineCode::InsufficientFunds);
    let refused = guest.payment(&refused, decline).await;
    let progress = format!("/payments/{}/progress", refused.id);
    let page = guest.get(&progress).await;
    page.offers_no_payment();
    page.says("There was not enough money on this card.");
    page.says("Lumen Pro stays on hold until it is paid.");
    page.says(BY_SUPPORT);
    let page = guest.get(&format!("/payments/{}", refused.id)).await;
    page.says("There was not enough money on this card.");
    assert!(!page.text().contains("use another payment method"));

    // Nor is anybody told to try again or to use another card.
    let held = guest.on_hold().await;
    let decline = declined(&house, DeclineCode::Generic);
    let tried = guest.payment(&held, decline.clone()).await;
    let round = guest.round(&held, &tried).await;
    for path in [
        format!("/payments/{}/progress", tried.id),
        format!("/payments/{}", tried.id),
        format!("/subscriptions/{}", held.id),
        format!("/pay-all/{}", round.id),
    ] {
        let page = guest.get(&path).await;
        page.says("Your bank declined this payment.");
        let text = page.text();
        assert!(!text.contains("another card"), "{path}: {text}");
    }
    // Nor whoever comes back from the gateway in another browser.
    let of = AttemptOf::Payment(tried.id.clone());
    let back = token::returning(&house.cx, &house.scope, &of).unwrap();
    let page = house.fetch(&format!("/return/{back}/result")).await;
    page.says("Your bank declined this payment.");
    assert!(!page.text().contains("another card"), "{}", page.text());
    // What is bought on a hosted page is paid there.
    let (_, mut first) = guest.pending(0).await;
    first.state = decline;
    house
        .write(async |tx| tx.save_payment(&mut first).await.unwrap())
        .await;
    let token = token::pay(&house.cx, &house.scope, &first.id);
    let page = house.fetch(&format!("/pay/{token}")).await;
    page.says("Your bank declined this payment. You can try again later or use another card.");

    let waiting = format!("/payments/{}/progress", asked.id);
    let page = guest.get(&waiting).await;
    page.says("We are waiting for your bank.");
    assert!(!page.html.contains("/give-up"), "{}", page.html);

    // A form that was open when the merchant said so.
    house.let_customers(|allow| *allow = Allow::default());
    let open = guest.get(&waiting).await;
    house.let_customers(forbid);
    let other = Page {
        html: open.html.replace(asked.id.as_str(), refused.id.as_str()),
        ..open
    };
    let path = format!("/payments/{}/give-up", refused.id);
    guest
        .press(&other, &path, &[])
        .await
        .redirects_to(&progress);
}

#[tokio::test]
async fn what_one_method_for_all_left_unpaid_is_not_offered_when_customers_may_pay_no_more() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    guest.on_hold().await;
    let method = guest.visa().await.to_string();
    let page = guest.get("/pay-all").await;
    let choice = [("choice", method.as_str())];
    let answer = guest.press(&page, "/pay-all", &choice).await;
    house.let_customers(forbid);
    let path = answer.location.strip_prefix("/test/bus_lumen").unwrap();
    let result = guest.get(path).await;
    result.says("Nothing was charged.");
    result.says(BY_SUPPORT);
    assert!(!result.html.contains("/reactivate"), "{}", result.html);
}

#[tokio::test]
async fn where_customers_may_not_choose_a_method_nothing_leads_to_the_choice() {
    let house = House::with("[allow]\npayment_methods = false\n").await;
    let guest = house.guest("Alex").await;
    let active = guest.active().await;
    guest.on_hold().await;
    guest.on_hold().await;
    for path in ["/", "/subscriptions"] {
        let page = guest.get(path).await;
        assert!(!page.html.contains("/pay-all"), "{path}: {}", page.html);
    }
    let here = format!("/subscriptions/{}", active.id);
    let page = guest.get(&here).await;
    let choice = format!("{here}/payment-method");
    assert!(!page.html.contains(&choice), "{}", page.html);

    // One that waits for nothing but a method.
    let product = house.product("Lumen Team").await;
    let hold = SubscriptionState::OnHold {
        why: HoldReason::AuthorisationFailed,
        since: house.now() - days(3),
    };
    let bare = guest.subscribe(product, hold).await;
    let here = format!("/subscriptions/{}", bare.id);
    for may_pay in [true, false] {
        house.let_customers(|allow| allow.reactivate = may_pay);
        for path in ["/", "/subscriptions", here.as_str()] {
            let page = guest.get(path).await;
            for way in ["/payment-method", "/reactivate"] {
                let way = format!("{here}{way}");
                assert!(!page.html.contains(&way), "{path}: {}", page.html);
            }
        }
        let page = guest.get(&here).await;
        page.says("It needs a payment method.");
        let ways = page.all(".todo a");
        assert_eq!(ways.len(), 1, "{ways:?}");
        assert!(ways[0].contains("mailto:help@lumen.example.com"));
    }
    // Where somebody comes to from a page that was open.
    house.let_customers(|allow| allow.reactivate = true);
    let open = guest.get(&format!("{here}/reactivate")).await;
    open.redirects_to(&here);
}
