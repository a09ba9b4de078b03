//! Charges: each way in which one can end, and that there is one.

use vestibule::plugins::gateway::answer::{
    Advice, Cancellation, DeclineCode, Lookup, MethodKind, Outcome,
};
use vestibule::plugins::gateway::request::Initiator;

use super::{World, charging, collecting, page, sent, unanswered};

#[tokio::test]
async fn a_card_is_collected_charged_and_saved() {
    let world = World::start().await;
    let payment = world.charge_card("pay_1", "4242424242424242").await;
    assert_eq!(payment.outcome, Outcome::Succeeded);
    assert_eq!(payment.amount, super::euros(2900));
    assert_eq!(payment.customer_reference.as_deref(), Some("cus_1"));
    let method = payment.method.unwrap();
    assert_eq!(method.kind, MethodKind::Card);
    assert_eq!(method.brand.as_deref(), Some("visa"));
    assert_eq!(method.last4.as_deref(), Some("4242"));
    assert_eq!(
        (method.expiry_month, method.expiry_year),
        (Some(12), Some(2034))
    );
    assert_eq!(method.funding.as_deref(), Some("credit"));
    assert!(method.network.is_some() && method.fingerprint.is_some());
    let ledger = world.sandbox.ledger().await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0]["idempotency_key"], "pay_1");
}

#[tokio::test]
async fn a_decline_says_why_and_what_to_do() {
    let world = World::start().await;
    for (number, code, advice) in [
        ("4000000000000002", DeclineCode::Refused, Advice::Later),
        (
            "4000000000009995",
            DeclineCode::InsufficientFunds,
            Advice::Later,
        ),
        ("4000000000009987", DeclineCode::LostOrStolen, Advice::Never),
        ("4000000000009979", DeclineCode::LostOrStolen, Advice::Never),
        ("4000000000000069", DeclineCode::Expired, Advice::NewMethod),
        (
            "4000000000000127",
            DeclineCode::IncorrectDetails,
            Advice::NewMethod,
        ),
        (
            "4000000000000119",
            DeclineCode::IssuerUnavailable,
            Advice::Later,
        ),
        (
            "4100000000000019",
            DeclineCode::SuspectedFraud,
            Advice::Never,
        ),
        ("4000000000000507", DeclineCode::Refused, Advice::Never),
    ] {
        let payment = world.charge_card(&format!("pay{number}"), number).await;
        let Outcome::Declined(decline) = payment.outcome else {
            panic!("{number} must decline: {:?}", payment.outcome)
        };
        assert_eq!((decline.code, decline.advice), (code, advice), "{number}");
        assert_eq!(payment.method, None, "a declined card is not saved");
    }
    assert!(world.sandbox.ledger().await.is_empty());
}

#[tokio::test]
async fn some_methods_decline_only_without_the_customer() {
    let world = World::start().await;
    for (number, code, advice) in [
        ("4000000000000341", DeclineCode::Refused, Advice::Later),
        ("4000000000000515", DeclineCode::Refused, Advice::Never),
    ] {
        let method = world.saved_method(number).await;
        let renewal = charging(
            &format!("renew{number}"),
            &method,
            Initiator::MerchantRecurring,
        );
        let Outcome::Declined(decline) = world.gateway.charge(&renewal).await.unwrap().outcome
        else {
            panic!("{number} must decline at renewal")
        };
        assert_eq!((decline.code, decline.advice), (code, advice));
        let present = charging(
            &format!("again{number}"),
            &method,
            Initiator::CustomerPresent,
        );
        let payment = world.gateway.charge(&present).await.unwrap();
        assert_eq!(payment.outcome, Outcome::Succeeded);
    }
}

