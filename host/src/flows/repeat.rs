//! Calls that may come twice. Dodo's SDKs send a POST again after a lost answer without any
//! key, so each call that makes something is written down before it does, and what it makes
//! has ids that follow from the call's. A repeat, in this process or after a crash, finds the
//! call and with it what was made. No body and no answer is kept: both may hold secrets.

use std::future::Future;
use std::time::Duration;

use super::Error;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::Id;
use crate::store::{self, ApiCall, Tx};

/// How often a joined call looks whether the first one has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A call as it arrives.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The API key, or the license whose key was shown.
    pub caller: String,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// Whether an SDK says that it has sent this before.
    pub is_repeat: bool,
    /// Equal for equal method, path, query and body.
    pub fingerprint: String,
}

/// A call that was written down.
#[derive(Clone, Debug)]
pub struct Call {
    row: ApiCall,
    joined: bool,
}

impl Call {
    /// The id of the `part` that this call makes, the same at every repeat.
    pub fn id_of<I: Id>(&self, part: &str) -> I {
        I::derived(self.row.created_at, &[self.row.id.as_str(), part])
    }

    /// Whether an earlier call was found that this one repeats.
    pub fn is_repeat(&self) -> bool {
        self.joined
    }
}

/// Writes a call down, or finds the one that it repeats.
pub async fn open(cx: &Cx, scope: &Scope, arrival: Arrival) -> Result<Call, Error> {
    let fingerprint = arrival.fingerprint.clone();
    match write_down(cx, scope, arrival.clone()).await {
        // Two calls under one idempotency key at the same instant: the other was first.
        Err(Error::Store(store::Error::Conflict(_))) => write_down(cx, scope, arrival)
            .await
            .and_then(|call| same(call, &fingerprint)),
        other => other.and_then(|call| same(call, &fingerprint)),
    }
}

async fn write_down(cx: &Cx, scope: &Scope, arrival: Arrival) -> Result<Call, Error> {
    let now = cx.now();
    let settings = cx.settings.load().api.clone();
    let forgotten = settings.idempotency_lifetime.max(settings.repeat_window);
    let before = |age| now.checked_sub(age).unwrap_or(now);
    let mut tx = cx.store.begin().await?;
    tx.forget_api_calls(before(forgotten)).await?;
    let known = match &arrival.idempotency_key {
        Some(key) => tx.api_call_by_key(scope, &arrival.caller, key).await?,
        None if arrival.is_repeat => {
            let since = before(settings.repeat_window);
            tx.latest_api_call(scope, &arrival.caller, &arrival.fingerprint, since)
                .await?
        }
        None => None,
    };
    let joined = known.is_some();
    let row = if let Some(row) = known {
        row
    } else {
        let row = ApiCall {
            id: cx.new_id(),
            scope: scope.clone(),
            caller: arrival.caller,
            idempotency_key: arrival.idempotency_key,
            fingerprint: arrival.fingerprint,
            outcome: None,
            failed: false,
            created_at: now,
        };
        tx.insert_api_call(&row).await?;
        row
    };
    tx.commit().await?;
    Ok(Call { row, joined })
}

fn same(call: Call, fingerprint: &str) -> Result<Call, Error> {
    if call.row.fingerprint == fingerprint {
        Ok(call)
    } else {
        Err(Error::Invalid {
            field: "Idempotency-Key",
            problem: "was sent before with another request; use a new one".to_owned(),
        })
    }
}

/// What `make` makes for a call, once: a repeat waits up to `patience` for the first to end and
/// answers what it made. Where that failed, or never ended, the repeat makes it.
pub async fn once(
    cx: &Cx,
    call: &Call,
    patience: Duration,
    make: impl Future<Output = Result<String, Error>>,
) -> Result<String, Error> {
    if let Some(known) = outcome(cx, call, patience).await? {
        return Ok(known);
    }
    let made = make.await;
    match &made {
        Ok(outcome) => close(cx, call, outcome).await?,
        Err(_) => give_back(cx, call).await,
    }
    made
}

/// Lets the next repeat of a call that failed start at once.
async fn give_back(cx: &Cx, call: &Call) {
    let noted = async {
        let mut tx = cx.store.begin().await?;
        tx.fail_api_call(&call.row.scope, &call.row.id).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        // A repeat then waits as for a call that still runs.
        tracing::warn!(call.id = %call.row.id, error = %error, "a failed call could not be given back");
    }
}

/// What became of a call that this one joined: waits up to `patience` for the first to end.
/// None when this one has to start: there is nothing to join, the first failed, or never ended.
pub async fn outcome(cx: &Cx, call: &Call, patience: Duration) -> Result<Option<String>, Error> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut row = call.joined.then(|| call.row.clone());
    while let Some(known) = row {
        if known.outcome.is_some() || tokio::time::Instant::now() >= deadline {
            return Ok(known.outcome);
        }
        if known.failed && take_over(cx, &known).await? {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        let mut tx = cx.store.read().await?;
        row = tx.api_call(&known.scope, &known.id).await?;
    }
    Ok(None)
}

/// Takes a failed call over; of several repeats at the same time only one does.
async fn take_over(cx: &Cx, row: &ApiCall) -> Result<bool, Error> {
    let mut tx = cx.store.begin().await?;
    let taken = tx.take_over_api_call(&row.scope, &row.id).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Notes what became of a call, for repeats of it.
async fn close(cx: &Cx, call: &Call, outcome: &str) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    close_in(&mut tx, call, outcome).await?;
    tx.commit().await?;
    Ok(())
}

/// The same in the transaction that makes it so.
pub(super) async fn close_in(tx: &mut Tx, call: &Call, outcome: &str) -> Result<(), Error> {
    tx.close_api_call(&call.row.scope, &call.row.id, outcome)
        .await?;
    Ok(())
}
