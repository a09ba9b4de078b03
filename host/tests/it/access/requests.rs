//! What is refused before any handler sees it, and what every answer carries.

use axum::http::StatusCode;

use super::{House, lumen};

#[tokio::test]
async fn an_unknown_host_is_refused_and_the_names_of_this_machine_are_one() {
    let house = House::sqlite().await;
    for (host, path, status) in [
        ("127.0.0.1:8080", "/login/bus_lumen", StatusCode::OK),
        ("localhost:8080", "/login/bus_lumen", StatusCode::OK),
        ("[::1]:8080", "/login/bus_lumen", StatusCode::OK),
        (
            "127.0.0.1:9090",
            "/login/bus_lumen",
            StatusCode::MISDIRECTED_REQUEST,
        ),
        (
            "evil.example",
            "/login/bus_lumen",
            StatusCode::MISDIRECTED_REQUEST,
        ),
        (
            "user@127.0.0.1:8080",
            "/login/bus_lumen",
            StatusCode::MISDIRECTED_REQUEST,
        ),
        ("", "/login/bus_lumen", StatusCode::MISDIRECTED_REQUEST),
        ("evil.example", "/healthz", StatusCode::OK),
        ("evil.example", "/readyz", StatusCode::OK),
    ] {
        let mut browser = house.browser();
        browser.headers[0].1 = host.to_owned();
        assert_eq!(browser.get(path).await.status, status, "{host}{path}");
    }
}

