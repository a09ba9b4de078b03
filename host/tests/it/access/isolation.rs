//! Businesses and modes never mix.

use axum::http::StatusCode;
use vestibule::flows::portal_link;
use vestibule::store::Seek;

use super::{House, link, lumen, lumen_test};

#[tokio::test]
async fn a_session_is_good_for_one_business_and_one_mode() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    browser.ask("amelie@example.com").await;
    browser.press(&link(&house.mail(1).await)).await;
    assert!(browser.is_in().await);
    let session = browser.cookies["vestibule-session-live-bus_lumen"].clone();
    for realm in ["test-bus_lumen", "live-bus_harbour", "console"] {
        browser
            .cookies
            .insert(format!("vestibule-session-{realm}"), session.clone());
    }
    for path in [
        "/test/bus_lumen/profile/email",
        "/bus_harbour/profile/email",
        "/console/",
    ] {
        assert_eq!(
            browser.get(path).await.status,
            StatusCode::SEE_OTHER,
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_address_of_one_business_or_mode_is_unknown_to_the_others() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    for base in ["/test/bus_lumen", "/bus_harbour"] {
        let mut browser = house.browser();
        let path = format!("{base}/login");
        browser
            .fill(&path, &path, &[("email", "amelie@example.com")])
            .await;
    }
    assert_eq!(house.quiet().await.len(), 0);
}

#[tokio::test]
async fn a_link_opens_nothing_under_another_business_or_mode() {
    let house = House::sqlite().await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let (_, token) = portal_link::create(&house.cx, &lumen(), &customer.id, None, "key_1")
        .await
        .unwrap();
    for base in ["/test/bus_lumen", "/bus_harbour"] {
        let path = format!("{base}/link/{token}");
        let mut browser = house.browser();
        assert_eq!(browser.get(&path).await.status, StatusCode::GONE);
        assert_eq!(browser.press(&path).await.status, StatusCode::GONE);
        let again = browser.fill(&path, &format!("{path}/again"), &[]).await;
        assert!(again.location().contains("/login"));
    }
    assert_eq!(house.quiet().await.len(), 0);
    let mut browser = house.browser();
    assert_eq!(
        browser
            .press(&format!("/bus_lumen/link/{token}"))
            .await
            .location(),
        "/bus_lumen/"
    );
}

#[tokio::test]
async fn test_mode_says_so_and_its_mails_are_kept_as_rows() {
    let house = House::sqlite().await;
    house
        .customer(&lumen_test(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    let page = browser.get("/test/login/bus_lumen").await;
    assert!(page.body.contains("class=\"band\""));
    let csrf = page.csrf();
    let fields = [("email", "amelie@example.com"), ("csrf", csrf.as_str())];
    browser.post("/test/bus_lumen/login", &fields).await;
    house.quiet().await;
    let mut tx = house.cx.store.read().await.unwrap();
    let kept = tx.test_mails_page(&lumen_test(), &Seek::Newest, 10).await;
    let mails = kept.unwrap().rows;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].body.contains("/test/bus_lumen/link/"));
    let live = tx.test_mails_page(&lumen(), &Seek::Newest, 10).await;
    assert_eq!(live.unwrap().rows.len(), 0);
}

#[tokio::test]
async fn a_business_that_is_not_here_is_not_found() {
    let house = House::sqlite().await;
    for path in [
        "/login/bus_nobody",
        "/bus_nobody/",
        "/test/login/bus_nobody",
        "/login/nobody",
    ] {
        assert_eq!(
            house.browser().get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
