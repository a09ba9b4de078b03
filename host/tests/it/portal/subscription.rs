//! Looking at subscriptions, ending them, and keeping them after all.

use axum::http::StatusCode;

use vestibule::domain::subscription::{HoldReason, SubscriptionState};

use super::{House, Page, days};

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_first_and_comes_back() {
    let house = House::open().await;
    let mut guest = house.guest("Alex").await;
    guest.cookie = "nothing=1".to_owned();
    let page = guest.get("/billing").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location, "/test/login/bus_lumen?next=%2Fbilling");
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_not_there() {
    let house = House::open().await;
    let owner = house.guest("Owner").await;
    let other = house.guest("Other").await;
    let subscription = owner.on_hold().await;
    let method = owner.visa().await;
    let license = owner.license(&subscription).await;
    let unknown = vestibule::domain::payment::PaymentState::Unknown { since: house.now() };
    let payment = owner.payment(&subscription, unknown).await;
    let paths = [
        format!("/subscriptions/{}", subscription.id),
        format!("/subscriptions/{}/payment-method/done", subscription.id),
        format!("/subscriptions/{}/reactivate", subscription.id),
        format!("/subscriptions/{}/cancel", subscription.id),
        format!("/subscriptions/{}/cancelled", subscription.id),
        format!("/subscriptions/{}/kept", subscription.id),
        format!("/payments/{}", payment.id),
        format!("/payments/{}/progress", payment.id),
        format!("/payments/{}/done", payment.id),
        format!("/payment-methods/{method}/remove"),
        format!("/license-keys/{}/devices/lki_1", license.id),
        "/invoices/inv_1".to_owned(),
        "/invoices/inv_1/pdf".to_owned(),
        "/setups/set_1".to_owned(),
        "/subscriptions/nonsense".to_owned(),
    ];
    for path in paths {
        let foreign = other.get(&path).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!foreign.html.contains("Lumen Pro"), "{path}");
    }
    assert!(!other.get("/").await.text().contains("Lumen Pro"));
}

#[tokio::test]
async fn cancelling_tells_what_it_means_before_the_button() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    guest.license(&subscription).await;

    let here = format!("/subscriptions/{}", subscription.id);
    guest.get(&here).await.leads_to(&format!("{here}/cancel"));
    let page = guest.get(&format!("{here}/cancel")).await;
    let text = page.text();
    let button = text.find("Cancel subscription").unwrap();
    for sentence in [
        "You keep access until",
        "Your access ends at once. What you have paid for this period is not refunded.",
        "Your license key stops working when the subscription ends.",
        "Your invoices and billing history stay here.",
        "Why are you leaving?",
    ] {
        page.says(sentence);
        assert!(text.find(sentence).unwrap() < button, "{sentence}");
    }
    // Eight reasons, and none.
    assert_eq!(page.all("option").len(), 9);
}

#[tokio::test]
async fn a_cancellation_at_the_periods_end_is_confirmed_and_can_be_taken_back() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let here = format!("/subscriptions/{}", subscription.id);
    let page = guest.get(&format!("{here}/cancel")).await;
    let fields = [
        ("when", "period-end"),
        ("reason", "unused"),
        ("comment", "  "),
    ];

    let answer = guest.press(&page, &format!("{here}/cancel"), &fields).await;
    answer.redirects_to(&format!("{here}/cancelled"));
    let done = guest.get(&format!("{here}/cancelled")).await;
    done.says("Lumen Pro ends on");
    done.says("will not be charged again");
    let mut tx = house.cx.store.read().await.unwrap();
    let stored = tx
        .subscription(&house.scope, &subscription.id)
        .await
        .unwrap();
    let why = stored.unwrap().cancellation;
    assert_eq!(why.feedback.unwrap().as_str(), "unused");
    assert_eq!(why.comment, None);
    drop(tx);

    let overview = guest.get("/").await;
    overview.says("You keep access until then.");
    let kept = guest.press(&overview, &format!("{here}/keep"), &[]).await;
    kept.redirects_to(&format!("{here}/kept"));
    let page = guest.get(&format!("{here}/kept")).await;
    page.says("Your Lumen Pro subscription goes on");
}

#[tokio::test]
async fn a_subscription_cancelled_now_is_past_and_needs_nothing() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;
    let here = format!("/subscriptions/{}", subscription.id);
    let page = guest.get(&format!("{here}/cancel")).await;
    page.says("€29.00 that is due now is no longer asked for.");
    page.says("It ends at once and cannot be brought back.");

    let answer = guest.press(&page, &format!("{here}/cancel"), &[]).await;
    answer.redirects_to(&format!("{here}/cancelled"));
    let done = guest.get(&format!("{here}/cancelled")).await;
    done.says("Your Lumen Pro subscription has ended");
    guest
        .get(&format!("{here}/cancel"))
        .await
        .redirects_to(&here);
    let list = guest.get("/subscriptions").await;
    list.says("Past subscriptions (1)");
    assert!(!list.text().contains("is due"));
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let path = format!("/subscriptions/{}/cancel", subscription.id);
    let page = guest.get(&path).await;
    let forged = Page {
        html: page
            .html
            .replace("name=\"csrf\" value=\"", "name=\"csrf\" value=\"x"),
        ..page
    };
    let answer = guest.press(&forged, &path, &[("when", "now")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.says("Nothing was changed.");
}

#[tokio::test]
async fn a_hold_without_dues_says_what_it_takes_to_come_back() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let product = house.product("Lumen Pro").await;
    let hold = SubscriptionState::OnHold {
        why: HoldReason::AuthorisationFailed,
        since: house.now() - days(3),
    };
    let mut subscription = guest.subscribe(product, hold).await;
    let here = format!("/subscriptions/{}", subscription.id);
    for (days_left, says) in [
        (10, ["It needs a payment method.", "Nothing is due."]),
        (-10, ["its paid time is over", "you pay for a new period"]),
    ] {
        subscription.period.end = house.now() + days(days_left);
        house
            .write(async |tx| tx.save_subscription(&mut subscription).await.unwrap())
            .await;
        for path in ["/", &here] {
            let page = guest.get(path).await;
            for sentence in says {
                page.says(sentence);
            }
            let denies = page.text().contains("Nothing is due");
            assert_eq!(denies, days_left > 0, "{path}: {days_left}");
            page.leads_to(&format!("{here}/reactivate"));
        }
    }
    guest
        .get_in("es", "/")
        .await
        .says("su tiempo pagado ha terminado");
}
