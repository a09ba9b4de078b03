//! Hosts: a business with one of its own over https, and one whose file went away.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use vestibule::config::Settings;
use vestibule::domain::Scope;

use super::{Browser, House, Shown, harbour, lumen};

const OWN: &str = "billing.lumen.example";
const SHARED: &str = "portal.example.com";

impl House {
    /// Changes the configuration as a changed file does.
    pub(super) fn configure(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.cx.settings.load_full()).clone();
        change(&mut settings);
        self.cx.settings.store(Arc::new(settings));
    }

    fn browser_on(&self, host: &str) -> Browser {
        let mut browser = self.browser();
        browser.headers[0] = ("host", host.to_owned());
        browser
    }
}

/// A house that is reached over https, where Lumen has a host of its own.
async fn over_https() -> House {
    let house = House::sqlite().await;
    house.configure(|settings| {
        let origin = |host: &str| format!("https://{host}").parse().unwrap();
        settings.server.public_url = origin(SHARED);
        settings.server.console_url = Some(origin("console.example.com"));
        let lumen = settings.businesses.get_mut(&lumen().business).unwrap();
        lumen.live.host = Some(origin(OWN));
    });
    house
}

fn set_cookies(shown: &Shown) -> Vec<&str> {
    let cookies = shown.headers.get_all(header::SET_COOKIE).iter();
    cookies.map(|cookie| cookie.to_str().unwrap()).collect()
}

