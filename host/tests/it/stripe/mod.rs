//! The gateway to Stripe: the component in the host's engine, against localstripe.

mod charges;
mod errors;
mod others;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use vestibule::domain::{Mode, Scope};
use vestibule::plugins::gateway::Gateway;
use vestibule::plugins::gateway::answer::{Outcome, Payment};
use vestibule::plugins::gateway::config::{GatewayConfig, GatewayConfigs};
use vestibule::plugins::gateway::request::{Initiator, StoredMethod};
use vestibule::plugins::grants::{Grant, OriginGrant};
use vestibule::plugins::limits::Limits;
use vestibule::plugins::signature::Signing;
use vestibule::plugins::{PluginSettings, Plugins};

use crate::sandbox::{charging, collecting, now, page, sent};
use crate::support::plugin::folder;
use crate::support::stripe::{API_KEY, Stripe, WEBHOOK_SECRET};

/// A processor and the gateway to it.
struct World {
    stripe: Stripe,
    gateway: Gateway,
    _plugins: Arc<Plugins>,
    _folders: [tempfile::TempDir; 2],
}

/// What an operator writes about the gateway.
pub(crate) fn config(origin: &str) -> GatewayConfig {
    GatewayConfig {
        plugin: "stripe".to_owned(),
        settings: BTreeMap::from([
            ("base_url".to_owned(), json!(origin)),
            ("pages_url".to_owned(), json!(origin)),
            ("sepa_debit".to_owned(), json!(true)),
        ]),
        secrets: BTreeMap::from([
            ("api_key".to_owned(), API_KEY.into()),
            ("webhook_secret".to_owned(), WEBHOOK_SECRET.into()),
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

impl World {
    async fn start() -> Self {
        let stripe = Stripe::start().await;
        let folders = [folder(&["stripe"]).await, tempfile::tempdir().unwrap()];
        let plugins = Plugins::open(PluginSettings {
            folder: folders[0].path().to_owned(),
            cache: folders[1].path().to_owned(),
            kept: folders[1].path().join("kept"),
            limits: Limits::default(),
            test_only_in_live: false,
            clock: Arc::new(now),
            signing: Signing::default(),
            opening: vestibule::app::opening(),
        })
        .await
        .unwrap();
        let scope = Scope::new("bus_example".parse().unwrap(), Mode::Live);
        let key = (scope.clone(), "stripe".to_owned());
        plugins.configure(GatewayConfigs::from([(key, config(&stripe.origin()))]));
        let gateway = plugins.gateway(&scope, "stripe").unwrap();
        Self {
            stripe,
            gateway,
            _plugins: plugins,
            _folders: folders,
        }
    }

    /// Charges a card that the customer gives, and answers the payment after that.
    async fn charge_card(&self, key: &str, number: &str) -> Payment {
        let payment = self.gateway.charge(&collecting(key)).await.unwrap();
        self.stripe.give_card(page(&payment), number).await.unwrap();
        let known = sent(key, &payment);
        self.gateway.resume(&known, &[]).await.unwrap()
    }

    /// The method that a charge of this card saved.
    async fn saved_method(&self, number: &str) -> StoredMethod {
        let payment = self.charge_card(&format!("saving{number}"), number).await;
        stored(payment)
    }

    /// Saves a method in a set-up, without a charge.
    async fn set_up(&self, key: &str, given: &str) -> StoredMethod {
        let request = vestibule::plugins::gateway::request::SetupRequest {
            key: key.to_owned(),
            customer: crate::sandbox::customer(),
            kinds: Vec::new(),
            currency: "EUR".parse().unwrap(),
            return_url: "https://portal.example.com/return/abc".to_owned(),
            expires_at: now() + jiff::SignedDuration::from_mins(30),
        };
        let begun = self.gateway.setup_begin(&request).await.unwrap();
        let page = crate::sandbox::page_of(&begun.outcome);
        if given.starts_with("DE") {
            self.stripe.give_account(page, given).await.unwrap();
        } else {
            self.stripe.give_card(page, given).await.unwrap();
        }
        let known = vestibule::plugins::gateway::request::SentRequest {
            amount: None,
            ..crate::sandbox::unanswered(key)
        };
        let done = self.gateway.setup_complete(&known, &[]).await.unwrap();
        assert_eq!(done.outcome, Outcome::Succeeded);
        assert_eq!(done.reference, begun.reference);
        let method = done.method.unwrap();
        StoredMethod {
            reference: method.reference,
            mandate: method.mandate,
            network: method.network,
        }
    }

    /// How a renewal with this method ends.
    async fn renew(&self, key: &str, method: &StoredMethod) -> Payment {
        let renewal = charging(key, method, Initiator::MerchantRecurring);
        self.gateway.charge(&renewal).await.unwrap()
    }
}

fn stored(payment: Payment) -> StoredMethod {
    assert_eq!(payment.outcome, Outcome::Succeeded);
    let method = payment.method.unwrap();
    StoredMethod {
        reference: method.reference,
        mandate: method.mandate,
        network: method.network,
    }
}
