//! Nothing, a lot, another language, names that are meant to do harm.

use axum::http::StatusCode;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::subscription::SubscriptionState;

use super::{Guest, House, Page};

impl Guest<'_> {
    /// The page of a list that a page leads to.
    async fn beside(&self, page: &Page, rel: &str) -> Option<Page> {
        let link = page.all(&format!("a[rel={rel}]")).pop()?;
        let path = link.split("/test/bus_lumen").nth(1)?.split('"').next()?;
        Some(self.get(path).await)
    }
}

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
    let rows = |list: &Page| list.all("tbody td:first-child a");
    let first = guest.get("/billing").await;
    let second = guest.beside(&first, "next").await.unwrap();
    // What is paid meanwhile moves nothing on the pages behind.
    let paid = PaymentState::Succeeded { at: house.now() };
    guest.payment(&subscription, paid).await;
    let third = guest.beside(&second, "next").await.unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (list, count) in [(&first, 20), (&second, 20), (&third, 1)] {
        assert_eq!(rows(list).len(), count);
        seen.extend(rows(list));
    }
    assert_eq!(seen.len(), 41);
    assert!(guest.beside(&first, "prev").await.is_none());
    assert!(guest.beside(&third, "next").await.is_none());

    let back = guest.beside(&third, "prev").await.unwrap();
    assert_eq!(rows(&back), rows(&second));
    // Fewer than a page are newer than it now: the list is shown from its top, in full.
    let top = guest.beside(&back, "prev").await.unwrap();
    assert_eq!(rows(&top).len(), 20);
    for nonsense in ["older_than=pay_nothing", "newer_than=x", "older_than="] {
        let list = guest.get(&format!("/billing?{nonsense}")).await;
        assert_eq!(rows(&list).len(), 20, "{nonsense}");
    }
}

#[tokio::test]
async fn forty_subscriptions_come_page_by_page_those_that_are_over_last() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let product = house.product("Lumen Pro").await;
    for index in 0..40 {
        let over = SubscriptionState::Cancelled { at: house.now() };
        let state = if index % 4 == 0 {
            SubscriptionState::Active
        } else {
            over
        };
        guest.subscribe(product.clone(), state).await;
    }
    let first = guest.get("/subscriptions").await;
    assert_eq!(first.all("li.plan").len(), 10);
    assert_eq!(first.all("details li").len(), 10);
    let second = guest.beside(&first, "next").await.unwrap();
    assert_eq!(second.all("li.plan").len(), 0);
    assert_eq!(second.all("details li").len(), 20);
    assert!(guest.beside(&second, "next").await.is_none());
    assert_eq!(
        guest.beside(&second, "prev").await.unwrap().html.len(),
        first.html.len()
    );
}

#[tokio::test]
async fn a_page_of_a_list_is_never_named_by_somebody_elses_row() {
    let house = House::open().await;
    let foreign = house.guest("Ben").await;
    let subscription = foreign.active().await;
    let paid = PaymentState::Succeeded { at: house.now() };
    let theirs = foreign.payment(&subscription, paid.clone()).await;
    let guest = house.guest("Alex").await;
    let mine = guest.active().await;
    guest.payment(&mine, paid).await;
    let list = guest
        .get(&format!("/billing?newer_than={}", theirs.id))
        .await;
    assert_eq!(list.all("tbody tr").len(), 1);
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
    guest.card_that_says(evil).await;
    for path in [
        "/".to_owned(),
        "/subscriptions".to_owned(),
        format!("/subscriptions/{}", subscription.id),
        format!("/subscriptions/{}/cancel", subscription.id),
        format!("/subscriptions/{}/payment-method", subscription.id),
        "/billing".to_owned(),
        format!("/payments/{}", payment.id),
        format!("/payments/{}/done", payment.id),
        "/payment-methods".to_owned(),
        "/license-keys".to_owned(),
        "/profile".to_owned(),
    ] {
        let page = guest.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.all("script").len(), 1, "{path}: the host's own");
        assert_eq!(page.all("[onerror]").len(), 0, "{path}");
    }
    guest.get("/payment-methods").await.says("4242");
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
