//! The town: a product on sale, and customers who buy, pay late, change their minds, press
//! twice and leave pages open, all at the same time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Client;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::errand::Errand;
use crate::merchant::{Api, client};
use crate::place::Place;

/// From how many subscriptions on mostly those that exist are looked after.
const CROWD: usize = 60;
/// How often the shop is tried to be opened.
const TRIES: u32 = 20;

/// Somebody's subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) customer: String,
    pub(crate) subscription: String,
    /// The page of its first payment.
    pub(crate) link: String,
}

/// What customers share.
pub(crate) struct Town {
    pub(crate) api: Api,
    pub(crate) client: Client,
    pub(crate) door: String,
    product: Mutex<String>,
    subjects: Mutex<Vec<Subject>>,
    seed: u64,
    customers: u16,
    pub(crate) operations: AtomicU64,
    pub(crate) interrupted: AtomicU64,
}

impl Town {
    pub(crate) fn new(place: &Place, door: &str, api_key: &str) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            api: Api::new(door, api_key)?,
            client: client()?,
            door: door.to_owned(),
            product: Mutex::default(),
            subjects: Mutex::default(),
            seed: place.seed,
            customers: place.options.customers,
            operations: AtomicU64::new(0),
            interrupted: AtomicU64::new(0),
        }))
    }

    /// Puts a product with license keys on sale. The hosts are being killed already.
    pub(crate) async fn open_shop(&self) -> anyhow::Result<()> {
        let product = json!({
            "name": "Lumen Pro",
            "tax_category": "saas",
            "license_key_enabled": true,
            "license_key_activations_limit": 3,
            "price": {
                "type": "recurring_price",
                "currency": "EUR",
                "price": 2900,
                "discount": 0,
                "purchasing_power_parity": false,
                "tax_inclusive": true,
                "payment_frequency_count": 1,
                "payment_frequency_interval": "Month",
                "subscription_period_count": 10,
                "subscription_period_interval": "Year",
                "trial_period_days": 0,
            },
        });
        let mut tries = 0;
        let made = loop {
            match self.api.post("/products", product.clone()).await {
                Ok(made) => break made,
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => tries += 1,
            }
        };
        let id = made["product_id"].as_str().unwrap_or_default();
        id.clone_into(&mut self.product.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    pub(crate) fn product(&self) -> String {
        let product = self.product.lock();
        product.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets customers act until `stop`.
    pub(crate) fn move_in(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Vec<JoinHandle<()>> {
        let one = |n: u16| {
            let (town, stop) = (Arc::clone(self), stop.clone());
            let chance = StdRng::seed_from_u64(self.seed ^ (0x5_0000 + u64::from(n)));
            tasks.spawn(town.live(n, chance, stop))
        };
        (0..self.customers).map(one).collect()
    }

    async fn live(self: Arc<Self>, n: u16, mut chance: StdRng, stop: CancellationToken) {
        let mut bought = 0_u32;
        while !stop.is_cancelled() {
            let subject = self.pick(&mut chance);
            let errand = Errand {
                town: &self,
                chance: &mut chance,
            };
            let done = match subject {
                Some(subject) => errand.look_after(&subject).await,
                None => {
                    bought += 1;
                    errand
                        .buy(&format!("customer-{n}-{bought}@example.com"))
                        .await
                }
            };
            self.operations.fetch_add(1, Ordering::Relaxed);
            if done.is_err() {
                // The line broke, or the host said no; what that left is what this is about.
                self.interrupted.fetch_add(1, Ordering::Relaxed);
                let pause = chance.random_range(20..200);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    }

    /// Whom to look after; nobody means that somebody new buys.
    fn pick(&self, chance: &mut StdRng) -> Option<Subject> {
        let subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        let newcomer = if subjects.len() < CROWD { 0.3 } else { 0.04 };
        if subjects.is_empty() || chance.random_bool(newcomer) {
            return None;
        }
        let at = chance.random_range(0..subjects.len());
        subjects.get(at).cloned()
    }

    pub(crate) fn arrived(&self, subject: Subject) {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        subjects.push(subject);
    }

    pub(crate) fn left(&self, subject: &Subject) {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        subjects.retain(|known| known.subscription != subject.subscription);
    }
}
