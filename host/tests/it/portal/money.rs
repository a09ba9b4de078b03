//! What is due, what it costs to come back, and what became of payments.

use std::sync::Arc;

use axum::http::StatusCode;
use vestibule::config::DuesAtCancel;
use vestibule::domain::payment::{Advice, Decline, DeclineCode, PaymentState};
use vestibule::domain::quote::ReactivationAnchor;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::{cancellation, reactivation};

use super::{House, days};

pub(super) fn declined(house: &House, code: DeclineCode) -> PaymentState {
    PaymentState::Declined {
        decline: Decline {
            code,
            advice: Advice::NewMethod,
            gateway_code: Some("secret_code_of_the_gateway".to_owned()),
        },
        at: house.now(),
    }
}

#[tokio::test]
async fn the_overview_opens_with_what_is_due_and_one_button() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;

    let page = guest.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("Your Lumen Pro plan is on hold. €29.00 is due.");
    page.says("Test mode");
    let primary = page.all(".button.primary");
    assert_eq!(primary.len(), 1, "{primary:?}");
    page.leads_to(&format!("/subscriptions/{}/reactivate", subscription.id));
    let todo = page.html.find("is on hold").unwrap();
    let list = page.html.find("See all").unwrap();
    assert!(todo < list, "what needs the customer comes first");
}

#[tokio::test]
async fn reactivating_tells_amount_period_and_next_date_before_the_button() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;
    guest.visa().await;

    let path = format!("/subscriptions/{}/reactivate", subscription.id);
    let page = guest.get(&path).await;
    for sentence in [
        "Total €29.00",
        "Includes 19 % tax",
        "Pays for",
        "The next payment is on",
    ] {
        page.says(sentence);
        let before = page.html.find("Pay €29.00").is_none();
        assert!(before || page.text().find(sentence) < page.text().find("Pay €29.00"));
    }
    page.says("ending in 4242");
    page.says("Use a new payment method");
}

#[tokio::test]
async fn what_was_kept_at_the_cancellation_is_paid_on_a_page_that_promises_nothing_else() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;
    let mut settings = (**house.cx.settings.load()).clone();
    settings.billing.dues_at_cancel = DuesAtCancel::Keep;
    house.cx.settings.store(Arc::new(settings));
    let why = Cancellation::default();
    cancellation::now(&house.cx, &house.scope, &subscription.id, why)
        .await
        .unwrap();

    let here = format!("/subscriptions/{}", subscription.id);
    let page = guest.get(&here).await;
    page.says("€29.00 is still due for your cancelled Lumen Pro plan.");
    page.leads_to(&format!("{here}/reactivate"));
    let offer = guest.get(&format!("{here}/reactivate")).await;
    assert_eq!(offer.status, StatusCode::OK);
    offer.says("Pay for Lumen Pro");
    offer.says("Pay €29.00");
    offer.says("It stays cancelled.");
    for promise in ["next payment", "work again", "Later payments"] {
        assert!(!offer.text().contains(promise), "{promise}");
    }
}

