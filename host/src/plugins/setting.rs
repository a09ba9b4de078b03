//! One setting of a plugin: its type in the manifest, and the operator's value checked
//! against it.

use serde::{Deserialize, Serialize};
use url::Url;

use super::grants::Origin;
use super::manifest::{ManifestError, is_word};

/// One setting that a plugin takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What its value is.
    #[serde(rename = "type")]
    pub kind: SettingKind,
    /// What it is for, for the operator.
    pub description: String,
    /// Whether the plugin cannot work without it.
    #[serde(default)]
    pub required: bool,
    /// The value when the operator gives none.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// The values of a choice.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The least value of an integer.
    #[serde(default)]
    pub least: Option<i64>,
    /// The greatest value of an integer.
    #[serde(default)]
    pub greatest: Option<i64>,
}

/// What a setting's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingKind {
    /// A text.
    Text,
    /// An absolute http or https URL.
    Url,
    /// One of `choices`.
    Choice,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list of texts.
    List,
}

/// A checked value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// Of `text`, `url` or `choice`.
    Text(String),
    /// Of `integer`.
    Integer(i64),
    /// Of `boolean`.
    Boolean(bool),
    /// Of `list`.
    Texts(Vec<String>),
}

impl Setting {
    /// Whether the declaration makes sense.
    pub(super) fn check(&self, name: &str) -> Result<(), ManifestError> {
        let fail = |problem: String| {
            Err(ManifestError::Value {
                key: format!("settings.{name}"),
                problem,
            })
        };
        if !is_word(name, '_') {
            return fail("name it with lower-case letters, digits and underscores".to_owned());
        }
        if (self.kind == SettingKind::Choice) == self.choices.is_empty() {
            return fail("`choices` belongs to type \"choice\", and to it only".to_owned());
        }
        if self.kind != SettingKind::Integer && (self.least.is_some() || self.greatest.is_some()) {
            return fail("`least` and `greatest` belong to type \"integer\"".to_owned());
        }
        if let Some(default) = &self.default {
            if self.required {
                return fail("a required setting needs no default".to_owned());
            }
            if let Err(expected) = self.read(default) {
                return fail(format!("its default must be {expected}"));
            }
        }
        Ok(())
    }

    /// The value as this setting's type, or what was expected.
    pub(super) fn read(&self, value: &serde_json::Value) -> Result<SettingValue, String> {
        let text = value.as_str();
        match self.kind {
            SettingKind::Text => text
                .map(|t| SettingValue::Text(t.to_owned()))
                .ok_or_else(|| "a text".to_owned()),
            SettingKind::Url => text
                .filter(|t| Url::parse(t).is_ok_and(|url| Origin::of(&url).is_some()))
                .map(|t| SettingValue::Text(t.to_owned()))
                .ok_or_else(|| "an absolute http or https URL".to_owned()),
            SettingKind::Choice => text
                .filter(|t| self.choices.iter().any(|choice| choice == t))
                .map(|t| SettingValue::Text(t.to_owned()))
                .ok_or_else(|| format!("one of: {}", self.choices.join(", "))),
            SettingKind::Integer => value
                .as_i64()
                .filter(|n| self.least.is_none_or(|least| *n >= least))
                .filter(|n| self.greatest.is_none_or(|greatest| *n <= greatest))
                .map(SettingValue::Integer)
                .ok_or_else(|| {
                    let least = self
                        .least
                        .map_or(String::new(), |n| format!(" of at least {n}"));
                    let greatest = self
                        .greatest
                        .map_or(String::new(), |n| format!(" of at most {n}"));
                    format!("a whole number{least}{greatest}")
                }),
            SettingKind::Boolean => value
                .as_bool()
                .map(SettingValue::Boolean)
                .ok_or_else(|| "true or false".to_owned()),
            SettingKind::List => value
                .as_array()
                .and_then(|items| {
                    items
                        .iter()
                        .map(|item| item.as_str().map(str::to_owned))
                        .collect::<Option<Vec<_>>>()
                })
                .map(SettingValue::Texts)
                .ok_or_else(|| "a list of texts".to_owned()),
        }
    }
}
