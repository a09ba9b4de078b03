//! Staff: in by a mailed link, at home in their own businesses, nowhere else.

use axum::http::StatusCode;
use jiff::SignedDuration;
use vestibule::domain::access::{Role, Staff};
use vestibule::flows::staff;

use super::{Browser, House, harbour, link, lumen, lumen_test, older};

pub(super) async fn member(house: &House, email: &str, role: Role) -> Staff {
    let staff = Staff {
        id: house.cx.new_id(),
        email: email.parse().unwrap(),
        name: "Staff".to_owned(),
        roles: vec![(lumen().business, role)],
    };
    let mut tx = house.cx.store.begin().await.unwrap();
    tx.insert_staff(&staff, house.cx.now()).await.unwrap();
    tx.commit().await.unwrap();
    staff
}

pub(super) async fn staff_in(house: &House, email: &str, mails: usize) -> Browser {
    let mut browser = house.browser();
    let asked = browser
        .fill("/console/login", "/console/login", &[("email", email)])
        .await;
    assert_eq!(asked.location(), "/console/login/mail");
    let link = link(&house.mail(mails).await);
    assert!(browser.get(&link).await.body.contains("•••"));
    assert_eq!(
        browser.get("/console/").await.location(),
        "/console/login",
        "a GET signs nobody in"
    );
    assert_eq!(browser.press(&link).await.location(), "/console/");
    assert_eq!(house.browser().get(&link).await.status, StatusCode::GONE);
    browser
}

#[tokio::test]
async fn the_first_link_comes_from_a_command_and_later_ones_by_mail() {
    for house in House::each().await {
        let email = "ops@host.example".parse().unwrap();
        let url = staff::first_link(&house.cx, &email, "Ops").await.unwrap();
        let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
        let mut browser = house.browser();
        assert_eq!(browser.press(path).await.location(), "/console/");
        let home = browser.get("/console/").await;
        assert_eq!(home.location(), "/console/bus_harbour/live/customers");
        assert_eq!(browser.get(home.location()).await.status, StatusCode::OK);

        let mut again = staff_in(&house, "ops@host.example", 1).await;
        assert_eq!(again.get(home.location()).await.status, StatusCode::OK);
        house.cx.clock.advance(SignedDuration::from_hours(13));
        assert_eq!(
            again.get(home.location()).await.location(),
            "/console/login"
        );
    }
}

#[tokio::test]
async fn an_address_of_nobody_is_answered_alike_and_not_written_to() {
    let house = House::sqlite().await;
    let mut browser = house.browser();
    let asked = browser
        .fill(
            "/console/login",
            "/console/login",
            &[("email", "x@example.com")],
        )
        .await;
    assert_eq!(asked.location(), "/console/login/mail");
    assert_eq!(house.quiet().await.len(), 0);
}