#[tokio::test]
async fn an_old_quote_is_not_charged_but_shown_again() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;
    let path = format!("/subscriptions/{}/reactivate", subscription.id);
    let page = guest.get(&path).await;
    let stale = super::Page {
        html: page
            .html
            .replace("name=\"quote\" value=\"", "name=\"quote\" value=\"old"),
        ..page
    };

    let answer = guest.press(&stale, &path, &[("choice", "new")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.says("What is due has changed since you opened this page.");
    answer.says("Total €29.00");
}

#[tokio::test]
async fn a_form_without_a_choice_asks_for_one() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;
    let path = format!("/subscriptions/{}/reactivate", subscription.id);
    let page = guest.get(&path).await;
    let answer = guest.press(&page, &path, &[("choice", "nonsense")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Please choose how you want to pay.");
}

#[tokio::test]
async fn a_decline_is_told_plainly_and_never_tips_off_a_thief() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;
    let poor = declined(&house, DeclineCode::InsufficientFunds);
    let stolen = declined(&house, DeclineCode::StolenCard);
    let poor = guest.payment(&subscription, poor).await;
    let stolen = guest.payment(&subscription, stolen).await;

    let page = guest.get(&format!("/payments/{}/progress", poor.id)).await;
    page.says("There was not enough money on this card.");
    page.says("Lumen Pro stays on hold until it is paid.");
    page.says("Use another method");

    let page = guest.get(&format!("/payments/{}", stolen.id)).await;
    page.says("Your bank declined this payment.");
    for word in ["stolen", "secret_code_of_the_gateway"] {
        assert!(!page.html.to_lowercase().contains(word), "{word}");
    }

    let page = guest
        .get(&format!("/subscriptions/{}", subscription.id))
        .await;
    page.says("What happens next");
    page.says("There was not enough money on this card.");
}

#[tokio::test]
async fn an_unknown_payment_says_so_and_the_page_updates_itself_without_a_script() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.on_hold().await;
    let unknown = PaymentState::Unknown { since: house.now() };
    let payment = guest.payment(&subscription, unknown).await;

    let page = guest
        .get(&format!("/payments/{}/progress", payment.id))
        .await;
    page.says("You will not be charged twice. This page updates itself.");
    assert!(page.html.contains("http-equiv=\"refresh\""));
    // There is nothing to press meanwhile.
    let path = format!("/subscriptions/{}/reactivate", subscription.id);
    let progress = format!("/payments/{}/progress", payment.id);
    guest.get(&path).await.redirects_to(&progress);
    guest.get("/").await.says("There is nothing for you to do.");
}

#[tokio::test]
async fn a_payment_that_succeeded_has_a_confirmation_and_no_progress() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let paid = PaymentState::Succeeded { at: house.now() };
    let payment = guest.payment(&subscription, paid).await;

    let done = format!("/payments/{}/done", payment.id);
    let progress = format!("/payments/{}/progress", payment.id);
    guest.get(&progress).await.redirects_to(&done);
    let page = guest.get(&done).await;
    page.says("Your Lumen Pro subscription is active");
    page.says("€29.00");
    page.says("We have mailed a confirmation to alex@customer.example.com.");
    page.says(payment.id.as_str());
}

#[tokio::test]
async fn a_card_says_what_coming_back_costs_when_the_term_cuts_the_period() {
    let house = House::open().await;
    let mut settings = (**house.cx.settings.load()).clone();
    settings.billing.reactivation_anchor = ReactivationAnchor::Keep;
    house.cx.settings.store(Arc::new(settings));
    let guest = house.guest("Alex").await;
    let mut subscription = guest.on_hold().await;
    let now = house.now();
    subscription.anchor = now - days(33);
    subscription.period.start = now - days(33);
    subscription.period.end = now - days(3);
    subscription.expires_at = Some(now + days(4));
    house
        .write(async |tx| tx.save_subscription(&mut subscription).await.unwrap())
        .await;

    let here = format!("/subscriptions/{}", subscription.id);
    let quote = reactivation::quote(&house.cx, &house.scope, &subscription.id).await;
    let total = quote.unwrap().unwrap().totals.gross.minor;
    assert!((500..900).contains(&total), "a week of 29.00: {total}");
    let amount = format!("€{}.{:02}", total / 100, total % 100);
    let offer = guest.get(&format!("{here}/reactivate")).await;
    offer.says(&format!("Pay {amount}"));
    for path in ["/", "/subscriptions", here.as_str()] {
        let page = guest.get(path).await;
        page.says(&amount);
        assert!(!page.text().contains("€29.00 is due"), "{path}");
    }
    guest.get("/").await.says(&format!("{amount} is due."));
}

#[tokio::test]
async fn a_page_that_said_nothing_is_charged_charges_nothing_when_something_is_due_by_now() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let visa = guest.visa().await;
    let here = format!("/subscriptions/{}", subscription.id);
    let path = format!("{here}/payment-method");
    let page = guest.get(&path).await;
    page.says("Nothing is charged now.");

    guest.falls_due(&subscription).await;
    let choice = [("choice", visa.as_str())];
    let answer = guest.press(&page, &path, &choice).await;
    answer.redirects_to(&format!("{here}/reactivate"));
    guest
        .get(&format!("{here}/reactivate"))
        .await
        .says("Total €29.00");
    let mut tx = house.cx.store.read().await.unwrap();
    let open = tx.open_payments_of(&house.scope, &subscription.id).await;
    assert!(open.unwrap().is_empty(), "nothing was begun");
}
