//! What `POST /subscriptions` and `POST /payments` have in common: who buys, where they are,
//! and the wishes of checkout that this host cannot grant.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::input::{Body, check_wishes, invalid, json};
use super::key::ApiKey;
use super::{method_types, return_url};
use crate::domain::customer::{BillingAddress, BuyerDetails};
use crate::domain::email::Email;
use crate::domain::id::CustomerId;
use crate::flows::customer::{Buying, NewCustomer};
use crate::flows::repeat::Call;
use crate::web::Error;
use crate::wire::{Billing, Metadata};

/// The longest part of an address and the longest tax id, in characters.
const MAX_TEXT: usize = 255;

/// The customer of a new subscription or payment.
#[derive(Deserialize)]
pub(super) struct CustomerBody {
    customer_id: Option<CustomerId>,
    email: Option<Email>,
    name: Option<String>,
    phone_number: Option<String>,
    create_new_customer: Option<bool>,
}

/// The body of a creation: what both kinds share, and what `T` has besides. Each reads the whole
/// body by itself, since a flattened struct would forget where a wrong field stands.
pub(super) struct Sale<T> {
    /// The shared fields.
    pub(super) purchase: Purchase,
    /// The others.
    pub(super) what: T,
}

impl<T: DeserializeOwned> Body for Sale<T> {
    fn read(body: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            purchase: json(body)?,
            what: json(body)?,
        })
    }
}

/// Fields that both kinds of creation share.
#[derive(Deserialize)]
pub(super) struct Purchase {
    pub(super) billing: Billing,
    pub(super) customer: CustomerBody,
    customer_business_name: Option<String>,
    tax_id: Option<String>,
    pub(super) metadata: Option<Metadata>,
    return_url: Option<String>,
    allowed_payment_method_types: Option<Vec<String>>,
    force_3ds: Option<bool>,
    mandate_min_amount_inr_paise: Option<Value>,
    /// Anything but null or empty is a wish that would change what is charged.
    payment_method_id: Option<Value>,
}

impl Purchase {
    /// Refuses what this host cannot grant and must not ignore: it would charge another sum,
    /// or at another time, than the merchant expects.
    pub(super) fn check(&self, key: &ApiKey) -> Result<(), Error> {
        check_wishes(&[
            ("payment_method_id", &self.payment_method_id),
            (
                "mandate_min_amount_inr_paise",
                &self.mandate_min_amount_inr_paise,
            ),
        ])?;
        if self.force_3ds == Some(true) {
            let problem = "is not supported on this host: the gateway decides when to ask";
            return Err(invalid("force_3ds", problem));
        }
        method_types::check(key, self.allowed_payment_method_types.as_deref())
    }

    /// Who buys, for tax and documents.
    pub(super) fn buyer(&self) -> Result<BuyerDetails, Error> {
        Ok(BuyerDetails {
            billing: address(&self.billing)?,
            tax_id: short("tax_id", self.tax_id.clone())?,
            business_name: short(
                "customer_business_name",
                self.customer_business_name.clone(),
            )?,
        })
    }

    /// Where the customer is offered to go afterwards.
    pub(super) fn return_url(&self, key: &ApiKey) -> Result<Option<String>, Error> {
        let settings = key.cx.settings.load();
        let url = return_url::checked(&settings, &key.scope, self.return_url.clone())?;
        Ok(url.map(Into::into))
    }
}

/// The customer that is named, or to be found by address, or to be made; and their id, as far as
/// it is known.
pub(super) async fn buying_customer(
    key: &ApiKey,
    call: &Call,
    body: CustomerBody,
) -> Result<(Buying, CustomerId), Error> {
    if let Some(id) = body.customer_id {
        let mut tx = key.cx.store.read().await?;
        return match tx.customer(&key.scope, &id).await? {
            Some(_) => Ok((Buying::Known(id.clone()), id)),
            None => Err(Error::not_found().saying("there is no such customer")),
        };
    }
    let Some(email) = body.email else {
        return Err(invalid("customer", "needs customer_id or email"));
    };
    let new = NewCustomer {
        id: call.id_of("customer"),
        name: body.name.unwrap_or_default(),
        phone: body.phone_number,
        metadata: Metadata::default().to_json(),
        email,
    };
    let id = new.id.clone();
    let buying = if body.create_new_customer.unwrap_or(false) {
        Buying::New(new)
    } else {
        Buying::ByEmail(new)
    };
    Ok((buying, id))
}

/// An address as the domain keeps it.
pub(super) fn address(billing: &Billing) -> Result<BillingAddress, Error> {
    let country = &billing.country;
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid(
            "billing.country",
            "must be two capital letters (ISO 3166-1 alpha-2)",
        ));
    }
    Ok(BillingAddress {
        country: country.clone(),
        city: short("billing.city", billing.city.clone())?,
        state: short("billing.state", billing.state.clone())?,
        street: short("billing.street", billing.street.clone())?,
        zipcode: short("billing.zipcode", billing.zipcode.clone())?,
    })
}

/// A text of one line; an empty one is none.
pub(super) fn short(field: &str, text: Option<String>) -> Result<Option<String>, Error> {
    match text {
        Some(text) if text.chars().count() > MAX_TEXT => {
            Err(invalid(field, "is longer than 255 characters"))
        }
        Some(text) if text.chars().any(char::is_control) => {
            Err(invalid(field, "holds control characters"))
        }
        text => Ok(text.filter(|text| !text.trim().is_empty())),
    }
}
