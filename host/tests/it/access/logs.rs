//! Nothing that opens a door and no address is ever logged.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::layer::SubscriberExt as _;

use super::{House, code, link, lumen};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_code_or_address_is_logged_on_the_way_in() {
    let log = Log::default();
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .with_ansi(false);
    // Everything of ours, at every level; this test runs on one thread.
    let filter = tracing_subscriber::EnvFilter::new("vestibule=trace,tower_http=trace,axum=trace");
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    // With one dispatcher alone, a line that another test's thread reaches first would be taken
    // as unwanted by all; a second one makes every thread ask both.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);

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

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
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
