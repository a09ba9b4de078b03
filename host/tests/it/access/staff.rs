//! Staff: what keeps them out, what does not, and what they may do.

use axum::http::StatusCode;
use jiff::SignedDuration;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use vestibule::domain::access::{Role, Staff};
use vestibule::flows::{session, staff};

use super::{House, link, lumen};
use crate::support::dump::dump;

const EMAIL: &str = "staff@host.example";

async fn reader(house: &House) -> Staff {
    let staff = Staff {
        id: house.cx.new_id(),
        email: EMAIL.parse().unwrap(),
        name: "Staff".to_owned(),
        roles: vec![(lumen().business, Role::Reader)],
    };
    let mut tx = house.cx.store.begin().await.unwrap();
    tx.insert_staff(&staff, house.cx.now()).await.unwrap();
    tx.commit().await.unwrap();
    staff
}

#[tokio::test]
async fn nobody_keeps_staff_out_by_asking_for_their_address() {
    let house = House::start(None, "requests_per_network = 90\nmails_per_network = 90").await;
    reader(&house).await;
    house.customer(&lumen(), EMAIL, "Staff").await;
    for _ in 0..6 {
        house.browser().ask(EMAIL).await;
    }
    house.mail(5).await;
    let login = "/console/login";
    let mut browser = house.browser();
    browser.fill(login, login, &[("email", EMAIL)]).await;
    let way_in = link(&house.mail(6).await);
    assert_eq!(browser.press(&way_in).await.location(), "/console/");
    browser.cookies.remove("vestibule-session-console");

    for _ in 0..6 {
        let mut other = house.browser();
        other.fill(login, login, &[("email", EMAIL)]).await;
    }
    house.mail(10).await;
    browser.fill(login, login, &[("email", EMAIL)]).await;
    house.mail(11).await;
}

#[tokio::test]
async fn a_network_asks_for_so_many_links_to_the_console_and_then_nothing_happens() {
    let house = House::start(None, "requests_per_network = 2").await;
    reader(&house).await;
    for _ in 0..3 {
        let mut browser = house.browser();
        let login = "/console/login";
        let asked = browser.fill(login, login, &[("email", EMAIL)]).await;
        assert_eq!(asked.location(), "/console/login/mail");
    }
    house.mail(2).await;
}

#[tokio::test]
async fn a_link_from_the_command_promotes_nobody_and_says_what_a_new_member_may() {
    for house in House::each().await {
        let member = reader(&house).await;
        staff::first_link(&house.cx, &member.email, "Staff")
            .await
            .unwrap();
        let mut tx = house.cx.store.read().await.unwrap();
        let after = tx.staff(&member.id).await.unwrap().unwrap();
        assert_eq!(after.roles, member.roles);
        drop(tx);
        let new = "ops@host.example".parse().unwrap();
        staff::first_link(&house.cx, &new, "Ops").await.unwrap();
        let audit = &dump(&house.url).await["audit"];
        let told = audit.iter().find(|row| row.contains("staff.create"));
        let told = told.expect("a row about the new member");
        assert!(
            told.contains("bus_harbour") && told.contains("manager"),
            "{told}"
        );
        assert!(!audit.iter().any(|row| row.contains('@')), "{audit:?}");
    }
}

#[tokio::test]
async fn a_session_opens_no_room_whose_role_is_gone() {
    let house = House::sqlite().await;
    let email = EMAIL.parse().unwrap();
    let url = staff::first_link(&house.cx, &email, "Staff").await.unwrap();
    let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
    let mut browser = house.browser();
    browser.press(path).await;
    let room = "/console/bus_lumen/live/customers";
    assert_eq!(browser.get(room).await.status, StatusCode::OK);
    let mut database = SqliteConnection::connect(&house.url).await.unwrap();
    let gone = "DELETE FROM staff_roles WHERE business_id = 'bus_lumen'";
    database.execute(gone).await.unwrap();
    assert_eq!(browser.get(room).await.status, StatusCode::NOT_FOUND);
    let elsewhere = browser.get("/console/bus_harbour/live/customers").await;
    assert_eq!(elsewhere.status, StatusCode::OK);
}

#[tokio::test]
async fn who_asked_for_a_link_to_the_console_is_forgotten_a_day_after_it_ran_out() {
    for house in House::each().await {
        reader(&house).await;
        let login = "/console/login";
        house
            .browser()
            .fill(login, login, &[("email", EMAIL)])
            .await;
        house.mail(1).await;
        let mut left = Vec::new();
        for hours in [23, 2] {
            house.cx.clock.advance(SignedDuration::from_hours(hours));
            session::clean_up(&house.cx).await.unwrap();
            let rows = dump(&house.url).await;
            left.push(rows.get("staff_requests").map_or(0, Vec::len));
        }
        assert_eq!(left, [1, 0]);
    }
}
