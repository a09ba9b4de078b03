//! Changing the plan: the products a customer may switch to, and what else the business lets them
//! choose (`plan_choice`), what the switch costs to the cent, and the button that charges exactly that. How it is billed is the merchant's choice.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::plan_choice::{Choosing, Chosen, Field};
use super::reactivation::{Bill, Item, Tax};
use super::scheduled::Scheduled;
use super::view::{Method, Plan};
use super::{progress, sample, trouble};
use crate::config::PlanChanges;
use crate::domain::id::ProductId;
use crate::domain::money::Money;
use crate::domain::payment::Initiator;
use crate::domain::period::Interval;
use crate::domain::product::Product;
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::flows::plan_change::{self, Order, Preview, Started};
use crate::flows::{self, Attempt, AttemptOf};
use crate::themes::Page;
use crate::web::{Error, Owned, Posted, SignedIn, leaving};

/// The plans to choose from, or one of them with its price.
#[derive(Debug, Serialize)]
pub struct PlanPage {
    /// The subscription.
    pub plan: Plan,
    /// The plans.
    pub choices: Vec<Offered>,
    /// The plan that was chosen, where there is more to choose about it.
    pub choosing: Option<Choosing>,
    /// The plan that was chosen, with what the switch costs.
    pub switch: Option<Switch>,
    /// A change that waits for the next date; a switch takes its place.
    pub scheduled: Option<Scheduled>,
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
    /// What was chosen, to say it again when the price is agreed to.
    pub fields: Vec<Field>,
}

/// The form.
#[derive(Debug, Deserialize)]
pub struct Agreed {
    quote: String,
    #[serde(flatten)]
    chosen: Chosen,
}

