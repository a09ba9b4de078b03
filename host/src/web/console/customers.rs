//! Sales → Customers: search and pages.

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::room::{Doors, Room};
use crate::domain::customer::Customer;
use crate::store::CustomerFilter;
use crate::themes::Page;
use crate::web::{Error, Web};

const PER_PAGE: u32 = 25;
/// Nobody looks further; the database need not either.
const LAST_PAGE: u32 = 400;

/// A page of customers, newest first.
#[derive(Debug, Serialize)]
pub(super) struct CustomersPage {
    doors: Doors,
    action: String,
    query: String,
    customers: Vec<Row>,
    newer: Option<String>,
    older: Option<String>,
    page: u32,
}

#[derive(Debug, Serialize)]
struct Row {
    href: String,
    id: String,
    name: String,
    email: String,
    since: Timestamp,
}

impl Page for CustomersPage {
    const TEMPLATE: &'static str = "pages/console/customers.html";

    fn samples() -> Vec<Self> {
        let row = |name: &str, email: &str| Row {
            href: "/console/bus_sample/live/customers/cus_1".to_owned(),
            id: "cus_1".to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            since: "2026-03-01T09:30:00Z".parse().expect("a valid timestamp"),
        };
        let page = |query: &str, customers, older: Option<&str>, page| Self {
            doors: Doors::sample(),
            action: "/console/bus_sample/live/customers".to_owned(),
            query: query.to_owned(),
            customers,
            newer: (page > 1).then(|| "/console/bus_sample/live/customers".to_owned()),
            older: older.map(str::to_owned),
            page,
        };
        let rows = || {
            vec![
                row("Amélie Sample", "amelie@example.com"),
                row("山田太郎", "taro@example.com"),
                row("", "nobody.has.a.name.here@a-very-long-domain.example.com"),
            ]
        };
        vec![
            page("", Vec::new(), None, 1),
            page("nobody", Vec::new(), None, 1),
            page(
                "",
                rows(),
                Some("/console/bus_sample/live/customers?page=2"),
                1,
            ),
            page(
                "a",
                rows(),
                Some("/console/bus_sample/live/customers?page=3"),
                2,
            ),
        ]
    }
}

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: Option<String>,
}

pub(super) async fn index(
    State(web): State<Web>,
    room: Room,
    Query(search): Query<Search>,
) -> Result<Response, Error> {
    let query: String = search.q.trim().chars().take(100).collect();
    let page = search.page.and_then(|page| page.parse().ok());
    let page = page.unwrap_or(1).clamp(1, LAST_PAGE);
    let mut customers = find(&web, &room, &query, page).await?;
    let more = customers.len() > PER_PAGE as usize;
    customers.truncate(PER_PAGE as usize);
    let at = |page: u32| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &query)
            .append_pair("page", &page.to_string())
            .finish();
        room.path(&format!("/customers?{query}"))
    };
    room.render(&CustomersPage {
        doors: room.doors(),
        action: room.path("/customers"),
        newer: (page > 1).then(|| at(page - 1)),
        older: (more && page < LAST_PAGE).then(|| at(page + 1)),
        customers: customers
            .into_iter()
            .map(|customer| Row {
                href: room.path(&format!("/customers/{}", customer.id)),
                id: customer.id.into(),
                name: customer.name,
                email: customer.email.as_str().to_owned(),
                since: customer.created_at,
            })
            .collect(),
        query,
        page,
    })
}

/// One more than a page holds, to know whether there is another.
async fn find(web: &Web, room: &Room, query: &str, page: u32) -> Result<Vec<Customer>, Error> {
    let (limit, offset) = (PER_PAGE + 1, (page - 1) * PER_PAGE);
    let mut tx = web.cx.store.read().await?;
    Ok(if query.is_empty() {
        let all = CustomerFilter::default();
        tx.customers(&room.scope, &all, limit, offset).await?
    } else {
        tx.search_customers(&room.scope, query, limit, offset)
            .await?
    })
}
