//! `/pay/{token}`: seller, price with tax, period, renewal terms, and the way to the gateway.

use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::status::{Standing, StatusPage};
use crate::domain::Scope;
use crate::domain::id::PaymentId;
use crate::domain::money::Money;
use crate::domain::payment::CustomerAction;
use crate::domain::period::{Interval, Unit};
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::flows::begin::{self, Offer};
use crate::flows::{self, Ending, Refused, settlement};
use crate::themes::{Frame, Page};
use crate::web::portal::progress::Stage;
use crate::web::portal::reactivation::{Bill, Item, Tax};
use crate::web::portal::records::Records;
use crate::web::portal::view::decline_word;
use crate::web::{Error, Visitor, leaving};

/// The offer to pay for the first time.
#[derive(Clone, Debug, Serialize)]
pub struct OfferPage {
    /// Where the form posts to.
    pub action: String,
    /// The name of what is bought.
    pub product: String,
    /// What is paid for; empty while a trial runs first.
    pub items: Vec<Item>,
    /// The tax, by rate.
    pub taxes: Vec<Tax>,
    /// What is paid now; nothing while a trial runs first.
    pub total: Money,
    /// How it goes on, when it does.
    pub terms: Option<Terms>,
    /// Until when the page can be used.
    pub expires_at: Timestamp,
    /// Why the last try was declined: the ending of a message key.
    pub declined: Option<&'static str>,
    /// Whether the last try was left open.
    pub left_open: bool,
}

/// How a subscription goes on after the first payment.
#[derive(Clone, Debug, Serialize)]
pub struct Terms {
    /// What one period costs, for all of it.
    pub price: Money,
    /// Whether the price contains the tax.
    pub tax_inclusive: bool,
    /// How long a period is.
    pub interval: Interval,
    /// Charged when the merchant says so, not by the period.
    pub on_demand: bool,
    /// Days without charge before the first payment.
    pub trial_days: u32,
    /// The next charge, if the page is used now.
    pub next: Timestamp,
}

/// `?declined` after a method was not accepted.
#[derive(Debug, Deserialize)]
pub struct After {
    declined: Option<String>,
}

/// `GET /pay/{token}`.
pub(super) async fn show(
    visitor: &Visitor,
    scope: &Scope,
    token: &str,
    first: &PaymentId,
    after: After,
) -> Result<Response, Error> {
    let offer = begin::offer(&visitor.web.cx, scope, first).await?;
    let visitor = at(visitor, scope, &offer).await?;
    let product = product(&visitor, scope, &offer).await?;
    let Some(mut page) = OfferPage::of(&visitor, token, &offer, product) else {
        let page = StatusPage::of_offer(&visitor, scope, token, &offer).await?;
        return visitor.render(&page);
    };
    if after.declined.is_some() && page.declined.is_none() {
        page.declined = Some("generic");
    }
    let response = visitor.render(&page)?;
    Ok(leaving::allow(&visitor.web, scope, response))
}

/// `POST /pay/{token}`.
pub(super) async fn create(
    visitor: &Visitor,
    scope: &Scope,
    token: &str,
    first: PaymentId,
) -> Result<Response, Error> {
    let offer = begin::offer(&visitor.web.cx, scope, &first).await?;
    let here = format!("/pay/{token}");
    let (cx, of) = (visitor.acting(offer.customer.id.as_str()), scope.clone());
    let flow = async move { Ok::<_, flows::Error>(begin::pay(&cx, &of, &first).await) };
    let made = match visitor.web.perform(flow).await? {
        Err(flows::Error::Refused(Refused::Expired)) => return Ok(visitor.redirect_to(&here)),
        made => made?,
    };
    match made.ending {
        Ending::Action(CustomerAction::Redirect { url })
            if leaving::is_allowed(&visitor.web, scope, &url) =>
        {
            Ok(visitor.redirect_to(&url))
        }
        Ending::Action(CustomerAction::Redirect { url }) => {
            let stage = Stage::Confirm {
                url,
                collects: true,
            };
            let visitor = at(visitor, scope, &offer).await?;
            let standing = Standing::Open { stage };
            let product = product(&visitor, scope, &offer).await?;
            visitor.render(&StatusPage::new(&visitor, &offer, product, standing))
        }
        _ => Ok(visitor.redirect_to(&here)),
    }
}