#[tokio::test]
async fn a_confirmation_is_approved_refused_or_wanted_again_at_renewal() {
    let world = World::start().await;
    for (key, approve) in [("pay_approved", true), ("pay_refused", false)] {
        let payment = world.gateway.charge(&collecting(key)).await.unwrap();
        let bank = world
            .sandbox
            .pay_by_card(page(&payment), "4000002760003184")
            .await;
        let waiting = world
            .gateway
            .resume(&sent(key, &payment), &[])
            .await
            .unwrap();
        assert!(page(&waiting).ends_with(&bank), "{bank}");
        world.sandbox.confirm(&bank, approve).await;
        let ended = world
            .gateway
            .resume(&sent(key, &payment), &[])
            .await
            .unwrap();
        if !approve {
            let Outcome::Declined(decline) = ended.outcome else {
                panic!("a refused confirmation declines")
            };
            assert_eq!(decline.code, DeclineCode::AuthenticationFailed);
            continue;
        }
        assert_eq!(ended.outcome, Outcome::Succeeded);
        let method = ended.method.unwrap();
        let method = vestibule::plugins::gateway::request::StoredMethod {
            reference: method.reference,
            mandate: method.mandate,
            network: method.network,
        };
        let renewal = charging("pay_renewal", &method, Initiator::MerchantRecurring);
        let Outcome::Declined(decline) = world.gateway.charge(&renewal).await.unwrap().outcome
        else {
            panic!("a renewal cannot be confirmed by anybody")
        };
        assert_eq!(decline.code, DeclineCode::AuthenticationRequired);
        assert_eq!(decline.advice, Advice::Authenticate);
    }
    assert_eq!(world.sandbox.ledger().await.len(), 1);
}

#[tokio::test]
async fn a_bank_debit_is_processing_first() {
    let world = World::start().await;
    world.sandbox.hold_debits().await;
    let payment = world.gateway.charge(&collecting("pay_1")).await.unwrap();
    world
        .sandbox
        .pay_by_debit(page(&payment), "DE89370400440532013000")
        .await;
    let known = sent("pay_1", &payment);
    let under_way = world.gateway.resume(&known, &[]).await.unwrap();
    assert!(matches!(under_way.outcome, Outcome::Processing { .. }));
    assert!(under_way.method.unwrap().mandate.is_some());
    let id = payment.reference.unwrap();
    let settle = format!("/control/charges/{id}/settle");
    world
        .sandbox
        .call(reqwest::Method::POST, &settle, None)
        .await;
    let Lookup::Found(settled) = world.gateway.lookup(&known).await.unwrap() else {
        panic!("it must be found")
    };
    assert_eq!(settled.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn the_same_key_twice_is_one_charge() {
    let world = World::start().await;
    let method = world.saved_method("4242424242424242").await;
    let request = charging("pay_1", &method, Initiator::MerchantRecurring);
    let first = world.gateway.charge(&request).await.unwrap();
    let second = world.gateway.charge(&request).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(world.sandbox.ledger().await.len(), 2);
}

#[tokio::test]
async fn an_open_charge_is_cancelled_and_a_made_one_is_not() {
    let world = World::start().await;
    let open = world.gateway.charge(&collecting("pay_open")).await.unwrap();
    for known in [sent("pay_open", &open), unanswered("pay_open")] {
        let answer = world.gateway.cancel(&known).await.unwrap();
        assert_eq!(answer, Cancellation::Cancelled);
    }
    let Lookup::Found(cancelled) = world.gateway.lookup(&unanswered("pay_open")).await.unwrap()
    else {
        panic!("it must be found")
    };
    assert_eq!(cancelled.outcome, Outcome::Cancelled);

    world.charge_card("pay_made", "4242424242424242").await;
    let answer = world.gateway.cancel(&unanswered("pay_made")).await.unwrap();
    let Cancellation::TooLate(payment) = answer else {
        panic!("it is too late: {answer:?}")
    };
    assert_eq!(payment.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn lookup_of_a_key_that_was_never_sent_finds_nothing() {
    let world = World::start().await;
    let answer = world
        .gateway
        .lookup(&unanswered("pay_never"))
        .await
        .unwrap();
    assert_eq!(answer, Lookup::Absent);
}
