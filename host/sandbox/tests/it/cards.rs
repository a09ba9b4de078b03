//! Every test card and account does what its documentation says.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{World, charging, collecting, until};

#[tokio::test]
async fn a_declining_card_declines_with_its_code_and_advice() {
    let world = World::start().await;
    for (number, code, advice) in [
        ("4000000000000002", "generic_decline", "later"),
        ("4000000000009995", "insufficient_funds", "later"),
        ("4000000000009987", "lost_card", "never"),
        ("4000000000009979", "stolen_card", "never"),
        ("4000000000000069", "expired_card", "new_method"),
        ("4000000000000127", "incorrect_cvc", "new_method"),
        ("4000000000000119", "processing_error", "later"),
        ("4100000000000019", "fraudulent", "never"),
        ("4000000000000507", "do_not_honor", "never"),
    ] {
        let charge = world.collect(number).await;
        let answer = world.pay(&charge, number).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{number}");
        let charge = world.charge(&charge).await;
        assert_eq!(charge["status"], "declined", "{number}");
        assert_eq!(charge["decline"]["code"], code);
        assert_eq!(charge["decline"]["advice"], advice);
        assert_eq!(charge["method"]["saved"], false);
    }
    assert_eq!(world.ledger_count().await, 0);
}

#[tokio::test]
async fn a_good_card_is_charged_once_and_saved_without_its_number() {
    let world = World::start().await;
    for (number, brand, funding) in [
        ("4242 4242 4242 4242", "visa", "credit"),
        ("5555-5555-5555-4444", "mastercard", "credit"),
        ("4000056655665556", "visa", "debit"),
    ] {
        let charge = world.collect(&format!("{brand}-{funding}")).await;
        world.pay(&charge, number).await;
        let charge = world.charge(&charge).await;
        assert_eq!(charge["status"], "succeeded");
        assert_eq!(charge["method"]["brand"], brand);
        assert_eq!(charge["method"]["funding"], funding);
        assert_eq!(charge["method"]["last_four"], &number[number.len() - 4..]);
        assert_eq!(charge["method"]["expiry_month"], 12);
        assert_eq!(charge["method"]["expiry_year"], 2034);
    }
    assert_eq!(world.ledger_count().await, 3);
    let database = world.database();
    world.processor.stop().await;
    let bytes = std::fs::read(database).expect("the database");
    for number in [
        &b"4242424242424242"[..],
        b"4242 4242 4242 4242",
        b"5555555555554444",
    ] {
        assert!(!bytes.windows(number.len()).any(|window| window == number));
    }
}

#[tokio::test]
async fn the_same_card_has_the_same_fingerprint_and_another_one_another() {
    let world = World::start().await;
    let mut prints = Vec::new();
    for (key, number) in [
        ("a", "4242424242424242"),
        ("b", "4242424242424242"),
        ("c", "5555555555554444"),
    ] {
        let charge = world.collect(key).await;
        world.pay(&charge, number).await;
        prints.push(world.charge(&charge).await["method"]["fingerprint"].clone());
    }
    assert_eq!(prints[0], prints[1]);
    assert_ne!(prints[0], prints[2]);
}

#[tokio::test]
async fn a_saved_card_is_charged_by_customer_and_merchant() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    for initiator in [
        "customer_present",
        "merchant_recurring",
        "merchant_unscheduled",
    ] {
        let (_, charge) = world
            .order("/v1/charges", initiator, &charging(&method, initiator))
            .await;
        assert_eq!(charge["status"], "succeeded", "{initiator}: {charge}");
    }
    assert_eq!(world.ledger_count().await, 4);
}

#[tokio::test]
async fn some_cards_decline_only_at_renewal() {
    let world = World::start().await;
    for (number, code, advice) in [
        ("4000000000000341", "generic_decline", "later"),
        ("4000000000000515", "do_not_honor", "never"),
        (
            "4000002760003184",
            "authentication_required",
            "authenticate",
        ),
    ] {
        let method = world.saved_method(number).await;
        let order = charging(&method, "merchant_recurring");
        let (status, charge) = world.order("/v1/charges", number, &order).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(charge["status"], "declined", "{number}");
        assert_eq!(charge["decline"]["code"], code);
        assert_eq!(charge["decline"]["advice"], advice);
    }
    assert_eq!(world.ledger_count().await, 3);
}

#[tokio::test]
async fn a_confirmed_card_that_confirms_once_renews_by_itself() {
    let world = World::start().await;
    let method = world.saved_method("4000002500003155").await;
    let order = charging(&method, "merchant_recurring");
    let (_, charge) = world.order("/v1/charges", "renewal", &order).await;
    assert_eq!(charge["status"], "succeeded");
}

#[tokio::test]
async fn a_saved_card_that_always_confirms_asks_again_while_the_customer_is_there() {
    let world = World::start().await;
    let method = world.saved_method("4000002760003184").await;
    let order = charging(&method, "customer_present");
    let (_, charge) = world.order("/v1/charges", "again", &order).await;
    assert_eq!(charge["status"], "requires_action");
    let page = charge["action"]["url"].as_str().expect("a page");
    assert!(page.contains("/3ds/"), "{page}");
    world.submit(page, "decision=approve".to_owned()).await;
    assert_eq!(world.charge(&charge).await["status"], "succeeded");
}

