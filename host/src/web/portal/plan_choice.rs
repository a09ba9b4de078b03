//! What customers choose about a plan: the product, how many, add-ons, a discount code; each as far
//! as the business lets them, and otherwise as it is.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::plan::Offered;
use super::sample;
use crate::config::PlanChanges;
use crate::domain::addon::Addon;
use crate::domain::id::{AddonId, ProductId};
use crate::domain::money::Money;
use crate::domain::plan::OnFailure;
use crate::domain::subscription::Subscription;
use crate::flows::limit;
use crate::flows::plan_change::Wish;
use crate::web::{Error, SignedIn};

/// The most of one add-on that a form takes.
const MOST_ADDONS: u32 = 99;
/// The longest code that is looked for.
const LONGEST_CODE: usize = 64;
/// How many tries with codes a customer has in an hour: enough for every slip of the finger, and too
/// few to find a code by guessing.
const CODES_AN_HOUR: u32 = 20;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The fields of the form, in the address of the page and in what it posts.
#[derive(Debug, Default, Deserialize)]
pub struct Chosen {
    /// The product.
    pub product: Option<String>,
    quantity: Option<String>,
    code: Option<String>,
    /// The add-ons, by [`field`].
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

/// What the fields mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    product: ProductId,
    quantity: u32,
    addons: Vec<(AddonId, u32)>,
    code: Option<String>,
}

/// The form in which a plan is put together.
#[derive(Clone, Debug, Serialize)]
pub struct Choosing {
    /// The product.
    pub to: Offered,
    /// Whether the subscription is for it already.
    pub is_same: bool,
    /// How many; none where the number stays.
    pub quantity: Option<Number>,
    /// The add-ons that can be chosen.
    pub addons: Vec<AddonRow>,
    /// The code that was typed; none where none can be.
    pub code: Option<String>,
    /// Which field cannot be so: the end of its message's key.
    pub wrong: Option<&'static str>,
}

/// A number to choose.
#[derive(Clone, Debug, Serialize)]
pub struct Number {
    /// As it was typed, or as it is.
    pub value: String,
    /// The most.
    pub most: u32,
}

/// An add-on to choose.
#[derive(Clone, Debug, Serialize)]
pub struct AddonRow {
    /// The name of its field.
    pub field: String,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub about: Option<String>,
    /// What one of it costs for one period.
    pub price: Money,
    /// How many.
    pub number: Number,
}

/// A field that goes with the button which agrees to the price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    name: String,
    value: String,
}

fn field(addon: &AddonId) -> String {
    format!("addon-{addon}")
}

impl Chosen {
    /// What was chosen of `product`; the word for what is wrong with it otherwise.
    pub fn read(
        &self,
        rules: &PlanChanges,
        subscription: &Subscription,
        product: ProductId,
    ) -> Result<Choice, &'static str> {
        let quantity = match (rules.quantity_up_to, &self.quantity) {
            (Some(most), Some(text)) => {
                number(text, 1, most.max(subscription.quantity)).ok_or("number")?
            }
            _ => subscription.quantity,
        };
        let attached = &subscription.extras.addons;
        let mut addons: Vec<(AddonId, u32)> = attached
            .iter()
            .map(|addon| (addon.addon.clone(), addon.quantity))
            .collect();
        for id in &rules.addons {
            let Some(text) = self.rest.get(&field(id)) else {
                continue;
            };
            let now = attached.iter().find(|addon| addon.addon == *id);
            let most = now.map_or(0, |addon| addon.quantity).max(MOST_ADDONS);
            let number = number(text, 0, most).ok_or("number")?;
            addons.retain(|(known, _)| known != id);
            if number > 0 {
                addons.push((id.clone(), number));
            }
        }
        let code = self.code.as_deref().map(str::trim);
        let code = code.filter(|code| rules.codes && !code.is_empty());
        if code.is_some_and(|code| code.len() > LONGEST_CODE) {
            return Err("code");
        }
        Ok(Choice {
            product,
            quantity,
            addons,
            code: code.map(str::to_owned),
        })
    }

    /// The form for `to`, as it was filled in.
    pub fn form(
        &self,
        rules: &PlanChanges,
        subscription: &Subscription,
        to: Offered,
        addons: &[Addon],
        wrong: Option<&'static str>,
    ) -> Choosing {
        let attached = &subscription.extras.addons;
        let rows = addons
            .iter()
            .filter(|addon| addon.price.currency == subscription.unit_price.currency)
            .map(|addon| {
                let known = attached.iter().find(|known| known.addon == addon.id);
                let now = known.map_or(0, |known| known.quantity);
                let typed = self.rest.get(&field(&addon.id)).cloned();
                AddonRow {
                    field: field(&addon.id),
                    name: addon.name.clone(),
                    about: addon.description.clone(),
                    // What was agreed stays.
                    price: known.map_or(addon.price, |known| known.unit),
                    number: Number {
                        value: typed.unwrap_or_else(|| now.to_string()),
                        most: now.max(MOST_ADDONS),
                    },
                }
            });
        let quantity = self.quantity.clone();
        let quantity = quantity.unwrap_or_else(|| subscription.quantity.to_string());
        Choosing {
            is_same: to.id == subscription.product.as_str(),
            to,
            quantity: rules.quantity_up_to.map(|most| Number {
                value: quantity,
                most: most.max(subscription.quantity),
            }),
            addons: rows.collect(),
            code: rules.codes.then(|| self.code.clone().unwrap_or_default()),
            wrong,
        }
    }
}

