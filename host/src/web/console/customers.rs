//! Sales → Customers: search and pages.

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::room::{Doors, Room};
use crate::themes::Page;
use crate::web::paging::{Asked, Paging, ROWS};
use crate::web::{Error, Web};

/// A page of customers, newest first.
#[derive(Debug, Serialize)]
pub(super) struct CustomersPage {
    doors: Doors,
    action: String,
    query: String,
    customers: Vec<Row>,
    paging: Paging,
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
        let page = |query: &str, customers, paging| Self {
            doors: Doors::sample(),
            action: "/console/bus_sample/live/customers".to_owned(),
            query: query.to_owned(),
            customers,
            paging,
        };
        let rows = || {
            vec![
                row("Amélie Sample", "amelie@example.com"),
                row("山田太郎", "taro@example.com"),
                row("", "nobody.has.a.name.here@a-very-long-domain.example.com"),
            ]
        };
        vec![
            page("", Vec::new(), Paging::default()),
            page("nobody", Vec::new(), Paging::default()),
            page("", rows(), Paging::default()),
            page("a", rows(), Paging::sample()),
        ]
    }
}

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

pub(super) async fn index(
    State(web): State<Web>,
    room: Room,
    Query(search): Query<Search>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let query: String = search.q.trim().chars().take(100).collect();
    let mut tx = web.cx.store.read().await?;
    let page = tx
        .customers_page(&room.scope, &query, &asked.seek(), ROWS)
        .await?;
    let filter = [("q", query.as_str())];
    let filter = if query.is_empty() { &[][..] } else { &filter };
    let paging = Paging::within(&page, |customer| customer.id.as_str(), filter);
    let customers = page.rows.into_iter();
    room.render(&CustomersPage {
        doors: room.doors(),
        action: room.path("/customers"),
        customers: customers
            .map(|customer| Row {
                href: room.path(&format!("/customers/{}", customer.id)),
                id: customer.id.into(),
                name: customer.name,
                email: customer.email.as_str().to_owned(),
                since: customer.created_at,
            })
            .collect(),
        paging,
        query,
    })
}
