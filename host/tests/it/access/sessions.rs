//! Sessions: how they end, and what ends with a change of address.

use axum::http::StatusCode;
use jiff::SignedDuration;
use vestibule::flows::customer::{self, Changes};
use vestibule::flows::portal_link;

use super::{Browser, House, link, lumen};
use crate::support::dump::dump;

async fn signed_in(house: &House, mails: usize) -> Browser {
    let mut browser = house.browser();
    browser.ask("amelie@example.com").await;
    browser.press(&link(&house.mail(mails).await)).await;
    assert!(browser.is_in().await);
    browser
}

#[tokio::test]
async fn a_session_ends_unused_after_an_hour_and_in_any_case_after_a_day() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut idle = signed_in(&house, 1).await;
    house.cx.clock.advance(SignedDuration::from_mins(61));
    assert!(!idle.is_in().await);

    let mut busy = signed_in(&house, 2).await;
    for _ in 0..28 {
        house.cx.clock.advance(SignedDuration::from_mins(50));
        assert!(busy.is_in().await);
        house.cx.flows.close();
        house.cx.flows.wait().await;
        house.cx.flows.reopen();
    }
    house.cx.clock.advance(SignedDuration::from_mins(50));
    assert!(!busy.is_in().await);
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = signed_in(&house, 1).await;
    let stolen = browser.cookies.clone();
    let csrf = browser.get("/bus_lumen/profile/email").await.csrf();
    let out = browser
        .post("/bus_lumen/sign-out", &[("csrf", &csrf)])
        .await;
    assert_eq!(out.location(), "/login/bus_lumen");
    let mut thief = house.browser();
    thief.cookies = stolen;
    assert!(!thief.is_in().await);
}

#[tokio::test]
async fn every_sign_in_has_a_session_of_its_own_and_ends_the_one_before() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = signed_in(&house, 1).await;
    let before = browser.cookies.clone();
    browser
        .fill(
            "/login/bus_lumen?other=1",
            "/bus_lumen/login",
            &[("email", "amelie@example.com")],
        )
        .await;
    let page = browser.get(&link(&house.mail(2).await)).await;
    assert!(page.body.contains("You are signed in as Amélie"));
    browser.press(&link(&house.mail(2).await)).await;
    let mut old = house.browser();
    old.cookies = before;
    assert!(browser.is_in().await && !old.is_in().await);
}

#[tokio::test]
async fn a_new_address_proves_itself_and_everything_of_the_old_one_ends() {
    for house in House::each().await {
        let customer = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let mut other = signed_in(&house, 1).await;
        let mut browser = signed_in(&house, 2).await;
        house.browser().ask("amelie@example.com").await;
        let open = link(&house.mail(3).await);

        let sent = browser
            .fill(
                "/bus_lumen/profile/email",
                "/bus_lumen/profile/email",
                &[("email", "new@example.com")],
            )
            .await;
        assert_eq!(sent.status, StatusCode::OK);
        let proof = house.mail(4).await;
        assert_eq!(proof.to, "new@example.com");
        let mut phone = house.browser();
        phone.get(&link(&proof)).await;
        let mut tx = house.cx.store.read().await.unwrap();
        let still = tx.customer(&lumen(), &customer.id).await.unwrap().unwrap();
        assert_eq!(
            still.email.as_str(),
            "amelie@example.com",
            "a GET changes nothing"
        );
        drop(tx);
        assert_eq!(phone.press(&link(&proof)).await.status, StatusCode::OK);
        assert_eq!(phone.get(&link(&proof)).await.status, StatusCode::GONE);

        let notice = house.mail(5).await;
        assert_eq!(notice.to, "amelie@example.com");
        assert!(
            !notice.text.contains("new@example.com"),
            "the new address is masked"
        );
        assert!(browser.is_in().await && !other.is_in().await);
        assert_eq!(house.browser().get(&open).await.status, StatusCode::GONE);
        house.browser().ask("amelie@example.com").await;
        assert_eq!(house.quiet().await.len(), 5, "the old address is nobody's");
    }
}

#[tokio::test]
async fn a_change_of_address_wants_a_fresh_sign_in() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = signed_in(&house, 1).await;
    house.cx.clock.advance(SignedDuration::from_mins(11));
    let page = browser.get("/bus_lumen/profile/email").await;
    assert!(page.body.contains("sign in again"));
}

