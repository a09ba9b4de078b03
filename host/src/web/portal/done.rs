//! What was done, with date and number, what was mailed, and the way back.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::records::Records;
use super::sample;
use super::view::{Document, Method};
use crate::domain::extra_page::Slot;
use crate::domain::money::Money;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::subscription::{Subscription, SubscriptionState};
use crate::store;
use crate::themes::Page;
use crate::web::{Error, Owned, SignedIn};

/// A confirmation.
#[derive(Clone, Debug, Serialize)]
pub struct DonePage {
    /// What was done.
    pub done: Done,
    /// The product's name.
    pub product: String,
    /// The subscription to go back to.
    pub subscription: Option<String>,
    /// Where the mail about it went.
    pub mailed_to: Option<String>,
    /// The merchant's page that the customer came from.
    pub return_to: Option<ReturnTo>,
}

/// A page of the merchant, offered as a link that names its host.
#[derive(Clone, Debug, Serialize)]
pub struct ReturnTo {
    /// The address.
    pub url: String,
    /// Its host.
    pub host: String,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Done {
    /// Money arrived.
    Paid(Paid),
    /// The subscription is paid with another method from now on.
    Method {
        /// Which.
        method: Option<Method>,
        /// The next charge.
        next: Option<Timestamp>,
    },
    /// The subscription has ended.
    Cancelled {
        /// When.
        at: Timestamp,
    },
    /// The subscription will end.
    Scheduled {
        /// When.
        at: Timestamp,
    },
    /// The subscription is paused.
    Paused {
        /// When it goes on by itself.
        resumes: Option<Timestamp>,
    },
    /// The subscription goes on after a pause.
    Resumed {
        /// The next charge, if there is one.
        next: Option<Timestamp>,
    },
    /// The subscription has another plan.
    Plan {
        /// The next charge.
        next: Option<Timestamp>,
    },
    /// The subscription goes on after all.
    Kept {
        /// The next charge.
        next: Timestamp,
    },
}

/// The facts of a payment that arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Paid {
    /// Whether a subscription runs because of it.
    pub active: bool,
    /// Its number.
    pub number: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
    /// With what.
    pub method: Option<Method>,
    /// Its invoice.
    pub invoice: Option<Document>,
    /// The next charge.
    pub next: Option<Timestamp>,
}

/// `GET /payments/{id}/done`.
pub(super) async fn payment(Owned { who, item }: Owned<Payment>) -> Result<Response, Error> {
    let mut records = who.records().await?;
    let Some(paid) = Paid::of(&mut records, &item).await? else {
        return Ok(who.redirect(&format!("/payments/{}/progress", item.id)));
    };
    who.render(&DonePage {
        done: Done::Paid(paid),
        product: records.what(&item).await?,
        subscription: item.subscription.as_ref().map(ToString::to_string),
        mailed_to: Some(who.customer.email.as_str().to_owned()),
        return_to: ReturnTo::of(&item),
    })
}

/// `GET /subscriptions/{id}/payment-method/done`.
pub(super) async fn method(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    let mut records = who.records().await?;
    let done = Done::Method {
        method: records.method(item.method.as_ref()).await?,
        next: next(&item),
    };
    show(&who, &mut records, &item, done).await
}

/// `GET /subscriptions/{id}/cancelled`.
pub(super) async fn cancelled(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    let done = match item.state {
        SubscriptionState::Cancelled { at } => Done::Cancelled { at },
        _ if item.cancel_at_period_end => Done::Scheduled {
            at: item.period.end,
        },
        _ => return Ok(who.redirect(&format!("/subscriptions/{}", item.id))),
    };
    let who = who
        .with_blocks(Slot::Confirmation, Some(item.id.as_str()))
        .await;
    let mut records = who.records().await?;
    show(&who, &mut records, &item, done).await
}

/// `GET /subscriptions/{id}/kept`.
pub(super) async fn kept(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    let Some(next) = next(&item) else {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    };
    let mut records = who.records().await?;
    show(&who, &mut records, &item, Done::Kept { next }).await
}

/// `GET /subscriptions/{id}/plan/done`.
pub(super) async fn plan(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    let mut records = who.records().await?;
    let next = next(&item);
    show(&who, &mut records, &item, Done::Plan { next }).await
}

