//! `plugin.toml`: who a plugin is, what it wishes and which settings it takes. Parsing and
//! checking only; where the text comes from is for `component`.

use std::collections::BTreeMap;

use super::grants::{self, Origin, Wishes};
use super::limits::OwnLimits;
use super::setting::{Setting, SettingKind, SettingValue};
use crate::plain;
use serde::Deserialize;

/// A plugin's manifest.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The id that business files name: lower-case letters, digits and hyphens.
    pub id: String,
    /// The plugin's own version, for people.
    pub version: String,
    /// The name for people.
    pub name: String,
    /// What it is.
    pub kinds: Vec<Kind>,
    /// Whether it must never be used with real money.
    #[serde(default)]
    pub test_only: bool,
    /// What it wishes.
    #[serde(default)]
    pub permissions: Wishes,
    /// The settings it takes, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// What its author knows to be enough for it.
    #[serde(default)]
    pub limits: OwnLimits,
}

/// A kind of plugin. One component may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Takes money.
    Gateway,
    /// Says how a business looks.
    Branding,
    /// Has pages and blocks for the portal.
    Pages,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Gateway, Self::Branding, Self::Pages];

    /// The word for it: in a manifest, and the name of its package.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Branding => "branding",
            Self::Pages => "pages",
        }
    }
}

/// Why a manifest is not taken. The words may quote it, and so a file that nobody trusts yet: they
/// are plain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not these keys. The text names line and key.
    #[error("plugin.toml: {}", plain::lines(.0))]
    Syntax(String),
    /// A value that makes no sense.
    #[error("plugin.toml: {}: {}", plain::line(key), plain::line(problem))]
    Value {
        /// The key, dotted.
        key: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
}

const MAX_NAME: usize = 64;
/// Bytes of a manifest; the operator's commands print what stands in it.
const MAX_BYTES: usize = 64 << 10;
/// Settings of a plugin.
const MAX_SETTINGS: usize = 64;
/// Characters of what is said of a setting.
const MAX_DESCRIPTION: usize = 500;

impl Manifest {
    /// Reads and checks the text of a `plugin.toml`.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MAX_BYTES {
            let why = format!("it has {} bytes; {MAX_BYTES} are taken", text.len());
            return Err(ManifestError::Syntax(why));
        }
        let manifest: Self =
            toml::from_str(text).map_err(|error| ManifestError::Syntax(error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let fail = |key: &str, problem: String| {
            Err(ManifestError::Value {
                key: key.to_owned(),
                problem,
            })
        };
        if !is_word(&self.id, '-') {
            return fail(
                "id",
                "write lower-case letters, digits and hyphens".to_owned(),
            );
        }
        for (key, text) in [("version", &self.version), ("name", &self.name)] {
            if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
                return fail(key, format!("write 1 to {MAX_NAME} characters"));
            }
        }
        if self.kinds.is_empty() {
            return fail(
                "kinds",
                "name at least one, such as [\"gateway\"]".to_owned(),
            );
        }
        if self.settings.len() > MAX_SETTINGS {
            let number = self.settings.len();
            return fail(
                "settings",
                format!("{number} are too many; {MAX_SETTINGS} are taken"),
            );
        }
        for (name, setting) in &self.settings {
            setting.check(name)?;
            if setting.description.chars().count() > MAX_DESCRIPTION {
                let key = format!("settings.{name}.description");
                return fail(&key, format!("write {MAX_DESCRIPTION} characters at most"));
            }
        }
        for (key, wishes) in [
            ("permissions.http", &self.permissions.http),
            ("permissions.browser", &self.permissions.browser),
        ] {
            for wish in wishes {
                if let Some(name) = wish.strip_prefix("setting:") {
                    if self.settings.get(name).map(|s| s.kind) != Some(SettingKind::Url) {
                        return fail(key, format!("`{wish}` names no setting of type \"url\""));
                    }
                } else if let Err(error) = wish.parse::<Origin>()
                    && !(wish == grants::ANY && key == "permissions.browser")
                {
                    return fail(key, error.to_string());
                }
            }
        }
        if let Some(name) = self.permissions.secrets.iter().find(|n| !is_word(n, '_')) {
            return fail(
                "permissions.secrets",
                format!("`{name}`: write lower-case letters, digits and underscores"),
            );
        }
        self.permissions.check()?;
        let mut reveal = self.permissions.reveal.iter();
        if let Some(name) = reveal.find(|name| !self.permissions.secrets.contains(*name)) {
            return fail(
                "permissions.reveal",
                format!("`{name}` must stand in permissions.secrets too"),
            );
        }
        for (name, origins) in &self.permissions.secrets_for {
            let key = format!("permissions.secrets_for.{name}");
            if !self.permissions.secrets.contains(name) {
                return fail(&key, "it must stand in permissions.secrets too".to_owned());
            }
            let mut origins = origins.iter();
            if let Some(origin) = origins.find(|origin| !self.permissions.http.contains(origin)) {
                return fail(
                    &key,
                    format!("`{origin}` must stand in permissions.http too"),
                );
            }
        }
        Ok(())
    }

    /// The values that hold: the operator's, checked, or the defaults. The error lists every
    /// problem: the setting's name and a clause.
    pub fn settings_from(
        &self,
        given: &BTreeMap<String, serde_json::Value>,
    ) -> Result<BTreeMap<String, SettingValue>, Vec<(String, String)>> {
        let mut values = BTreeMap::new();
        let mut problems = Vec::new();
        for name in given.keys() {
            if !self.settings.contains_key(name) {
                let known: Vec<_> = self.settings.keys().map(String::as_str).collect();
                let known = known.join(", ");
                let what = format!("it has no setting `{name}`; it has: {known}");
                problems.push((name.clone(), what));
            }
        }
        for (name, setting) in &self.settings {
            let Some(value) = given.get(name).or(setting.default.as_ref()) else {
                if setting.required {
                    let what = format!("its setting `{name}` is required: {}", setting.description);
                    problems.push((name.clone(), what));
                }
                continue;
            };
            match setting.read(value) {
                Ok(value) => {
                    values.insert(name.clone(), value);
                }
                Err(expected) => {
                    let what = format!("its setting `{name}` must be {expected}");
                    problems.push((name.clone(), what));
                }
            }
        }
        if problems.is_empty() {
            Ok(values)
        } else {
            Err(problems)
        }
    }
}