#[tokio::test]
async fn a_session_leads_back_to_the_merchants_page_while_its_file_allows_that() {
    let house = House::sqlite().await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let back = "https://shop.example.com/account?from=portal".parse().ok();
    let made = portal_link::create(&house.cx, &lumen(), &customer.id, back, "key_1").await;
    let mut browser = house.browser();
    let link = format!("/bus_lumen/link/{}", made.unwrap().1);
    assert_eq!(browser.press(&link).await.location(), "/bus_lumen/");
    for path in [
        "/bus_lumen/",
        "/bus_lumen/subscriptions",
        "/bus_lumen/profile",
    ] {
        let shown = browser.get(path).await;
        let href = "href=\"https://shop.example.com/account?from=portal\"";
        assert!(shown.body.contains(href), "{path}");
        assert!(shown.body.contains("Back to shop.example.com"), "{path}");
        assert!(
            !shown.body.contains("made the link"),
            "no member of staff did"
        );
    }
    house.configure(|settings| {
        let lumen = settings.businesses.get_mut(&lumen().business).unwrap();
        lumen.return_hosts = vec!["other.example.com".to_owned()];
    });
    let shown = browser.get("/bus_lumen/").await;
    assert!(!shown.body.contains("shop.example.com"));

    let plain = "http://shop.example.com/".parse().ok();
    let refused = portal_link::create(&house.cx, &lumen(), &customer.id, plain, "key_1").await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn whoever_takes_an_address_of_somebody_else_does_not_get_their_account() {
    for house in House::each().await {
        let victim = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let mallory = house
            .customer(&lumen(), "mallory@example.com", "Mallory")
            .await;
        let mut browser = house.browser().at("203.0.113.9");
        browser.ask("mallory@example.com").await;
        browser.press(&link(&house.mail(1).await)).await;
        browser
            .fill(
                "/bus_lumen/profile/email",
                "/bus_lumen/profile/email",
                &[("email", "amelie@example.com")],
            )
            .await;
        let proof = house.mail(2).await;
        assert_eq!(proof.to, "amelie@example.com");
        let mut phone = house.browser();
        let page = phone.get(&link(&proof)).await;
        assert!(
            page.body.contains("203.0.113.0/24") && page.body.contains("Firefox"),
            "the page says where it was asked: {}",
            page.body
        );
        assert_eq!(phone.press(&link(&proof)).await.status, StatusCode::OK);

        let accounts = browser.get("/bus_lumen/accounts").await;
        assert!(accounts.body.contains("Mallory"), "{}", accounts.body);
        assert!(!accounts.body.contains("Amélie"), "{}", accounts.body);
        let csrf = accounts.csrf();
        let choice = [("account", victim.id.as_str()), ("csrf", csrf.as_str())];
        let refused = browser.post("/bus_lumen/accounts", &choice).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        let own = [("account", mallory.id.as_str()), ("csrf", csrf.as_str())];
        let chosen = browser.post("/bus_lumen/accounts", &own).await;
        assert_eq!(chosen.location(), "/bus_lumen/");
        assert!(browser.is_in().await);
    }
}

#[tokio::test]
async fn a_change_by_the_merchant_ends_all_that_the_old_address_opens() {
    for house in House::each().await {
        let customer = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let mut browser = signed_in(&house, 1).await;
        let made = portal_link::create(&house.cx, &lumen(), &customer.id, None, "key_1").await;
        let dynamic = format!("/bus_lumen/link/{}", made.unwrap().1);
        house.browser().ask("amelie@example.com").await;
        let asked = link(&house.mail(2).await);
        let form = "/bus_lumen/profile/email";
        let fields = [("email", "new@example.com")];
        browser.fill(form, form, &fields).await;
        let proof = link(&house.mail(3).await);

        let changes = Changes {
            email: Some("other@example.com".parse().unwrap()),
            ..Changes::default()
        };
        customer::update(&house.cx, &lumen(), &customer.id, changes)
            .await
            .unwrap();
        assert!(!browser.is_in().await);
        for link in [dynamic, asked, proof] {
            let shown = house.browser().get(&link).await;
            assert_eq!(shown.status, StatusCode::GONE, "{link}");
        }
        let audit = dump(&house.url).await.remove("audit").unwrap();
        for action in [
            "session.open",
            "login_request.use",
            "portal_link.create",
            "customer.ask_email",
            "customer.update",
        ] {
            let told = audit.iter().any(|row| row.contains(action));
            assert!(told, "no row tells of {action}");
        }
        let address = audit.iter().find(|row| row.contains('@'));
        assert_eq!(address, None);
    }
}

#[tokio::test]
async fn the_audit_tells_of_a_used_link_and_of_an_address_that_was_proven() {
    for house in House::each().await {
        let customer = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let made = portal_link::create(&house.cx, &lumen(), &customer.id, None, "key_1").await;
        let token = made.unwrap().1;
        house
            .browser()
            .press(&format!("/bus_lumen/link/{token}"))
            .await;
        let mut browser = signed_in(&house, 1).await;
        let form = "/bus_lumen/profile/email";
        browser
            .fill(form, form, &[("email", "new@example.com")])
            .await;
        let audit = dump(&house.url).await.remove("audit").unwrap();
        let proven = |audit: &[String]| {
            let mut rows = audit.iter();
            rows.any(|row| {
                row.contains("customer.change_email") && row.contains(customer.id.as_str())
            })
        };
        assert!(!proven(&audit), "nothing is proven yet");
        assert!(audit.iter().any(|row| row.contains("portal_link.use")));

        house.browser().press(&link(&house.mail(2).await)).await;
        let audit = dump(&house.url).await.remove("audit").unwrap();
        assert!(proven(&audit), "{audit:?}");
        let told = |secret: &str| audit.iter().any(|row| row.contains(secret));
        assert!(!told("@") && !told(&token));
    }
}
