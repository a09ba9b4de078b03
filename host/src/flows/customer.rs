//! Making and changing customers.

use serde_json::json;

use super::{Change, Error, facts, session};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::email::Email;
use crate::domain::id::CustomerId;
use crate::store::{self, Tx};

/// The longest name, in characters.
const MAX_NAME: usize = 255;
/// The longest telephone number, in characters.
const MAX_PHONE: usize = 50;

/// A customer to make.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Chosen by the caller, so that a repeat finds the customer that the first one made.
    pub id: CustomerId,
    /// Where mails go.
    pub email: Email,
    /// How they are addressed.
    pub name: String,
    /// Their telephone number.
    pub phone: Option<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: String,
}

/// What to change; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Where mails go.
    pub email: Option<Email>,
    /// How they are addressed.
    pub name: Option<String>,
    /// Their telephone number.
    pub phone: Change<String>,
    /// The merchant's metadata (a JSON object).
    pub metadata: Option<String>,
}

/// Makes a customer, or answers the one that has this id. Addresses are not unique.
pub async fn create(cx: &Cx, scope: &Scope, new: NewCustomer) -> Result<Customer, Error> {
    check(Some(&new.name), new.phone.as_deref())?;
    match insert(cx, scope, &new).await {
        // The first try of this call, still running a moment ago, has made it.
        Err(Error::Store(store::Error::Conflict(_))) => {
            let mut tx = cx.store.read().await?;
            tx.customer(scope, &new.id)
                .await?
                .ok_or(Error::NotFound("customer"))
        }
        other => other,
    }
}

/// Who buys.
#[derive(Clone, Debug)]
pub enum Buying {
    /// A customer that there is.
    Known(CustomerId),
    /// The newest one with this address, made with the sale when there is none.
    ByEmail(NewCustomer),
    /// A new one, made with the sale.
    New(NewCustomer),
}

/// The customer of a sale, in its transaction: a sale that is refused leaves no customer behind.
pub(super) async fn of_sale(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    buying: &Buying,
) -> Result<Customer, Error> {
    let (new, known) = match buying {
        Buying::Known(id) => {
            let known = tx.customer(scope, id).await?;
            return known.ok_or(Error::NotFound("customer"));
        }
        Buying::ByEmail(new) => (new, tx.customers_by_email(scope, &new.email).await?.pop()),
        Buying::New(new) => (new, None),
    };
    match known {
        Some(customer) => Ok(customer),
        None => {
            check(Some(&new.name), new.phone.as_deref())?;
            insert_in(cx, tx, scope, new).await
        }
    }
}

async fn insert(cx: &Cx, scope: &Scope, new: &NewCustomer) -> Result<Customer, Error> {
    let mut tx = cx.store.begin().await?;
    let customer = insert_in(cx, &mut tx, scope, new).await?;
    tx.commit().await?;
    Ok(customer)
}

async fn insert_in(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    new: &NewCustomer,
) -> Result<Customer, Error> {
    if let Some(known) = tx.customer(scope, &new.id).await? {
        return Ok(known);
    }
    let now = cx.business_now(tx, scope).await?;
    let customer = Customer {
        id: new.id.clone(),
        scope: scope.clone(),
        email: new.email.clone(),
        name: new.name.trim().to_owned(),
        phone: new.phone.clone(),
        locale: None,
        metadata: new.metadata.clone(),
        created_at: now,
        updated_at: now,
        version: 0,
    };
    tx.insert_customer(&customer).await?;
    facts::audit(
        cx,
        tx,
        scope,
        "customer.create",
        customer.id.as_str(),
        None,
        None,
    )
    .await?;
    Ok(customer)
}

/// Changes a customer.
pub async fn update(
    cx: &Cx,
    scope: &Scope,
    id: &CustomerId,
    changes: Changes,
) -> Result<Customer, Error> {
    let mut tx = cx.store.begin().await?;
    let customer = change(cx, &mut tx, scope, id, changes).await?;
    tx.commit().await?;
    Ok(customer)
}

/// The same, in the transaction of a larger change.
pub(super) async fn change(
    cx: &Cx,
    tx: &mut Tx,
    scope: &Scope,
    id: &CustomerId,
    changes: Changes,
) -> Result<Customer, Error> {
    let phone = changes.phone.value().map(String::as_str);
    check(changes.name.as_deref(), phone)?;
    let mut customer = tx
        .customer(scope, id)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let mut changed = Vec::new();
    if let Some(email) = changes.email.filter(|email| *email != customer.email) {
        // Whoever could get in through the old address is out.
        session::end_all(cx, tx, &customer, None).await?;
        customer.email = email;
        changed.push("email");
    }
    if let Some(name) = changes.name.filter(|name| *name != customer.name) {
        name.trim().clone_into(&mut customer.name);
        changed.push("name");
    }
    if changes.phone.apply(&mut customer.phone) {
        changed.push("phone");
    }
    if let Some(metadata) = changes
        .metadata
        .filter(|metadata| *metadata != customer.metadata)
    {
        customer.metadata = metadata;
        changed.push("metadata");
    }
    if changed.is_empty() {
        return Ok(customer);
    }
    customer.updated_at = cx.business_now(tx, scope).await?;
    tx.save_customer(&customer).await?;
    // Which fields, not what they hold: the audit has no addresses.
    let after = json!({ "changed": changed });
    facts::audit(
        cx,
        tx,
        scope,
        "customer.update",
        id.as_str(),
        None,
        Some(after),
    )
    .await?;
    customer.version += 1;
    Ok(customer)
}

fn check(name: Option<&str>, phone: Option<&str>) -> Result<(), Error> {
    let invalid = |field, problem: String| Err(Error::Invalid { field, problem });
    match (name, phone) {
        (Some(name), _) if name.chars().count() > MAX_NAME => {
            invalid("name", format!("is longer than {MAX_NAME} characters"))
        }
        (Some(name), _) if name.chars().any(char::is_control) => {
            invalid("name", "holds control characters".to_owned())
        }
        (_, Some(phone)) if phone.chars().count() > MAX_PHONE => invalid(
            "phone_number",
            format!("is longer than {MAX_PHONE} characters"),
        ),
        _ => Ok(()),
    }
}