fn number(text: &str, least: u32, most: u32) -> Option<u32> {
    let text = text.trim();
    // An emptied field means none of it.
    let number = if text.is_empty() {
        0
    } else {
        text.parse().ok()?
    };
    (least..=most).contains(&number).then_some(number)
}

impl Choice {
    /// Counts a try with a code, here and in every other process.
    pub async fn count_code(&self, who: &SignedIn) -> Result<(), Error> {
        if self.code.is_none() {
            return Ok(());
        }
        let (cx, subject) = (who.cx(), format!("codes:{}", who.customer.id));
        let flow = async move { limit::take(&cx, &subject, CODES_AN_HOUR, HOUR).await };
        match who.web.perform(flow).await? {
            None => Ok(()),
            Some(wait) => Err(Error::too_many().retry_after(wait)),
        }
    }

    /// Whether it is another plan than there is.
    pub fn is_new(&self, subscription: &Subscription) -> bool {
        let mut addons: Vec<(AddonId, u32)> = subscription
            .extras
            .addons
            .iter()
            .map(|addon| (addon.addon.clone(), addon.quantity))
            .collect();
        let mut chosen = self.addons.clone();
        addons.sort();
        chosen.sort();
        self.product != subscription.product
            || self.quantity != subscription.quantity
            || chosen != addons
            || self.code.is_some()
    }

    /// The wish. A charge that fails changes nothing: a customer who turns back at the bank keeps
    /// the plan they have. How it is billed is the merchant's choice.
    pub fn wish(&self, rules: &PlanChanges, subscription: &Subscription) -> Wish {
        let kept = subscription.extras.discounts.iter();
        let kept = kept.filter(|discount| discount.preserve);
        let codes = self.code.as_ref().map(|code| {
            let kept = kept.map(|discount| discount.code.clone());
            kept.chain([code.clone()]).collect()
        });
        Wish {
            product: self.product.clone(),
            quantity: self.quantity,
            addons: self.addons.clone(),
            codes,
            mode: rules.mode,
            at_next_date: false,
            on_failure: OnFailure::Prevent,
            replaces_scheduled: true,
        }
    }

    /// What says the same again when the price is agreed to.
    pub fn fields(&self, rules: &PlanChanges) -> Vec<Field> {
        let named = |name: String, value: String| Field { name, value };
        let mut fields = vec![named("product".to_owned(), self.product.to_string())];
        if rules.quantity_up_to.is_some() {
            fields.push(named("quantity".to_owned(), self.quantity.to_string()));
        }
        for id in &rules.addons {
            let chosen = self.addons.iter().find(|(known, _)| known == id);
            let number = chosen.map_or(0, |(_, number)| *number);
            fields.push(named(field(id), number.to_string()));
        }
        if let Some(code) = &self.code {
            fields.push(named("code".to_owned(), code.clone()));
        }
        fields
    }
}

impl Choosing {
    /// Whether there is anything to choose.
    pub fn has_fields(&self) -> bool {
        self.quantity.is_some() || !self.addons.is_empty() || self.code.is_some()
    }

    pub(super) fn sample(to: Offered, wrong: Option<&'static str>) -> Self {
        let addon = |name: &str, about: Option<&str>, number: u32| AddonRow {
            field: format!("addon-{number}"),
            name: name.to_owned(),
            about: about.map(str::to_owned),
            price: sample::money(1_200, "EUR"),
            number: Number {
                value: number.to_string(),
                most: MOST_ADDONS,
            },
        };
        let typed = if wrong == Some("number") { "1000" } else { "3" };
        Self {
            to,
            is_same: wrong.is_none(),
            quantity: Some(Number {
                value: typed.to_owned(),
                most: 50,
            }),
            addons: vec![
                addon("Priority support", Some("Answers within four hours."), 1),
                addon(sample::LONG, None, 0),
            ],
            code: Some(if wrong == Some("code") {
                "SUMMER".to_owned()
            } else {
                String::new()
            }),
            wrong,
        }
    }

    pub(super) fn sample_fields() -> Vec<Field> {
        let field = |name: &str, value: &str| Field {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        vec![field("product", "pdt_sample"), field("quantity", "3")]
    }
}