/// `GET /subscriptions/{id}/plan`.
pub(super) async fn show(
    Owned { who, item }: Owned<Subscription>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Error> {
    let rules = rules(&who).ok_or_else(Error::not_found)?;
    if !is_offered(&who, &item) {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    page(&who, &item, &rules, &chosen, None).await
}

/// `POST /subscriptions/{id}/plan`.
pub(super) async fn create(
    Owned { who, item }: Owned<Subscription>,
    Posted(Agreed { quote, chosen }): Posted<Agreed>,
) -> Result<Response, Error> {
    let rules = rules(&who).ok_or_else(Error::not_found)?;
    if !is_offered(&who, &item) {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    let product = allowed(&rules, &item, chosen.product.as_deref().unwrap_or_default())?;
    let Ok(choice) = chosen.read(&rules, &item, product) else {
        return page(&who, &item, &rules, &chosen, None).await;
    };
    if !choice.is_new(&item) {
        // A second press finds that it is done.
        return Ok(who.redirect(&format!("/subscriptions/{}/plan/done", item.id)));
    }
    choice.count_code(&who).await?;
    let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
    let wish = choice.wish(&rules, &item);
    let order = Order {
        change: cx.new_id(),
        payment: cx.new_id(),
        quote: Some(quote),
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
            Some(word) => page(&who, &item, &rules, &chosen, Some(word)).await,
            None => Err(error.into()),
        },
    }
}

/// The rules of the business for customers who change their plan, where they may.
pub(super) fn rules(who: &SignedIn) -> Option<PlanChanges> {
    let (business, _) = who.web.cx.business(who.scope())?;
    business.allow.plan_change.then_some(business.plan_change)
}

/// Whether there is another plan for this subscription.
pub(super) fn is_offered(who: &SignedIn, subscription: &Subscription) -> bool {
    let runs = subscription.state == SubscriptionState::Active
        && !subscription.cancel_at_period_end
        && !subscription.on_demand;
    runs && rules(who).is_some_and(|rules| {
        let choices = rules.choices(&subscription.product);
        !choices.is_empty()
    })
}

/// The product of this name, if the customer may have it.
fn allowed(
    rules: &PlanChanges,
    subscription: &Subscription,
    product: &str,
) -> Result<ProductId, Error> {
    let choices = rules.choices(&subscription.product);
    let found = choices.into_iter().find(|other| other.as_str() == product);
    found.ok_or_else(Error::not_found)
}

async fn page(
    who: &SignedIn,
    subscription: &Subscription,
    rules: &PlanChanges,
    chosen: &Chosen,
    trouble: Option<&'static str>,
) -> Result<Response, Error> {
    let mut records = who.records().await?;
    // While the gateway is at work there is nothing to press here.
    if let Some(open) = records.under_way(&subscription.id).await? {
        return Ok(who.redirect(&format!("/payments/{}/progress", open.id)));
    }
    let plan = records.plan(subscription).await?;
    let mut choices = Vec::new();
    for other in rules.choices(&subscription.product) {
        let product = records.whole_product(&other).await?;
        choices.extend(product.and_then(|product| Offered::of(&product, subscription)));
    }
    let mut page = PlanPage {
        scheduled: Scheduled::of(who, &mut records, subscription).await?,
        plan,
        choices,
        choosing: None,
        switch: None,
        trouble,
    };
    if let Some(product) = chosen.product.as_deref() {
        let product = allowed(rules, subscription, product)?;
        let mut addons = Vec::new();
        for id in &rules.addons {
            addons.extend(records.tx.addon(who.scope(), id).await?);
        }
        drop(records);
        let read = chosen.read(rules, subscription, product.clone());
        let mut wrong = read.as_ref().err().copied();
        if let Ok(choice) = read.as_ref()
            && choice.is_new(subscription)
        {
            choice.count_code(who).await?;
            let wish = choice.wish(rules, subscription);
            let (cx, scope) = (&who.web.cx, who.scope());
            match plan_change::preview(cx, scope, &subscription.id, &wish).await {
                Ok(seen) => {
                    let method = page.plan.method.clone();
                    page.switch = Switch::of(&seen, method, choice.fields(rules));
                }
                Err(error) => match trouble::word(&error) {
                    Some("code") => wrong = Some("code"),
                    Some(word) => page.trouble = Some(word),
                    None => return Err(error.into()),
                },
            }
        }
        let mut offered = page.choices.iter();
        let to = offered.find(|offered| offered.id == product.as_str());
        let to = to.cloned().ok_or_else(Error::not_found)?;
        let form = chosen.form(rules, subscription, to, &addons, wrong);
        page.choosing = form.has_fields().then_some(form);
        // A wrong field says so itself.
        page.trouble = page.trouble.filter(|trouble| Some(*trouble) != wrong);
    }
    let wrong = page.choosing.as_ref().and_then(|form| form.wrong);
    let status = match page.trouble.or(wrong) {
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
    fn of(seen: &Preview, method: Option<Method>, fields: Vec<Field>) -> Option<Self> {
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
            fields,
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
            choosing: None,
            switch,
            scheduled: None,
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
            fields: Choosing::sample_fields(),
        };
        let mut samples = vec![
            page(None, None),
            page(Some(switch(1_500, None, Some(sample::visa()))), None),
            page(Some(switch(0, Some(1_234), Some(sample::visa()))), None),
            page(Some(switch(1_500, None, None)), None),
        ];
        let mut same_first = choices.clone();
        same_first.insert(0, offered(&sample::active().product, 2_900, None));
        let choosing = |wrong, switch| Self {
            choosing: Some(Choosing::sample(choices[0].clone(), wrong)),
            ..page(switch, None)
        };
        samples.extend([
            choosing(None, None),
            choosing(None, Some(switch(1_500, None, Some(sample::visa())))),
            choosing(Some("number"), None),
            choosing(Some("code"), None),
            Self {
                scheduled: Some(Scheduled::sample(true)),
                choices: same_first,
                ..page(None, None)
            },
            Self {
                scheduled: Some(Scheduled::sample(true)),
                ..choosing(None, Some(switch(1_500, None, Some(sample::visa()))))
            },
        ]);
        samples.extend(trouble::ALL.iter().map(|trouble| {
            page(
                Some(switch(1_500, None, Some(sample::visa()))),
                Some(*trouble),
            )
        }));
        samples
    }
}
