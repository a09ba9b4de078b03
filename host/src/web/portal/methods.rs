//! Saved payment methods: what pays for what, and removing one that nothing needs.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::method_update::allowed;
use super::progress::Pressed;
use super::records::{Reading, Records};
use super::sample;
use super::view::Method;
use crate::domain::id::MethodId;
use crate::domain::method::PaymentMethod;
use crate::flows::{self, method_update};
use crate::store;
use crate::themes::Page;
use crate::web::{Error, Posted, SignedIn};

/// The list of methods.
#[derive(Debug, Serialize)]
pub struct MethodsPage {
    /// The methods, last used first.
    pub methods: Vec<Saved>,
    /// Whether the business lets its customers remove one.
    pub removable: bool,
    /// Whether it lets them mark one as their backup.
    pub backup: bool,
}

/// The question before a method is removed.
#[derive(Debug, Serialize)]
pub struct RemoveMethodPage {
    /// The method, and what keeps it from being removed.
    pub saved: Saved,
}

/// A method and what it pays for.
#[derive(Clone, Debug, Serialize)]
pub struct Saved {
    /// The method.
    pub method: Method,
    /// The living subscriptions that renew with it.
    pub pays_for: Vec<PaidFor>,
    /// Whether it is tried when another is declined at a renewal.
    pub is_backup: bool,
    /// Whether its bank has refused it for good.
    pub refused: bool,
}

/// A subscription that a method pays for.
#[derive(Clone, Debug, Serialize)]
pub struct PaidFor {
    /// The subscription.
    pub id: String,
    /// The product's name.
    pub product: String,
}

/// `GET /payment-methods`.
pub(super) async fn index(reading: Reading) -> Result<Response, Error> {
    let Reading { who, mut records } = reading;
    let mut methods = Vec::new();
    for method in records.tx.methods_of(who.scope(), &who.customer.id).await? {
        methods.push(Saved::of(&mut records, &method).await?);
    }
    let removable = allowed(&who).is_ok();
    let backup = backup_allowed(&who).is_ok();
    who.render(&MethodsPage {
        methods,
        removable,
        backup,
    })
}

/// The form that marks a backup method, or none.
#[derive(Debug, Deserialize)]
pub struct Backup {
    /// Whether this one is the backup from now on.
    backup: bool,
}

/// `POST /payment-methods/{id}/backup`.
pub(super) async fn backup(
    who: SignedIn,
    Path(id): Path<String>,
    Posted(Backup { backup }): Posted<Backup>,
) -> Result<Response, Error> {
    backup_allowed(&who)?;
    let method: MethodId = id.parse().map_err(|_| Error::not_found())?;
    let (cx, scope, customer) = (who.cx(), who.scope().clone(), who.customer.id.clone());
    let flow =
        async move { method_update::set_backup(&cx, &scope, &customer, &method, backup).await };
    who.web.perform(flow).await?;
    Ok(who.redirect("/payment-methods"))
}

/// Whether the business lets its customers mark a backup method.
fn backup_allowed(who: &SignedIn) -> Result<(), Error> {
    let business = who.web.cx.business(who.scope());
    let allowed = business.is_some_and(|(business, _)| {
        business.allow.payment_methods && business.allow.backup_method
    });
    allowed.then_some(()).ok_or_else(Error::not_found)
}

/// `GET /payment-methods/{id}/remove`.
pub(super) async fn ask(who: SignedIn, Path(id): Path<String>) -> Result<Response, Error> {
    allowed(&who)?;
    let page = question(&who, &id).await?;
    who.render(&page)
}

/// `POST /payment-methods/{id}/remove`. A method in use stays, and the page says by what.
pub(super) async fn remove(
    who: SignedIn,
    Path(id): Path<String>,
    Posted(Pressed {}): Posted<Pressed>,
) -> Result<Response, Error> {
    allowed(&who)?;
    let method: MethodId = id.parse().map_err(|_| Error::not_found())?;
    let (cx, scope, customer) = (who.cx(), who.scope().clone(), who.customer.id.clone());
    let flow = async move {
        Ok::<_, flows::Error>(method_update::detach(&cx, &scope, &customer, &method).await)
    };
    match who.web.perform(flow).await? {
        Ok(()) => Ok(who.redirect("/payment-methods")),
        Err(flows::Error::MethodInUse(_)) => {
            who.render_as(StatusCode::CONFLICT, &question(&who, &id).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn question(who: &SignedIn, id: &str) -> Result<RemoveMethodPage, Error> {
    let id: MethodId = id.parse().map_err(|_| Error::not_found())?;
    let mut records = who.records().await?;
    let method = records.tx.method(who.scope(), &id).await?;
    let method = method
        .filter(|method| method.customer == who.customer.id)
        .ok_or_else(Error::not_found)?;
    let saved = Saved::of(&mut records, &method).await?;
    Ok(RemoveMethodPage { saved })
}

impl Saved {
    async fn of(records: &mut Records, method: &PaymentMethod) -> store::Result<Self> {
        let users = records
            .tx
            .subscriptions_by_method(&method.scope, &method.id)
            .await?;
        let mut pays_for = Vec::with_capacity(users.len());
        for subscription in users {
            pays_for.push(PaidFor {
                id: subscription.id.to_string(),
                product: records.product(&subscription.product).await?,
            });
        }
        Ok(Self {
            method: Method::of(method, records.now),
            pays_for,
            is_backup: method.is_backup,
            refused: method.refused_at.is_some(),
        })
    }

    fn samples() -> Vec<Self> {
        let free = |method| Self {
            method,
            pays_for: Vec::new(),
            is_backup: false,
            refused: false,
        };
        let mut all: Vec<Self> = sample::methods().into_iter().map(free).collect();
        let paid = |product: &str| PaidFor {
            id: "sub_sample".to_owned(),
            product: product.to_owned(),
        };
        all[0].pays_for = vec![paid("Pro"), paid(sample::LONG)];
        if let [_, second, third, ..] = &mut all[..] {
            second.is_backup = true;
            third.refused = true;
        }
        all
    }
}

impl Page for MethodsPage {
    const TEMPLATE: &'static str = "pages/methods.html";

    fn samples() -> Vec<Self> {
        let page = |methods, removable| Self {
            methods,
            removable,
            backup: removable,
        };
        vec![
            page(Saved::samples(), true),
            page(Saved::samples(), false),
            page(Vec::new(), true),
        ]
    }
}

impl Page for RemoveMethodPage {
    const TEMPLATE: &'static str = "pages/method-remove.html";

    fn samples() -> Vec<Self> {
        let samples = Saved::samples().into_iter();
        samples.map(|saved| Self { saved }).collect()
    }
}