#[tokio::test]
async fn what_is_not_theirs_is_not_found() {
    let house = House::sqlite().await;
    member(&house, "staff@host.example", Role::Manager).await;
    let mine = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let foreign = house.customer(&harbour(), "ben@example.com", "Ben").await;
    let rehearsal = house
        .customer(&lumen_test(), "test@example.com", "Test")
        .await;
    let mut browser = staff_in(&house, "staff@host.example", 1).await;
    let customer =
        |business: &str, mode: &str, id: &str| format!("/console/{business}/{mode}/customers/{id}");
    for path in [
        "/console/bus_harbour/live/customers".to_owned(),
        "/console/bus_nobody/live/customers".to_owned(),
        "/console/bus_lumen/other/customers".to_owned(),
        customer("bus_harbour", "live", foreign.id.as_str()),
        customer("bus_lumen", "live", foreign.id.as_str()),
        customer("bus_lumen", "live", rehearsal.id.as_str()),
        customer("bus_lumen", "test", mine.id.as_str()),
        customer("bus_lumen", "live", "cus_1"),
        customer("bus_lumen", "live", "nonsense"),
        customer("bus_lumen", "live", foreign.id.as_str()) + "/share",
    ] {
        assert_eq!(
            browser.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let shown = browser
        .get(&customer("bus_lumen", "live", mine.id.as_str()))
        .await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.body.contains("amelie@example.com"));
}

#[tokio::test]
async fn customers_are_searched_and_paged() {
    let house = House::sqlite().await;
    member(&house, "staff@host.example", Role::Reader).await;
    for index in 0..30 {
        let email = format!("customer{index:02}@example.com");
        house
            .customer(&lumen(), &email, &format!("Customer {index:02}"))
            .await;
    }
    let mut browser = staff_in(&house, "staff@host.example", 1).await;
    let list = "/console/bus_lumen/live/customers";
    let first = browser.get(list).await;
    let second = browser.get(&older(&first).unwrap()).await;
    let count = |shown: &super::Shown| shown.body.matches("/customers/cus_").count();
    assert_eq!((count(&first), count(&second)), (20, 10));
    assert_eq!(older(&second), None);
    // Somebody new moves nothing on the page that was looked at.
    house
        .customer(&lumen(), "new@example.com", "Newcomer")
        .await;
    let again = browser.get(&older(&first).unwrap()).await;
    assert_eq!(again.body.matches("Customer 09").count(), 1);
    let found = browser.get(&format!("{list}?q=customer")).await;
    let next = older(&found).unwrap();
    assert!(next.contains("q=customer"), "{next}");
    assert_eq!(count(&browser.get(&next).await), 10);
    assert_eq!(
        count(&browser.get(&format!("{list}?q=CUSTOMER07")).await),
        1
    );
    assert_eq!(
        count(&browser.get(&format!("{list}?q=%25")).await),
        0,
        "no wildcard"
    );
    assert_eq!(
        browser.get(&format!("{list}?older_than=x")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_shared_link_opens_the_portal_and_says_who_made_it() {
    let house = House::sqlite().await;
    let manager = member(&house, "staff@host.example", Role::Manager).await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = staff_in(&house, "staff@host.example", 1).await;
    let path = format!("/console/bus_lumen/live/customers/{}/share", customer.id);
    let page = browser.fill(&path, &path, &[("wish", "make")]).await;
    let origin = "http://127.0.0.1:8080/bus_lumen/link/";
    let at = page.body.find(origin).expect("the link") + origin.len();
    let token = page.body[at..].split(['<', '"']).next().unwrap().to_owned();
    assert!(
        !browser.get(&path).await.body.contains(&token),
        "it is shown once"
    );

    let mut portal = house.browser();
    assert_eq!(
        portal
            .press(&format!("/bus_lumen/link/{token}"))
            .await
            .location(),
        "/bus_lumen/"
    );
    let mut tx = house.cx.store.read().await.unwrap();
    let sessions = tx.sessions_of(&lumen(), &customer.id).await.unwrap();
    assert_eq!(sessions[0].made_by.as_deref(), Some(manager.id.as_str()));
    drop(tx);
    let home = portal.get("/bus_lumen/").await;
    assert!(home.body.contains("Staff of Lumen made the link"));
    let shown = browser.get(path.trim_end_matches("/share")).await;
    assert!(
        shown
            .body
            .contains("a link that Staff (staff@host.example) made")
    );

    // A page that is loaded again invites nobody twice.
    for _ in 0..2 {
        browser.fill(&path, &path, &[("wish", "invite")]).await;
    }
    let invitation = house.mail(2).await;
    assert_eq!(link(&invitation), "/login/bus_lumen");
    browser.fill(&path, &path, &[("wish", "send-link")]).await;
    assert!(link(&house.mail(3).await).starts_with("/bus_lumen/link/"));
}

#[tokio::test]
async fn whoever_may_only_look_makes_no_links() {
    let house = House::sqlite().await;
    member(&house, "staff@host.example", Role::Reader).await;
    let customer = house
        .customer(&lumen(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = staff_in(&house, "staff@host.example", 1).await;
    let page = format!("/console/bus_lumen/live/customers/{}", customer.id);
    let shown = browser.get(&page).await;
    assert!(!shown.body.contains("/share"));
    let csrf = shown.csrf();
    let fields = [("wish", "make"), ("csrf", csrf.as_str())];
    let refused = browser.post(&format!("{page}/share"), &fields).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}