#[tokio::test]
async fn a_bank_debit_is_under_way_first_and_settles_later() {
    let world = World::start_with(|options| options.debit_delay_seconds = 0).await;
    let charge = world.collect("debit").await;
    world
        .fill(
            &charge,
            &[("with", "debit"), ("iban", "de89 3704 0044 0532 0130 00")],
        )
        .await;
    until("settled", async || {
        (world.charge(&charge).await["status"] == "succeeded").then_some(())
    })
    .await;
    assert_eq!(world.ledger_count().await, 1);
}

#[tokio::test]
async fn a_failing_bank_debit_is_declined_later_and_moves_no_money() {
    let world = World::start().await;
    world
        .control("/control/debits", json!({ "delay_ms": null }))
        .await;
    let charge = world.collect("debit").await;
    world
        .fill(
            &charge,
            &[("with", "debit"), ("iban", "DE62370400440532013001")],
        )
        .await;
    let id = charge["id"].as_str().expect("an id");
    assert_eq!(world.charge(&charge).await["status"], "processing");
    world
        .control("/control/debits", json!({ "delay_ms": 0 }))
        .await;
    let (status, _) = world
        .post(&format!("/control/charges/{id}/fail"), json!({}))
        .await;
    assert_eq!(status, StatusCode::OK);
    let charge = world.charge(&charge).await;
    assert_eq!(charge["status"], "declined");
    assert_eq!(charge["decline"]["code"], "debit_failed");
    let (status, _) = world
        .post(&format!("/control/charges/{id}/settle"), json!({}))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.ledger_count().await, 0);
}

#[tokio::test]
async fn a_number_that_is_no_test_card_is_refused_and_never_written_back() {
    let world = World::start().await;
    let charge = world.collect("real").await;
    let answer = world.pay(&charge, "4111111111111111").await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text().await.expect("a page");
    assert!(page.contains("not one of the test cards"));
    assert!(!page.contains("4111111111111111"));
    assert_eq!(world.charge(&charge).await["status"], "requires_action");
}

#[tokio::test]
async fn a_method_of_another_customer_or_one_that_is_gone_cannot_be_charged() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let mut order = charging(&method, "customer_present");
    order["customer"]["reference"] = json!("cus_2");
    let (status, _) = world.order("/v1/charges", "foreign", &order).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    for _ in 0..2 {
        let (status, body) = world
            .post(&format!("/v1/methods/{method}/detach"), json!({}))
            .await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["saved"], false);
    }
    let order = charging(&method, "customer_present");
    let (status, _) = world.order("/v1/charges", "gone", &order).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        world.get("/v1/customers/cus_1/methods").await["data"],
        json!([])
    );
}

#[tokio::test]
async fn a_set_up_saves_a_method_and_charges_nothing() {
    let world = World::start().await;
    let order = json!({
        "customer": { "reference": "cus_1" },
        "return_url": "https://portal.example.com/return/abc",
    });
    for (key, fields, status) in [
        (
            "card",
            [("with", "card"), ("number", "4242424242424242")],
            "succeeded",
        ),
        (
            "debit",
            [("with", "debit"), ("iban", "DE89370400440532013000")],
            "succeeded",
        ),
        (
            "declined",
            [("with", "card"), ("number", "4000000000000002")],
            "declined",
        ),
    ] {
        let (_, setup) = world.order("/v1/setups", key, &order).await;
        let fields = [fields[0], fields[1], ("expiry", "1234"), ("cvc", "123")];
        world.fill(&setup, &fields).await;
        let id = setup["id"].as_str().expect("an id");
        assert_eq!(
            world.get(&format!("/v1/setups/{id}")).await["status"],
            status,
            "{key}"
        );
    }
    let methods = world.get("/v1/customers/cus_1/methods").await;
    assert_eq!(methods["data"].as_array().expect("a list").len(), 2);
    assert_eq!(world.ledger_count().await, 0);
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused_with_a_code() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let good = charging(&method, "customer_present");
    let cases = [
        (
            json!({ "amount": { "minor": 49, "currency": "EUR" } }),
            "amount",
        ),
        (
            json!({ "amount": { "minor": 100_000_000, "currency": "EUR" } }),
            "amount",
        ),
        (
            json!({ "amount": { "minor": -1, "currency": "EUR" } }),
            "amount",
        ),
        (
            json!({ "amount": { "minor": 2900, "currency": "XXX" } }),
            "currency",
        ),
        (
            json!({ "source": "collect", "initiator": "merchant_recurring" }),
            "initiator",
        ),
        (
            json!({ "source": "collect", "return_url": null }),
            "return_url",
        ),
        (json!({ "return_url": "javascript:alert(1)" }), "return_url"),
        (json!({ "expires_at": 1 }), "expires_at"),
        (json!({ "source": { "method": "pm_nobody" } }), "method"),
        (
            json!({ "network_reference": "nr_wrong" }),
            "network_reference",
        ),
        (json!({ "surprise": true }), "malformed"),
        (
            json!({ "amount": { "minor": 1e300, "currency": "EUR" } }),
            "malformed",
        ),
    ];
    for (at, (change, code)) in cases.iter().enumerate() {
        let mut order = good.clone();
        for (name, value) in change.as_object().expect("an object") {
            order[name] = value.clone();
        }
        let (status, body) = world
            .order("/v1/charges", &format!("case-{at}"), &order)
            .await;
        assert!(status.is_client_error(), "{change}: {status}");
        assert_eq!(body["error"]["code"], *code, "{change}: {body}");
    }
    assert_eq!(world.ledger_count().await, 1);
    let (status, _) = world.post("/v1/charges", collecting("cus_1")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "without a key");
}
