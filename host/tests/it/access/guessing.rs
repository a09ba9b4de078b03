//! What cannot be guessed or counted out: codes that nobody was told, addresses that are known,
//! and requests without end.

use axum::http::StatusCode;
use vestibule::domain::id::LoginRequestId;
use vestibule::flows::session::Client;
use vestibule::flows::sign_in::{self, Question};

use super::{House, code, link, lumen};

async fn asked(house: &House, email: &str) -> LoginRequestId {
    let client = Client {
        network: "203.0.113.0/24".to_owned(),
        agent: String::new(),
        browser: format!("browser of {email}"),
        known: None,
        session: None,
    };
    let question = Question {
        email: email.parse().unwrap(),
        locale: "en".to_owned(),
        next: None,
    };
    let asked = sign_in::ask(&house.cx, &lumen(), &client, question).await;
    let id = asked.unwrap().expect("it is not one of too many");
    house.quiet().await;
    id
}

/// The code of six digits whose hash is kept, if there is one.
async fn guessed(house: &House, id: &LoginRequestId) -> Option<String> {
    let mut tx = house.cx.store.read().await.unwrap();
    let request = tx.login_request(&lumen(), id).await.unwrap().unwrap();
    let kept = request.code_hash.expect("a hash is always kept");
    let kept = data_encoding::HEXLOWER.decode(kept.as_bytes()).unwrap();
    (0..1_000_000)
        .map(|number| format!("{number:06}"))
        .find(|code| {
            let text = format!("{id}:{code}");
            house.cx.keys.sign("login-code", text.as_bytes()).as_slice() == kept
        })
}

#[tokio::test]
async fn the_code_of_a_request_that_was_not_mailed_cannot_be_guessed() {
    let house = House::start(None, "mails_per_address = 1\ncode_digits = 6").await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mailed = asked(&house, "amelie@example.com").await;
    let sent = code(&house.mail(1).await).replace(' ', "");
    assert_eq!(guessed(&house, &mailed).await, Some(sent));

    let over = asked(&house, "amelie@example.com").await;
    assert_eq!(guessed(&house, &over).await, None);
    let unknown = asked(&house, "nobody@example.com").await;
    assert_eq!(guessed(&house, &unknown).await, None);
    assert_eq!(house.quiet().await.len(), 1);
}

#[tokio::test]
async fn one_network_and_one_browser_have_so_many_requests_and_then_the_same_answer() {
    for postgres in [None, Some(crate::support::postgres_url().await)] {
        let login = "requests_per_network = 3\nrequests_per_browser = 2\nmails_per_address = 90";
        let house = House::start(postgres, login).await;
        for index in 0..8 {
            let address = format!("customer{index}@example.com");
            house.customer(&lumen(), &address, "Somebody").await;
        }
        let mut browser = house.browser().at("203.0.113.1");
        for index in 0..3 {
            let shown = browser.ask(&format!("customer{index}@example.com")).await;
            assert_eq!(
                (shown.status, shown.location()),
                (StatusCode::SEE_OTHER, "/bus_lumen/login/mail")
            );
        }
        assert_eq!(house.quiet().await.len(), 2, "the browser has had its two");

        for (address, index) in [("203.0.113.2", 3), ("203.0.113.3", 4)] {
            let mut other = house.browser().at(address);
            let shown = other.ask(&format!("customer{index}@example.com")).await;
            assert_eq!(shown.location(), "/bus_lumen/login/mail");
        }
        assert_eq!(
            house.quiet().await.len(),
            3,
            "the network has had its three"
        );
        let mut elsewhere = house.browser().at("198.51.100.1");
        elsewhere.ask("customer5@example.com").await;
        let mail = house.mail(4).await;

        // Who has signed in before is not kept out by a busy network.
        elsewhere.press(&link(&mail)).await;
        assert!(elsewhere.is_in().await);
        elsewhere.cookies.remove("vestibule-session-live-bus_lumen");
        elsewhere.headers.pop();
        let mut known = elsewhere.at("203.0.113.4");
        known.ask("customer5@example.com").await;
        house.mail(5).await;

        house.cx.clock.advance(jiff::SignedDuration::from_mins(11));
        let mut later = house.browser().at("203.0.113.5");
        later.ask("customer6@example.com").await;
        house.mail(6).await;
    }
}

#[tokio::test]
async fn a_browser_cannot_tell_from_its_own_request_that_others_asked_for_a_known_address() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut seen = Vec::new();
    for address in ["amelie@example.com", "nobody@example.com"] {
        let mut curious = house.browser();
        curious.ask(address).await;
        house.quiet().await;
        let mut answers = Vec::new();
        for _ in 0..3 {
            house.browser().ask(address).await;
            house.quiet().await;
            let shown = curious.enter("00000001").await;
            answers.push((
                shown.status,
                shown.body.contains("not the code"),
                shown.body.contains("no longer works"),
            ));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn of_codes_guessed_at_once_over_two_processes_five_are_tried() {
    for house in House::each().await {
        house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let mut browser = house.browser();
        browser.ask("amelie@example.com").await;
        let right = code(&house.mail(1).await);
        let page = browser.get("/bus_lumen/login/mail").await;
        let csrf = page.csrf();
        let other = house.process().await;
        let guesses = (0..12).map(|round: u32| {
            let mut window = browser.window();
            if round.is_multiple_of(2) {
                window.router = other.clone();
            }
            let csrf = csrf.clone();
            tokio::spawn(async move {
                let fields = [("code", "00000000"), ("csrf", csrf.as_str())];
                let shown = window.post("/bus_lumen/login/code", &fields).await;
                shown.body.contains("not the code")
            })
        });
        let mut wrong = 0;
        for guess in guesses.collect::<Vec<_>>() {
            wrong += usize::from(guess.await.unwrap());
        }
        assert_eq!(wrong, 4, "the fifth ends the request");
        browser.enter(&right).await;
        assert!(!browser.is_in().await);
    }
}
