//! Work that does not get on: how long it is tried, where it is listed, and how it is taken up again.

use jiff::SignedDuration;
use vestibule::cx::Cx;
use vestibule::flows::failing_jobs::{self, FailingJob, Which};
use vestibule::store::{JobRow, MailOrder, Work};

use super::{Process, Workplace, eventually};
use crate::mail::smtp::Server;
use crate::support::databases;
use crate::support::dump::dump;
use crate::support::sample::{id, scope, subscribed};

const NOWHERE: &str = "http://127.0.0.1:9/events";

async fn order(cx: &Cx, work: Work) {
    let mut tx = cx.store.begin().await.unwrap();
    cx.order(&mut tx, &scope(), &work).await.unwrap();
    tx.commit().await.unwrap();
}

async fn listed(process: &Process) -> Vec<FailingJob> {
    failing_jobs::list(&process.cx).await.unwrap()
}

impl Workplace {
    /// The one job there is, once it was tried `times` times.
    async fn tried(&self, times: i64) -> JobRow {
        eventually("it is tried", async || {
            let jobs = self.jobs().await;
            jobs.len() == 1 && jobs[0].attempts >= times && jobs[0].state != "running"
        })
        .await;
        self.jobs().await.remove(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_on_which_money_hangs_is_never_given_up_and_is_listed_with_its_reason() {
    for database in databases().await {
        let place = Workplace::new(database, NOWHERE);
        let process = place.start().await;
        let payment = id();
        let look = Work::Reconcile { payment };
        order(&process.cx, look.clone()).await;
        place.tried(1).await;
        assert!(listed(&process).await.is_empty(), "it may pass");
        // Three tries are the most for other work here.
        for times in 2..8 {
            place.advance(SignedDuration::from_hours(7));
            assert_eq!(place.tried(times).await.state, "queued");
        }
        let listed = listed(&process).await;
        let [job] = &listed[..] else {
            panic!("{listed:?}")
        };
        assert_eq!((job.kind.as_str(), job.state), ("reconcile", "failing"));
        let key = look.unique_key().unwrap();
        assert!(key.ends_with(job.subject.as_deref().unwrap()), "{job:?}");
        assert_eq!(job.reason, "there is no such payment");
        assert!(job.next_look.unwrap() > process.cx.now());
        let age = process.cx.now().duration_since(job.since);
        assert!(age >= SignedDuration::from_hours(42), "since the first try");
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_outlasts_a_week_without_a_server_and_is_taken_up_again_after_that() {
    for database in databases().await {
        let place = Workplace::new(database, NOWHERE);
        let subscription = subscribed(&place.database.store).await;
        // Where the folder should be is a file.
        std::fs::write(place.mailbox(), "in the way").unwrap();
        let process = place.start().await;
        let mail = MailOrder::SubscriptionReactivated {
            subscription: subscription.id,
            payment: None,
            nonce: None,
        };
        order(&process.cx, Work::Mail(mail)).await;
        let mut times = 1;
        let first = process.cx.now();
        while process.cx.now().duration_since(first) < SignedDuration::from_hours(7 * 24) {
            assert_eq!(place.tried(times).await.state, "queued", "try {times}");
            place.advance(SignedDuration::from_hours(6));
            times += 1;
        }
        place.advance(SignedDuration::from_hours(25));
        eventually("it is given up", async || {
            place.jobs().await[0].state == "failed"
        })
        .await;
        let given_up = listed(&process).await;
        assert_eq!(
            (given_up[0].state, given_up[0].next_look),
            ("given-up", None)
        );

        // Taken up too early, it is tried as long as any other mail.
        let mails = Which::Kind("mail".to_owned());
        assert_eq!(
            failing_jobs::retry(&process.cx, &mails)
                .await
                .unwrap()
                .len(),
            1
        );
        assert_eq!(place.tried(1).await.state, "queued");
        assert!(listed(&process).await.is_empty(), "it may pass");

        std::fs::remove_file(place.mailbox()).unwrap();
        let others = Which::Kind("renew".to_owned());
        assert!(
            failing_jobs::retry(&process.cx, &others)
                .await
                .unwrap()
                .is_empty()
        );
        let taken_up = failing_jobs::retry(&process.cx, &mails).await.unwrap();
        assert_eq!(taken_up, [given_up[0].job.clone()]);
        eventually("it is sent", async || place.jobs().await.is_empty()).await;
        assert_eq!(std::fs::read_dir(place.mailbox()).unwrap().count(), 1);
        assert!(listed(&process).await.is_empty());
        let audit = dump(&place.database.url()).await.remove("audit").unwrap();
        assert!(
            audit.iter().any(|row| row.contains("job.retry")),
            "{audit:?}"
        );
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_the_server_refuses_for_good_is_offered_again_a_day_later() {
    let folder = tempfile::tempdir().unwrap();
    let [database, _] = databases().await;
    let place = Workplace::new(database, NOWHERE);
    let subscription = subscribed(&place.database.store).await;
    let mut settings = place.settings.clone();
    settings.businesses.values_mut().for_each(|business| {
        business.test.mail_to = vec!["Amelie@Example.com".parse().unwrap()];
    });
    let server = Server::start(&folder.path().join("mail"), 100);
    let process = place.mailing_by(server.transport()).await;
    process.cx.settings.store(settings.into());
    let mail = MailOrder::SubscriptionReactivated {
        subscription: subscription.id,
        payment: None,
        nonce: None,
    };
    order(&process.cx, Work::Mail(mail)).await;
    let refused = place.tried(1).await;
    assert_eq!(refused.state, "queued");
    let wait = refused.run_at.duration_since(process.cx.now());
    assert!(wait > SignedDuration::from_hours(23), "{wait:?}");
    assert!(refused.last_error.unwrap().contains("refused for good"));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_and_ordered_anew_is_not_done_twice() {
    for database in databases().await {
        let place = Workplace::new(database, NOWHERE);
        let process = place.start().await;
        let nothing = Work::Mail(MailOrder::PaymentReceived { payment: id() });
        order(&process.cx, nothing.clone()).await;
        eventually("it is given up", async || {
            let jobs = place.jobs().await;
            jobs.len() == 1 && jobs[0].state == "failed"
        })
        .await;
        let given_up = listed(&process).await.remove(0);
        let cx = process.cx.clone();
        process.stop().await;
        order(&cx, nothing).await;
        let one = Which::One(given_up.job.clone());
        assert!(failing_jobs::retry(&cx, &one).await.unwrap().is_empty());
        let left = place.jobs().await;
        assert_eq!(
            left.len(),
            1,
            "{}: the order that stands",
            place.database.name
        );
        assert_ne!(left[0].id, given_up.job.as_str());
        let gone = failing_jobs::retry(&cx, &one).await;
        assert!(gone.is_err(), "it fails no more");
    }
}
