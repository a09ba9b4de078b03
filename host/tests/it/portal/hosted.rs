//! The hosted payment page, the return from a gateway and its hook: nobody is signed in there.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use vestibule::domain::payment::PaymentState;
use vestibule::flows::{AttemptOf, token};

use super::{House, Page};

impl House {
    async fn visit(&self, method: &str, path: &str) -> Page {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::ACCEPT_LANGUAGE, "en");
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn the_first_payment_tells_seller_price_tax_and_terms_without_signing_in() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (_, payment) = guest.pending(0).await;
    let path = format!("/pay/{}", token::pay(&house.cx, &house.scope, &payment.id));

    let page = house.visit("GET", &path).await;
    assert_eq!(page.status, StatusCode::OK);
    for sentence in [
        "Pay Lumen",
        "To pay now €29.00",
        "Includes 19 % tax",
        "Then €29.00 per month, next on",
        "You can cancel at any time.",
        "We never see the number.",
    ] {
        page.says(sentence);
    }
    assert_eq!(page.all("form button").len(), 1);

    let forged = house.visit("GET", &format!("{path}x")).await;
    assert_eq!(forged.status, StatusCode::NOT_FOUND);
    let from_elsewhere = house.visit("POST", &path).await;
    assert_eq!(from_elsewhere.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whoever_comes_back_is_found_signed_in_on_the_businesss_own_host() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let paid = PaymentState::Succeeded { at: house.now() };
    let payment = guest.payment(&subscription, paid).await;
    let of = AttemptOf::Payment(payment.id.clone());
    let back = token::returning(&house.cx, &house.scope, &of).unwrap();
    let mut settings = (*house.cx.settings.load_full()).clone();
    let lumen = settings.businesses.get_mut(&house.scope.business).unwrap();
    lumen.test.host = Some("http://billing.lumen.example".parse().unwrap());
    house.cx.settings.store(std::sync::Arc::new(settings));

    let shared = house.visit("POST", &format!("/return/{back}")).await;
    let own = format!("http://billing.lumen.example/return/{back}/result");
    assert_eq!(
        (shared.status, shared.location.as_str()),
        (StatusCode::SEE_OTHER, &*own)
    );
    let result = format!("/return/{back}/result");
    assert_eq!(house.visit("GET", &result).await.location, own);
    let there = |cookie: &str| {
        let request = Request::builder()
            .uri(&result)
            .header(header::HOST, "billing.lumen.example")
            .header(header::COOKIE, cookie);
        request.body(Body::empty()).unwrap()
    };
    let known = house.send(there(&guest.cookie)).await;
    assert_eq!(known.location, format!("/payments/{}/progress", payment.id));
    let unknown = house.send(there("")).await;
    assert_eq!(unknown.status, StatusCode::OK);
    unknown.says("Your payment for Lumen Pro went through.");
}

#[tokio::test]
async fn no_hosted_page_is_on_the_consoles_host_or_on_a_host_that_another_business_has() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (_, open) = guest.pending(0).await;
    let subscription = guest.active().await;
    let paid = PaymentState::Succeeded { at: house.now() };
    let payment = guest.payment(&subscription, paid).await;
    let of = AttemptOf::Payment(payment.id.clone());
    let back = token::returning(&house.cx, &house.scope, &of).unwrap();
    let mut settings = (*house.cx.settings.load_full()).clone();
    settings.server.console_url = Some("http://console.host.example".parse().unwrap());
    let mut harbour = settings.businesses[&house.scope.business].clone();
    harbour.id = "bus_harbour".parse().unwrap();
    harbour.test.host = Some("http://billing.harbour.example".parse().unwrap());
    settings.businesses.insert(harbour.id.clone(), harbour);
    house.cx.settings.store(std::sync::Arc::new(settings));

    let status = async |host: &str, path: &str| {
        let request = Request::builder().uri(path).header(header::HOST, host);
        let request = request.body(Body::empty()).unwrap();
        house.send(request).await.status.as_u16()
    };
    let console = "console.host.example";
    let pay = format!("/pay/{}", token::pay(&house.cx, &house.scope, &open.id));
    for path in [pay, format!("/return/{back}/result")] {
        assert_eq!(status("127.0.0.1:8080", &path).await, 200, "{path}");
        assert_eq!(
            status("billing.harbour.example", &path).await,
            404,
            "{path}"
        );
        assert_eq!(status(console, &path).await, 421, "{path}");
    }
    for (path, expected) in [
        ("/mailbox", 421),
        ("/hooks/bus_lumen/test/sandbox", 421),
        ("/assets/default/nothing.css", 404),
        ("/healthz", 200),
        ("/console/login", 200),
    ] {
        assert_eq!(status(console, path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_trial_names_the_product_and_takes_nothing_now() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (_, payment) = guest.pending(14).await;
    let path = format!("/pay/{}", token::pay(&house.cx, &house.scope, &payment.id));
    let page = house.visit("GET", &path).await;
    page.says("Lumen Pro, free for 14 days");
    page.says("€0.00");
    page.says("Start the trial");
}

#[tokio::test]
async fn an_old_hosted_page_says_that_nothing_was_charged() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (_, payment) = guest.pending(0).await;
    let path = format!("/pay/{}", token::pay(&house.cx, &house.scope, &payment.id));
    house.cx.clock.advance(SignedDuration::from_hours(25));
    let page = house.visit("GET", &path).await;
    page.says("This page is no longer valid");
    assert_eq!(page.all("form button").len(), 0);
}

#[tokio::test]
async fn coming_back_leads_to_the_page_of_the_payment() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let paid = PaymentState::Succeeded { at: house.now() };
    let payment = guest.payment(&subscription, paid).await;
    let of = AttemptOf::Payment(payment.id.clone());
    let path = format!(
        "/return/{}",
        token::returning(&house.cx, &house.scope, &of).unwrap()
    );
    for method in ["GET", "POST"] {
        let back = house.visit(method, &path).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER);
        assert_eq!(back.location, format!("{path}/result"));
    }
    // Nobody is signed in: told here. Signed in: on to the portal.
    let told = house.visit("GET", &format!("{path}/result")).await;
    told.says("Payment received");
    let request = Request::builder()
        .uri(format!("{path}/result"))
        .header(header::HOST, "127.0.0.1:8080")
        .header(header::COOKIE, &guest.cookie);
    let on = house.send(request.body(Body::empty()).unwrap()).await;
    on.redirects_to(&format!("/payments/{}/progress", payment.id));
    let forged = house.visit("GET", "/return/forged/result").await;
    assert_eq!(forged.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_delivery_for_a_gateway_that_is_not_there_is_not_found() {
    let house = House::open().await;
    for path in [
        "/hooks/bus_lumen/test/nobody",
        "/hooks/bus_nobody/test/sandbox",
        "/hooks/bus_lumen/sideways/sandbox",
    ] {
        let answer = house.visit("POST", path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
