//! From columns to domain values. Whatever cannot be read names its table, column and row.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Result};
use crate::domain::Scope;
use crate::domain::money::{Currency, Money};
use crate::domain::period::{Interval, Period};

/// Reads the columns of one row of `table`.
pub(super) struct Columns<'a> {
    pub(super) table: &'static str,
    pub(super) id: &'a str,
}

impl Columns<'_> {
    pub(super) fn corrupt(&self, column: &'static str, reason: impl Display) -> Error {
        Error::Corrupt {
            table: self.table,
            column,
            id: self.id.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<T> {
        text.parse().map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn parse_some<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
        text: Option<&str>,
    ) -> Result<Option<T>> {
        text.map(|text| self.parse(column, text)).transpose()
    }

    /// A column that the row's state promises.
    pub(super) fn present<T>(&self, column: &'static str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.corrupt(column, "missing in this state"))
    }

    pub(super) fn time(&self, column: &'static str, micros: i64) -> Result<Timestamp> {
        Timestamp::from_microsecond(micros).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn time_some(
        &self,
        column: &'static str,
        micros: Option<i64>,
    ) -> Result<Option<Timestamp>> {
        micros.map(|micros| self.time(column, micros)).transpose()
    }

    pub(super) fn number<T: TryFrom<i64, Error: Display>>(
        &self,
        column: &'static str,
        value: i64,
    ) -> Result<T> {
        T::try_from(value).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn number_some<T: TryFrom<i64, Error: Display>>(
        &self,
        column: &'static str,
        value: Option<i64>,
    ) -> Result<Option<T>> {
        value.map(|value| self.number(column, value)).transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn scope(&self, business: &str, mode: &str) -> Result<Scope> {
        Ok(Scope::new(
            self.parse("business_id", business)?,
            self.parse("mode", mode)?,
        ))
    }

    pub(super) fn money(&self, minor: i64, currency: &str) -> Result<Money> {
        Ok(Money::new(
            minor,
            self.parse::<Currency>("currency", currency)?,
        ))
    }

    pub(super) fn period(&self, start: i64, end: i64) -> Result<Period> {
        Ok(Period {
            start: self.time("period_start", start)?,
            end: self.time("period_end", end)?,
        })
    }

    pub(super) fn interval(&self, unit: &str, count: i64) -> Result<Interval> {
        Ok(Interval {
            unit: self.parse("interval_unit", unit)?,
            count: self.number("interval_count", count)?,
        })
    }
}

/// A value as the JSON text of its column.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("domain values have string keys and finite numbers")
}

/// The pattern for "contains `text`, whatever its case", on a folded column with `ESCAPE '!'`.
pub(super) fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// A save touched its row, or the row had moved on.
pub(super) fn touched_one(touched: u64, table: &'static str, id: &str) -> Result<()> {
    if touched == 1 {
        Ok(())
    } else {
        Err(Error::Stale {
            table,
            id: id.to_owned(),
        })
    }
}
