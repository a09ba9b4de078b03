//! All subscriptions: the running ones, and the past ones folded away.

use axum::extract::Query;
use axum::response::Response;
use serde::Serialize;

use super::records::Glancing;
use super::view::Plan;
use super::{round, sample};
use crate::themes::Page;
use crate::web::Error;
use crate::web::paging::{Asked, Paging};

/// The list of subscriptions.
#[derive(Debug, Serialize)]
pub struct SubscriptionsPage {
    /// Those that are not over.
    pub current: Vec<Plan>,
    /// Those that are.
    pub past: Vec<Plan>,
    /// Whether there are several, and one method can be given to all at once.
    pub pay_all: bool,
    /// The pages beside this one.
    pub paging: Paging,
}

/// `GET /subscriptions`.
pub(super) async fn index(glancing: Glancing, asked: Query<Asked>) -> Result<Response, Error> {
    let Glancing { who, mut records } = glancing;
    let mut page = records.subscriptions_page(&asked).await?;
    if page.rows.iter().any(|listed| listed.state.has_dues()) {
        // What is due has to fit what the subscriptions say.
        records = records.together().await?;
        page = records.subscriptions_page(&asked).await?;
    }
    let paging = Paging::of(&page, |subscription| subscription.id.as_str());
    let mut plans = Vec::with_capacity(page.rows.len());
    for subscription in &page.rows {
        plans.push(records.card(subscription).await?);
    }
    // Others can read while this is rendered.
    drop(records);
    let (past, current): (_, Vec<_>) = plans.into_iter().partition(Plan::is_past);
    who.render(&SubscriptionsPage {
        pay_all: current.len() > 1 && round::allowed(&who).is_ok(),
        current,
        past,
        paging,
    })
}

impl Page for SubscriptionsPage {
    const TEMPLATE: &'static str = "pages/subscriptions.html";

    fn samples() -> Vec<Self> {
        let list = |current: Vec<Plan>, past, paging| Self {
            pay_all: current.len() > 1,
            current,
            past,
            paging,
        };
        vec![
            list(sample::plans(), sample::past_plans(), Paging::default()),
            list(Vec::new(), Vec::new(), Paging::default()),
            list(Vec::new(), sample::past_plans(), Paging::default()),
            list(vec![sample::active(); 20], Vec::new(), Paging::sample()),
        ]
    }
}
