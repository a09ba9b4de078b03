//! E-mail addresses that do not show themselves in logs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A deliverable e-mail address. `Debug` is redacted; write it with [`Email::as_str`] where
/// a person or a mail server is meant to see it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// A text that is not an e-mail address. The text itself is left out on purpose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which addresses are compared: lower case throughout.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// The address with most of it hidden, for pages that may be seen by others:
    /// `a•••@example.com`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or(("", &self.0));
        let first: String = local.chars().take(1).collect();
        format!("{first}•••@{domain}")
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.len() > 254 || text.chars().any(char::is_control) {
            return Err(InvalidEmail);
        }
        text.parse::<lettre::Address>().map_err(|_| InvalidEmail)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_checked_and_hidden_in_debug() {
        let email: Email = " Ada@Example.com ".parse().expect("an address");
        assert_eq!(email.as_str(), "Ada@Example.com");
        assert_eq!(email.folded(), "ada@example.com");
        assert_eq!(email.masked(), "A•••@Example.com");
        assert!(!format!("{email:?}").contains("Example"));
        for bad in ["", "ada", "@example.com", "ada@", "a\r\nb@example.com"] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }
}
