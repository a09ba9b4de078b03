//! The town: a product on sale, and customers who buy, pay late, change their minds, press
//! twice and leave pages open, all at the same time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Client;
use serde_json::{Value, json};
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

/// What the plans on sale cost, in minor units.
const PRICES: [i64; 3] = [900, 2_900, 5_900];

/// The code on offer, and how often it can be used.
pub(crate) const CODE: &str = "TORTURE20";
const USES: u32 = 40;

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
    plans: Mutex<Vec<String>>,
    promised: Mutex<Vec<String>>,
    wishes: AtomicU64,
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
            plans: Mutex::default(),
            promised: Mutex::default(),
            wishes: AtomicU64::new(0),
            subjects: Mutex::default(),
            seed: place.seed,
            customers: place.options.customers,
            operations: AtomicU64::new(0),
            interrupted: AtomicU64::new(0),
        }))
    }

    /// Puts plans with license keys on sale, and makes a code. The hosts are being killed already.
    pub(crate) async fn open_shop(&self) -> anyhow::Result<()> {
        for price in PRICES {
            let made = self.make("/products", plan(price)).await?;
            let id = made["product_id"].as_str().unwrap_or_default();
            lock(&self.plans).push(id.to_owned());
        }
        let code = json!({
            "type": "percentage", "amount": 2_000, "code": CODE, "usage_limit": USES,
            "subscription_cycles": 2, "preserve_on_plan_change": true,
        });
        self.make("/discounts", code).await.map(drop)
    }

    async fn make(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let mut tries = 0;
        loop {
            match self.api.post(path, body.clone()).await {
                Ok(made) => return Ok(made),
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    /// A plan, by chance.
    pub(crate) fn any_plan(&self, chance: &mut StdRng) -> String {
        lock(&self.plans)
            .choose(chance)
            .cloned()
            .unwrap_or_default()
    }

    /// The name of a wish of the merchant, for once.
    pub(crate) fn wish(&self) -> String {
        format!("w{}", self.wishes.fetch_add(1, Ordering::Relaxed))
    }

    /// The merchant was answered that there is such a payment or refund.
    pub(crate) fn was_promised(&self, id: &str) {
        lock(&self.promised).push(id.to_owned());
    }

    pub(crate) fn promised(&self) -> Vec<String> {
        lock(&self.promised).clone()
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
        let subjects = lock(&self.subjects);
        let newcomer = if subjects.len() < CROWD { 0.3 } else { 0.04 };
        if subjects.is_empty() || chance.random_bool(newcomer) {
            return None;
        }
        let at = chance.random_range(0..subjects.len());
        subjects.get(at).cloned()
    }

    /// Now and then somebody who has bought already, and buys another one.
    pub(crate) fn regular(&self, chance: &mut StdRng) -> Option<String> {
        let subjects = lock(&self.subjects);
        let regular = subjects.choose(chance)?;
        chance.random_bool(0.25).then(|| regular.customer.clone())
    }

    pub(crate) fn arrived(&self, subject: Subject) {
        lock(&self.subjects).push(subject);
    }

    pub(crate) fn left(&self, subject: &Subject) {
        lock(&self.subjects).retain(|known| known.subscription != subject.subscription);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn plan(price: i64) -> Value {
    json!({
        "name": format!("Lumen {price}"),
        "tax_category": "saas",
        "license_key_enabled": true,
        "license_key_activations_limit": 3,
        "price": {
            "type": "recurring_price",
            "currency": "EUR",
            "price": price,
            "discount": 0,
            "purchasing_power_parity": false,
            "tax_inclusive": true,
            "payment_frequency_count": 1,
            "payment_frequency_interval": "Month",
            "subscription_period_count": 10,
            "subscription_period_interval": "Year",
            "trial_period_days": 0,
        },
    })
}
