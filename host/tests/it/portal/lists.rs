//! Nothing, a lot, another language, names that are meant to do harm.

use axum::http::StatusCode;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::subscription::SubscriptionState;

use super::House;

#[tokio::test]
async fn with_nothing_there_every_page_teaches_in_a_sentence() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    for (path, sentence) in [
        ("/", "What you buy appears here"),
        ("/subscriptions", "You have no subscriptions yet."),
        ("/billing", "There are no payments yet."),
        ("/payment-methods", "There are no saved payment methods."),
        ("/license-keys", "There are no license keys."),
    ] {
        let page = guest.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        page.says(sentence);
    }
}

#[tokio::test]
async fn forty_one_payments_stand_on_three_pages_and_none_twice() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    for _ in 0..41 {
        let paid = PaymentState::Succeeded { at: house.now() };
        guest.payment(&subscription, paid).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    for (page, rows) in [(1, 20), (2, 20), (3, 1)] {
        let list = guest.get(&format!("/billing?page={page}")).await;
        let links = list.all("tbody td:first-child a");
        assert_eq!(links.len(), rows, "page {page}");
        seen.extend(links);
        assert_eq!(list.html.contains("rel=\"next\""), page < 3);
        assert_eq!(list.html.contains("rel=\"prev\""), page > 1);
    }
    assert_eq!(seen.len(), 41);
    let beyond = guest.get("/billing?page=4294967295").await;
    assert_eq!(beyond.status, StatusCode::OK);
}

#[tokio::test]
async fn hostile_names_are_only_text() {
    let house = House::open().await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let guest = house.guest(evil).await;
    let product = house.product(evil).await;
    let subscription = guest.subscribe(product, SubscriptionState::Active).await;
    let license = guest.license(&subscription).await;
    let paid = PaymentState::Succeeded { at: house.now() };
    let payment = guest.payment(&subscription, paid).await;
    for path in [
        "/".to_owned(),
        "/subscriptions".to_owned(),
        format!("/subscriptions/{}", subscription.id),
        format!("/subscriptions/{}/cancel", subscription.id),
        format!("/subscriptions/{}/payment-method", subscription.id),
        "/billing".to_owned(),
        format!("/payments/{}", payment.id),
        format!("/payments/{}/done", payment.id),
        "/license-keys".to_owned(),
        "/profile".to_owned(),
    ] {
        let page = guest.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.all("script").len(), 1, "{path}: the host's own");
        assert_eq!(page.all("[onerror]").len(), 0, "{path}");
    }
    guest.get("/license-keys").await.says(&license.key);
}

#[tokio::test]
async fn spanish_is_spanish_to_the_amount_and_the_date() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    guest.on_hold().await;
    let page = guest.get_in("es", "/").await;
    page.says("Tu plan Lumen Pro está suspendido. Quedan 29,00 € por pagar.");
    page.says("Pagar y reactivar");
    page.says("al mes");
    assert!(page.html.contains("<html lang=\"es\""));
}
