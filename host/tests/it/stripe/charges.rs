//! Charges: each way in which one can end, and that there is one.

use jiff::SignedDuration;
use serde_json::json;
use vestibule::plugins::gateway::answer::{
    Advice, Cancellation, DeclineCode, Lookup, MethodKind, Outcome,
};
use vestibule::plugins::gateway::request::Initiator;

use super::World;
use crate::sandbox::{charging, collecting, euros, now, page, sent, unanswered};

#[tokio::test]
async fn a_card_is_given_at_checkout_charged_saved_and_charged_again() {
    let world = World::start().await;
    let request = collecting("pay_1");
    let open = world.gateway.charge(&request).await.unwrap();
    // The same request again is the same visit, and nothing is paid by it.
    assert_eq!(world.gateway.charge(&request).await.unwrap(), open);
    let known = sent("pay_1", &open);
    let still = world.gateway.resume(&known, &[]).await.unwrap();
    assert!(matches!(still.outcome, Outcome::RequiresAction { .. }));
    let Outcome::RequiresAction { until, .. } = open.outcome else {
        panic!("the customer has a page")
    };
    assert!(until >= request.expires_at && until < now() + SignedDuration::from_hours(2));

    let to = world.stripe.give_card(page(&still), "4242424242424242");
    assert_eq!(to.await.unwrap(), request.return_url);
    let payment = world.gateway.resume(&known, &[]).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
    assert_eq!(payment.amount, euros(2900));
    assert_eq!(payment.reference, open.reference);
    let method = payment.method.clone().unwrap();
    assert_eq!(method.kind, MethodKind::Card);
    assert_eq!(method.brand.as_deref(), Some("visa"));
    assert_eq!(method.last4.as_deref(), Some("4242"));
    assert_eq!(
        (method.expiry_month, method.expiry_year),
        (Some(12), Some(2034))
    );
    assert_eq!(method.holder.as_deref(), Some("Alex Example"));

    let method = super::stored(payment);
    let renewal = charging("pay_2", &method, Initiator::MerchantRecurring);
    let first = world.gateway.charge(&renewal).await.unwrap();
    let second = world.gateway.charge(&renewal).await.unwrap();
    assert_eq!(first.outcome, Outcome::Succeeded);
    assert_eq!(first, second);
    assert_eq!(world.stripe.movements().await.len(), 2);
}

#[tokio::test]
async fn each_decline_of_stripe_says_why_and_what_to_do() {
    let world = World::start().await;
    let method = world.set_up("set_1", "4000000000000341").await;
    for (code, expected, advice) in [
        ("generic_decline", DeclineCode::Refused, Advice::Later),
        (
            "insufficient_funds",
            DeclineCode::InsufficientFunds,
            Advice::Later,
        ),
        ("lost_card", DeclineCode::LostOrStolen, Advice::Never),
        ("stolen_card", DeclineCode::LostOrStolen, Advice::Never),
        ("pickup_card", DeclineCode::Refused, Advice::Never),
        ("expired_card", DeclineCode::Expired, Advice::NewMethod),
        (
            "incorrect_cvc",
            DeclineCode::IncorrectDetails,
            Advice::NewMethod,
        ),
        (
            "processing_error",
            DeclineCode::IssuerUnavailable,
            Advice::Later,
        ),
        ("fraudulent", DeclineCode::SuspectedFraud, Advice::Never),
        (
            "card_velocity_exceeded",
            DeclineCode::LimitExceeded,
            Advice::Later,
        ),
        (
            "currency_not_supported",
            DeclineCode::NotSupported,
            Advice::NewMethod,
        ),
        (
            "revocation_of_authorization",
            DeclineCode::MandateRevoked,
            Advice::Never,
        ),
        (
            "something_to_come",
            DeclineCode::Other("something-to-come".to_owned()),
            Advice::NewMethod,
        ),
    ] {
        world.stripe.control(json!({ "decline_code": code })).await;
        let payment = world.renew(code, &method).await;
        // A lookup says the same as the answer did.
        let Lookup::Found(found) = world.gateway.lookup(&sent(code, &payment)).await.unwrap()
        else {
            panic!("{code}: it must be found")
        };
        for outcome in [payment.outcome, found.outcome] {
            let Outcome::Declined(decline) = outcome else {
                panic!("{code} must decline: {outcome:?}")
            };
            assert_eq!((&decline.code, decline.advice), (&expected, advice));
            assert_eq!(decline.gateway_code.as_deref(), Some(code));
        }
    }
    assert!(world.stripe.movements().await.is_empty());
}

