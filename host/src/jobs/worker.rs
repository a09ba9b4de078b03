//! The queue's worker: claims due rows under a lease, runs them side by side, and writes down
//! what became of each.
//!
//! Any number of processes work on one queue. A job whose worker died is taken by another when
//! its lease ends; a job that takes longer than its lease has it extended. Knows no kind of
//! work: what a job does is `Jobs::run`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::patience::Patience;
use super::shares::Shares;
use super::{Jobs, Verdict};
use crate::config;
use crate::cx;
use crate::domain::Scope;
use crate::flows;
use crate::store::{self, ClaimedJob, Lane, Work};

/// Between two looks when what is due cannot be had at once.
const BREATH: Duration = Duration::from_millis(10);
/// How often finished jobs past their keeping are deleted.
const CLEANING: SignedDuration = SignedDuration::from_hours(1);

/// Works on the queue until it is told to stop.
pub struct Worker {
    jobs: Arc<Jobs>,
}

impl Worker {
    /// A worker that does `jobs`.
    pub fn new(jobs: Arc<Jobs>) -> Self {
        Self { jobs }
    }

    /// Claims and runs jobs until `stop`; then takes no more and answers once those it has
    /// are done.
    pub async fn run(self, stop: CancellationToken) {
        let settings = self.jobs.cx.settings.load_full();
        let (workers, couriers) = (settings.jobs.workers, settings.webhooks.at_once);
        // Whoever hangs, those of other businesses go on. Deliveries are counted by receiver.
        let share = workers.div_ceil(4);
        tokio::join!(
            self.work(Lane::Work, workers, share, &stop),
            self.work(Lane::Letters, workers, share, &stop),
            self.work(Lane::Deliveries, couriers, couriers, &stop),
        );
    }

    /// Does the jobs of one lane, `width` at once and few more than `share` of one business.
    async fn work(&self, lane: Lane, width: u32, share: u32, stop: &CancellationToken) {
        let shares = Shares::of(share);
        let slots = Arc::new(Semaphore::new(width as usize));
        let running = TaskTracker::new();
        let mut cleaned = Timestamp::MIN;
        loop {
            tokio::select! {
                // Both may be ready: nothing is taken after the stop.
                biased;
                () = stop.cancelled() => break,
                slot = slots.acquire() => drop(slot.expect("never closed")),
            }
            let most = slots.available_permits().min(share as usize);
            let full = shares.full();
            let claimed = match self.claim(lane, most, &full).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "no jobs claimed");
                    Vec::new()
                }
            };
            let saturated = claimed.len() == most;
            for job in claimed {
                let slot = Arc::clone(&slots)
                    .try_acquire_owned()
                    .expect("only this loop takes");
                let jobs = Arc::clone(&self.jobs);
                let held = shares.take(&job.scope);
                running.spawn(async move {
                    perform(&jobs, &job).await;
                    drop((slot, held));
                });
            }
            if !saturated {
                if lane == Lane::Work {
                    self.clean(&mut cleaned).await;
                }
                tokio::select! {
                    () = self.idle(lane, !full.is_empty(), stop) => {}
                    () = shares.freed(), if !full.is_empty() => {}
                }
            }
        }
        running.close();
        running.wait().await;
    }

    fn settings(&self) -> config::Jobs {
        self.jobs.cx.settings.load().jobs.clone()
    }

    async fn claim(
        &self,
        lane: Lane,
        limit: usize,
        left_out: &[Scope],
    ) -> store::Result<Vec<ClaimedJob>> {
        let cx = &self.jobs.cx;
        let now = cx.now();
        let until = later(now, self.settings().lease);
        let lease = data_encoding::HEXLOWER.encode(&cx::random::<16>());
        let mut tx = cx.store.begin().await?;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let claimed = tx
            .claim_jobs(lane, now, (until, &lease), limit, left_out)
            .await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Waits for work: until the next job is due, one is ordered in this process, or it is
    /// time to look for those of other processes. What is due of businesses that have enough under
    /// way is nothing to look for.
    async fn idle(&self, lane: Lane, some_left_out: bool, stop: &CancellationToken) {
        let store = &self.jobs.cx.store;
        let poll = self.settings().poll;
        let next = async { store.read().await?.next_job_at(lane).await }.await;
        let wait = match next {
            Ok(Some(at)) if !some_left_out => at.duration_since(self.jobs.cx.now()).min(poll),
            Ok(_) | Err(_) => poll,
        };
        let wait = Duration::try_from(wait).unwrap_or_default().max(BREATH);
        tokio::select! {
            () = stop.cancelled() => {}
            () = store.work_ordered(lane) => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    async fn clean(&self, cleaned: &mut Timestamp) {
        let now = self.jobs.cx.now();
        if now.duration_since(*cleaned) < CLEANING {
            return;
        }
        *cleaned = now;
        let before = now
            .checked_sub(self.settings().keep)
            .unwrap_or(Timestamp::MIN);
        let swept = async {
            let mut tx = self.jobs.cx.store.begin().await?;
            tx.forget_done_jobs(before).await?;
            tx.commit().await
        };
        if let Err(error) = flows::session::clean_up(&self.jobs.cx).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "what has run out of sign-in was not deleted");
        }
        if let Err(error) = flows::delivery::clean_up(&self.jobs.cx).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "old deliveries were not deleted");
        }
        if let Err(error) = swept.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "finished jobs were not deleted");
        }
    }
}

