//! The first page after signing in: the one thing that needs the customer, then everything else.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::keys::Key;
use super::records::Reading;
use super::view::{Charge, Method, Plan, Standing, Todo};
use super::{round, sample};
use crate::domain::extra_page::Slot;
use crate::themes::Page;
use crate::web::Error;

/// How many of a kind the overview shows.
const SHOWN: u32 = 3;

/// The overview.
#[derive(Debug, Serialize)]
pub struct OverviewPage {
    /// What needs the customer, or is under way.
    pub todos: Vec<Todo>,
    /// Whether something is due on several of them, and can be paid at once.
    pub pay_all: bool,
    /// The next renewal, told when nothing needs the customer.
    pub next: Option<Next>,
    /// Subscriptions that are not over.
    pub plans: Vec<Plan>,
    /// Whether there are more, or ended ones.
    pub more_plans: bool,
    /// The latest payments.
    pub charges: Vec<Charge>,
    /// Saved payment methods, last used first.
    pub methods: Vec<Method>,
    /// License keys.
    pub keys: Vec<Key>,
}

/// A coming renewal.
#[derive(Debug, Serialize)]
pub struct Next {
    /// The product's name.
    pub product: String,
    /// When.
    pub at: Timestamp,
}

/// `GET /`.
pub(super) async fn show(reading: Reading) -> Result<Response, Error> {
    let Reading { who, mut records } = reading;
    let mut page = OverviewPage::nothing();
    let subscriptions = records.subscriptions_by_need().await?;
    for subscription in &subscriptions {
        let plan = records.plan(subscription).await?;
        let open = records.under_way(&subscription.id).await?;
        page.todos.extend(Todo::of(&plan, open.as_ref()));
        if !plan.is_past() {
            page.plans.push(plan);
        }
    }
    page.next = page
        .plans
        .iter()
        .filter_map(Next::of)
        .min_by_key(|next| next.at);
    let owes = |plan: &&Plan| {
        matches!(
            plan.standing,
            Standing::OnHold { due: Some(_), .. } | Standing::PastDue { due: Some(_), .. }
        )
    };
    page.pay_all = round::allowed(&who).is_ok() && page.plans.iter().filter(owes).count() > 1;
    page.more_plans = page.plans.len() < subscriptions.len();
    page.plans.truncate(SHOWN as usize);
    let payments = records.payments(None, SHOWN, 0).await?;
    page.charges = records.charges(&payments).await?;
    page.methods = records.methods().await?;
    page.methods.truncate(SHOWN as usize);
    page.keys = records.keys(None, SHOWN, 0).await?;
    drop(records);
    who.with_blocks(Slot::Overview, None).await.render(&page)
}

impl Next {
    fn of(plan: &Plan) -> Option<Self> {
        match plan.standing {
            Standing::Renews { at } => Some(Self {
                product: plan.product.clone(),
                at,
            }),
            _ => None,
        }
    }
}

impl Page for OverviewPage {
    const TEMPLATE: &'static str = "pages/overview.html";

    fn samples() -> Vec<Self> {
        let on_hold = Self {
            todos: sample::todos()[..1].to_vec(),
            plans: sample::plans()[..1].to_vec(),
            charges: sample::charges()[..2].to_vec(),
            methods: vec![sample::visa()],
            keys: Key::samples()[..1].to_vec(),
            ..Self::nothing()
        };
        let calm = Self {
            next: Some(Next {
                product: "Pro".to_owned(),
                at: sample::at("2026-12-01"),
            }),
            plans: vec![sample::active()],
            charges: sample::charges()[..1].to_vec(),
            methods: vec![sample::visa()],
            keys: Key::samples()[..1].to_vec(),
            ..Self::nothing()
        };
        let everything = Self {
            todos: sample::todos(),
            pay_all: true,
            next: None,
            plans: sample::plans(),
            more_plans: true,
            charges: sample::charges(),
            methods: sample::methods(),
            keys: Key::samples(),
        };
        vec![on_hold, calm, Self::nothing(), everything]
    }
}

impl OverviewPage {
    fn nothing() -> Self {
        Self {
            todos: Vec::new(),
            pay_all: false,
            next: None,
            plans: Vec::new(),
            more_plans: false,
            charges: Vec::new(),
            methods: Vec::new(),
            keys: Vec::new(),
        }
    }
}
