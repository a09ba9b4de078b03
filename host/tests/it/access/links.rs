//! Dynamic links: one customer, once, within a day; their sessions are narrower.

use axum::http::StatusCode;
use jiff::SignedDuration;
use vestibule::domain::id::LinkId;
use vestibule::flows::{self, portal_link, session};

use super::{House, harbour, link, lumen};

#[tokio::test]
async fn a_dynamic_link_opens_one_customer_once() {
    for house in House::each().await {
        let customer = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        house
            .customer(&lumen(), "amelie@example.com", "Her other account")
            .await;
        let (_, token) = portal_link::create(&house.cx, &lumen(), &customer.id, None, "key_1")
            .await
            .unwrap();
        let path = format!("/bus_lumen/link/{token}");

        let mut browser = house.browser();
        assert!(!browser.is_in().await);
        assert_eq!(browser.press(&path).await.location(), "/bus_lumen/");
        assert!(browser.is_in().await, "no choice among accounts");
        assert_eq!(house.browser().press(&path).await.status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn of_many_browsers_that_press_at_once_one_gets_in() {
    for house in House::each().await {
        let customer = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let (_, token) = portal_link::create(&house.cx, &lumen(), &customer.id, None, "key_1")
            .await
            .unwrap();
        let path = format!("/bus_lumen/link/{token}");
        let presses = (0..12).map(|_| {
            let (mut browser, path) = (house.browser(), path.clone());
            tokio::spawn(async move { browser.press(&path).await.status })
        });
        let mut entered = 0;
        for press in presses.collect::<Vec<_>>() {
            entered += usize::from(press.await.unwrap() == StatusCode::SEE_OTHER);
        }
        assert_eq!(entered, 1);
    }
}

#[tokio::test]
async fn a_session_by_dynamic_link_cannot_change_the_address_or_the_account() {
    let house = House::sqlite().await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let other = house
        .customer(&lumen(), "amelie@example.com", "Her other account")
        .await;
    let (_, token) = portal_link::create(&house.cx, &lumen(), &customer.id, None, "key_1")
        .await
        .unwrap();
    let mut browser = house.browser();
    browser.press(&format!("/bus_lumen/link/{token}")).await;

    let page = browser.get("/bus_lumen/profile/email").await;
    assert!(page.body.contains("sign in again"));
    let csrf = page.csrf();
    let fields = [("email", "new@example.com"), ("csrf", csrf.as_str())];
    browser.post("/bus_lumen/profile/email", &fields).await;
    assert_eq!(house.quiet().await.len(), 0, "no mail proves a new address");
    let choice = [("account", other.id.as_str()), ("csrf", csrf.as_str())];
    let refused = browser.post("/bus_lumen/accounts", &choice).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_dynamic_link_ends_after_a_day_and_its_mail_is_sent_once_a_minute() {
    let house = House::sqlite().await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let house_scope = lumen();
    let create = || portal_link::create(&house.cx, &house_scope, &customer.id, None, "stf_1");
    let (id, _) = create().await.unwrap();
    assert!(portal_link::send(&house.cx, &lumen(), &id).await.unwrap());
    let (second, _) = create().await.unwrap();
    assert!(
        !portal_link::send(&house.cx, &lumen(), &second)
            .await
            .unwrap()
    );
    let mail = house.mail(1).await;
    assert!(mail.text.contains("do not forward"), "{}", mail.text);
    house.cx.clock.advance(SignedDuration::from_hours(25));
    let mut browser = house.browser();
    let page = browser.get(&link(&mail)).await;
    assert_eq!(page.status, StatusCode::GONE);
    browser
        .post(&format!("{}/again", link(&mail)), &[("csrf", &page.csrf())])
        .await;
    browser.press(&link(&house.mail(2).await)).await;
    assert!(
        browser.is_in().await,
        "the new one went to the address on file"
    );
}

#[tokio::test]
async fn links_are_made_for_customers_of_the_scope_and_return_to_safe_places_only() {
    let house = House::sqlite().await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let foreign = portal_link::create(&house.cx, &harbour(), &customer.id, None, "key_1").await;
    assert!(matches!(foreign, Err(flows::Error::NotFound(_))));
    for bad in [
        "http://shop.example/",
        "https://user@shop.example/",
        "javascript:alert(1)",
    ] {
        let url = Some(bad.parse().unwrap());
        let made = portal_link::create(&house.cx, &lumen(), &customer.id, url, "key_1").await;
        assert!(matches!(made, Err(flows::Error::Invalid { .. })), "{bad}");
    }
}

#[tokio::test]
async fn a_link_stays_the_same_when_the_host_has_a_newer_key() {
    let [_, house] = House::each().await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let (id, token) = portal_link::create(&house.cx, &lumen(), &customer.id, None, "key_1")
        .await
        .unwrap();
    let keys = &house.settings.server.key_file;
    vestibule::config::HostKeys::add(keys, vestibule::cx::random()).unwrap();
    let rotated = vestibule::app::open(house.settings.clone()).await.unwrap();
    let url = portal_link::url_of(&rotated, &lumen(), &id).await.unwrap();
    assert_eq!(url, portal_link::url(&house.cx, &lumen(), &token));
    let (other, newer) = portal_link::create(&rotated, &lumen(), &customer.id, None, "key_1")
        .await
        .unwrap();
    let url = portal_link::url_of(&rotated, &lumen(), &other).await;
    assert_eq!(url.unwrap(), portal_link::url(&rotated, &lumen(), &newer));
}

#[tokio::test]
async fn a_link_that_is_asked_for_twice_under_one_id_at_once_is_one_link() {
    for house in House::each().await {
        one_link(&house).await;
    }
}

async fn one_link(house: &House) {
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let id: LinkId = house.cx.new_id();
    let scope = lumen();
    let make = || portal_link::create_as(&house.cx, &scope, &id, &customer.id, None, "key_1");
    let (first, second) = tokio::join!(make(), make());
    first.unwrap();
    second.unwrap();
    let (one, other) = (
        portal_link::url_of(&house.cx, &lumen(), &id).await.unwrap(),
        portal_link::url_of(&house.cx, &lumen(), &id).await.unwrap(),
    );
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_longer_time_between_mails_is_remembered_past_the_window_of_other_mails() {
    for house in House::each().await {
        house.configure(|settings| {
            settings.login.send_email_interval = SignedDuration::from_hours(3);
        });
        let customer = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let made = portal_link::create(&house.cx, &lumen(), &customer.id, None, "stf_1").await;
        let (link, _) = made.unwrap();
        assert!(portal_link::send(&house.cx, &lumen(), &link).await.unwrap());
        for (hours, sent) in [(2, false), (2, true)] {
            house.cx.clock.advance(SignedDuration::from_hours(hours));
            session::clean_up(&house.cx).await.unwrap();
            let again = portal_link::send(&house.cx, &lumen(), &link).await.unwrap();
            assert_eq!(again, sent);
        }
    }
}
