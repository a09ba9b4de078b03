//! The processor's state and its clockwork: what every request and every task shares, and
//! the changes that time makes by itself.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::account::{Account, Accounts};
use crate::clock;
use crate::decline::DeclineCode;
use crate::error::Error;
use crate::instrument::{Behaviour, Verdict};
use crate::orders::Order;
use crate::store::{Intent, Store, StoredAnswer, Tx};
use crate::work::Work;

/// How often time is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Everything that requests and tasks share.
pub(crate) struct Processor {
    pub(crate) store: Arc<Store>,
    pub(crate) accounts: Accounts,
    pub(crate) public_url: Url,
    pub(crate) key_lifetime: Duration,
    pub(crate) lookup_lag: Duration,
    /// Read by a request that is carried out twice, written while keys are forgotten: the two
    /// halves of one request meet the same memory.
    pub(crate) memory: tokio::sync::RwLock<()>,
    pub(crate) pages: minijinja::Environment<'static>,
    /// Whether the page that shows everything is served.
    pub(crate) shows_front_page: bool,
}

impl Processor {
    /// The tools for one piece of work in a transaction.
    pub(crate) fn work<'a>(&'a self, tx: &'a mut Tx, account: &'a Account, now: i64) -> Work<'a> {
        Work {
            tx,
            account,
            public_url: &self.public_url,
            now,
        }
    }

    /// Carries out an order once per key, in one transaction: the same order again gets the
    /// answer that was stored, another order under the key is refused. `fails` stores a 500
    /// in the answer's place, after the order is carried out or instead of that.
    pub(crate) async fn once(
        &self,
        account: &Account,
        key: &str,
        order: &Order,
        fails: Option<Failure>,
    ) -> Result<(StatusCode, String), Error> {
        let mut tx = self.store.write().await?;
        let now = clock::now();
        let request_hash = request_hash(order);
        let since = now.saturating_sub(clock::micros(self.key_lifetime));
        let ignored = account.faults().ignores_keys;
        let stored = tx.answer(&account.name, key, since).await?;
        if let Some(stored) = stored.filter(|_| !ignored) {
            if stored.request_hash != request_hash {
                return Err(Error::invalid(
                    "idempotency_mismatch",
                    "This key was used for another request.",
                ));
            }
            let status =
                StatusCode::from_u16(stored.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok((status, stored.body));
        }
        let mut answer = (StatusCode::CREATED, Value::Null);
        if fails != Some(Failure::InsteadOfTheOrder) {
            let mut work = self.work(&mut tx, account, now);
            answer.1 = match order {
                Order::Charge(charge) => to_json(&work.charge(key, charge).await?),
                Order::Setup(setup) => to_json(&work.setup(key, setup).await?),
                Order::Refund(refund) => to_json(&work.refund(key, refund).await?),
            };
        }
        if fails.is_some() {
            answer = (
                StatusCode::INTERNAL_SERVER_ERROR,
                serde_json::json!({ "error": {
                    "code": "processor_error",
                    "message": "The processor failed. It is not known what it did.",
                } }),
            );
        }
        let body = answer.1.to_string();
        let stored = StoredAnswer {
            request_hash,
            status: answer.0.as_u16(),
            body: body.clone(),
        };
        tx.keep_answer(&account.name, key, &stored, now).await?;
        tx.commit().await?;
        account.wake.notify_one();
        Ok((answer.0, body))
    }

    /// Cancels an intent whose customer did not come in time, so that nobody is shown a page
    /// whose time is over.
    pub(crate) async fn expire(
        &self,
        tx: &mut Tx,
        account: &Account,
        intent: &mut Intent,
    ) -> Result<(), Error> {
        let now = clock::now();
        if intent.has_expired(now) {
            self.work(tx, account, now).cancel(intent).await?;
        }
        Ok(())
    }

    /// Lets time do its part until told to stop.
    pub(crate) async fn run_clockwork(&self, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(TICK))
            .await
            .is_some()
        {
            if let Err(error) = self.tick().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the clockwork is stuck"
                );
            }
        }
    }

    async fn tick(&self) -> Result<(), Error> {
        let now = clock::now();
        let mut read = self.store.read().await?;
        let idle = read.expired_intents(now).await?.is_empty()
            && read.settling_intents(now).await?.is_empty()
            && read.settling_refunds(now).await?.is_empty();
        drop(read);
        if idle {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        for mut intent in tx.expired_intents(now).await? {
            let Some(account) = self.accounts.by_name(&intent.account) else {
                continue;
            };
            self.work(&mut tx, &account, now)
                .cancel(&mut intent)
                .await?;
        }
        for mut intent in tx.settling_intents(now).await? {
            let Some(account) = self.accounts.by_name(&intent.account) else {
                continue;
            };
            let method = match &intent.method {
                Some(id) => tx.method(&intent.account, id).await?,
                None => None,
            };
            let verdict = match method.map(|method| method.behaviour) {
                Some(Behaviour::DebitFails) => Verdict::Decline(DeclineCode::DebitFailed),
                _ => Verdict::Succeed,
            };
            self.work(&mut tx, &account, now)
                .settle(&mut intent, verdict)
                .await?;
        }
        for refund in tx.settling_refunds(now).await? {
            let Some(account) = self.accounts.by_name(&refund.account) else {
                continue;
            };
            self.work(&mut tx, &account, now)
                .settle_refund(refund, true)
                .await?;
        }
        tx.commit().await?;
        for account in self.accounts.iter() {
            account.wake.notify_one();
        }
        Ok(())
    }
}

/// When an order's answer is replaced by a 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    InsteadOfTheOrder,
    AfterTheOrder,
}

/// A hash of what was ordered. The order is written anew for it, so that spaces and the
/// sequence of keys do not make two equal orders differ.
fn request_hash(order: &Order) -> String {
    let text = serde_json::to_vec(order).expect("an order is always JSON");
    data_encoding::HEXLOWER.encode(&Sha256::digest(text))
}

fn to_json(object: &impl serde::Serialize) -> Value {
    serde_json::to_value(object).expect("an answer is always JSON")
}
