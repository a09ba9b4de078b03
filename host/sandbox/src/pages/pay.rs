//! The hosted payment page: a customer enters a card or an account, or goes back. One
//! payment is one attempt: after a decline the merchant decides what comes next.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use std::sync::Arc;

use super::{Order, elsewhere, has_passed, missing, page, settle_visit, visited, way_back};
use crate::clock;
use crate::error::Error;
use crate::instrument::{self, Instrument};
use crate::processor::Processor;
use crate::store::{Intent, MethodKind, Status};
use crate::work::Entered;

/// What the page shows.
#[derive(Debug, Serialize)]
struct PayPage {
    order: Order,
    token: String,
    /// `card` or `debit`.
    with: With,
    /// Whether the customer can choose between card and account.
    can_choose: bool,
    holder: String,
    expiry: String,
    errors: Errors,
    cards: Vec<TestNumber>,
    accounts: Vec<TestNumber>,
}

/// A line of the list of test numbers.
#[derive(Debug, Serialize)]
struct TestNumber {
    number: String,
    note: &'static str,
}

/// What is wrong with each field.
#[derive(Debug, Default, Serialize)]
struct Errors {
    number: Option<&'static str>,
    expiry: Option<&'static str>,
    cvc: Option<&'static str>,
    iban: Option<&'static str>,
    holder: Option<&'static str>,
}

impl Errors {
    fn any(&self) -> bool {
        self.number
            .or(self.expiry)
            .or(self.cvc)
            .or(self.iban)
            .or(self.holder)
            .is_some()
    }
}

/// Card or account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum With {
    #[default]
    Card,
    Debit,
}

/// Which form is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    with: With,
}

/// What the customer typed. It has no `Debug`: it holds a number.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    with: With,
    number: String,
    expiry: String,
    cvc: String,
    iban: String,
    holder: String,
}

pub(super) async fn show(
    State(processor): State<Arc<Processor>>,
    Path(token): Path<String>,
    Query(choice): Query<Choice>,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let Some((intent, account)) = visited(&processor, &mut tx, &token).await? else {
        return missing(&processor);
    };
    tx.commit().await?;
    account.wake.notify_one();
    if intent.status != Status::AwaitingMethod {
        return elsewhere(&processor, &intent);
    }
    let typed = Typed {
        with: choice.with,
        holder: intent.customer_name.clone().unwrap_or_default(),
        ..Typed::default()
    };
    form(
        &processor,
        StatusCode::OK,
        &intent,
        &typed,
        Errors::default(),
    )
}

pub(super) async fn submit(
    State(processor): State<Arc<Processor>>,
    Path(token): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let Some((mut intent, account)) = visited(&processor, &mut tx, &token).await? else {
        return missing(&processor);
    };
    if intent.status != Status::AwaitingMethod {
        tx.commit().await?;
        return elsewhere(&processor, &intent);
    }
    let typed = Typed {
        with: offered(&intent, typed.with),
        ..typed
    };
    let entered = match read(&typed) {
        Ok(entered) => entered,
        Err(errors) => {
            return form(
                &processor,
                StatusCode::UNPROCESSABLE_ENTITY,
                &intent,
                &typed,
                errors,
            );
        }
    };
    processor
        .work(&mut tx, &account, clock::now())
        .enter(&mut intent, entered)
        .await?;
    settle_visit(&processor, tx, &account, &intent).await
}

pub(super) async fn cancel(
    State(processor): State<Arc<Processor>>,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let mut tx = processor.store.write().await?;
    let Some((mut intent, account)) = visited(&processor, &mut tx, &token).await? else {
        return missing(&processor);
    };
    processor
        .work(&mut tx, &account, clock::now())
        .cancel(&mut intent)
        .await?;
    settle_visit(&processor, tx, &account, &intent).await
}

