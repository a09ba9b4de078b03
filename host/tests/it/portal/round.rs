//! The page that pays everything with one method, and the page of its results.

use axum::http::StatusCode;

use super::House;

#[tokio::test]
async fn one_page_pays_everything_and_the_next_tells_each_result() {
    let house = House::open().await;
    let guest = house.guest("Alex").await;
    let (first, second) = (guest.on_hold().await, guest.on_hold().await);
    guest.active().await;
    let method = guest.visa().await;
    guest.get("/").await.leads_to("/pay-all");
    guest.get("/subscriptions").await.leads_to("/pay-all");
    let page = guest.get(&format!("/pay-all?choice={method}")).await;
    page.says("Pay everything that is due");
    page.says("Pay €58.00");
    page.says("No charge now");
    guest
        .get_in("es", "/pay-all")
        .await
        .says("Pagar todo lo pendiente");

    let choice = method.to_string();
    let answer = guest.press(&page, "/pay-all", &[("choice", &choice)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.html);
    let again = guest.press(&page, "/pay-all", &[("choice", &choice)]).await;
    assert_eq!(again.location, answer.location, "the same round");
    let path = answer.location.strip_prefix("/test/bus_lumen").unwrap();
    let result = guest.get(path).await;
    result.says("What became of each subscription");
    // There is no gateway in this house: nothing was charged, and each says so.
    result.says("Nothing was charged.");
    result.says("It is paid with this method from now on.");
    for subscription in [first, second] {
        result.leads_to(&format!("/subscriptions/{}/reactivate", subscription.id));
    }
    let other = house.guest("Other").await;
    assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND);

    let stale = guest
        .press(&page, "/pay-all", &[("choice", "nonsense")])
        .await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    stale.says("Please choose how you want to pay.");
}
