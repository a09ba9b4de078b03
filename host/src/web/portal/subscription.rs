//! One subscription: plan, price, next date, payment method, and what happened when it is on
//! hold.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::keys::Key;
use super::scheduled::Scheduled;
use super::view::{Charge, Plan, Standing, Todo};
use super::{method_update, sample};
use crate::domain::extra_page::Slot;
use crate::domain::payment::Payment;
use crate::domain::subscription::{HoldReason, Subscription};
use crate::flows::{reactivation, token};
use crate::themes::Page;
use crate::web::{Error, Owned, SignedIn};

/// How many payments and keys the page shows.
const SHOWN: u32 = 5;
/// How many payments are looked through for attempts to collect what is due.
const LOOKED_THROUGH: u32 = 20;

/// One subscription.
#[derive(Debug, Serialize)]
pub struct SubscriptionPage {
    /// The subscription.
    pub plan: Plan,
    /// What needs the customer.
    pub todo: Option<Todo>,
    /// The attempts to collect what is due, oldest first; empty unless something is due.
    pub attempts: Vec<Charge>,
    /// When it was made.
    pub started: Timestamp,
    /// The page of its first payment, while that is still to come.
    pub begin: Option<String>,
    /// The company on its documents.
    pub company: Option<String>,
    /// The tax id on its documents.
    pub tax_id: Option<String>,
    /// The path of the page on which another payment method is chosen, where the customer may.
    pub change_method: Option<String>,
    /// Its license keys.
    pub keys: Vec<Key>,
    /// Its latest payments.
    pub charges: Vec<Charge>,
    /// A change of plan that waits for the next date.
    pub scheduled: Option<Scheduled>,
    /// Whether the customer may switch to another plan.
    pub switchable: bool,
    /// Whether the customer may pause it, or change the date on which a pause ends.
    pub pausable: bool,
    /// Whether the customer may cancel it.
    pub cancellable: bool,
}

/// `GET /subscriptions/{id}`.
pub(super) async fn show(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    let mut records = who.records().await?;
    let mut plan = records.plan(&item).await?;
    if let Standing::Ended { due, .. } = &mut plan.standing {
        let (cx, tx) = (&who.web.cx, &mut records.tx);
        let kept = reactivation::quote_in(cx, tx, who.scope(), &item.id).await?;
        *due = kept.map(|quote| quote.totals.gross);
    }
    let open = records.under_way(&item.id).await?;
    let payments = records.payments(Some(&item.id), LOOKED_THROUGH, 0).await?;
    let charges = records.charges(&payments).await?;
    let page = SubscriptionPage {
        todo: Todo::of(&plan, open.as_ref()),
        attempts: attempts(&item, &charges),
        started: item.created_at,
        begin: begin(&who, &plan, &payments),
        company: item.buyer.business_name.clone(),
        tax_id: item.buyer.tax_id.clone(),
        change_method: method_update::path(&who, &mut records.tx, &item).await?,
        keys: records.keys(Some(&item.id), SHOWN, 0).await?,
        charges: charges.into_iter().take(SHOWN as usize).collect(),
        scheduled: Scheduled::of(&who, &mut records, &item).await?,
        switchable: super::plan::is_offered(&who, &item),
        pausable: super::pause::is_offered(&who, &item),
        cancellable: !plan.is_past() && super::cancellation::is_offered(&who),
        plan,
    };
    drop(records);
    let who = who
        .with_blocks(Slot::Subscription, Some(item.id.as_str()))
        .await;
    who.render(&page)
}

/// The tries since the subscription was last paid for, oldest first, while something is due.
fn attempts(subscription: &Subscription, charges: &[Charge]) -> Vec<Charge> {
    let due = subscription.state.has_dues();
    let mut tries: Vec<Charge> = charges
        .iter()
        .take_while(|charge| due && charge.state != "succeeded")
        .cloned()
        .collect();
    tries.reverse();
    tries
}

/// The page of the first payment, while that is still to come.
fn begin(who: &SignedIn, plan: &Plan, payments: &[Payment]) -> Option<String> {
    let first = payments.last()?;
    matches!(plan.standing, Standing::Pending)
        .then(|| format!("/pay/{}", token::pay(&who.web.cx, who.scope(), &first.id)))
}

impl Page for SubscriptionPage {
    const TEMPLATE: &'static str = "pages/subscription.html";

    fn samples() -> Vec<Self> {
        let page = |plan: Plan| Self {
            todo: Todo::of(&plan, None),
            attempts: Vec::new(),
            started: sample::at("2025-11-01"),
            begin: matches!(plan.standing, Standing::Pending)
                .then(|| "https://portal.example.com/pay/sample".to_owned()),
            company: None,
            tax_id: None,
            change_method: Some("/subscriptions/sub_sample/payment-method".to_owned()),
            keys: Key::samples()[..1].to_vec(),
            charges: sample::charges(),
            scheduled: None,
            switchable: matches!(plan.standing, Standing::Renews { .. }),
            pausable: matches!(
                plan.standing,
                Standing::Renews { .. } | Standing::Paused { .. }
            ),
            cancellable: !plan.is_past(),
            plan,
        };
        let mut pages: Vec<Self> = sample::plans().into_iter().map(page).collect();
        for page in &mut pages[..2] {
            page.attempts = vec![
                sample::charges().remove(1),
                sample::charge("declined", "bad"),
                sample::charge("cancelled", "plain"),
            ];
        }
        pages[2].change_method = None;
        pages[3].company = Some("Beispiel GmbH".to_owned());
        pages[3].tax_id = Some("DE123456789".to_owned());
        for why in HoldReason::ALL {
            pages.push(page(sample::on_hold(
                *why,
                Some(sample::money(2900, "USD")),
            )));
            pages.push(page(sample::on_hold(*why, None)));
        }
        pages.push(page(sample::lapsed()));
        pages.extend(sample::todos().into_iter().map(|todo| Self {
            todo: Some(todo),
            ..page(sample::active())
        }));
        pages.extend([true, false].map(|undo| Self {
            scheduled: Some(Scheduled::sample(undo)),
            ..page(sample::active())
        }));
        pages.push(Self {
            keys: Vec::new(),
            charges: Vec::new(),
            ..page(sample::active())
        });
        pages.extend(sample::past_plans().into_iter().map(page));
        pages
    }
}
