//! Work that does not get on, for the operator: what, since when and why; and taking it up again.

use jiff::Timestamp;
use serde::Serialize;

use super::{Error, dunning, facts};
use crate::cx::Cx;
use crate::domain::Mode;
use crate::domain::id::{BusinessId, JobId};
use crate::store::{self, Work};

/// The most that is listed.
const MOST: u32 = 10_000;

/// A job on the operator's list.
#[derive(Clone, Debug, Serialize)]
pub struct FailingJob {
    /// Which.
    pub job: JobId,
    /// Whose business.
    pub business: BusinessId,
    /// In which mode.
    pub mode: Mode,
    /// What is to be done, such as `renew`.
    pub kind: String,
    /// With what: the rest of the key that it is queued under, such as the id of a subscription.
    pub subject: Option<String>,
    /// `failing` while it is tried again by itself, `given-up` when it is not.
    pub state: &'static str,
    /// Since when it fails (host time).
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Why it fails.
    pub reason: String,
    /// When it is tried again (host time); none when it is given up.
    pub next_look: Option<Timestamp>,
}

/// What is to be taken up again.
#[derive(Clone, Debug)]
pub enum Which {
    /// One job.
    One(JobId),
    /// Every job of this kind.
    Kind(String),
}

/// The work of the host that was given up, or has failed for longer than the setting grants; the
/// oldest trouble first.
pub async fn list(cx: &Cx) -> Result<Vec<FailingJob>, Error> {
    let patience = cx.settings.load().jobs.listed_after;
    let since = cx.now().checked_sub(patience).unwrap_or(Timestamp::MIN);
    let mut tx = cx.store.read().await?;
    let found = tx.failing_jobs(since, MOST).await?;
    Ok(found.into_iter().map(FailingJob::of).collect())
}

/// Lets failing work be tried at once, as if for the first time. Answers the jobs that will be; none
/// when there is nothing of the kind. Each stands in the audit.
pub async fn retry(cx: &Cx, which: &Which) -> Result<Vec<JobId>, Error> {
    let found = {
        let mut tx = cx.store.read().await?;
        match which {
            Which::One(id) => {
                let job = tx.failing_job(id).await?;
                vec![job.ok_or(Error::NotFound("failing job"))?]
            }
            Which::Kind(kind) => {
                let mut all = tx.failing_jobs(cx.now(), MOST).await?;
                all.retain(|job| job.kind == *kind);
                all
            }
        }
    };
    let mut taken_up = Vec::with_capacity(found.len());
    for job in found {
        if retry_one(cx, &job).await? {
            taken_up.push(job.id);
        }
    }
    Ok(taken_up)
}

async fn retry_one(cx: &Cx, job: &store::FailingJob) -> Result<bool, Error> {
    let mut tx = cx.store.begin().await?;
    if let Ok(Work::Retry { subscription }) = serde_json::from_str(&job.payload) {
        // Taken up before its date it would only be queued for that again.
        dunning::retry_now(cx, &mut tx, &job.scope, &subscription).await?;
    }
    match tx.retry_job(&job.id, cx.now()).await {
        // It runs at this moment, or got on meanwhile.
        Ok(false) => return Ok(false),
        Ok(true) => {}
        Err(store::Error::Conflict(_)) => {
            // The same work is queued again: that order stands for both.
            drop(tx);
            let mut tx = cx.store.begin().await?;
            tx.supersede_job(&job.id, cx.now()).await?;
            tx.commit().await?;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    let before = serde_json::json!({
        "kind": job.kind, "given_up": job.given_up, "tries": job.attempts, "reason": job.reason,
    });
    let (scope, id) = (&job.scope, job.id.as_str());
    facts::audit(cx, &mut tx, scope, "job.retry", id, Some(before), None).await?;
    tx.commit().await?;
    Ok(true)
}

impl FailingJob {
    fn of(job: store::FailingJob) -> Self {
        let subject = job.unique_key.as_deref().map(|key| {
            let rest = key.strip_prefix(job.kind.as_str());
            rest.and_then(|rest| rest.strip_prefix(':')).unwrap_or(key)
        });
        Self {
            subject: subject.map(str::to_owned),
            business: job.scope.business,
            mode: job.scope.mode,
            kind: job.kind,
            state: if job.given_up { "given-up" } else { "failing" },
            since: job.since,
            tries: job.attempts,
            reason: job.reason,
            next_look: (!job.given_up).then_some(job.run_at),
            job: job.id,
        }
    }
}