/// `POST /pay/{token}/give-up`: another method is wanted.
pub(super) async fn give_up(
    visitor: &Visitor,
    scope: Scope,
    token: &str,
    first: &PaymentId,
) -> Result<Response, Error> {
    let offer = begin::offer(&visitor.web.cx, &scope, first).await?;
    let cx = visitor.acting(offer.customer.id.as_str());
    let flow = async move { settlement::give_up(&cx, &scope, &offer.payment.id).await };
    visitor.web.perform(flow).await?;
    Ok(visitor.redirect_to(&format!("/pay/{token}")))
}

/// The name of what `offer` is about.
async fn product(visitor: &Visitor, scope: &Scope, offer: &Offer) -> Result<String, Error> {
    let mut records = Records::open(&visitor.web.cx, scope, &offer.customer.id).await?;
    Ok(records.what(&offer.payment).await?)
}

/// The visitor on a page of the business, in the customer's language and the business's time.
async fn at(visitor: &Visitor, scope: &Scope, offer: &Offer) -> Result<Visitor, Error> {
    let mut visitor = visitor
        .for_scope(scope, offer.customer.locale.as_deref())
        .await?;
    let mut tx = visitor.web.cx.store.read().await?;
    visitor.frame.now = visitor.web.cx.business_now(&mut tx, scope).await?;
    Ok(visitor)
}

impl OfferPage {
    /// What can be paid on this page; none when there is nothing to press.
    fn of(visitor: &Visitor, token: &str, offer: &Offer, product: String) -> Option<Self> {
        let pending = offer
            .subscription
            .as_ref()
            .is_none_or(|subscription| subscription.state == SubscriptionState::Pending);
        if !pending || visitor.web.cx.now() >= offer.expires_at {
            return None;
        }
        let declined = match &offer.ending {
            None | Some(Ending::Cancelled) => None,
            Some(Ending::Declined(decline)) => Some(decline_word(decline.code)),
            Some(_) => return None,
        };
        Some(Self {
            action: format!("/pay/{token}"),
            product,
            items: Item::all(&offer.lines),
            taxes: Tax::all(&offer.totals.rates, &offer.lines),
            total: offer.payment.amount,
            terms: offer
                .subscription
                .as_ref()
                .map(|subscription| Terms::of(subscription, &visitor.frame)),
            expires_at: offer.expires_at,
            declined,
            left_open: offer.ending == Some(Ending::Cancelled),
        })
    }
}

impl Terms {
    /// The terms if `subscription` begins now.
    fn of(subscription: &Subscription, frame: &Frame) -> Self {
        let first = match subscription.trial_days {
            0 => subscription.interval,
            days => Interval {
                unit: Unit::Day,
                count: days,
            },
        };
        let next = first.after(frame.now, 1, &frame.time_zone);
        Self {
            price: subscription.price().unwrap_or(subscription.unit_price),
            tax_inclusive: subscription.tax_inclusive,
            interval: subscription.interval,
            on_demand: subscription.on_demand,
            trial_days: subscription.trial_days,
            next: next.unwrap_or(subscription.period.end),
        }
    }
}

impl Page for OfferPage {
    const TEMPLATE: &'static str = "pages/pay.html";

    fn samples() -> Vec<Self> {
        let bill = Bill::sample();
        let monthly = Self {
            action: "/pay/sample".to_owned(),
            product: "Pro".to_owned(),
            terms: Some(Terms {
                price: bill.total,
                tax_inclusive: false,
                interval: Interval {
                    unit: Unit::Month,
                    count: 1,
                },
                on_demand: false,
                trial_days: 0,
                next: bill.next,
            }),
            items: bill.lines,
            taxes: bill.taxes,
            total: bill.total,
            expires_at: bill.next,
            declined: None,
            left_open: false,
        };
        let mut trial = monthly.clone();
        trial.total = Money::zero(trial.total.currency);
        trial.taxes.clear();
        trial.items.clear();
        if let Some(terms) = &mut trial.terms {
            terms.trial_days = 14;
        }
        let mut free = trial.clone();
        if let Some(terms) = &mut free.terms {
            terms.price = Money::zero(terms.price.currency);
            terms.trial_days = 0;
        }
        let long = Bill::long_sample();
        let purchase = Self {
            terms: None,
            items: long.lines,
            taxes: long.taxes,
            ..monthly.clone()
        };
        let declined = Self {
            declined: Some("insufficient-funds"),
            ..monthly.clone()
        };
        let left_open = Self {
            left_open: true,
            ..monthly.clone()
        };
        let mut on_demand = trial.clone();
        if let Some(terms) = &mut on_demand.terms {
            (terms.on_demand, terms.trial_days) = (true, 0);
        }
        vec![
            monthly, trial, free, purchase, declined, left_open, on_demand,
        ]
    }
}