/// Runs one job and writes down what became of it.
async fn perform(jobs: &Arc<Jobs>, job: &ClaimedJob) {
    let span = tracing::info_span!(
        "job",
        job.kind = %job.kind, job.id = %job.id, job.attempt = job.attempts, scope = %job.scope
    );
    let verdict = under_lease(jobs, job).instrument(span.clone()).await;
    let recorded = record(jobs, job, &verdict).instrument(span.clone()).await;
    span.in_scope(|| match recorded {
        Ok(true) => {}
        Ok(false) => tracing::warn!(?verdict, "the lease was lost; another worker has the job"),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                error,
                ?verdict,
                "not recorded; it runs again after its lease"
            );
        }
    });
}

/// Runs the job in a task of its own, so that a panic ends only it, and extends the lease for
/// as long as it runs. It is never cancelled, not even when the lease is lost: a flow that
/// has begun ends by itself, and every kind of work can be done twice.
async fn under_lease(jobs: &Arc<Jobs>, job: &ClaimedJob) -> Verdict {
    let work: Work = match serde_json::from_str(&job.payload) {
        Ok(work) => work,
        Err(error) => return Verdict::GiveUp(format!("the order cannot be read: {error}")),
    };
    let (own, scope) = (Arc::clone(jobs), job.scope.clone());
    let task = async move { own.run(&scope, work).await };
    let mut task = tokio::spawn(task.in_current_span());
    let lease = jobs.cx.settings.load().jobs.lease;
    let beat = Duration::try_from(lease / 3)
        .unwrap_or_default()
        .max(BREATH);
    let mut ours = true;
    loop {
        tokio::select! {
            ended = &mut task => {
                return ended.unwrap_or_else(|_| Verdict::Retry("the job went down".to_owned()));
            }
            () = tokio::time::sleep(beat), if ours => {
                ours = extend(jobs, job, lease).await;
            }
        }
    }
}

/// Keeps the job ours for another lease; answers false when it no longer is.
async fn extend(jobs: &Jobs, job: &ClaimedJob, lease: SignedDuration) -> bool {
    let extended = async {
        let mut tx = jobs.cx.store.begin().await?;
        let ours = tx.extend_lease(job, later(jobs.cx.now(), lease)).await?;
        tx.commit().await?;
        store::Result::Ok(ours)
    };
    match extended.await {
        Ok(true) => true,
        Ok(false) => {
            tracing::warn!("the lease was lost while the job ran");
            false
        }
        Err(error) => {
            // The next beat tries again; the lease outlives two missed ones.
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the lease was not extended");
            true
        }
    }
}

