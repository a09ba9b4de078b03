//! The static link: one answer for any address, a link that works everywhere and a code that
//! works in one browser.

use axum::http::StatusCode;

use super::{Browser, House, code, link, lumen};

#[tokio::test]
async fn opening_a_link_signs_nobody_in_and_pressing_its_button_does() {
    for house in House::each().await {
        house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let mut browser = house.browser();
        let asked = browser.ask("Amelie@Example.com").await;
        assert_eq!(
            (asked.status, asked.location()),
            (StatusCode::SEE_OTHER, "/bus_lumen/login/mail")
        );
        let link = link(&house.mail(1).await);

        let mut phone = house.browser();
        let page = phone.get(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("a•••@example.com") || page.body.contains("A•••@Example.com"));
        assert!(page.body.contains("Lumen"));
        assert!(!phone.is_in().await, "a GET signs nobody in");
        assert_eq!(phone.press(&link).await.location(), "/bus_lumen/");
        assert!(phone.is_in().await);

        assert_eq!(
            phone.press(&link).await.location(),
            "/bus_lumen/",
            "a second press enters"
        );
        let late = browser.press(&link).await;
        assert_eq!(late.status, StatusCode::GONE);
        assert!(!browser.is_in().await, "a link is used once");
    }
}

#[tokio::test]
async fn a_code_works_in_the_browser_that_asked_and_nowhere_else() {
    for house in House::each().await {
        house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let mut browser = house.browser();
        browser.ask("amelie@example.com").await;
        let mail = house.mail(1).await;
        let code = code(&mail);
        assert_eq!(code.replace(' ', "").len(), 8);

        let mut other = house.browser();
        other.ask("somebody@example.com").await;
        house.quiet().await;
        assert_eq!(
            other.enter(&code).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert!(!other.is_in().await);

        assert_eq!(browser.enter(&code).await.location(), "/bus_lumen/");
        assert!(browser.is_in().await);
        let used = other.press(&link(&mail)).await;
        assert_eq!(used.status, StatusCode::GONE, "the code ends the link");
    }
}

#[tokio::test]
async fn five_wrong_codes_end_a_request() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    browser.ask("amelie@example.com").await;
    let right = code(&house.mail(1).await);
    let wrong = if right.starts_with('0') {
        "11111111"
    } else {
        "00000000"
    };
    for _ in 0..4 {
        let shown = browser.enter(wrong).await;
        assert!(shown.body.contains("not the code"), "{}", shown.body);
    }
    assert!(browser.enter(wrong).await.body.contains("no longer works"));
    assert!(browser.enter(&right).await.body.contains("no longer works"));
    assert!(!browser.is_in().await);
}

#[tokio::test]
async fn an_unknown_address_is_answered_as_a_known_one_is() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut seen = Vec::new();
    for address in ["amelie@example.com", "nobody@example.com"] {
        let mut browser = house.browser();
        let mut answers = Vec::new();
        let asked = browser.ask(address).await;
        answers.push((asked.status, asked.location().to_owned(), asked.body));
        house.quiet().await;
        for _ in 0..6 {
            let shown = browser.enter("00000001").await;
            let csrf = shown.csrf();
            let id = shown.headers["x-request-id"].to_str().unwrap().to_owned();
            let nonce = nonce(&shown.headers);
            let body = shown
                .body
                .replace(&csrf, "")
                .replace(&id, "")
                .replace(&nonce, "");
            answers.push((shown.status, String::new(), body));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(
        house.quiet().await.len(),
        1,
        "only the known address is written to"
    );
}

fn nonce(headers: &axum::http::HeaderMap) -> String {
    let policy = headers["content-security-policy"].to_str().unwrap();
    let start = policy.find("nonce-").unwrap() + "nonce-".len();
    policy[start..].split('\'').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_address_gets_five_mails_an_hour_from_all_processes_together() {
    for house in House::each().await {
        house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let other = house.process().await;
        let mut first = None;
        for round in 0..7 {
            let router = if round % 2 == 0 {
                house.router.clone()
            } else {
                other.clone()
            };
            // Every time from another network, and with another browser.
            let mut browser = Browser::new(router).at(&format!("198.51.{round}.7"));
            assert_eq!(
                browser.ask("amelie@example.com").await.status,
                StatusCode::SEE_OTHER
            );
            house.quiet().await;
            if round == 4 {
                first = Some(browser);
            }
        }
        let mail = house.mail(5).await;
        let mut fifth = first.unwrap();
        fifth.enter(&code(&mail)).await;
        assert!(fifth.is_in().await, "the newest mail stays valid");
    }
}

#[tokio::test]
async fn a_network_gets_sixty_mails_an_hour() {
    let house = House::start(None, "mails_per_network = 3").await;
    for index in 0..5 {
        let address = format!("customer{index}@example.com");
        house.customer(&lumen(), &address, "Somebody").await;
        let mut browser = house.browser().at(&format!("203.0.113.{index}"));
        browser.ask(&address).await;
    }
    assert_eq!(house.quiet().await.len(), 3);
    let mut elsewhere = house.browser().at("198.51.100.1");
    elsewhere.ask("customer4@example.com").await;
    assert_eq!(house.quiet().await.len(), 4);
}

#[tokio::test]
async fn a_browser_that_has_signed_in_before_has_a_count_of_its_own() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    browser.ask("amelie@example.com").await;
    browser.press(&link(&house.mail(1).await)).await;
    let csrf = browser.get("/bus_lumen/profile/email").await.csrf();
    browser
        .post("/bus_lumen/sign-out", &[("csrf", csrf.as_str())])
        .await;
    assert!(!browser.is_in().await);

    for _ in 0..6 {
        house.browser().ask("amelie@example.com").await;
    }
    assert_eq!(
        house.quiet().await.len(),
        5,
        "somebody has used the address's count up"
    );
    browser.ask("amelie@example.com").await;
    house.mail(6).await;
}

#[tokio::test]
async fn three_requests_of_an_address_live_at_once() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut links = Vec::new();
    for count in 1..=4 {
        house.browser().ask("amelie@example.com").await;
        links.push(link(&house.mail(count).await));
    }
    let mut states = Vec::new();
    for link in &links {
        states.push(house.browser().get(link).await.status);
    }
    assert_eq!(
        states,
        [
            StatusCode::GONE,
            StatusCode::OK,
            StatusCode::OK,
            StatusCode::OK
        ]
    );
}

