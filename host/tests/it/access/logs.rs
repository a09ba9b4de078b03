//! Nothing that opens a door and no address is ever logged.

use secrecy::ExposeSecret as _;
use vestibule::flows::{AttemptOf, api_key, portal_link, staff, token};

use super::{Browser, House, code, link, lumen};
use crate::support::log::Log;

/// Staff's links, dynamic links, proofs of an address, keys of the API and tokens of the host's
/// key; answers every secret that was on the way.
async fn other_ways_in(house: &House, browser: &mut Browser) -> Vec<String> {
    let mut secrets = Vec::new();
    let form = "/bus_lumen/profile/email";
    let fields = [("email", "new@example.com")];
    browser.fill(form, form, &fields).await;
    let proof = link(&house.mail(2).await);
    house.browser().press(&proof).await;
    house.mail(3).await;
    secrets.push(proof.rsplit('/').next().unwrap().to_owned());

    let email = "ops@host.example".parse().unwrap();
    let url = staff::first_link(&house.cx, &email, "Ops").await.unwrap();
    let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
    let mut console = house.browser();
    console.press(path).await;
    console.get("/console/").await;
    secrets.push(path.rsplit('/').next().unwrap().to_owned());
    secrets.push(console.cookies["vestibule-session-console"].clone());

    let mut tx = house.cx.store.read().await.unwrap();
    let email = "new@example.com".parse().unwrap();
    let customer = tx.customers_by_email(&lumen(), &email).await.unwrap();
    drop(tx);
    let id = customer[0].id.clone();
    let (_, token) = portal_link::create(&house.cx, &lumen(), &id, None, "key_1")
        .await
        .unwrap();
    let path = format!("/bus_lumen/link/{token}");
    house.browser().press(&path).await;
    house.browser().press(&path).await;
    secrets.push(token);

    let (_, key) = api_key::create(&house.cx, &lumen(), "tests", true)
        .await
        .unwrap();
    let key = key.expose_secret().to_owned();
    for wrong in ["", "x"] {
        let mut merchant = house.browser();
        let bearer = format!("Bearer {key}{wrong}");
        merchant.headers.push(("authorization", bearer));
        merchant.get("/api/customers?email=new@example.com").await;
        merchant.get("/api/invoices/payments/pay_1").await;
    }
    secrets.push(key);

    let of = AttemptOf::Payment(house.cx.new_id());
    let payment = house.cx.new_id();
    let pay = token::pay(&house.cx, &lumen(), &payment);
    let back = token::returning(&house.cx, &lumen(), &of).unwrap();
    for path in [
        format!("/pay/{pay}"),
        format!("/pay/{pay}/status"),
        format!("/return/{back}"),
        format!("/api/invoices/payments/{payment}?token={pay}"),
    ] {
        house.browser().get(&path).await;
    }
    for token in [pay, back] {
        secrets.push(token.rsplit('.').next().unwrap().to_owned());
    }
    secrets
}

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
    let mut secrets = other_ways_in(&house, &mut browser).await;

    let text = log.text();
    assert!(text.contains("answered"), "something is logged");
    let token = link(&mail).rsplit('/').next().unwrap().to_owned();
    let digits = code(&mail).replace(' ', "");
    let session = browser.cookies["vestibule-session-live-bus_lumen"].clone();
    secrets.extend([
        "amelie".to_owned(),
        "example.com".to_owned(),
        "host.example".to_owned(),
        token,
        digits,
        "12345678".to_owned(),
        session,
    ]);
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in the log:\n{text}");
    }
}
