//! What goes wrong on the way: never more is said than is known.

use serde_json::json;
use vestibule::plugins::Error;
use vestibule::plugins::gateway::answer::{Lookup, Outcome};
use vestibule::plugins::gateway::request::{Initiator, StoredMethod};

use super::{World, charging, unanswered};

#[tokio::test]
async fn a_lost_answer_is_unknown_and_lookup_finds_the_one_charge() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    for answer in ["cut_after", "error_after", "garbage"] {
        let request = charging(answer, &method, Initiator::CustomerPresent);
        let fault = json!({ "operation": "charge", "answer": answer });
        world.sandbox.fault(fault).await;
        let error = world.gateway.charge(&request).await.unwrap_err();
        assert!(error.outcome_unknown(), "{answer}: {error}");
        let Lookup::Found(payment) = world.gateway.lookup(&unanswered(answer)).await.unwrap()
        else {
            panic!("{answer}: it must be found")
        };
        assert_eq!(payment.outcome, Outcome::Succeeded);
    }
    assert_eq!(world.sandbox.ledger().await.len(), 4);
}

#[tokio::test]
async fn a_line_cut_before_anything_was_done_is_unknown_too() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let request = charging("pay_1", &method, Initiator::CustomerPresent);
    let fault = json!({ "operation": "charge", "answer": "cut_before" });
    world.sandbox.fault(fault).await;
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    let answer = world.gateway.lookup(&unanswered("pay_1")).await.unwrap();
    assert_eq!(answer, Lookup::Absent);
    let payment = world.gateway.charge(&request).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_processor_that_is_not_there_executed_nothing_and_cannot_be_asked() {
    let World {
        sandbox,
        gateway,
        _plugins,
        _folders,
    } = World::start().await;
    sandbox.stop().await;
    let method = StoredMethod {
        reference: "pm_1".to_owned(),
        mandate: None,
        network: None,
    };
    let request = charging("pay_1", &method, Initiator::MerchantRecurring);
    let error = gateway.charge(&request).await.unwrap_err();
    assert!(matches!(error, Error::NotExecuted { .. }), "{error}");
    let answer = gateway.lookup(&unanswered("pay_1")).await.unwrap();
    assert_eq!(answer, Lookup::CannotTell);
}

#[tokio::test]
async fn a_lookup_without_an_answer_cannot_tell() {
    let world = World::start().await;
    for answer in ["cut_before", "error_before", "garbage"] {
        let fault = json!({ "operation": "lookup", "answer": answer });
        world.sandbox.fault(fault).await;
        let told = world.gateway.lookup(&unanswered("pay_1")).await.unwrap();
        assert_eq!(told, Lookup::CannotTell, "{answer}");
    }
}

#[tokio::test]
async fn a_rate_limit_says_when_to_ask_again() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let request = charging("pay_1", &method, Initiator::MerchantRecurring);
    let fault = json!({ "operation": "charge", "answer": "rate_limited" });
    world.sandbox.fault(fault).await;
    let error = world.gateway.charge(&request).await.unwrap_err();
    let second = std::time::Duration::from_secs(1);
    assert!(
        matches!(error, Error::RateLimited { retry_after: Some(after), .. } if after == second),
        "{error}"
    );
}

#[tokio::test]
async fn a_request_that_can_never_be_done_names_its_field() {
    let world = World::start().await;
    let method = StoredMethod {
        reference: "pm_nobody".to_owned(),
        mandate: None,
        network: None,
    };
    let request = charging("pay_1", &method, Initiator::MerchantRecurring);
    let error = world.gateway.charge(&request).await.unwrap_err();
    let Error::InvalidRequest { fields, .. } = error else {
        panic!("it is an invalid request: {error}")
    };
    assert_eq!(fields[0].field, "method");
}

#[tokio::test]
async fn a_key_that_charged_something_else_is_an_unknown_outcome() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let mut request = charging("pay_1", &method, Initiator::MerchantRecurring);
    world.gateway.charge(&request).await.unwrap();
    request.amount = super::euros(3000);
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(
        error.outcome_unknown(),
        "money moved under this key: {error}"
    );
}

#[tokio::test]
async fn a_wrong_key_a_missing_one_and_a_missing_grant_are_for_the_operator() {
    let method = StoredMethod {
        reference: "pm_1".to_owned(),
        mandate: None,
        network: None,
    };
    let request = charging("pay_1", &method, Initiator::MerchantRecurring);

    let world = World::start_with(None, |config| {
        config
            .secrets
            .insert("api_key".to_owned(), "sk_wrong".into());
    })
    .await;
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(matches!(error, Error::Misconfigured { .. }), "{error}");
    assert!(!error.to_string().contains("sk_wrong"));

    let world = World::start_with(None, |config| config.grant.http.clear()).await;
    let error = world.gateway.charge(&request).await.unwrap_err();
    assert!(matches!(error, Error::Misconfigured { .. }), "{error}");
}
