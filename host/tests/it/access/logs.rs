//! Nothing that opens a door and no address is ever logged.

use super::{House, code, link, lumen};
use crate::support::log::Log;

#[tokio::test]
async fn no_token_code_or_address_is_logged_on_the_way_in() {
    // Everything of ours, at every level; this test runs on one thread.
    let (log, _guard) = Log::of_this_thread("vestibule=trace,tower_http=trace,axum=trace");

    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    browser.ask("amelie@example.com").await;
    let mail = house.mail(1).await;
    browser
        .get("/bus_lumen/login?email=amelie@example.com")
        .await;
    browser.enter("12345678").await;
    browser.press(&link(&mail)).await;
    house.browser().press(&link(&mail)).await;
    assert!(browser.is_in().await);

    let text = log.text();
    assert!(text.contains("answered"), "something is logged");
    let token = link(&mail).rsplit('/').next().unwrap().to_owned();
    let digits = code(&mail).replace(' ', "");
    let session = browser.cookies["vestibule-session-live-bus_lumen"].clone();
    for secret in [
        "amelie",
        "example.com",
        token.as_str(),
        digits.as_str(),
        "12345678",
        session.as_str(),
    ] {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
}