/// The page with its form. What was typed as a number is never written back.
fn form(
    processor: &Processor,
    status: StatusCode,
    intent: &Intent,
    typed: &Typed,
    errors: Errors,
) -> Result<Response, Error> {
    let numbers = |list: &'static [Instrument]| {
        list.iter()
            .map(|instrument| TestNumber {
                number: instrument.grouped(),
                note: instrument.note,
            })
            .collect()
    };
    let shown = PayPage {
        order: Order::new(intent),
        token: intent.token.clone(),
        with: offered(intent, typed.with),
        can_choose: intent.only_kind.is_none(),
        holder: typed.holder.clone(),
        expiry: typed.expiry.clone(),
        errors,
        cards: numbers(instrument::CARDS),
        accounts: numbers(instrument::ACCOUNTS),
    };
    page(
        processor,
        status,
        "pay.html",
        &shown,
        way_back(intent).as_deref(),
    )
}

/// What the customer is offered: what was asked for, unless the merchant takes one kind only.
fn offered(intent: &Intent, wished: With) -> With {
    match intent.only_kind {
        None => wished,
        Some(MethodKind::Card) => With::Card,
        Some(MethodKind::BankDebit) => With::Debit,
    }
}

/// Makes sense of what was typed, or says what is wrong with each field.
fn read(typed: &Typed) -> Result<Entered, Errors> {
    let mut errors = Errors::default();
    let holder = typed.holder.trim();
    if holder.is_empty() || holder.chars().count() > 100 {
        errors.holder = Some("Enter the name.");
    }
    let (kind, instrument, expiry) = match typed.with {
        With::Card => {
            let card = instrument::card_by_number(&typed.number);
            if card.is_none() {
                errors.number = Some("This is not one of the test cards below.");
            }
            let expiry = read_expiry(&typed.expiry);
            match expiry {
                None => errors.expiry = Some("Enter month and year, such as 12 / 30."),
                Some(end) if has_passed(end) => errors.expiry = Some("This card has expired."),
                Some(_) => {}
            }
            let cvc = typed.cvc.trim();
            if !(3..=4).contains(&cvc.len()) || !cvc.bytes().all(|byte| byte.is_ascii_digit()) {
                errors.cvc = Some("Enter the 3 digits from the back of the card.");
            }
            (MethodKind::Card, card, expiry)
        }
        With::Debit => {
            let account = instrument::account_by_iban(&typed.iban);
            if account.is_none() {
                errors.iban = Some("This is not one of the test accounts below.");
            }
            (MethodKind::BankDebit, account, None)
        }
    };
    match instrument {
        Some(instrument) if !errors.any() => Ok(Entered {
            kind,
            instrument,
            holder: holder.to_owned(),
            expiry,
        }),
        _ => Err(errors),
    }
}

/// Month and year as people write them: `1230`, `12/30`, `12 / 2030`.
fn read_expiry(typed: &str) -> Option<(i64, i64)> {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let others = typed.chars().filter(|c| !c.is_ascii_digit());
    if !matches!(digits.len(), 4 | 6) || !others.clone().all(|c| matches!(c, ' ' | '/' | '-')) {
        return None;
    }
    let (month, year) = digits.split_at(2);
    let month: i64 = month.parse().ok()?;
    let year: i64 = year.parse().ok()?;
    let year = if year < 100 { year + 2000 } else { year };
    ((1..=12).contains(&month) && (2000..2100).contains(&year)).then_some((month, year))
}

#[cfg(test)]
mod tests {
    use super::read_expiry;

    #[test]
    fn an_expiry_is_read_as_people_write_it() {
        for typed in ["1230", "12/30", "12 / 30", "12/2030", "12-30"] {
            assert_eq!(read_expiry(typed), Some((12, 2030)), "{typed}");
        }
        for typed in [
            "",
            "13/30",
            "0030",
            "1/30",
            "12/30x",
            "12/1999",
            "123456789",
        ] {
            assert_eq!(read_expiry(typed), None, "{typed}");
        }
    }
}