/// Writes down what became of a job; answers false when its lease was lost.
async fn record(jobs: &Jobs, job: &ClaimedJob, verdict: &Verdict) -> store::Result<bool> {
    let settings = jobs.cx.settings.load();
    let now = jobs.cx.now();
    let patience = Patience::with(&job.kind);
    let is_over = patience.is_over(&settings, job, now);
    let (wait, why, tries) = match verdict {
        Verdict::Done => return finish(jobs, job, now).await,
        Verdict::GiveUp(why) if patience != Patience::Endless => {
            return give_up(jobs, job, now, why).await;
        }
        Verdict::Retry(why) if is_over => return give_up(jobs, job, now, why).await,
        Verdict::RetryAfter(_, why) if is_over && patience == Patience::Time => {
            return give_up(jobs, job, now, why).await;
        }
        // A person has to look, and what they mend is seen without another order.
        Verdict::GiveUp(why) => (settings.jobs.retry_longest, why, job.attempts),
        Verdict::Retry(why) => (back_off(&settings.jobs, job.attempts), why, job.attempts),
        Verdict::RetryAfter(wait, why) => (*wait, why, job.attempts),
        Verdict::NotYet(wait) => return put_back(jobs, job, later(now, *wait)).await,
        // What it needs is not there: that is no try of the job's own.
        Verdict::Park(why) => (
            settings.jobs.retry_longest.min(super::PARKED),
            why,
            job.attempts.saturating_sub(1),
        ),
    };
    tracing::warn!(error.message = %why, wait_s = wait.as_secs(), "the job will be tried again");
    again(jobs, job, later(now, wait), tries, Some((why, now))).await
}

/// Lets a job whose turn has not come wait for it.
async fn put_back(jobs: &Jobs, job: &ClaimedJob, run_at: Timestamp) -> store::Result<bool> {
    again(jobs, job, run_at, job.attempts.saturating_sub(1), None).await
}

async fn again(
    jobs: &Jobs,
    job: &ClaimedJob,
    run_at: Timestamp,
    tries: u32,
    failed: Option<(&str, Timestamp)>,
) -> store::Result<bool> {
    let mut tx = jobs.cx.store.begin().await?;
    match tx.job_again(job, run_at, tries, failed).await {
        Ok(ours) => tx.commit().await.map(|()| ours),
        // The same work was ordered anew while this ran: that order stands for both.
        Err(store::Error::Conflict(_)) => {
            drop(tx);
            finish(jobs, job, jobs.cx.now()).await
        }
        Err(error) => Err(error),
    }
}

async fn finish(jobs: &Jobs, job: &ClaimedJob, now: Timestamp) -> store::Result<bool> {
    let mut tx = jobs.cx.store.begin().await?;
    let ours = tx.job_done(job, now).await?;
    tx.commit().await?;
    Ok(ours)
}

async fn give_up(jobs: &Jobs, job: &ClaimedJob, now: Timestamp, why: &str) -> store::Result<bool> {
    tracing::error!(error.message = %why, "the job is given up; `vestibule payment unsettled` lists it, `vestibule job retry` takes it up again");
    let mut tx = jobs.cx.store.begin().await?;
    let ours = tx.job_failed(job, now, why).await?;
    tx.commit().await?;
    Ok(ours)
}

/// The wait after the `attempts`-th failure: the first one, doubling, up to the longest.
fn back_off(settings: &config::Jobs, attempts: u32) -> SignedDuration {
    let doubled = 1_i32
        .checked_shl(attempts.saturating_sub(1))
        .filter(|factor| *factor > 0);
    doubled
        .and_then(|factor| settings.retry_first.checked_mul(factor))
        .map_or(settings.retry_longest, |wait| {
            wait.min(settings.retry_longest)
        })
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_the_first_to_the_longest() {
        let settings = config::Jobs::default();
        let waits = [1, 2, 3, 4, 13, 14, 32, 33, 1_000].map(|n| back_off(&settings, n).as_secs());
        assert_eq!(
            waits,
            [5, 10, 20, 40, 20_480, 21_600, 21_600, 21_600, 21_600]
        );
    }
}
