//! Paying what is due, so that a subscription comes back: amount, lines, what it buys, and
//! with what. The heart of the portal.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::method_update::Chosen;
use super::view::{Method, Plan, Standing};
use super::{progress, sample, trouble};
use crate::domain::id::SubscriptionId;
use crate::domain::money::Money;
use crate::domain::payment::PaymentState;
use crate::domain::period::Period;
use crate::domain::quote::Quote;
use crate::domain::subscription::{HoldReason, Subscription};
use crate::domain::tax::{Line, RateTotal};
use crate::flows::{self, reactivation};
use crate::store::Tx;
use crate::themes::Page;
use crate::web::{Error, Owned, Posted, SignedIn, leaving};

/// The offer to pay what is due.
#[derive(Debug, Serialize)]
pub struct ReactivationPage {
    /// The subscription.
    pub plan: Plan,
    /// What is due; the id goes with the form, so that the amount shown is the one charged.
    pub quote: Bill,
    /// Saved methods.
    pub methods: Vec<Method>,
    /// The value of the choice that is marked: a method's id, or `new`.
    pub chosen: String,
    /// Why the last try did not work: the ending of a message key.
    pub trouble: Option<&'static str>,
}

/// An amount with its lines, before it is paid.
#[derive(Clone, Debug, Serialize)]
pub struct Bill {
    /// Names the contents.
    pub id: String,
    /// What is paid for.
    pub lines: Vec<Item>,
    /// The tax, by rate.
    pub taxes: Vec<Tax>,
    /// What is paid.
    pub total: Money,
    /// The period that is bought.
    pub period: Period,
    /// The next charge after this one.
    pub next: Timestamp,
    /// Whether the period is bought; otherwise it was paid for before.
    pub buys: bool,
}

/// One line of a [`Bill`] or document.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// What.
    pub what: String,
    /// What kind of line it is: the word of a [`crate::domain::tax::Role`].
    pub role: &'static str,
    /// How many.
    pub quantity: u32,
    /// How much, with or without tax as the unit price is.
    pub amount: Money,
    /// For when.
    pub period: Option<Period>,
}

/// The tax of one rate.
#[derive(Clone, Debug, Serialize)]
pub struct Tax {
    /// The rate in percent, as a plain decimal.
    pub percent: String,
    /// How much.
    pub amount: Money,
    /// Whether the lines contain it.
    pub included: bool,
}

impl Item {
    /// The items of `lines`.
    pub fn all(lines: &[Line]) -> Vec<Self> {
        let item = |line: &Line| Self {
            what: line.description.clone(),
            role: line.role.word(),
            quantity: line.quantity,
            amount: line.amount().unwrap_or(line.unit),
            period: line.period,
        };
        lines.iter().map(item).collect()
    }
}

impl Tax {
    /// The taxes in `rates`, without those of nothing.
    pub fn all(rates: &[RateTotal], lines: &[Line]) -> Vec<Self> {
        let mut supplies = lines.iter().filter(|line| !line.role.is_credit());
        let included = supplies.all(|line| line.tax_inclusive);
        let taxed = rates.iter().filter(|rate| !rate.tax.is_zero());
        taxed
            .map(|rate| Self {
                percent: rate.rate.to_percent(),
                amount: rate.tax,
                included,
            })
            .collect()
    }
}

impl From<Quote> for Bill {
    fn from(quote: Quote) -> Self {
        Self {
            lines: Item::all(&quote.lines),
            taxes: Tax::all(&quote.totals.rates, &quote.lines),
            total: quote.totals.gross,
            period: quote.period,
            next: quote.period.end,
            buys: quote.buys,
            id: quote.id,
        }
    }
}

impl Bill {
    pub(crate) fn sample() -> Self {
        let period = Period {
            start: sample::at("2026-11-22"),
            end: sample::at("2026-12-22"),
        };
        Self {
            id: "sample".to_owned(),
            lines: vec![Item {
                what: "Pro".to_owned(),
                role: "product",
                quantity: 1,
                amount: sample::money(2900, "EUR"),
                period: Some(period),
            }],
            taxes: vec![Tax {
                percent: "19".to_owned(),
                amount: sample::money(463, "EUR"),
                included: true,
            }],
            total: sample::money(2900, "EUR"),
            period,
            next: period.end,
            buys: true,
        }
    }

    pub(crate) fn long_sample() -> Self {
        let plain = Item {
            what: sample::LONG.to_owned(),
            role: "addon",
            quantity: 25,
            amount: sample::money(123_456_700, "EUR"),
            period: None,
        };
        let mut bill = Self::sample();
        bill.lines.push(plain);
        for (what, role) in [("WELCOME-2026", "discount"), ("", "credit")] {
            bill.lines.push(Item {
                what: what.to_owned(),
                role,
                quantity: 1,
                amount: sample::money(-1_250, "EUR"),
                period: None,
            });
        }
        bill.taxes[0].included = false;
        bill.taxes.push(Tax {
            percent: "5.5".to_owned(),
            ..bill.taxes[0].clone()
        });
        bill
    }
}

