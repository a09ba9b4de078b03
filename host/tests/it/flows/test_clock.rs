//! A merchant's rehearsal: the business's time moves, and what is due happens in its order.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use reqwest::Method;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::domain::{Mode, Scope};
use vestibule::flows::{Ending, Error, test_clock};
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

impl World {
    /// The debits that the bank moves at this moment.
    async fn debits(&self) -> Vec<String> {
        let path = "/control/charges";
        let all = self.sandbox.call(Method::GET, path, None).await;
        let all = all["data"].as_array().unwrap();
        let moving = all.iter().filter(|one| one["status"] == "processing");
        moving
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn settle_debits(&self) {
        for charge in self.debits().await {
            let path = format!("/control/charges/{charge}/settle");
            self.sandbox.call(Method::POST, &path, None).await;
        }
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
async fn a_rehearsal_by_bank_debit_waits_for_each_debit() {
    for world in World::each().await {
        let often = SignedDuration::from_millis(100);
        world.rules(|rules| {
            rules.lookup_after = vec![often];
            // One that is far away comes sooner while the clock waits.
            rules.lookup_every = SignedDuration::from_hours(24);
        });
        world.sandbox.hold_debits().await;
        let (begun, attempt) = world.debit_under_way().await;
        let id = begun.subscription.unwrap().id;
        world.settle_debits().await;
        assert_eq!(world.come_back(&attempt).await, Ending::Succeeded);
        let began = world.subscription(&id).await.period.start;
        let dates: Vec<_> = (0..=3)
            .map(|month: i64| {
                let zoned = began.to_zoned(TimeZone::UTC);
                zoned.checked_add(month.months()).unwrap().timestamp()
            })
            .collect();
        let working = Working::start(&world);
        let target = dates[3] + SignedDuration::from_hours(24);
        test_clock::advance(&world.cx, &world.scope, target)
            .await
            .unwrap();
        // The bank takes its time, in which nothing else happens.
        for date in &dates[1..] {
            eventually("the next debit is under way", async || {
                world.debits().await.len() == 1
            })
            .await;
            let now = test_clock::read(&world.cx, &world.scope).await.unwrap();
            assert!(now.now.duration_since(*date) < SignedDuration::from_mins(10));
            world.settle_debits().await;
        }
        arrived(&world).await;
        assert_eq!(world.charged().await, [2900; 4]);
        let subscription = world.subscription(&id).await;
        let mut tx = world.cx.store.read().await.unwrap();
        let mut invoices = tx
            .invoices_of(&world.scope, &subscription.customer, 20, 0)
            .await
            .unwrap();
        invoices.reverse();
        for (invoice, date) in invoices.iter().zip(&dates) {
            let late = invoice.issued_at.unwrap().duration_since(*date);
            assert!(late < SignedDuration::from_mins(10), "{late:?} late");
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
