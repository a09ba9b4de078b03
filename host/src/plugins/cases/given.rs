//! What a case gives a plugin: settings, secrets, grants, the time, and a customer with what they
//! have. What a case does not say is as plain as can be.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::file::usual_time;
use super::owned::{CustomerText, LicenseText, PaymentText, SubscriptionText};
use crate::plugins::grants::{Grant, OriginGrant};
use crate::plugins::manifest::Manifest;

/// What stands under `given`, of a file or of a case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Given {
    settings: BTreeMap<String, Json>,
    secrets: BTreeMap<String, String>,
    grants: Option<Grant>,
    now: Option<Timestamp>,
    pub(super) customer: Option<CustomerText>,
    pub(super) subscriptions: Option<Vec<SubscriptionText>>,
    pub(super) payments: Option<Vec<PaymentText>>,
    pub(super) licenses: Option<Vec<LicenseText>>,
    pub(super) store: BTreeMap<String, Json>,
}

impl Given {
    /// This and what a case says over it: key by key where there are keys.
    pub(super) fn and(self, over: Self) -> Self {
        fn both<T>(under: BTreeMap<String, T>, over: BTreeMap<String, T>) -> BTreeMap<String, T> {
            under.into_iter().chain(over).collect()
        }
        Self {
            settings: both(self.settings, over.settings),
            secrets: both(self.secrets, over.secrets),
            grants: over.grants.or(self.grants),
            now: over.now.or(self.now),
            customer: over.customer.or(self.customer),
            subscriptions: over.subscriptions.or(self.subscriptions),
            payments: over.payments.or(self.payments),
            licenses: over.licenses.or(self.licenses),
            store: both(self.store, over.store),
        }
    }

    /// Business and host time.
    pub(super) fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(usual_time)
    }

    pub(super) fn settings(&self) -> BTreeMap<String, Json> {
        self.settings.clone()
    }

    /// The secrets that the manifest wishes: `fake_NAME`, unless the case has another text.
    pub(super) fn secrets(&self, manifest: &Manifest) -> BTreeMap<String, String> {
        let wished = manifest.permissions.secrets.iter();
        let mut secrets: BTreeMap<_, _> = wished
            .map(|name| (name.clone(), format!("fake_{name}")))
            .collect();
        secrets.extend(self.secrets.clone());
        secrets
    }

    /// What the operator grants: all that the manifest wishes, unless the case says what.
    pub(super) fn grants(&self, manifest: &Manifest) -> Grant {
        if let Some(grants) = &self.grants {
            return grants.clone();
        }
        let wishes = &manifest.permissions;
        let setting = |name: &str| {
            let default = manifest.settings.get(name).and_then(|s| s.default.as_ref());
            let text = self.settings.get(name).or(default)?.as_str()?;
            let url = url::Url::parse(text).ok()?;
            crate::plugins::grants::Origin::of(&url).map(|origin| origin.to_string())
        };
        let meant = |wish: &String| match wish.strip_prefix("setting:") {
            Some(name) => setting(name),
            None => Some(wish.clone()),
        };
        let origins = wishes.http.iter().filter_map(|wish| {
            let origin = meant(wish)?;
            // Nothing is sent, so a name that means this machine harms nobody.
            let private = true;
            Some(OriginGrant { origin, private })
        });
        Grant {
            http: origins.collect(),
            browser: wishes.browser.iter().filter_map(meant).collect(),
            reveal: wishes.reveal.iter().cloned().collect(),
            data: wishes.data.iter().cloned().collect(),
            store: wishes.store,
            events: wishes.events.iter().cloned().collect(),
            schedules: wishes.schedules.iter().cloned().collect(),
            redirect: wishes.redirect.iter().cloned().collect(),
        }
    }
}
