//! What a customer meets: the hosted page, the bank's page, and the ways back.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{World, collecting, until};

#[tokio::test]
async fn the_page_names_the_merchant_and_the_amount_and_labels_its_fields() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    let url = charge["action"]["url"].as_str().expect("a page");
    let answer = world.client.get(url).send().await.expect("a page");
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(
        policy.contains("form-action 'self' https://portal.example.com;"),
        "{policy}"
    );
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let page = answer.text().await.expect("a page");
    for expected in [
        "Example Shop",
        "€29.00",
        "Pro plan",
        "autocomplete=\"cc-number\"",
        "autocomplete=\"cc-exp\"",
        "autocomplete=\"cc-csc\"",
        "autocomplete=\"cc-name\"",
        "<label for=\"number\">",
        "4000 0025 0000 3155",
        "Cancel and go back",
    ] {
        assert!(page.contains(expected), "{expected} is not on the page");
    }
    assert!(!page.contains("<script"));
    let debit = world
        .client
        .get(format!("{url}?with=debit"))
        .send()
        .await
        .expect("a page");
    assert!(
        debit
            .text()
            .await
            .expect("a page")
            .contains("DE89 3704 0044 0532 0130 00")
    );
}

#[tokio::test]
async fn what_comes_from_outside_is_escaped_on_the_page() {
    let world = World::start().await;
    let mut order = collecting("cus_1");
    order["description"] = json!("<script>alert(1)</script>");
    order["customer"]["name"] = json!("\"><img src=x>");
    let (_, charge) = world.order("/v1/charges", "k", &order).await;
    let url = charge["action"]["url"].as_str().expect("a page");
    let page = world
        .client
        .get(url)
        .send()
        .await
        .expect("a page")
        .text()
        .await
        .expect("a page");
    assert!(!page.contains("<script>") && !page.contains("<img"));
}

#[tokio::test]
async fn a_paid_page_leads_back_with_the_charge_and_cannot_be_paid_again() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    let answer = world.pay(&charge, "4242424242424242").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let id = charge["id"].as_str().expect("an id");
    assert_eq!(
        answer.headers()["location"],
        format!("https://portal.example.com/return/abc?x=1&charge={id}")
    );
    let again = world.pay(&charge, "5555555555554444").await;
    assert_eq!(again.status(), StatusCode::OK);
    assert!(
        again
            .text()
            .await
            .expect("a page")
            .contains("This payment is done.")
    );
    assert_eq!(world.charge(&charge).await["method"]["last_four"], "4242");
    assert_eq!(world.ledger_count().await, 1);
}

#[tokio::test]
async fn an_approved_confirmation_charges_and_a_refused_one_does_not() {
    let world = World::start().await;
    for (decision, status, entries) in [("approve", "succeeded", 1), ("refuse", "declined", 1)] {
        let charge = world.collect(decision).await;
        let answer = world.pay(&charge, "4000002500003155").await;
        let page = answer.headers()["location"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(page.starts_with("/3ds/"), "{page}");
        let shown = world
            .client
            .get(world.url(&page))
            .send()
            .await
            .expect("a page");
        let shown = shown.text().await.expect("a page");
        assert!(shown.contains("€29.00") && shown.contains("3155"));
        assert_eq!(world.charge(&charge).await["status"], "requires_action");
        let back = world.submit(&page, format!("decision={decision}")).await;
        assert_eq!(back.status(), StatusCode::SEE_OTHER);
        let charge = world.charge(&charge).await;
        assert_eq!(charge["status"], status);
        assert_eq!(charge["method"]["saved"], decision == "approve");
        assert_eq!(world.ledger_count().await, entries);
    }
}

#[tokio::test]
async fn a_confirmation_can_still_end_in_a_decline() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    let answer = world.pay(&charge, "4000008400001629").await;
    let page = answer.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    world.submit(&page, "decision=approve".to_owned()).await;
    assert_eq!(
        world.charge(&charge).await["decline"]["code"],
        "generic_decline"
    );
}