/// The form.
#[derive(Debug, Deserialize)]
pub struct Agreed {
    #[serde(flatten)]
    chosen: Chosen,
    quote: String,
}

/// `GET /subscriptions/{id}/reactivate`.
pub(super) async fn show(
    Owned { who, item }: Owned<Subscription>,
    Query(asked): Query<Chosen>,
) -> Result<Response, Error> {
    page(&who, &item, asked, None).await
}

/// `POST /subscriptions/{id}/reactivate`.
pub(super) async fn create(
    Owned { who, item }: Owned<Subscription>,
    Posted(form): Posted<Agreed>,
) -> Result<Response, Error> {
    allowed(&who)?;
    let Some(choice) = form.chosen.read() else {
        return page(&who, &item, form.chosen, Some("choose")).await;
    };
    let (cx, scope, id, quote) = (who.cx(), who.scope().clone(), item.id.clone(), form.quote);
    let flow = async move {
        Ok::<_, flows::Error>(reactivation::start(&cx, &scope, &id, choice, &quote).await)
    };
    match who.web.perform(flow).await? {
        Ok(attempt) => Ok(progress::follow(&who, &item.id, &attempt)),
        Err(error) => match trouble::word(&error) {
            Some(word) => page(&who, &item, form.chosen, Some(word)).await,
            None => Err(error.into()),
        },
    }
}

/// Whether the business lets its customers pay what is due.
pub(super) fn allowed(who: &SignedIn) -> Result<(), Error> {
    let allowed = who.frame.can_pay;
    allowed.then_some(()).ok_or_else(Error::not_found)
}

/// Whether something is due on a subscription that its customer may not pay here: who wants to pay
/// it writes to the merchant's support.
pub(super) async fn needs_support(
    who: &SignedIn,
    tx: &mut Tx,
    id: &SubscriptionId,
) -> Result<bool, Error> {
    if who.frame.can_pay {
        return Ok(false);
    }
    let quote = reactivation::quote_in(&who.web.cx, tx, who.scope(), id).await?;
    Ok(quote.is_some())
}

async fn page(
    who: &SignedIn,
    subscription: &Subscription,
    asked: Chosen,
    trouble: Option<&'static str>,
) -> Result<Response, Error> {
    allowed(who)?;
    let mut records = who.records().await?;
    let plan = records.plan(subscription).await?;
    // While the gateway is at work there is nothing to press here.
    if let Some(open) = records.under_way(&subscription.id).await?
        && !matches!(open.standing(), PaymentState::AwaitingCustomer { .. })
    {
        return Ok(who.redirect(&format!("/payments/{}/progress", open.id)));
    }
    let (cx, tx) = (&who.web.cx, &mut records.tx);
    let quote = reactivation::quote_in(cx, tx, who.scope(), &subscription.id).await?;
    let Some(quote) = quote else {
        let here = format!("/subscriptions/{}", plan.id);
        return Ok(match plan.standing {
            Standing::OnHold { .. } if who.frame.can_choose => {
                who.redirect(&format!("{here}/payment-method"))
            }
            _ => who.redirect(&here),
        });
    };
    let methods = records.methods().await?;
    let page = ReactivationPage {
        chosen: asked.choice.unwrap_or_else(|| best(&plan, &methods)),
        plan,
        quote: quote.into(),
        methods,
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

/// The choice that is marked at first: a saved method other than the one that just failed,
/// otherwise a new one.
fn best(plan: &Plan, methods: &[Method]) -> String {
    let failed = plan.method.as_ref().map(|method| method.id.as_str());
    let other = methods
        .iter()
        .find(|method| !method.expired && Some(method.id.as_str()) != failed);
    other.map_or_else(|| "new".to_owned(), |method| method.id.clone())
}

impl Page for ReactivationPage {
    const TEMPLATE: &'static str = "pages/reactivation.html";

    fn samples() -> Vec<Self> {
        let due = Some(sample::money(2900, "EUR"));
        let page = |quote, methods: Vec<Method>, chosen: &str| Self {
            plan: sample::on_hold(HoldReason::RenewalFailed, due),
            quote,
            methods,
            chosen: chosen.to_owned(),
            trouble: None,
        };
        let mut samples = vec![
            page(Bill::sample(), sample::methods(), "new"),
            page(Bill::sample(), Vec::new(), "new"),
            page(Bill::long_sample(), sample::methods(), "pm_visa"),
        ];
        let past_due = sample::plans().remove(1);
        samples.push(Self {
            plan: past_due,
            ..page(Bill::sample(), vec![sample::visa()], "pm_visa")
        });
        let kept = || Bill {
            buys: false,
            ..Bill::sample()
        };
        samples.extend(HoldReason::ALL.iter().map(|why| Self {
            plan: sample::on_hold(*why, due),
            ..page(kept(), sample::methods(), "new")
        }));
        samples.push(Self {
            plan: sample::kept(),
            ..page(kept(), sample::methods(), "new")
        });
        samples.extend(trouble::ALL.iter().map(|trouble| Self {
            trouble: Some(trouble),
            ..page(Bill::sample(), sample::methods(), "new")
        }));
        samples
    }
}
