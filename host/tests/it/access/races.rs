//! What happens at the same moment. On Postgres transactions run side by side and meet at a row:
//! a test holds the row, lets both queue behind it, and lets go.

use std::time::Duration;

use axum::http::StatusCode;
use sqlx::{Connection as _, Executor as _, PgConnection};
use vestibule::domain::customer::Customer;
use vestibule::flows::customer::{self, Changes};
use vestibule::flows::{portal_link, staff};

use super::{Browser, House, code, link, lumen};

/// A host on Postgres, a customer, and a connection that can hold rows.
struct Crossing {
    house: House,
    customer: Customer,
    holder: PgConnection,
    observer: PgConnection,
}

impl Crossing {
    async fn new() -> Self {
        let url = crate::support::postgres_url().await;
        let house = House::start(Some(url.clone()), "").await;
        let customer = house
            .customer(&lumen(), "amelie@example.com", "Amélie")
            .await;
        Self {
            customer,
            house,
            holder: PgConnection::connect(&url).await.unwrap(),
            observer: PgConnection::connect(&url).await.unwrap(),
        }
    }

    async fn hold(&mut self, table: &str) {
        self.holder.execute("BEGIN").await.unwrap();
        let rows = match table {
            "login_requests" => "SELECT id FROM login_requests FOR UPDATE",
            "portal_links" => "SELECT id FROM portal_links FOR UPDATE",
            _ => "SELECT id FROM staff_requests FOR UPDATE",
        };
        self.holder.execute(rows).await.unwrap();
    }

    /// Comes back when `count` others wait for a row.
    async fn wait_for(&mut self, count: i64) {
        const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = tokio::time::Instant::now() + Duration::from_secs(8);
        loop {
            let waiting: i64 = sqlx::query_scalar(WAITING)
                .fetch_one(&mut self.observer)
                .await
                .unwrap();
            if waiting == count {
                return;
            }
            let late = tokio::time::Instant::now() > deadline;
            assert!(!late, "{waiting} wait instead of {count}");
            tokio::task::yield_now().await;
        }
    }

    async fn let_go(&mut self) {
        self.holder.execute("COMMIT").await.unwrap();
    }

    /// A login link, or a dynamic one, with the table that it is a row of.
    async fn way_in(&self, table: &str) -> (String, Browser) {
        let mut browser = self.house.browser();
        let path = if table == "login_requests" {
            browser.ask("amelie@example.com").await;
            link(&self.house.mail(1).await)
        } else {
            let (cx, id) = (&self.house.cx, &self.customer.id);
            let made = portal_link::create(cx, &lumen(), id, None, "key_1").await;
            format!("/bus_lumen/link/{}", made.unwrap().1)
        };
        (path, browser)
    }

    fn change_address(&self) -> tokio::task::JoinHandle<()> {
        let (cx, id) = (self.house.cx.clone(), self.customer.id.clone());
        tokio::spawn(async move {
            let changes = Changes {
                email: Some("new@example.com".parse().unwrap()),
                ..Changes::default()
            };
            customer::update(&cx, &lumen(), &id, changes).await.unwrap();
        })
    }
}

/// Presses a button; its page was opened before.
fn press(
    browser: &Browser,
    path: &str,
    csrf: &str,
) -> tokio::task::JoinHandle<(StatusCode, Browser)> {
    let (mut window, path, csrf) = (browser.window(), path.to_owned(), csrf.to_owned());
    tokio::spawn(async move {
        let shown = window.post(&path, &[("csrf", &csrf)]).await;
        (shown.status, window)
    })
}

const TABLES: [&str; 2] = ["login_requests", "portal_links"];

#[tokio::test]
async fn a_sign_in_just_before_a_change_of_address_is_ended_by_it() {
    for table in TABLES {
        let mut crossing = Crossing::new().await;
        let (path, mut browser) = crossing.way_in(table).await;
        let csrf = browser.get(&path).await.csrf();
        crossing.hold(table).await;
        let pressed = press(&browser, &path, &csrf);
        crossing.wait_for(1).await;
        let changed = crossing.change_address();
        crossing.wait_for(2).await;
        crossing.let_go().await;
        let (status, mut window) = pressed.await.unwrap();
        changed.await.unwrap();
        assert_eq!(status, StatusCode::SEE_OTHER, "{table}");
        assert!(!window.is_in().await, "{table}");
    }
}

