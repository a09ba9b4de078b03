//! Changing the plan: the products a customer may switch to, what the switch costs to the cent,
//! and the button that charges exactly that. How it is billed is the merchant's choice.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::reactivation::{Bill, Item, Tax};
use super::view::{Method, Plan};
use super::{progress, sample, trouble};
use crate::config::PlanChanges;
use crate::domain::id::ProductId;
use crate::domain::money::Money;
use crate::domain::payment::Initiator;
use crate::domain::period::Interval;
use crate::domain::plan::OnFailure;
use crate::domain::product::Product;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::flows::plan_change::{self, Order, Preview, Started, Wish};
use crate::flows::{self, Attempt, AttemptOf};
use crate::themes::Page;
use crate::web::{Error, Owned, Posted, SignedIn, leaving};

/// The plans to choose from, or one of them with its price.
#[derive(Debug, Serialize)]
pub struct PlanPage {
    /// The subscription.
    pub plan: Plan,
    /// The other plans.
    pub choices: Vec<Offered>,
    /// The plan that was chosen, with what the switch costs.
    pub switch: Option<Switch>,
    /// Why the last try did not work: the ending of a message key.
    pub trouble: Option<&'static str>,
}

/// A plan that can be switched to.
#[derive(Clone, Debug, Serialize)]
pub struct Offered {
    /// The product.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub about: Option<String>,
    /// What one period costs for as many as there are now.
    pub price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// How long a period is.
    pub interval: Interval,
}

/// A switch with its price.
#[derive(Clone, Debug, Serialize)]
pub struct Switch {
    /// The new plan.
    pub to: Offered,
    /// What is billed now; the id goes with the form.
    pub bill: Bill,
    /// What is kept as credit.
    pub kept: Option<Money>,
    /// With what it is paid.
    pub method: Option<Method>,
}

/// The plan that was chosen.
#[derive(Debug, Default, Deserialize)]
pub struct Chosen {
    product: Option<String>,
}

/// The form.
#[derive(Debug, Deserialize)]
pub struct Agreed {
    product: String,
    quote: String,
}