pub(super) fn is_word(text: &str, joint: char) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GOOD: &str = r#"
        id = "example-pay"
        version = "1.2.0"
        name = "Example Pay"
        kinds = ["gateway"]

        [permissions]
        http = ["https://api.example.com", "setting:base_url"]
        secrets = ["api_key"]

        [settings.base_url]
        type = "url"
        description = "Where the API is."
        required = true

        [settings.retries]
        type = "integer"
        description = "How often."
        default = 2
        least = 0
        greatest = 5

        [limits]
        memory_mib = 16
    "#;

    #[test]
    fn a_manifest_says_who_the_plugin_is() {
        let manifest = Manifest::parse(GOOD).expect("a manifest");
        assert_eq!(manifest.id, "example-pay");
        assert_eq!(manifest.kinds, [Kind::Gateway]);
        assert!(!manifest.test_only);
        assert_eq!(manifest.limits.memory_mib, Some(16));
    }

    #[test]
    fn a_wrong_manifest_is_refused_with_its_key() {
        for (from, to, says) in [
            ("example-pay", "Example Pay", "id: write lower-case"),
            ("[\"gateway\"]", "[]", "kinds: name at least one"),
            ("[\"gateway\"]", "[\"game\"]", "unknown variant `game`"),
            ("version", "versoin", "unknown field `versoin`"),
            (
                "setting:base_url",
                "setting:retries",
                "names no setting of type \"url\"",
            ),
            (
                "https://api.example.com",
                "https://*.example.com",
                "is not an origin",
            ),
            (
                "default = 2",
                "default = 9",
                "a whole number of at least 0 of at most 5",
            ),
            ("\"api_key\"", "\"API\"", "permissions.secrets: `API`"),
            ("secrets =", "reveal =", "must stand in permissions.secrets"),
            (
                "secrets =",
                "browser = [\"anywhere\"]\n        secrets =",
                "permissions.browser: `anywhere` is not an origin",
            ),
            (
                "secrets =",
                "secrets_for.other = []\n        secrets =",
                "permissions.secrets_for.other: it must stand in permissions.secrets",
            ),
            (
                "secrets =",
                "secrets_for.api_key = [\"https://other.example\"]\n        secrets =",
                "`https://other.example` must stand in permissions.http",
            ),
            ("memory_mib", "memory", "unknown field `memory`"),
            ("least = 0", "choices = [\"a\"]", "`choices` belongs to"),
        ] {
            let error = Manifest::parse(&GOOD.replace(from, to)).expect_err(says);
            assert!(error.to_string().contains(says), "{from} → {to}: {error}");
        }
    }

    #[test]
    fn a_manifest_is_no_longer_than_an_operator_reads() {
        let refused = |text: &str| {
            let error = Manifest::parse(text).expect_err("it is too long");
            error.to_string()
        };
        let long = format!("{GOOD}\n# {}", "x".repeat(MAX_BYTES));
        assert!(refused(&long).contains("65536 are taken"));
        let words = GOOD.replace("Where the API is.", &"x".repeat(501));
        assert!(refused(&words).contains("settings.base_url.description: write 500"));
        let setting = |n| format!("\n[settings.s{n}]\ntype = \"text\"\ndescription = \"s\"\n");
        let settings: String = (0..63).map(setting).collect();
        let many = format!("{GOOD}{settings}");
        assert!(refused(&many).contains("65 are too many; 64 are taken"));
    }

    #[test]
    fn settings_are_checked_and_completed() {
        let manifest = Manifest::parse(GOOD).expect("a manifest");
        let given = |pairs: &[(&str, serde_json::Value)]| {
            let given = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect();
            manifest.settings_from(&given)
        };
        let values = given(&[("base_url", json!("http://127.0.0.1:8081"))]).expect("settings");
        assert_eq!(values["retries"], SettingValue::Integer(2));
        let problems = given(&[("retries", json!("2")), ("color", json!(1))]).expect_err("bad");
        let problems: Vec<_> = problems.into_iter().map(|(_, what)| what).collect();
        assert_eq!(
            problems,
            [
                "it has no setting `color`; it has: base_url, retries",
                "its setting `base_url` is required: Where the API is.",
                "its setting `retries` must be a whole number of at least 0 of at most 5",
            ]
        );
    }
}
