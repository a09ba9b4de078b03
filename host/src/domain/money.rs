//! Amounts of money: whole minor units of an ISO 4217 currency, checked arithmetic, no floats.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The three-letter code in upper case.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals the minor unit has: 0 for JPY, 2 for EUR, 3 for KWD.
    pub fn exponent(self) -> u8 {
        self.0
            .exponent()
            .and_then(|e| u8::try_from(e).ok())
            .unwrap_or(2)
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        iso_currency::Currency::from_code(code)
            .map(Self)
            .ok_or_else(|| UnknownCurrency(code.chars().take(8).collect()))
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        code.parse()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

/// A code that ISO 4217 does not list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ISO 4217 currency code in upper case")]
pub struct UnknownCurrency(pub String);

/// An amount in minor units: `Money { minor: 2900, currency: EUR }` is 29.00 €.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in the currency's smallest unit; negative for money that flows back.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// Why two amounts could not be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The amounts are of different currencies.
    #[error("{0} and {1} cannot be added")]
    Currencies(Currency, Currency),
    /// The result does not fit into 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// `minor` smallest units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Whether there is nothing to pay.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self
            .minor
            .checked_sub(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The amount taken `quantity` times.
    pub fn checked_mul(self, quantity: i64) -> Result<Self, MoneyError> {
        let minor = self
            .minor
            .checked_mul(quantity)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The sum of `amounts`, zero of `currency` when there are none.
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::checked_add)
    }

    /// The amount as a plain decimal, such as `29.00`, `-1.500` or `700`, for machines;
    /// people get the locale's form from the theme.
    pub fn to_decimal(self) -> String {
        let exponent = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!(
            "{:0>width$}",
            self.minor.unsigned_abs(),
            width = exponent + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        if exponent == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    /// What somebody typed as an amount of `currency`, such as `29`, `29.9` or `29,90`; none when
    /// it is no number, is negative, or has more decimals than the currency.
    pub fn typed(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let exponent = usize::from(currency.exponent());
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = !whole.is_empty() && digits(whole) && digits(fraction);
        if !is_number || fraction.len() > exponent {
            return None;
        }
        let minor = format!("{whole}{fraction:0<exponent$}").parse().ok()?;
        Some(Self::new(minor, currency))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Currencies(self.currency, other.currency))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().expect("a currency"))
    }

    #[test]
    fn decimals_follow_the_exponent_of_the_currency() {
        for (minor, code, expect) in [
            (2900, "EUR", "29.00"),
            (5, "EUR", "0.05"),
            (-5, "EUR", "-0.05"),
            (700, "JPY", "700"),
            (1500, "KWD", "1.500"),
            (i64::MIN, "JPY", "-9223372036854775808"),
        ] {
            assert_eq!(money(minor, code).to_decimal(), expect);
        }
    }

    #[test]
    fn sums_across_currencies_or_beyond_the_range_are_errors() {
        assert!(money(1, "EUR").checked_add(money(1, "USD")).is_err());
        assert_eq!(
            money(i64::MAX, "EUR").checked_add(money(1, "EUR")),
            Err(MoneyError::Overflow)
        );
        assert_eq!(
            money(i64::MAX, "EUR").checked_mul(2),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn codes_in_lower_case_are_refused() {
        assert!("eur".parse::<Currency>().is_err());
        assert!("XYZ".parse::<Currency>().is_err());
    }

    #[test]
    fn what_is_typed_is_an_amount_or_nothing() {
        let in_currency = |code: &str| {
            let currency: Currency = code.parse().expect("a currency");
            move |text: &str| Money::typed(text, currency).map(|money| money.minor)
        };
        let euros = in_currency("EUR");
        for (text, minor) in [
            ("29", 2_900),
            (" 29.9 ", 2_990),
            ("29,90", 2_990),
            ("0.01", 1),
            ("29.", 2_900),
        ] {
            assert_eq!(euros(text), Some(minor), "{text}");
        }
        for text in [
            "",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1.234",
            "1,000.00",
            "a",
            "1 0",
            "99999999999999999999",
        ] {
            assert_eq!(euros(text), None, "{text}");
        }
        assert_eq!(in_currency("JPY")("700"), Some(700));
        assert_eq!(in_currency("JPY")("7.5"), None);
        assert_eq!(in_currency("KWD")("1.5"), Some(1_500));
    }
}
