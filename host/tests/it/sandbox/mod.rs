//! The sandbox gateway: the component in the host's engine, against the processor itself.

mod charges;
mod errors;
pub(crate) mod others;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use url::Url;
use vestibule::domain::money::Money;
use vestibule::domain::{Mode, Scope};
use vestibule::plugins::gateway::Gateway;
use vestibule::plugins::gateway::answer::{ClientAction, Outcome, Payment};
use vestibule::plugins::gateway::config::{GatewayConfig, GatewayConfigs};
use vestibule::plugins::gateway::request::{
    ChargeRequest, Customer, Initiator, MethodChoice, SentRequest, StoredMethod,
};
use vestibule::plugins::grants::{Grant, OriginGrant};
use vestibule::plugins::limits::Limits;
use vestibule::plugins::signature::Signing;
use vestibule::plugins::{PluginSettings, Plugins};

use crate::support::sandbox::{API_KEY, Sandbox, WEBHOOK_SECRET, plugin_folder};

/// A processor and the gateway to it.
struct World {
    sandbox: Sandbox,
    gateway: Gateway,
    _plugins: Arc<Plugins>,
    _folders: [tempfile::TempDir; 2],
}

impl World {
    async fn start() -> Self {
        Self::start_with(None, |_| {}).await
    }

    async fn start_with(webhook_url: Option<Url>, change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let sandbox = Sandbox::start(webhook_url).await;
        let folder = plugin_folder().await;
        let cache = tempfile::tempdir().unwrap();
        let plugins = Plugins::open(PluginSettings {
            folder: folder.path().to_owned(),
            cache: cache.path().to_owned(),
            kept: cache.path().join("kept"),
            limits: Limits::default(),
            test_only_in_live: false,
            clock: Arc::new(now),
            signing: Signing::default(),
            opening: vestibule::app::opening(),
        })
        .await
        .unwrap();
        let mut config = config(&sandbox.origin());
        change(&mut config);
        let scope = Scope::new("bus_example".parse().unwrap(), Mode::Test);
        let key = (scope.clone(), "sandbox".to_owned());
        plugins.configure(GatewayConfigs::from([(key, config)]));
        let gateway = plugins.gateway(&scope, "sandbox").unwrap();
        Self {
            sandbox,
            gateway,
            _plugins: plugins,
            _folders: [folder, cache],
        }
    }

    /// Charges a card that the customer types, and answers the payment after that.
    async fn charge_card(&self, key: &str, number: &str) -> Payment {
        let payment = self.gateway.charge(&collecting(key)).await.unwrap();
        self.sandbox.pay_by_card(page(&payment), number).await;
        self.gateway
            .resume(&sent(key, &payment), &[])
            .await
            .unwrap()
    }

    /// The method that a charge of this card saved.
    async fn saved_method(&self, number: &str) -> StoredMethod {
        let payment = self.charge_card(&format!("saving{number}"), number).await;
        let method = payment.method.unwrap();
        StoredMethod {
            reference: method.reference,
            mandate: method.mandate,
            network: method.network,
        }
    }
}

/// What an operator writes about the gateway.
pub(crate) fn config(origin: &str) -> GatewayConfig {
    GatewayConfig {
        plugin: "sandbox".to_owned(),
        settings: BTreeMap::from([("base_url".to_owned(), json!(origin))]),
        secrets: BTreeMap::from([
            ("api_key".to_owned(), SecretString::from(API_KEY)),
            (
                "webhook_secret".to_owned(),
                SecretString::from(WEBHOOK_SECRET),
            ),
        ]),
        grant: Grant {
            http: vec![OriginGrant {
                origin: origin.to_owned(),
                private: true,
            }],
            browser: vec![origin.to_owned()],
            ..Grant::default()
        },
    }
}

/// Real time.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_microsecond(i64::try_from(since.as_micros()).unwrap()).unwrap()
}

pub(crate) fn euros(minor: i64) -> Money {
    Money {
        minor,
        currency: "EUR".parse().unwrap(),
    }
}

pub(crate) fn customer() -> Customer {
    Customer {
        id: "cus_1".to_owned(),
        email: "alex@example.com".parse().unwrap(),
        name: Some("Alex Example".to_owned()),
        reference: None,
        locale: "en".to_owned(),
        country: None,
    }
}

/// 29.00 EUR from a method that the customer gives and that is saved.
pub(crate) fn collecting(key: &str) -> ChargeRequest {
    ChargeRequest {
        key: key.to_owned(),
        customer: customer(),
        amount: euros(2900),
        method: MethodChoice::Collect(Vec::new()),
        initiator: Initiator::CustomerPresent,
        save: true,
        return_url: "https://portal.example.com/return/abc".to_owned(),
        description: "Pro plan".to_owned(),
        expires_at: now() + jiff::SignedDuration::from_mins(30),
    }
}

/// 29.00 EUR from a saved method.
pub(crate) fn charging(key: &str, method: &StoredMethod, initiator: Initiator) -> ChargeRequest {
    ChargeRequest {
        method: MethodChoice::Stored(method.clone()),
        initiator,
        save: false,
        ..collecting(key)
    }
}

/// What the host knows of a payment that it sent.
pub(crate) fn sent(key: &str, payment: &Payment) -> SentRequest {
    SentRequest {
        reference: payment.reference.clone(),
        customer_reference: payment.customer_reference.clone(),
        ..unanswered(key)
    }
}

/// What the host knows of a payment whose answer was lost.
pub(crate) fn unanswered(key: &str) -> SentRequest {
    SentRequest {
        key: key.to_owned(),
        reference: None,
        customer_reference: None,
        first_sent_at: now(),
        amount: Some(euros(2900)),
    }
}

/// The page that the customer is sent to.
pub(crate) fn page(payment: &Payment) -> &str {
    page_of(&payment.outcome)
}

pub(crate) fn page_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::RequiresAction {
            action: ClientAction::Redirect { url },
            ..
        } => url,
        other => panic!("there is no page in {other:?}"),
    }
}
