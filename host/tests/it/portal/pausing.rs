//! Pausing by the customer, where the business lets them, and resuming, which it always does.

use axum::http::StatusCode;
use vestibule::domain::subscription::SubscriptionState;

use super::{House, days};

const ALLOWED: &str = "[allow]\npause = true\n";

#[tokio::test]
async fn a_pause_is_not_offered_unless_the_business_allows_it() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let here = format!("/subscriptions/{}", subscription.id);
    let page = guest.get(&here).await;
    assert!(!page.html.contains(&format!("{here}/pause")));
    let pause = format!("{here}/pause");
    assert_eq!(guest.get(&pause).await.status, StatusCode::NOT_FOUND);
    // A form that was open when the merchant said so.
    house.let_customers(|allow| allow.pause = true);
    let page = guest.get(&pause).await;
    house.let_customers(|allow| allow.pause = false);
    let answer = guest.press(&page, &pause, &[("date", "")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let stored = house.stored(&subscription).await;
    assert_eq!(stored.state, SubscriptionState::Active);
}

#[tokio::test]
async fn a_customer_pauses_reads_what_it_means_and_resumes() {
    let house = House::with(ALLOWED).await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    guest.license(&subscription).await;
    let here = format!("/subscriptions/{}", subscription.id);
    guest.get(&here).await.leads_to(&format!("{here}/pause"));
    let page = guest.get(&format!("{here}/pause")).await;
    for sentence in [
        "You have no access during the pause. Your license key stops working",
        "Nothing is charged during the pause.",
        "The time you have paid for is not lost",
    ] {
        page.says(sentence);
    }
    let wrong = [("date", "2001-01-01")];
    let answer = guest.press(&page, &format!("{here}/pause"), &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Please choose a day after today.");

    let date = (house.now() + days(30)).to_string();
    let date = [("date", &date[..10])];
    let answer = guest.press(&page, &format!("{here}/pause"), &date).await;
    answer.redirects_to(&format!("{here}/paused"));
    let paused = guest.get(&format!("{here}/paused")).await;
    paused.says("Your Lumen Pro subscription is paused");
    paused.says("It resumes by itself on");
    let es = guest.get_in("es", &format!("{here}/paused")).await;
    es.says("está en pausa");

    // Without a date after all.
    let page = guest.get(&format!("{here}/pause")).await;
    page.says("When Lumen Pro resumes");
    guest
        .press(&page, &format!("{here}/pause"), &[("date", "")])
        .await
        .redirects_to(&format!("{here}/paused"));
    guest
        .get(&format!("{here}/paused"))
        .await
        .says("Nothing is charged until you resume it here.");

    let page = guest.get(&here).await;
    let answer = guest.press(&page, &format!("{here}/resume"), &[]).await;
    answer.redirects_to(&format!("{here}/resumed"));
    let again = guest.press(&page, &format!("{here}/resume"), &[]).await;
    again.redirects_to(&format!("{here}/resumed"));
    guest
        .get(&format!("{here}/resumed"))
        .await
        .says("Your Lumen Pro subscription goes on");
}

#[tokio::test]
async fn what_the_merchant_paused_the_customer_may_resume() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let product = house.product("Lumen Pro").await;
    let since = house.now() - days(3);
    let paused = SubscriptionState::Paused { since };
    let subscription = guest.subscribe(product, paused).await;
    let here = format!("/subscriptions/{}", subscription.id);
    let page = guest.get(&here).await;
    guest
        .press(&page, &format!("{here}/resume"), &[])
        .await
        .redirects_to(&format!("{here}/resumed"));
}
