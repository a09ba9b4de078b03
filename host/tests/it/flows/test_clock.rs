//! A merchant's rehearsal: the business's time moves, and what is due happens in its order.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::domain::{Mode, Scope};
use vestibule::flows::{Error, test_clock};
use vestibule::invoices::Invoices;
use vestibule::jobs::{Jobs, Worker};
use vestibule::mail::Mailer;
use vestibule::mail::mailbox::Mailbox;
use vestibule::mail::transport::Transport;
use vestibule::themes::Themes;

use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::jobs::eventually;
use crate::support::world::World;

/// A process that works on the queue.
pub(super) struct Working {
    stop: CancellationToken,
    worker: JoinHandle<()>,
    mailbox: tempfile::TempDir,
}

impl Working {
    pub(super) fn start(world: &World) -> Self {
        let settings = world.cx.settings.load();
        let mailbox = tempfile::tempdir().unwrap();
        let themes = Arc::new(Themes::load(&settings.themes.dir).unwrap());
        let transport = Transport::Mailbox(mailbox.path().to_owned());
        let mailer = Mailer::new(Arc::clone(&themes), transport, settings.mail.from.clone());
        let invoices = Invoices::new(Arc::clone(&themes));
        let jobs = Jobs::new(world.cx.clone(), themes, Arc::new(mailer), invoices);
        let stop = CancellationToken::new();
        Self {
            worker: tokio::spawn(Worker::new(jobs).run(stop.clone())),
            stop,
            mailbox,
        }
    }

    /// The subjects of the mails that were sent.
    pub(super) fn subjects(&self) -> Vec<String> {
        let mails = Mailbox::new(self.mailbox.path().to_owned())
            .newest()
            .unwrap();
        mails.into_iter().map(|mail| mail.subject).collect()
    }

    /// Their plain texts, without line breaks.
    pub(super) fn texts(&self) -> Vec<String> {
        let mails = Mailbox::new(self.mailbox.path().to_owned())
            .newest()
            .unwrap();
        let flat = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        mails.into_iter().map(|mail| flat(mail.text)).collect()
    }

    /// Waits until nothing is due.
    pub(super) async fn idle(&self, world: &World) {
        eventually("everything due is done", async || {
            let mut tx = world.cx.store.read().await.unwrap();
            !tx.is_under_way(&world.scope, world.cx.now()).await.unwrap()
        })
        .await;
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.worker.await.unwrap();
    }
}

pub(super) async fn arrived(world: &World) {
    eventually("the clock arrives", async || {
        let clock = test_clock::read(&world.cx, &world.scope).await.unwrap();
        clock.target.is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_renewals_happens_month_by_month() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let began = world.subscription(&id).await.period.start;
        let dates: Vec<_> = (0..=13)
            .map(|month: i64| {
                let zoned = began.to_zoned(TimeZone::UTC);
                zoned.checked_add(month.months()).unwrap().timestamp()
            })
            .collect();
        let working = Working::start(&world);
        let target = dates[12] + SignedDuration::from_hours(24);
        test_clock::advance(&world.cx, &world.scope, target)
            .await
            .unwrap();
        arrived(&world).await;

        assert_eq!(world.charged().await, [2900; 13]);
        let subscription = world.subscription(&id).await;
        assert_eq!(subscription.period.start, dates[12], "no drift in a year");
        assert_eq!(subscription.period.end, dates[13]);
        let mut tx = world.cx.store.read().await.unwrap();
        let mut invoices = tx
            .invoices_of(&world.scope, &subscription.customer, 20, 0)
            .await
            .unwrap();
        invoices.reverse();
        assert_eq!(invoices.len(), 13);
        for (n, invoice) in invoices.iter().enumerate() {
            let period = invoice.lines[0].period.unwrap();
            assert_eq!((period.start, period.end), (dates[n], dates[n + 1]));
            assert_eq!(invoice.number, i64::try_from(n + 1).ok());
            let late = invoice.issued_at.unwrap().duration_since(dates[n]);
            assert!(late < SignedDuration::from_mins(5), "dated when it was due");
        }
        drop(tx);
        working.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_on_the_way_is_dated_when_it_came() {
    let world = World::sqlite().await;
    let id = world.active(DECLINED_AT_RENEWAL).await;
    let due = world.subscription(&id).await.period.end;
    let working = Working::start(&world);
    let target = due + SignedDuration::from_hours(24 * 90);
    test_clock::advance(&world.cx, &world.scope, target)
        .await
        .unwrap();
    arrived(&world).await;
    let SubscriptionState::OnHold { why, since } = world.subscription(&id).await.state else {
        panic!("not on hold")
    };
    assert_eq!(why, HoldReason::RenewalFailed);
    assert!(since.duration_since(due) < SignedDuration::from_mins(5));
    assert_eq!(world.charged().await, [2900], "nothing renews on hold");
    working.stop().await;
}

#[tokio::test]
async fn the_clock_of_live_mode_and_the_past_are_refused() {
    let world = World::sqlite().await;
    let now = test_clock::read(&world.cx, &world.scope).await.unwrap().now;
    let live = Scope::new(world.scope.business.clone(), Mode::Live);
    let tomorrow = now + SignedDuration::from_hours(24);
    for (scope, target) in [
        (&live, tomorrow),
        (&world.scope, now),
        (
            &world.scope,
            now + SignedDuration::from_hours(24 * 366 * 11),
        ),
    ] {
        let refused = test_clock::advance(&world.cx, scope, target).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "to", .. })));
    }
    test_clock::advance(&world.cx, &world.scope, tomorrow)
        .await
        .unwrap();
    let back = now + SignedDuration::from_hours(12);
    let refused = test_clock::advance(&world.cx, &world.scope, back).await;
    assert!(
        matches!(refused, Err(Error::Invalid { .. })),
        "a clock on its way is not turned back"
    );
}
