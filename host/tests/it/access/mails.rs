//! The mails of test mode, as staff and operators read them.

use std::process::Command;

use axum::http::StatusCode;
use vestibule::domain::Scope;
use vestibule::domain::access::Role;
use vestibule::domain::id::EventId;
use vestibule::store::TestMail;

use super::console::{member, staff_in};
use super::{House, harbour, lumen_test};

const ROOM: &str = "/console/bus_lumen/test/mails";

async fn keep(house: &House, scope: &Scope, number: usize, body: &str) -> EventId {
    let mail = TestMail {
        id: house.cx.new_id(),
        message_id: format!("payment-received-pay_{number}"),
        to: "amelie@example.com".parse().unwrap(),
        subject: format!("Mail <{number}>"),
        body: body.to_owned(),
        at: house.cx.now(),
    };
    let mut tx = house.cx.store.begin().await.unwrap();
    tx.keep_test_mail(scope, &mail).await.unwrap();
    tx.commit().await.unwrap();
    mail.id
}

#[tokio::test]
async fn managers_read_the_mails_of_test_mode_page_by_page() {
    for house in House::each().await {
        member(&house, "staff@host.example", Role::Manager).await;
        let body = "Hello <b>Amélie</b>\n\nhttps://portal.example.com/test/bus_lumen/link/abc\n";
        let mut ids = Vec::new();
        for number in 0..45 {
            ids.push(keep(&house, &lumen_test(), number, body).await);
        }
        let mut browser = staff_in(&house, "staff@host.example", 1).await;
        let first = browser.get(ROOM).await;
        assert!(first.body.contains("Mail &lt;44&gt;"));
        assert!(!first.body.contains("rel=\"prev\""));
        let mut seen = std::collections::BTreeSet::new();
        let mut page = first;
        loop {
            let found = ids.iter().filter(|id| page.body.contains(id.as_str()));
            // The row beside a page is named by the link to the page behind it.
            seen.extend(found.cloned());
            let Some(next) = super::older(&page) else {
                break;
            };
            page = browser.get(&next).await;
        }
        assert_eq!(seen.len(), 45);

        let shown = browser.get(&format!("{ROOM}/{}", ids[3])).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.body.contains("Hello &lt;b&gt;Amélie"));
        let link = "href=\"https://portal.example.com/test/bus_lumen/link/abc\"";
        assert!(shown.body.contains(link));
        assert!(shown.body.contains("noreferrer"));
    }
}

#[tokio::test]
async fn a_mail_that_signs_somebody_in_is_not_for_readers_nor_for_other_businesses() {
    let house = House::sqlite().await;
    member(&house, "reader@host.example", Role::Reader).await;
    member(&house, "staff@host.example", Role::Manager).await;
    let mine = keep(&house, &lumen_test(), 1, "mine").await;
    let foreign = Scope::new(harbour().business, vestibule::domain::Mode::Test);
    let foreign = keep(&house, &foreign, 2, "foreign").await;

    let mut reader = staff_in(&house, "reader@host.example", 1).await;
    let home = reader.get("/console/bus_lumen/test/customers").await;
    assert!(!home.body.contains("/mails"));
    for path in [ROOM.to_owned(), format!("{ROOM}/{mine}")] {
        assert_eq!(reader.get(&path).await.status, StatusCode::NOT_FOUND);
    }
    let mut manager = staff_in(&house, "staff@host.example", 2).await;
    let home = manager.get("/console/bus_lumen/test/customers").await;
    assert!(home.body.contains(ROOM));
    for path in [
        format!("{ROOM}/{foreign}"),
        format!("{ROOM}/nonsense"),
        "/console/bus_lumen/live/mails".to_owned(),
        format!("/console/bus_lumen/live/mails/{mine}"),
        "/console/bus_harbour/test/mails".to_owned(),
    ] {
        assert_eq!(
            manager.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_command_reads_the_same_mails_each_once() {
    let house = House::sqlite().await;
    house
        .customer(&lumen_test(), "amelie@example.com", "Amélie")
        .await;
    let mut browser = house.browser();
    let page = browser.get("/test/login/bus_lumen").await;
    let fields = [("email", "amelie@example.com"), ("csrf", &page.csrf())];
    browser.post("/test/bus_lumen/login", &fields).await;
    assert_eq!(house.quiet().await.len(), 1, "in the folder as well");
    keep(&house, &lumen_test(), 7, "Only a row").await;

    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .arg("--config")
            .arg(house.dir.path())
            .arg("mailbox")
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let list = run(&[]);
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("payment-received-pay_7"));
    assert!(run(&["payment-received-pay_7"]).contains("Only a row"));
}