#[tokio::test]
async fn an_old_link_offers_a_new_one_to_the_address_it_was_for() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    house.browser().ask("amelie@example.com").await;
    let old = link(&house.mail(1).await);
    house.cx.clock.advance(jiff::SignedDuration::from_mins(11));

    let mut browser = house.browser();
    let page = browser.get(&old).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(!page.body.contains("example.com") || !page.body.contains("a•••@"));
    let again = browser
        .post(&format!("{old}/again"), &[("csrf", &page.csrf())])
        .await;
    assert_eq!(again.location(), "/bus_lumen/login/mail");
    let mail = house.mail(2).await;
    assert_eq!(mail.to, "amelie@example.com");
    browser.press(&link(&mail)).await;
    assert!(browser.is_in().await);
}

#[tokio::test]
async fn an_address_of_several_customers_chooses_among_its_own() {
    let house = House::sqlite().await;
    let one = house
        .customer(&lumen(), "amelie@example.com", "Amélie at work")
        .await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie at home")
        .await;
    let stranger = house
        .customer(&lumen(), "other@example.com", "Somebody else")
        .await;
    let mut browser = house.browser();
    browser.ask("amelie@example.com").await;
    browser.press(&link(&house.mail(1).await)).await;

    let shown = browser.get("/bus_lumen/profile/email").await;
    assert_eq!(shown.location(), "/bus_lumen/accounts");
    let page = browser.get("/bus_lumen/accounts").await;
    assert!(page.body.contains("Amélie at work") && page.body.contains("Amélie at home"));
    assert!(!page.body.contains("Somebody else"));
    let (csrf, accounts) = (page.csrf(), "/bus_lumen/accounts");
    let foreign = [("account", stranger.id.as_str()), ("csrf", csrf.as_str())];
    assert_eq!(
        browser.post(accounts, &foreign).await.status,
        StatusCode::NOT_FOUND
    );
    let mine = [("account", one.id.as_str()), ("csrf", csrf.as_str())];
    assert_eq!(
        browser.post(accounts, &mine).await.location(),
        "/bus_lumen/"
    );
    assert!(browser.is_in().await);
}

#[tokio::test]
async fn after_signing_in_the_customer_is_where_they_wanted_to_go() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    let sent = browser.get("/bus_lumen/profile/email").await;
    assert_eq!(sent.location(), "/login/bus_lumen?next=%2Fprofile%2Femail");
    let fields = [("email", "amelie@example.com"), ("next", "/profile/email")];
    browser
        .fill(sent.location(), "/bus_lumen/login", &fields)
        .await;
    let entered = browser.press(&link(&house.mail(1).await)).await;
    assert_eq!(entered.location(), "/bus_lumen/profile/email");
    assert_eq!(
        browser.get("/login/bus_lumen").await.location(),
        "/bus_lumen/"
    );

    let mut other = house.browser();
    let away = [("email", "amelie@example.com"), ("next", "//evil.example")];
    other
        .fill("/login/bus_lumen", "/bus_lumen/login", &away)
        .await;
    let entered = other.press(&link(&house.mail(2).await)).await;
    assert_eq!(entered.location(), "/bus_lumen/");
}