#[tokio::test]
async fn a_form_needs_our_page_our_origin_and_our_token() {
    let house = House::sqlite().await;
    house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    let csrf = browser.get("/login/bus_lumen").await.csrf();
    let fields = [("email", "amelie@example.com"), ("csrf", csrf.as_str())];
    for site in ["cross-site", "same-site", "none"] {
        let shown = browser.post_from(site, "/bus_lumen/login", &fields).await;
        assert_eq!(shown.status, StatusCode::FORBIDDEN, "{site}");
    }
    let untold = browser.post("/bus_lumen/login", &fields[..1]).await;
    assert_eq!(untold.status, StatusCode::FORBIDDEN);

    let mut other = house.browser();
    other.get("/login/bus_lumen").await;
    let foreign = other.post("/bus_lumen/login", &fields).await;
    assert_eq!(
        foreign.status,
        StatusCode::FORBIDDEN,
        "a token of another browser"
    );
    assert_eq!(house.quiet().await.len(), 0);
    let right = browser.post("/bus_lumen/login", &fields).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn pages_carry_their_headers_and_nobody_caches_them() {
    let house = House::sqlite().await;
    let shown = house.browser().get("/login/bus_lumen").await;
    let value = |name: &str| shown.headers[name].to_str().unwrap().to_owned();
    let policy = value("content-security-policy");
    assert!(!policy.contains("unsafe-inline") && policy.contains("default-src 'none'"));
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
    assert_eq!(value("cache-control"), "no-store");
    assert_eq!(value("referrer-policy"), "same-origin");
    assert_eq!(value("x-content-type-options"), "nosniff");
    assert_eq!(value("cross-origin-opener-policy"), "same-origin");
    let cookie = value("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
    let again = house.browser().get("/login/bus_lumen").await;
    assert_ne!(
        value("content-security-policy"),
        again.headers["content-security-policy"].to_str().unwrap()
    );
}

#[tokio::test]
async fn what_is_refused_is_a_page_with_its_request_id_or_json_under_api() {
    let house = House::sqlite().await;
    let page = house.browser().get("/bus_lumen/no-such-page").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(
        page.body
            .contains(page.headers["x-request-id"].to_str().unwrap())
    );
    assert!(page.body.contains("Lumen"), "in the business's frame");
    let api = house.browser().get("/api/no-such-path").await;
    let answer: serde_json::Value = serde_json::from_str(&api.body).unwrap();
    assert!(answer["code"].is_string() && answer["message"].is_string());
    let big = "x".repeat(2 << 20);
    let mut browser = house.browser();
    let csrf = browser.get("/login/bus_lumen").await.csrf();
    let shown = browser
        .post("/bus_lumen/login", &[("email", &big), ("csrf", &csrf)])
        .await;
    assert_eq!(shown.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_language_is_chosen_by_cookie_then_by_browser_and_stays_on_our_paths() {
    let house = House::sqlite().await;
    let mut browser = house.browser();
    browser
        .headers
        .push(("accept-language", "es-MX,en;q=0.5".to_owned()));
    assert!(
        browser
            .get("/login/bus_lumen")
            .await
            .body
            .contains("lang=\"es\"")
    );
    let chosen = browser
        .get("/login/bus_lumen?lang=en&next=%2Fprofile")
        .await;
    assert_eq!(chosen.location(), "/login/bus_lumen?next=%2Fprofile");
    assert!(
        browser
            .get("/login/bus_lumen")
            .await
            .body
            .contains("lang=\"en\"")
    );
    let away = house.browser().get("//evil.example/?lang=en").await;
    assert_eq!(away.location(), "");
}

#[tokio::test]
async fn no_link_of_an_error_page_leads_to_another_host() {
    let house = House::sqlite().await;
    for path in ["//evil.example/x", "///evil.example/x", "/\\evil.example/x"] {
        let page = house.browser().get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("lang=es"), "{}", page.body);
        for away in ["href=\"//", "href=\"/\\"] {
            assert!(!page.body.contains(away), "{path}: {}", page.body);
        }
        let chosen = house.browser().get(&format!("{path}?lang=es")).await;
        assert_eq!(chosen.location(), "", "{path}");
    }
}

#[tokio::test]
async fn choosing_a_language_is_answered_with_the_headers_of_every_answer() {
    let house = House::sqlite().await;
    let chosen = house.browser().get("/login/bus_lumen?lang=es").await;
    assert_eq!(chosen.status, StatusCode::SEE_OTHER);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        let found = chosen
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap());
        assert_eq!(found, Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_browser_that_does_not_say_its_site_must_say_our_origin() {
    let house = House::sqlite().await;
    for (origin, status) in [
        (Some("http://127.0.0.1:8080"), StatusCode::SEE_OTHER),
        (Some("http://127.0.0.1:9090"), StatusCode::FORBIDDEN),
        (Some("https://127.0.0.1:8080"), StatusCode::FORBIDDEN),
        (Some("null"), StatusCode::FORBIDDEN),
        (None, StatusCode::FORBIDDEN),
    ] {
        let mut browser = house.browser();
        let csrf = browser.get("/login/bus_lumen").await.csrf();
        let mut request = axum::http::Request::post("/bus_lumen/login")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let body = format!("email=amelie@example.com&csrf={csrf}");
        let shown = browser.send(request, body.into()).await;
        assert_eq!(shown.status, status, "{origin:?}");
    }
}

#[tokio::test]
async fn over_https_files_of_themes_say_so_too() {
    let house = House::sqlite().await;
    let page = house.browser().get("/login/bus_lumen").await;
    let from = page.body.find("/assets/").expect("a style sheet");
    let path = page.body[from..].split('"').next().unwrap().to_owned();
    house.configure(|settings| {
        settings.server.public_url = "https://portal.example.com".parse().unwrap();
        settings.server.console_url = "https://console.example.com".parse().ok();
    });
    let mut browser = house.browser();
    browser.headers[0].1 = "portal.example.com".to_owned();
    let file = browser.get(&path).await;
    assert_eq!(file.status, StatusCode::OK, "{path}");
    let header = |name: &str| file.headers[name].to_str().unwrap().to_owned();
    assert!(header("strict-transport-security").contains("max-age=31536000"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(
        header("cache-control").contains("max-age"),
        "{}",
        header("cache-control")
    );
}