#[tokio::test]
async fn a_page_that_was_cancelled_by_customer_or_merchant_takes_no_card() {
    let world = World::start().await;
    let charge = world.collect("customer").await;
    let url = charge["action"]["url"].as_str().expect("a page");
    let back = world.submit(&format!("{url}/cancel"), String::new()).await;
    assert_eq!(back.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.charge(&charge).await["status"], "cancelled");

    let charge = world.collect("merchant").await;
    let cancel = format!(
        "/v1/charges/{}/cancel",
        charge["id"].as_str().expect("an id")
    );
    for _ in 0..2 {
        assert_eq!(
            world.post(&cancel, json!({})).await.1["result"],
            "cancelled"
        );
    }
    let late = world.pay(&charge, "4242424242424242").await;
    assert!(
        late.text()
            .await
            .expect("a page")
            .contains("no longer open")
    );
    assert_eq!(world.ledger_count().await, 0);
}

#[tokio::test]
async fn cancelling_a_charge_that_was_made_is_too_late_and_says_how_it_ended() {
    let world = World::start().await;
    for (number, status) in [
        ("4242424242424242", "succeeded"),
        ("4000000000000002", "declined"),
    ] {
        let charge = world.collect(number).await;
        world.pay(&charge, number).await;
        let cancel = format!(
            "/v1/charges/{}/cancel",
            charge["id"].as_str().expect("an id")
        );
        let (_, answer) = world.post(&cancel, json!({})).await;
        assert_eq!(answer["result"], "too_late");
        assert_eq!(answer["object"]["status"], status);
    }
}

#[tokio::test]
async fn a_page_whose_time_is_over_is_cancelled_by_itself() {
    let world = World::start().await;
    let mut order = collecting("cus_1");
    let now = now_in_micros();
    order["expires_at"] = json!(now + 300_000);
    let (_, charge) = world.order("/v1/charges", "k", &order).await;
    until("expired", async || {
        (world.charge(&charge).await["status"] == "cancelled").then_some(())
    })
    .await;
    let late = world.pay(&charge, "4242424242424242").await;
    assert!(
        late.text()
            .await
            .expect("a page")
            .contains("no longer open")
    );
    assert_eq!(world.ledger_count().await, 0);
}

/// The time in microseconds, as the processor's API counts it.
fn now_in_micros() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("after 1970");
    i64::try_from(since.as_micros()).expect("before 2262")
}

#[tokio::test]
async fn a_merchant_who_takes_only_cards_is_paid_by_card() {
    let world = World::start().await;
    let mut order = collecting("cus_1");
    order["only_kind"] = json!("card");
    let (_, charge) = world.order("/v1/charges", "k", &order).await;
    let url = charge["action"]["url"].as_str().expect("a page");
    let page = world
        .client
        .get(format!("{url}?with=debit"))
        .send()
        .await
        .expect("a page");
    let page = page.text().await.expect("a page");
    assert!(page.contains("Card number") && !page.contains("Bank account"));
    let answer = world
        .fill(
            &charge,
            &[("with", "debit"), ("iban", "DE89370400440532013000")],
        )
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_unknown_token_and_an_incomplete_form_say_what_is_wrong() {
    let world = World::start().await;
    let missing = world
        .client
        .get(world.url("/pay/nothing"))
        .send()
        .await
        .expect("a page");
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    let charge = world.collect("k").await;
    let answer = world
        .fill(
            &charge,
            &[
                ("with", "card"),
                ("number", "4242424242424242"),
                ("expiry", "01/20"),
            ],
        )
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text().await.expect("a page");
    assert!(page.contains("This card has expired.") && page.contains("Enter the 3 digits"));
    assert!(page.contains("aria-invalid=\"true\" aria-describedby=\"expiry-error\""));
}

#[tokio::test]
async fn the_front_page_lists_what_happened() {
    let world = World::start().await;
    let charge = world.collect("k").await;
    world.pay(&charge, "4242424242424242").await;
    let page = world
        .client
        .get(world.url("/"))
        .send()
        .await
        .expect("a page");
    let page = page.text().await.expect("a page");
    assert!(page.contains(charge["id"].as_str().expect("an id")));
    assert!(page.contains("visa •••• 4242"));
    assert!(!page.contains("/pay/"), "tokens of open pages stay secret");
}
