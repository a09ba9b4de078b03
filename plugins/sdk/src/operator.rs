//! What the operator has set for this plugin in this business and mode.

use std::fmt;

use crate::gateway::{GatewayError, webhooks::ParseError};
use crate::host::secrets::{self, Secret, SecretError};
use crate::host::settings::{self, Value};

/// Something that the operator has not set or not granted, in words for them. A `?` makes it the
/// `misconfigured` of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

impl From<Missing> for String {
    fn from(missing: Missing) -> Self {
        missing.0
    }
}

impl From<Missing> for GatewayError {
    fn from(missing: Missing) -> Self {
        Self::Misconfigured(missing.0)
    }
}

impl From<Missing> for ParseError {
    fn from(missing: Missing) -> Self {
        Self::Misconfigured(missing.0)
    }
}

/// The handle of a secret. Its value never enters the plugin's memory.
pub fn secret(name: &str) -> Result<Secret, Missing> {
    secrets::get(name).map_err(|error| {
        Missing(match error {
            SecretError::Denied => format!("the secret {name} is not granted"),
            SecretError::Missing => format!("the secret {name} is not set"),
        })
    })
}

/// A setting of the type `text`, `url` or `choice`, where it is set or has a default.
pub fn text(name: &str) -> Option<String> {
    match settings::get(name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// The same where nothing can be done without it.
pub fn required(name: &str) -> Result<String, Missing> {
    text(name).ok_or_else(|| Missing(format!("the setting {name} is not set")))
}

/// Whether a setting of the type `boolean` is on.
pub fn is_on(name: &str) -> bool {
    matches!(settings::get(name), Some(Value::Boolean(true)))
}

/// A setting of the type `integer`, where it is set or has a default.
pub fn integer(name: &str) -> Option<i64> {
    match settings::get(name) {
        Some(Value::Integer(integer)) => Some(integer),
        _ => None,
    }
}

/// A setting of the type `list`; empty where it is not set.
pub fn texts(name: &str) -> Vec<String> {
    match settings::get(name) {
        Some(Value::Texts(texts)) => texts,
        _ => Vec::new(),
    }
}