/// `GET /subscriptions/{id}/plan`.
pub(super) async fn show(
    Owned { who, item }: Owned<Subscription>,
    Query(asked): Query<Chosen>,
) -> Result<Response, Error> {
    let rules = rules(&who).ok_or_else(Error::not_found)?;
    if !is_offered(&who, &item) {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    let chosen = match asked.product.as_deref() {
        Some(product) => Some(allowed(&rules, &item, product)?),
        None => None,
    };
    page(&who, &item, &rules, chosen, None).await
}

/// `POST /subscriptions/{id}/plan`.
pub(super) async fn create(
    Owned { who, item }: Owned<Subscription>,
    Posted(form): Posted<Agreed>,
) -> Result<Response, Error> {
    let rules = rules(&who).ok_or_else(Error::not_found)?;
    if !is_offered(&who, &item) {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    let product = allowed(&rules, &item, &form.product)?;
    let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
    let wish = wish(&rules, &item, product.clone());
    let order = Order {
        change: cx.new_id(),
        payment: cx.new_id(),
        quote: Some(form.quote),
        initiator: Initiator::Customer,
        metadata: None,
    };
    let flow = async move {
        Ok::<_, flows::Error>(plan_change::start(&cx, &scope, &id, wish, order).await)
    };
    match who.web.perform(Box::pin(flow)).await? {
        Ok(Started { change, ending }) => Ok(match (change.payment, ending) {
            (Some(payment), Some(ending)) => {
                let made = Attempt {
                    of: AttemptOf::Payment(payment),
                    ending,
                };
                progress::follow(&who, &item.id, &made)
            }
            _ => who.redirect(&format!("/subscriptions/{}/plan/done", item.id)),
        }),
        Err(error) => match trouble::word(&error) {
            Some(word) => page(&who, &item, &rules, Some(product), Some(word)).await,
            None => Err(error.into()),
        },
    }
}

/// The rules of the business for customers who change their plan, where they may.
fn rules(who: &SignedIn) -> Option<PlanChanges> {
    let (business, _) = who.web.cx.business(who.scope())?;
    business.allow.plan_change.then_some(business.plan_change)
}

/// Whether there is another plan for this subscription.
pub(super) fn is_offered(who: &SignedIn, subscription: &Subscription) -> bool {
    let runs = subscription.state == SubscriptionState::Active
        && !subscription.cancel_at_period_end
        && !subscription.on_demand;
    runs && rules(who).is_some_and(|rules| {
        let others = rules.others(&subscription.product);
        !others.is_empty()
    })
}

/// The product of this name, if the customer may switch to it.
fn allowed(
    rules: &PlanChanges,
    subscription: &Subscription,
    product: &str,
) -> Result<ProductId, Error> {
    let others = rules.others(&subscription.product);
    let found = others.into_iter().find(|other| other.as_str() == product);
    found.ok_or_else(Error::not_found)
}

/// As many as now, with the same add-ons. A charge that fails changes nothing: a customer who
/// turns back at the bank keeps the plan they have.
fn wish(rules: &PlanChanges, subscription: &Subscription, product: ProductId) -> Wish {
    let addons = subscription.extras.addons.iter();
    Wish {
        product,
        quantity: subscription.quantity,
        addons: addons
            .map(|addon| (addon.addon.clone(), addon.quantity))
            .collect(),
        codes: None,
        mode: rules.mode,
        at_next_date: false,
        on_failure: OnFailure::Prevent,
        replaces_scheduled: true,
    }
}

async fn page(
    who: &SignedIn,
    subscription: &Subscription,
    rules: &PlanChanges,
    chosen: Option<ProductId>,
    trouble: Option<&'static str>,
) -> Result<Response, Error> {
    let mut records = who.records().await?;
    // While the gateway is at work there is nothing to press here.
    if let Some(open) = records.under_way(&subscription.id).await? {
        return Ok(who.redirect(&format!("/payments/{}/progress", open.id)));
    }
    let plan = records.plan(subscription).await?;
    let mut choices = Vec::new();
    for other in rules.others(&subscription.product) {
        let product = records.whole_product(&other).await?;
        choices.extend(product.and_then(|product| Offered::of(&product, subscription)));
    }
    let switch = match chosen {
        Some(product) => {
            let wish = wish(rules, subscription, product);
            let (cx, scope) = (&who.web.cx, who.scope());
            let seen = plan_change::preview(cx, scope, &subscription.id, &wish).await?;
            Switch::of(&seen, plan.method.clone())
        }
        None => None,
    };
    let page = PlanPage {
        plan,
        choices,
        switch,
        trouble,
    };
    let status = match trouble {
        Some("stale" | "under-way") => StatusCode::CONFLICT,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let response = who.render_as(status, &page)?;
    Ok(leaving::allow(&who.web, who.scope(), response))
}

impl Offered {
    /// `product` as `subscription` would have it; none when it cannot.
    fn of(product: &Product, subscription: &Subscription) -> Option<Self> {
        let recurring = product.recurring?;
        let same = product.price.currency == subscription.unit_price.currency;
        let own = product.price.checked_mul(subscription.quantity.into());
        let price = own.and_then(|own| subscription.extras.addons_price(own));
        same.then_some(Self {
            id: product.id.to_string(),
            name: product.name.clone(),
            about: product.description.clone(),
            price: price.ok()?,
            tax_inclusive: product.tax_inclusive,
            interval: recurring.interval,
        })
    }
}

impl Switch {
    fn of(seen: &Preview, method: Option<Method>) -> Option<Self> {
        let period = seen.changed.period;
        let kept = Money::new(seen.credit.max(0), seen.totals.gross.currency);
        Some(Self {
            to: Offered::of(&seen.product, &seen.changed)?,
            bill: Bill {
                id: seen.quote.clone(),
                lines: Item::all(&seen.lines),
                taxes: Tax::all(&seen.totals.rates, &seen.lines),
                total: seen.totals.gross,
                period,
                buys: seen.changed.period != seen.running,
                next: period.end,
            },
            kept: (!kept.is_zero()).then_some(kept),
            method,
        })
    }
}

impl Page for PlanPage {
    const TEMPLATE: &'static str = "pages/plan.html";

    fn samples() -> Vec<Self> {
        let offered = |name: &str, minor, about: Option<&str>| Offered {
            id: format!("pdt_{minor}"),
            name: name.to_owned(),
            about: about.map(str::to_owned),
            price: sample::money(minor, "EUR"),
            tax_inclusive: minor != 9_900,
            interval: sample::monthly(),
        };
        let choices = vec![
            offered("Team", 5_900, Some("For up to ten people.")),
            offered(sample::LONG, 9_900, None),
        ];
        let page = |switch, trouble| Self {
            plan: sample::active(),
            choices: choices.clone(),
            switch,
            trouble,
        };
        let bill = |total| {
            let mut bill = Bill::long_sample();
            bill.total = sample::money(total, "EUR");
            bill
        };
        let switch = |total, kept: Option<i64>, method| Switch {
            to: choices[0].clone(),
            bill: bill(total),
            kept: kept.map(|minor| sample::money(minor, "EUR")),
            method,
        };
        let mut samples = vec![
            page(None, None),
            page(Some(switch(1_500, None, Some(sample::visa()))), None),
            page(Some(switch(0, Some(1_234), Some(sample::visa()))), None),
            page(Some(switch(1_500, None, None)), None),
        ];
        samples.extend(trouble::ALL.iter().map(|trouble| {
            page(
                Some(switch(1_500, None, Some(sample::visa()))),
                Some(*trouble),
            )
        }));
        samples
    }
}
