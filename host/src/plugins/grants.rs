//! Permissions: what the manifest wishes **and** the operator grants, and nothing else. Pure.

mod browser;
mod destinations;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use url::Url;

pub use self::browser::{ANY, Browser};
use super::manifest::ManifestError;
pub use super::origin::{InvalidOrigin, Origin};
use crate::domain::event_type::EVENT_TYPES;

/// What the operator permits a plugin, per business and mode. Empty means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// Origins that it may reach.
    pub http: Vec<OriginGrant>,
    /// Origins whose pages a gateway may send customers to, or [`ANY`].
    pub browser: Vec<String>,
    /// Names of the secrets whose text it may read.
    pub reveal: Vec<String>,
    /// What of the signed-in customer it is told, such as `customer.profile`.
    pub data: Vec<String>,
    /// Whether it may remember things in the database.
    pub store: bool,
    /// Types of events that it is told of.
    pub events: Vec<String>,
    /// How often it is called by the clock: `hourly`, `daily`.
    pub schedules: Vec<String>,
    /// Origins that it may send the customer's browser to.
    pub redirect: Vec<String>,
}

/// An origin that a plugin may reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginGrant {
    /// Scheme, host and port, such as `https://api.example.com` or `http://127.0.0.1:8081`.
    pub origin: String,
    /// Whether its address may be one of a private network or of this machine.
    #[serde(default)]
    pub private: bool,
}

/// The `[permissions]` of a manifest: what a plugin wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wishes {
    /// Origins it wants to reach: `https://api.example.com`, or `setting:NAME` for the origin
    /// of a setting of type `url`.
    pub http: Vec<String>,
    /// Origins whose pages a gateway wants to send customers to, written as in `http`, or [`ANY`].
    pub browser: Vec<String>,
    /// Names of secrets it wants to use.
    pub secrets: BTreeSet<String>,
    /// Which of `http` a secret is sent to. One that is not named here is sent to the only origin
    /// that is granted, and to none where there are several.
    pub secrets_for: BTreeMap<String, Vec<String>>,
    /// Names of secrets whose text it wants to read.
    pub reveal: BTreeSet<String>,
    /// What of the signed-in customer it wants to be told: words of [`DATA`].
    pub data: BTreeSet<String>,
    /// Whether it wants to remember things.
    pub store: bool,
    /// Types of events that it wants to be told of.
    pub events: BTreeSet<String>,
    /// Words of [`SCHEDULES`].
    pub schedules: BTreeSet<String>,
    /// Origins that it wants to send the customer's browser to.
    pub redirect: BTreeSet<String>,
}

/// What can be told of a customer.
pub const DATA: &[&str] = &[
    "customer.profile",
    "customer.subscriptions",
    "customer.payments",
    "customer.licenses",
];

/// How often a plugin can be called by the clock.
pub const SCHEDULES: &[&str] = &["hourly", "daily"];

impl Wishes {
    /// Whether every wish is one that a host knows.
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        for (key, words, known) in [
            ("data", &self.data, DATA),
            ("events", &self.events, EVENT_TYPES),
            ("schedules", &self.schedules, SCHEDULES),
        ] {
            if let Some(word) = words.iter().find(|word| !known.contains(&word.as_str())) {
                return Err(ManifestError::Value {
                    key: format!("permissions.{key}"),
                    problem: format!("`{word}` is not one of: {}", known.join(", ")),
                });
            }
        }
        for origin in &self.redirect {
            origin
                .parse::<Origin>()
                .map_err(|error| ManifestError::Value {
                    key: "permissions.redirect".to_owned(),
                    problem: error.to_string(),
                })?;
        }
        Ok(())
    }
}

/// What a plugin may do in one business and mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Origins it may reach, with whether their addresses may be private.
    pub origins: BTreeMap<Origin, bool>,
    /// Where it may send customers.
    pub browser: Browser,
    /// Secrets it may use, each with the origins that it may be sent to.
    pub secrets: BTreeMap<String, BTreeSet<Origin>>,
    /// Secrets whose text it may read.
    pub reveal: BTreeSet<String>,
    /// What of the signed-in customer it is told.
    pub data: BTreeSet<String>,
    /// Whether it may remember things.
    pub store: bool,
    /// Events that it is told of.
    pub events: BTreeSet<String>,
    /// How often it is called by the clock.
    pub schedules: BTreeSet<String>,
    /// Where it may send the browser.
    pub redirect: BTreeSet<Origin>,
}

/// Permissions with what the operator should know about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// What holds.
    pub permissions: Permissions,
    /// Wishes that were not granted, and grants that nobody wishes or that cannot be read.
    pub remarks: Vec<Finding>,
}

/// Something about a gateway's configuration that its operator should know. Never holds a
/// secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The key below the gateway's own, such as `grants.http.0.origin`.
    pub key: String,
    /// What is so, as a clause without a full stop.
    pub what: String,
    /// What to do about it, as a sentence; empty where `what` says it all.
    pub mend: String,
}

impl Finding {
    pub(super) fn new(key: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            what: what.into(),
            mend: mend.into(),
        }
    }
}