#[tokio::test]
async fn a_sign_in_just_after_a_change_of_address_finds_its_link_ended() {
    for (table, used) in [(TABLES[0], false), (TABLES[0], true), (TABLES[1], true)] {
        let mut crossing = Crossing::new().await;
        let (path, mut browser) = crossing.way_in(table).await;
        if used {
            browser.press(&path).await;
        }
        let csrf = browser.get(&path).await.csrf();
        crossing.hold(table).await;
        let changed = crossing.change_address();
        crossing.wait_for(1).await;
        let pressed = press(&browser, &path, &csrf);
        crossing.wait_for(2).await;
        crossing.let_go().await;
        changed.await.unwrap();
        let (status, mut window) = pressed.await.unwrap();
        assert_eq!(status, StatusCode::GONE, "{table}");
        assert!(!window.is_in().await, "{table}");
    }
}

#[tokio::test]
async fn a_link_that_is_pressed_twice_at_once_in_one_browser_enters_both_times() {
    for table in TABLES {
        let mut crossing = Crossing::new().await;
        let (path, mut browser) = crossing.way_in(table).await;
        let csrf = browser.get(&path).await.csrf();
        crossing.hold(table).await;
        let presses = [press(&browser, &path, &csrf), press(&browser, &path, &csrf)];
        crossing.wait_for(2).await;
        crossing.let_go().await;
        for pressed in presses {
            let (status, mut window) = pressed.await.unwrap();
            assert_eq!(status, StatusCode::SEE_OTHER, "{table}");
            assert!(window.is_in().await, "{table}");
        }
    }
}

#[tokio::test]
async fn a_code_that_is_sent_twice_at_once_enters_both_times() {
    let mut crossing = Crossing::new().await;
    let mut browser = crossing.house.browser();
    browser.ask("amelie@example.com").await;
    let code = code(&crossing.house.mail(1).await);
    let csrf = browser.get("/bus_lumen/login/mail").await.csrf();
    crossing.hold("login_requests").await;
    let sent: Vec<_> = (0..2)
        .map(|_| {
            let (mut window, code, csrf) = (browser.window(), code.clone(), csrf.clone());
            tokio::spawn(async move {
                let fields = [("code", code.as_str()), ("csrf", csrf.as_str())];
                window.post("/bus_lumen/login/code", &fields).await.status
            })
        })
        .collect();
    crossing.wait_for(2).await;
    crossing.let_go().await;
    for sent in sent {
        assert_eq!(sent.await.unwrap(), StatusCode::SEE_OTHER);
    }
    // The same browser again, and nobody else.
    assert_eq!(
        browser.enter(&code).await.status,
        StatusCode::SEE_OTHER,
        "a second time"
    );
    let mut other = crossing.house.browser();
    other.ask("somebody@example.com").await;
    crossing.house.quiet().await;
    other.enter(&code).await;
    assert!(!other.is_in().await);
}

#[tokio::test]
async fn a_link_to_the_console_that_is_pressed_twice_at_once_enters_both_times() {
    let mut crossing = Crossing::new().await;
    let email = "ops@host.example".parse().unwrap();
    let url = staff::first_link(&crossing.house.cx, &email, "Ops")
        .await
        .unwrap();
    let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
    let mut browser = crossing.house.browser();
    let csrf = browser.get(path).await.csrf();
    crossing.hold("staff_requests").await;
    let presses = [press(&browser, path, &csrf), press(&browser, path, &csrf)];
    crossing.wait_for(2).await;
    crossing.let_go().await;
    for pressed in presses {
        let (status, mut window) = pressed.await.unwrap();
        assert_eq!(status, StatusCode::SEE_OTHER);
        let home = window.get("/console/").await;
        assert_eq!(home.location(), "/console/bus_harbour/live/customers");
    }
    let mut other = crossing.house.browser();
    assert_eq!(other.get(path).await.status, StatusCode::GONE);
}