#[tokio::test]
async fn a_card_that_is_declined_at_checkout_leaves_the_visit_open() {
    let world = World::start().await;
    let open = world.gateway.charge(&collecting("pay_1")).await.unwrap();
    let known = sent("pay_1", &open);
    for number in ["4000000000000002", "4000000000000341"] {
        let shown = world.stripe.give_card(page(&open), number).await;
        assert_eq!(shown.unwrap_err(), "Your card was declined.");
        let still = world.gateway.resume(&known, &[]).await.unwrap();
        assert!(matches!(still.outcome, Outcome::RequiresAction { .. }));
    }
    let paid = world.stripe.give_card(page(&open), "4242424242424242");
    paid.await.unwrap();
    let payment = world.gateway.resume(&known, &[]).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
    assert_eq!(world.stripe.movements().await.len(), 1);
}

#[tokio::test]
async fn a_confirmation_is_a_page_of_the_bank_and_a_renewal_cannot_have_one() {
    let world = World::start().await;
    let method = world.saved_method("4000002760003184").await;
    for (key, approve) in [("pay_approved", true), ("pay_refused", false)] {
        let request = charging(key, &method, Initiator::CustomerPresent);
        let waiting = world.gateway.charge(&request).await.unwrap();
        world.stripe.confirm(page(&waiting), approve).await;
        let known = sent(key, &waiting);
        let ended = world.gateway.resume(&known, &[]).await.unwrap();
        if approve {
            assert_eq!(ended.outcome, Outcome::Succeeded);
            continue;
        }
        let Outcome::Declined(decline) = ended.outcome else {
            panic!("a refused confirmation declines")
        };
        assert_eq!(decline.code, DeclineCode::AuthenticationFailed);
    }
    let Outcome::Declined(decline) = world.renew("pay_renewal", &method).await.outcome else {
        panic!("a renewal cannot be confirmed by anybody")
    };
    assert_eq!(decline.code, DeclineCode::AuthenticationRequired);
    assert_eq!(decline.advice, Advice::Authenticate);
    assert_eq!(world.stripe.movements().await.len(), 2);
}

#[tokio::test]
async fn a_debit_is_processing_until_it_settles_or_fails() {
    let world = World::start().await;
    for (key, iban, settles) in [
        ("set_good", "DE89370400440532013000", true),
        ("set_bad", "DE62370400440532013001", false),
    ] {
        let method = world.set_up(key, iban).await;
        assert!(method.mandate.is_some());
        let payment = world.renew(&format!("pay_{key}"), &method).await;
        assert!(matches!(payment.outcome, Outcome::Processing { .. }));
        let known = sent(&format!("pay_{key}"), &payment);
        let ended = loop {
            let Lookup::Found(found) = world.gateway.lookup(&known).await.unwrap() else {
                panic!("it must be found")
            };
            if !matches!(found.outcome, Outcome::Processing { .. }) {
                break found.outcome;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        match ended {
            Outcome::Succeeded => assert!(settles),
            Outcome::Declined(_) => assert!(!settles),
            other => panic!("a debit settles or fails: {other:?}"),
        }
    }
    assert_eq!(world.stripe.movements().await.len(), 1);
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

    let method = world.saved_method("4000002760003184").await;
    let request = charging("pay_bank", &method, Initiator::CustomerPresent);
    let waiting = world.gateway.charge(&request).await.unwrap();
    let answer = world.gateway.cancel(&sent("pay_bank", &waiting)).await;
    assert_eq!(answer.unwrap(), Cancellation::Cancelled);

    world.charge_card("pay_made", "4242424242424242").await;
    let answer = world.gateway.cancel(&unanswered("pay_made")).await.unwrap();
    let Cancellation::TooLate(payment) = answer else {
        panic!("it is too late: {answer:?}")
    };
    assert_eq!(payment.outcome, Outcome::Succeeded);
}