/// The permissions that hold: each is wished by the manifest and granted by the operator.
/// `setting` answers the text of a setting, for wishes of the form `setting:NAME`.
pub fn effective(
    wishes: &Wishes,
    grant: &Grant,
    setting: impl Fn(&str) -> Option<String>,
) -> Effective {
    let mut answer = Effective::default();
    let remarks = &mut answer.remarks;
    let mut granted = BTreeMap::new();
    for (index, entry) in grant.http.iter().enumerate() {
        let key = format!("grants.http.{index}.origin");
        match entry.origin.parse::<Origin>() {
            Ok(origin) => {
                granted.insert(origin, (entry.private, key));
            }
            Err(error) => remarks.push(Finding::new(&key, error.to_string(), "")),
        }
    }
    for wish in &wishes.http {
        match meant(wish, &setting) {
            Meant::Nothing => {}
            Meant::NoOrigin => remarks.push(Finding::new(
                "grants.http",
                format!("the plugin wishes `{wish}`, which names no origin"),
                "",
            )),
            Meant::Origin(origin) => match granted.get(&origin) {
                Some(&(private, _)) => {
                    answer.permissions.origins.insert(origin, private);
                }
                None => remarks.push(Finding::new(
                    "grants.http",
                    format!("the plugin wishes to reach {origin}, which is not granted"),
                    format!("Add {{ origin = \"{origin}\" }} if it may."),
                )),
            },
        }
    }
    for (origin, (_, key)) in &granted {
        if !answer.permissions.origins.contains_key(origin) {
            let what = format!("the plugin does not wish to reach {origin}");
            remarks.push(Finding::new(key, what, "Remove it."));
        }
    }
    answer.permissions.browser = browser::permitted(wishes, grant, &setting, remarks);
    answer.permissions.secrets =
        destinations::of(wishes, &answer.permissions.origins, &setting, remarks);
    for name in &wishes.reveal {
        if grant.reveal.contains(name) {
            answer.permissions.reveal.insert(name.clone());
        } else {
            remarks.push(Finding::new(
                "grants.reveal",
                format!("the plugin wishes to read the text of the secret `{name}`"),
                format!("Name \"{name}\" there if it may."),
            ));
        }
    }
    for (index, name) in grant.reveal.iter().enumerate() {
        if !wishes.reveal.contains(name) {
            let what = format!("the plugin does not wish to read the secret `{name}`");
            let key = format!("grants.reveal.{index}");
            remarks.push(Finding::new(&key, what, "Remove it."));
        }
    }
    for (key, wished, granted, holds) in [
        (
            "data",
            &wishes.data,
            &grant.data,
            &mut answer.permissions.data,
        ),
        (
            "events",
            &wishes.events,
            &grant.events,
            &mut answer.permissions.events,
        ),
        (
            "schedules",
            &wishes.schedules,
            &grant.schedules,
            &mut answer.permissions.schedules,
        ),
    ] {
        *holds = both(key, wished, granted, &mut answer.remarks);
    }
    let redirect = both(
        "redirect",
        &wishes.redirect,
        &grant.redirect,
        &mut answer.remarks,
    );
    answer.permissions.redirect = redirect.iter().filter_map(|o| o.parse().ok()).collect();
    answer.permissions.store = wishes.store && grant.store;
    let (what, mend) = match (wishes.store, grant.store) {
        (true, false) => (
            "the plugin wishes to remember things",
            "Write store = true if it may.",
        ),
        (false, true) => ("the plugin does not wish to remember things", "Remove it."),
        _ => return answer,
    };
    answer
        .remarks
        .push(Finding::new("grants.store", what, mend));
    answer
}

/// What a wish for an origin means.
enum Meant {
    /// This origin.
    Origin(Origin),
    /// Nothing: it is the one of a setting that has no value.
    Nothing,
    /// No origin.
    NoOrigin,
}

impl Meant {
    fn origin(self) -> Option<Origin> {
        match self {
            Self::Origin(origin) => Some(origin),
            Self::Nothing | Self::NoOrigin => None,
        }
    }
}

fn meant(wish: &str, setting: &impl Fn(&str) -> Option<String>) -> Meant {
    let origin = match wish.strip_prefix("setting:") {
        Some(name) => match setting(name) {
            Some(value) => Url::parse(&value).ok().and_then(|url| Origin::of(&url)),
            None => return Meant::Nothing,
        },
        None => wish.parse().ok(),
    };
    origin.map_or(Meant::NoOrigin, Meant::Origin)
}

/// The words that are wished and granted, with remarks on the others.
fn both(
    key: &str,
    wished: &BTreeSet<String>,
    granted: &[String],
    remarks: &mut Vec<Finding>,
) -> BTreeSet<String> {
    for word in wished.iter().filter(|word| !granted.contains(word)) {
        remarks.push(Finding::new(
            &format!("grants.{key}"),
            format!("the plugin wishes `{word}`, which is not granted"),
            format!("Name \"{word}\" there if it may."),
        ));
    }
    for (index, word) in granted.iter().enumerate() {
        if !wished.contains(word) {
            let what = format!("the plugin does not wish `{word}`");
            let key = format!("grants.{key}.{index}");
            remarks.push(Finding::new(&key, what, "Remove it."));
        }
    }
    wished
        .iter()
        .filter(|word| granted.contains(word))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