#[tokio::test]
async fn over_https_every_cookie_is_bound_to_its_host_and_signing_in_works_there() {
    let house = over_https().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser_on(OWN);
    let page = browser.get("/login").await;
    assert_eq!(page.status, StatusCode::OK);
    let mut seen: Vec<String> = set_cookies(&page).iter().map(|c| (*c).to_owned()).collect();
    let fields = [("email", "amelie@example.com"), ("csrf", &page.csrf())];
    let asked = browser.post("/login", &fields).await;
    assert_eq!(asked.location(), "/login/mail");

    let mail = house.mail(1).await;
    let origin = format!("https://{OWN}");
    let at = mail.text.find(&origin).expect("the link is to its host") + origin.len();
    let link = mail.text[at..]
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    assert!(link.starts_with("/link/"), "{link}");
    let entered = browser.press(&link).await;
    assert_eq!(entered.location(), "/");
    seen.extend(set_cookies(&entered).iter().map(|c| (*c).to_owned()));
    seen.extend(
        set_cookies(&browser.get("/?lang=es").await)
            .iter()
            .map(|c| (*c).to_owned()),
    );
    assert_eq!(browser.get("/profile/email").await.status, StatusCode::OK);

    for purpose in ["session", "browser", "known", "language"] {
        let name = format!("__Host-vestibule-{purpose}-live-bus_lumen=");
        assert!(
            seen.iter().any(|cookie| cookie.starts_with(&name)),
            "{name} in {seen:?}"
        );
    }
    for cookie in &seen {
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        for needed in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
            assert!(attributes.contains(&needed), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let hsts = page.headers.get(header::STRICT_TRANSPORT_SECURITY);
    assert!(hsts.is_some());

    // Its paths have no prefix, and the shared host has none of its pages.
    let mut shared = house.browser_on(SHARED);
    for path in ["/bus_lumen/", "/login/bus_lumen"] {
        assert_eq!(
            shared.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(
        shared.get("/login/bus_harbour").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_host_of_its_own_says_that_it_is_unavailable_when_the_file_of_its_business_went_away() {
    let house = over_https().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    house.configure(|settings| {
        let own = settings.businesses.remove(&lumen().business).unwrap();
        settings.gone = vec![(own.live.host.unwrap(), lumen())];
    });
    let mut browser = house.browser_on(OWN);
    for path in ["/", "/login", "/subscriptions"] {
        let shown = browser.get(path).await;
        assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(shown.body.contains("not available right now"), "{path}");
    }
    let style = browser.get("/assets/default/portal.css").await;
    assert_ne!(style.status, StatusCode::MISDIRECTED_REQUEST);
    let mut stranger = house.browser_on("other.example.com");
    let shown = stranger.get("/").await;
    assert_eq!(shown.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_host_of_its_own_is_known_after_a_restart_without_the_file_of_its_business() {
    for mut house in House::each().await {
        house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        let own: url::Url = format!("https://{OWN}").parse().unwrap();
        let with_file = house.settings.clone();
        // Each look is a process of its own.
        let look = async |house: &House, host: &str| {
            let mut browser = Browser::new(house.process().await);
            browser.headers[0] = ("host", host.to_owned());
            browser.get("/login").await
        };
        let set_host = |house: &mut House, of: &Scope, host: Option<&url::Url>| {
            let business = house.settings.businesses.get_mut(&of.business).unwrap();
            business.live.host = host.cloned();
        };
        set_host(&mut house, &lumen(), Some(&own));
        assert_eq!(look(&house, OWN).await.status, StatusCode::OK);

        house.settings.businesses.remove(&lumen().business);
        for _ in 0..2 {
            let shown = look(&house, OWN).await;
            assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(shown.body.contains("not available right now"));
        }
        let stranger = look(&house, "other.example.com").await;
        assert_eq!(stranger.status, StatusCode::MISDIRECTED_REQUEST);

        // Whoever has the host now has it, be it another business or the shared portal.
        set_host(&mut house, &harbour(), Some(&own));
        let taken = look(&house, OWN).await;
        assert_eq!(taken.status, StatusCode::OK);
        assert!(taken.body.contains("Harbour"));
        set_host(&mut house, &harbour(), None);
        let shared = std::mem::replace(&mut house.settings.server.public_url, own);
        let shown = look(&house, OWN).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "the shared portal");
        house.settings.server.public_url = shared;

        // A file without the host gives it up.
        house.settings = with_file;
        look(&house, OWN).await;
        house.settings.businesses.remove(&lumen().business);
        let given_up = look(&house, OWN).await;
        assert_eq!(given_up.status, StatusCode::MISDIRECTED_REQUEST);
    }
}

#[tokio::test]
async fn a_business_whose_file_went_away_is_unavailable_and_no_secret_is_told() {
    for house in House::each().await {
        house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        house.configure(|settings| settings.businesses.clear());
        let mut browser = house.browser();
        for path in [
            "/login/bus_lumen",
            "/bus_lumen/",
            "/bus_lumen/subscriptions",
            "/bus_lumen/link/nothing",
        ] {
            let shown = browser.get(path).await;
            assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(shown.body.contains("not available right now"), "{path}");
            assert!(!shown.body.contains("Lumen"), "{path}");
        }
        // Nobody has ever been a customer of these.
        for path in [
            "/login/bus_harbour",
            "/login/bus_nobody",
            "/test/login/bus_lumen",
        ] {
            let shown = browser.get(path).await;
            assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}");
        }
        let hook = browser.post("/hooks/bus_lumen/live/main", &[]).await;
        assert_eq!(hook.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn the_mailbox_is_for_whoever_sits_at_this_machine_whatever_the_host_header_says() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    browser.ask("amelie@example.com").await;
    let one = format!("/mailbox/{}", house.mail(1).await.id);
    let mut stranger = house.browser();
    stranger.peer = Some("192.0.2.7:4711".parse().unwrap());
    let mut proxied = house.browser().at("192.0.2.7");
    for path in ["/mailbox", &one] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
        for other in [&mut stranger, &mut proxied] {
            let shown = other.get(path).await;
            assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    house.configure(|settings| settings.server.listen = "0.0.0.0:8080".parse().unwrap());
    for path in ["/mailbox", &one] {
        let shown = browser.get(path).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}");
    }
}
