//! What the suites for pages and brandings have in common: a plugin that was granted all that it
//! wishes but the network, and words that nobody expects.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Finding, Judged, Shown, Verdict, sample};
use crate::domain::Scope;
use crate::plugins::binding::Binding;
use crate::plugins::config::PluginConfig;
use crate::plugins::error::{Error, UnknownCause};
use crate::plugins::grants::Grant;
use crate::plugins::load::Loaded;
use crate::plugins::manifest::Manifest;
use crate::plugins::setting::{Setting, SettingKind};

/// Words that nobody expects.
pub(super) fn odd_words() -> Vec<String> {
    let long = "äöü€".repeat(400);
    [
        "",
        " ",
        "<b>x</b>{{ 7*7 }}\"'",
        "../../etc/passwd",
        "%00\u{202e}\u{7}",
        &long,
    ]
    .map(str::to_owned)
    .into()
}

/// The text of every setting that has to be set.
pub(super) const SAMPLE: &str = "sample";

/// Languages that not every plugin has words in.
pub(super) const LOCALES: [&str; 5] = ["en", "es", "de-AT", "ar", "zz"];

/// What a suite has found so far.
pub(super) struct Trial {
    pub(super) plugin: Arc<Loaded>,
    pub(super) scope: Scope,
    pub(super) findings: Vec<Finding>,
    pub(super) shown: Vec<Shown>,
}

impl Trial {
    pub(super) fn new(plugin: Arc<Loaded>) -> Self {
        Self {
            plugin,
            scope: sample::scope(),
            findings: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// The plugin as an operator would have it who grants `grant` of it.
    pub(super) fn binding(&self, grant: Grant) -> Result<Arc<Binding>, String> {
        let manifest = &self.plugin.manifest;
        let config = PluginConfig {
            plugin: manifest.id.clone(),
            settings: settings(manifest),
            secrets: manifest
                .permissions
                .secrets
                .iter()
                .map(|name| (name.clone(), "sample".into()))
                .collect(),
            grant,
        };
        let label = "conformance".to_owned();
        let limits = &self.plugin.limits;
        let bound = Binding::new(label, Some(&self.scope), manifest, &config, limits);
        let (mut binding, _) = bound.map_err(|findings| findings.told())?;
        binding.samples = true;
        Ok(Arc::new(binding))
    }

    /// All that it wishes, but the network.
    pub(super) fn everything(&self) -> Grant {
        let wishes = &self.plugin.manifest.permissions;
        let words = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect();
        Grant {
            reveal: words(&wishes.reveal),
            data: words(&wishes.data),
            store: wishes.store,
            events: words(&wishes.events),
            schedules: words(&wishes.schedules),
            redirect: words(&wishes.redirect),
            ..Grant::default()
        }
    }

    /// Whether it wishes to reach something, which no suite lets it.
    fn wishes_the_network(&self) -> bool {
        !self.plugin.manifest.permissions.http.is_empty()
    }

    pub(super) fn judge(&mut self, promise: &'static str, judged: Judged) {
        let verdict = match judged {
            Ok(()) => Verdict::Kept,
            Err(why) => Verdict::Broken(why),
        };
        self.findings.push(Finding { promise, verdict });
    }

    /// Judges what needs an answer. Where a plugin wishes to reach something, which no suite lets
    /// it, it may say in words that it has none; nothing excuses one that went `down`.
    pub(super) fn judge_without_network(
        &mut self,
        promise: &'static str,
        down: Judged,
        failed: Judged,
    ) {
        match (down, failed) {
            (Ok(()), Err(why)) if self.wishes_the_network() => {
                self.not_tried(promise, format!("it may need the network: {why}"));
            }
            (down, failed) => self.judge(promise, down.and(failed)),
        }
    }

    pub(super) fn not_tried(&mut self, promise: &'static str, why: impl Into<String>) {
        let verdict = Verdict::NotTried(why.into());
        self.findings.push(Finding { promise, verdict });
    }
}

/// Whether a plugin that failed said so itself, in words for the operator.
pub(super) fn said(error: &Error) -> Option<&str> {
    match error {
        Error::Unknown {
            cause: UnknownCause::Said(why),
            ..
        } => Some(why),
        _ => None,
    }
}

/// Puts down why a call failed: as what it said itself, or as what brought it down.
pub(super) fn put_down(error: &Error, asked: &str, down: &mut Judged, failed: &mut Judged) {
    let judged = if said(error).is_some() { failed } else { down };
    if judged.is_ok() {
        *judged = Err(format!("{asked}: {error}"));
    }
}

/// Fails unless the call was answered: with what it was asked for, or with an error in words.
pub(super) fn answered<T>(asked: &str, answer: Result<T, Error>) -> Result<Option<T>, String> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if said(&error).is_some() => Ok(None),
        Err(error) => Err(format!("{asked}: {error}")),
    }
}

/// A value for each setting that has to be set.
fn settings(manifest: &Manifest) -> BTreeMap<String, Value> {
    let value = |setting: &Setting| match setting.kind {
        SettingKind::Text => SAMPLE.into(),
        SettingKind::Url => "https://sample.example.com".into(),
        SettingKind::Choice => setting.choices.first().cloned().into(),
        SettingKind::Integer => setting.least.or(setting.greatest).unwrap_or(1).into(),
        SettingKind::Boolean => true.into(),
        SettingKind::List => Value::Array(Vec::new()),
    };
    let settings = manifest.settings.iter();
    settings
        .filter(|(_, setting)| setting.required)
        .map(|(name, setting)| (name.clone(), value(setting)))
        .collect()
}
