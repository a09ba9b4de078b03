//! What callers may order, as it comes over the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::Error;
use crate::faults::Operation;
use crate::money::{self, Money};
use crate::store::{Initiator, MethodKind};

/// What a customer contests at the bank.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewDispute {
    /// Minor units; all that is left of the charge when absent.
    pub(crate) amount: Option<i64>,
    /// The network's reason.
    pub(crate) reason: Option<String>,
}

/// A customer, who exists by being named.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerIn {
    /// The caller's own reference.
    pub(crate) reference: String,
    /// Offered as the cardholder's name on the hosted page.
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// Where the money comes from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// A method that the customer enters on the hosted page.
    Collect,
    /// A saved method, by its id.
    Method(String),
}

/// An order for a charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCharge {
    pub(crate) customer: CustomerIn,
    pub(crate) amount: Money,
    pub(crate) source: Source,
    pub(crate) initiator: Initiator,
    #[serde(default)]
    pub(crate) save_method: bool,
    #[serde(default)]
    pub(crate) return_url: Option<Url>,
    #[serde(default)]
    pub(crate) expires_at: Option<i64>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// The one kind of method that is offered; both when absent.
    #[serde(default)]
    pub(crate) only_kind: Option<MethodKind>,
    /// What the card network called the agreement; checked against the method's.
    #[serde(default)]
    pub(crate) network_reference: Option<String>,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
}

/// An order to save a method without a charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSetup {
    pub(crate) customer: CustomerIn,
    pub(crate) return_url: Url,
    #[serde(default)]
    pub(crate) expires_at: Option<i64>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// The one kind of method that is offered; both when absent.
    #[serde(default)]
    pub(crate) only_kind: Option<MethodKind>,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
}

/// An order for a refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRefund {
    /// The charge's id.
    pub(crate) charge: String,
    /// Everything that is left when absent.
    #[serde(default)]
    pub(crate) amount: Option<Money>,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
}

/// An order that is carried out once per idempotency key.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    Charge(NewCharge),
    Setup(NewSetup),
    Refund(NewRefund),
}

impl Order {
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::Charge(_) => Operation::Charge,
            Self::Setup(_) => Operation::Setup,
            Self::Refund(_) => Operation::Refund,
        }
    }

    /// A charge of one minor unit less.
    pub(crate) fn take_less(&mut self) {
        if let Self::Charge(charge) = self
            && charge.amount.minor > 1
        {
            charge.amount.minor -= 1;
        }
    }

    /// The customer it is for; a refund names none.
    pub(crate) fn customer(&self) -> &str {
        match self {
            Self::Charge(charge) => &charge.customer.reference,
            Self::Setup(setup) => &setup.customer.reference,
            Self::Refund(_) => "",
        }
    }

    pub(crate) fn metadata(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Charge(charge) => &charge.metadata,
            Self::Setup(setup) => &setup.metadata,
            Self::Refund(refund) => &refund.metadata,
        }
    }

    /// Checks what can be checked without looking anything up.
    pub(crate) fn check(&self, now: i64) -> Result<(), Error> {
        if self
            .metadata()
            .iter()
            .any(|(name, value)| name.len() > 64 || value.len() > 500)
            || self.metadata().len() > 50
        {
            return Err(Error::invalid(
                "metadata",
                "At most 50 entries of 64 and 500 bytes.",
            ));
        }
        match self {
            Self::Charge(charge) => {
                check_amount(&charge.amount, money::LEAST)?;
                check_customer(&charge.customer)?;
                check_visit(charge.return_url.as_ref(), charge.expires_at, now)?;
                match (&charge.source, charge.initiator) {
                    (Source::Collect, Initiator::CustomerPresent)
                        if charge.return_url.is_none() =>
                    {
                        Err(Error::invalid(
                            "return_url",
                            "A hosted page needs a return_url.",
                        ))
                    }
                    (
                        Source::Collect,
                        Initiator::MerchantRecurring | Initiator::MerchantUnscheduled,
                    ) => Err(Error::invalid(
                        "initiator",
                        "A method can be collected only while the customer is present.",
                    )),
                    _ => Ok(()),
                }
            }
            Self::Setup(setup) => {
                check_customer(&setup.customer)?;
                check_visit(Some(&setup.return_url), setup.expires_at, now)
            }
            Self::Refund(refund) => match &refund.amount {
                Some(amount) => check_amount(amount, 1),
                None => Ok(()),
            },
        }
    }
}

fn check_amount(amount: &Money, least: i64) -> Result<(), Error> {
    if !money::CURRENCIES
        .iter()
        .any(|(code, _)| *code == amount.currency)
    {
        return Err(Error::invalid("currency", "This currency is not taken."));
    }
    if !(least..=money::GREATEST).contains(&amount.minor) {
        return Err(Error::invalid(
            "amount",
            format!("The amount must be from {least} to {}.", money::GREATEST),
        ));
    }
    Ok(())
}

fn check_customer(customer: &CustomerIn) -> Result<(), Error> {
    if customer.reference.is_empty() || customer.reference.len() > 255 {
        return Err(Error::invalid(
            "customer",
            "The reference must have 1 to 255 bytes.",
        ));
    }
    Ok(())
}

fn check_visit(return_url: Option<&Url>, expires_at: Option<i64>, now: i64) -> Result<(), Error> {
    if return_url.is_some_and(|url| !matches!(url.scheme(), "http" | "https")) {
        return Err(Error::invalid(
            "return_url",
            "The return_url must be http or https.",
        ));
    }
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Error::invalid(
            "expires_at",
            "The end must be in the future.",
        ));
    }
    Ok(())
}