/// `GET /subscriptions/{id}/paused`.
pub(super) async fn paused(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    if !matches!(item.state, SubscriptionState::Paused { .. }) {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    let mut records = who.records().await?;
    let resumes = item.resume_at;
    show(&who, &mut records, &item, Done::Paused { resumes }).await
}

/// `GET /subscriptions/{id}/resumed`.
pub(super) async fn resumed(Owned { who, item }: Owned<Subscription>) -> Result<Response, Error> {
    if item.state != SubscriptionState::Active {
        return Ok(who.redirect(&format!("/subscriptions/{}", item.id)));
    }
    let mut records = who.records().await?;
    let next = next(&item);
    show(&who, &mut records, &item, Done::Resumed { next }).await
}

async fn show(
    who: &SignedIn,
    records: &mut Records,
    subscription: &Subscription,
    done: Done,
) -> Result<Response, Error> {
    // A subscription that is kept goes on as before: nothing happened that a mail could prove.
    let mailed = !matches!(done, Done::Kept { .. });
    who.render(&DonePage {
        done,
        product: records.product(&subscription.product).await?,
        subscription: Some(subscription.id.to_string()),
        mailed_to: mailed.then(|| who.customer.email.as_str().to_owned()),
        return_to: None,
    })
}

/// The next charge of a subscription, if it goes on.
fn next(subscription: &Subscription) -> Option<Timestamp> {
    let goes_on = subscription.state == SubscriptionState::Active
        && !subscription.cancel_at_period_end
        && !subscription.on_demand;
    goes_on.then_some(subscription.period.end)
}

impl ReturnTo {
    /// The merchant's page that `payment` came from, with ids and nothing else.
    pub fn of(payment: &Payment) -> Option<Self> {
        let (name, id) = match &payment.subscription {
            Some(subscription) => ("subscription_id", subscription.as_str()),
            None => ("payment_id", payment.id.as_str()),
        };
        Self::with_id(payment.return_url.as_deref(), name, id)
    }

    /// The merchant's page at `url`, told one id.
    pub fn with_id(url: Option<&str>, name: &str, id: &str) -> Option<Self> {
        let mut url = Url::parse(url?).ok()?;
        let host = url.host_str()?.to_owned();
        url.query_pairs_mut().append_pair(name, id);
        matches!(url.scheme(), "https" | "http").then(|| Self {
            url: url.into(),
            host,
        })
    }
}

impl Paid {
    /// The facts of `payment`; none unless it has succeeded.
    pub async fn of(records: &mut Records, payment: &Payment) -> store::Result<Option<Self>> {
        let PaymentState::Succeeded { at } = payment.state else {
            return Ok(None);
        };
        let subscription = records.subscription_of(payment).await?;
        let invoice = records.invoice(payment).await?;
        Ok(Some(Self {
            active: subscription
                .as_ref()
                .is_some_and(|s| s.state == SubscriptionState::Active),
            number: payment.id.to_string(),
            amount: payment.amount,
            at,
            method: records.method(payment.method.as_ref()).await?,
            invoice: invoice.as_ref().and_then(Document::of),
            next: subscription.as_ref().and_then(next),
        }))
    }

    pub(crate) fn sample() -> Self {
        Self {
            active: true,
            number: "pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            amount: sample::money(2900, "EUR"),
            at: sample::at("2026-11-22"),
            method: Some(sample::visa()),
            invoice: Some(sample::document()),
            next: Some(sample::at("2026-12-22")),
        }
    }
}

impl Page for DonePage {
    const TEMPLATE: &'static str = "pages/done.html";

    fn samples() -> Vec<Self> {
        let page = |done| Self {
            done,
            product: "Pro".to_owned(),
            subscription: Some("sub_sample".to_owned()),
            mailed_to: Some("amelie@example.com".to_owned()),
            return_to: None,
        };
        let (at, next) = (sample::at("2026-11-22"), sample::at("2026-12-01"));
        let bare = Paid {
            active: false,
            method: None,
            invoice: None,
            next: None,
            ..Paid::sample()
        };
        let method = |method, next| Done::Method { method, next };
        vec![
            page(Done::Paid(Paid::sample())),
            Self {
                subscription: None,
                mailed_to: None,
                return_to: Some(ReturnTo {
                    url: "https://northwind.example.com/thanks".to_owned(),
                    host: "northwind.example.com".to_owned(),
                }),
                ..page(Done::Paid(bare))
            },
            page(Done::Plan { next: Some(next) }),
            page(method(Some(sample::visa()), Some(next))),
            page(method(None, None)),
            page(Done::Cancelled { at }),
            page(Done::Scheduled { at: next }),
            page(Done::Kept { next }),
            Self {
                mailed_to: None,
                ..page(Done::Paused {
                    resumes: Some(next),
                })
            },
            page(Done::Paused { resumes: None }),
            page(Done::Resumed { next: Some(next) }),
            page(Done::Resumed { next: None }),
        ]
    }
}
