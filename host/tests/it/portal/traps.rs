//! A plugin that traps in any of its exports: the portal is served, what has to be told is told again
//! and not for ever, and the log names the plugin.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use vestibule::flows::{delivery, plugin_calls};
use vestibule::invoices::Invoices;
use vestibule::jobs::{Jobs, Worker};
use vestibule::mail::Mailer;
use vestibule::mail::transport::Transport;
use vestibule::store::{Event, JobRow};
use vestibule::themes::Themes;

use super::House;
use super::extra::ALL;
use crate::support::log::Log;

const PUPPET: &str = "host/tests/guests/puppet";

/// How often the jobs of these tests are tried.
const TRIES: i64 = 3;

impl House {
    /// A host whose pages and branding trap in this export, and in no other.
    async fn trapping(export: &str) -> Self {
        let file = format!(
            "[test.branding]\nplugin = \"puppet\"\nsettings.{export} = '{{\"do\":\"trap\"}}'\n\
             [test.pages.strings]\nplugin = \"puppet\"\nsettings.{export} = '{{\"do\":\"trap\"}}'\n\
             [test.pages.strings.grants]\n{ALL}"
        );
        let tries = TRIES.to_string();
        let settings = [("JOBS__TRIES", tries.as_str()), ("JOBS__POLL", "20ms")];
        Self::arranged(&file, &[PUPPET], &settings).await
    }

    async fn calls_of_plugins(&self) -> Vec<JobRow> {
        let mut tx = self.cx.store.read().await.unwrap();
        let mut jobs = tx.jobs(&self.scope, u32::MAX).await.unwrap();
        jobs.retain(|job| ["tell-plugin", "call-plugin"].contains(&job.kind.as_str()));
        jobs
    }

    /// Works on the queue, through as many hours as it takes, until a job of this kind is given up.
    async fn work_until_given_up(&self, kind: &str) -> JobRow {
        let themes = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes");
        let themes = Arc::new(Themes::load(&themes).unwrap());
        let transport = Transport::Mailbox(self.dir.path().join("mailbox"));
        let from = self.cx.settings.load().mail.from.clone();
        let mailer = Arc::new(Mailer::new(Arc::clone(&themes), transport, from));
        let invoices = Invoices::new(Arc::clone(&themes));
        let worker = Worker::new(Jobs::new(self.cx.clone(), themes, mailer, invoices));
        let stop = CancellationToken::new();
        let worker = tokio::spawn(worker.run(stop.clone()));
        let begun = Instant::now();
        let given_up = loop {
            let mut jobs = self.calls_of_plugins().await;
            jobs.retain(|job| job.kind == kind);
            if let Some(job) = jobs.iter().find(|job| job.state == "failed") {
                break job.clone();
            }
            let due = jobs.iter().filter(|job| job.state == "queued");
            if let Some(due) = due.map(|job| job.run_at).min() {
                let wait = due.duration_since(self.now());
                self.cx.clock.advance(wait.max(SignedDuration::ZERO));
            }
            assert!(begun.elapsed() < Duration::from_mins(2), "it never ends");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        stop.cancel();
        worker.await.unwrap();
        given_up
    }
}

#[tokio::test]
async fn a_trap_in_any_export_of_pages_and_branding_leaves_the_portal_and_names_the_plugin() {
    for (export, operation) in [
        ("resolve", "looks.resolve"),
        ("render", "pages.render"),
        ("submit", "pages.submit"),
        ("block", "blocks.block"),
    ] {
        let (log, _guard) = Log::of_this_thread("vestibule=info");
        let house = House::trapping(export).await;
        let guest = house.guest("Alex").await;
        let own = match export {
            "render" => Some(guest.get("/x/strings").await),
            "submit" => Some(guest.send_form("/x/strings/send", &[("a", "1")]).await),
            _ => None,
        };
        assert!(own.is_none_or(|page| page.status == 503), "{export}");
        let page = guest.get("/").await;
        assert_eq!(page.status, 200, "{export}");
        page.says("Billing history");
        let text = log.text();
        let named = |line: &&str| {
            line.contains("plugin=\"puppet\"")
                && line.contains(&format!("operation=\"{operation}\""))
                && line.contains("it trapped")
        };
        assert!(text.lines().find(named).is_some(), "{export}: {text}");
        assert!(house.failures().contains("it trapped"), "{export}");
    }
}

#[tokio::test]
async fn an_event_for_a_plugin_that_traps_is_told_again_and_not_for_ever() {
    let (log, _guard) = Log::of_this_thread("vestibule=info");
    let house = House::trapping("handle").await;
    let event = Event {
        id: house.cx.new_id(),
        kind: "subscription.active".to_owned(),
        object: "sub_1".to_owned(),
        occurred_at: house.now(),
    };
    let (cx, scope) = (&house.cx, &house.scope);
    house
        .write(async |tx| delivery::tell(cx, tx, scope, &event).await.unwrap())
        .await;
    let before = house.figures().failures;
    let job = house.work_until_given_up("tell-plugin").await;
    assert_eq!(job.attempts, TRIES);
    assert_eq!(house.figures().failures - before, 3);
    let why = job.last_error.unwrap();
    assert!(
        why.contains("plugin puppet") && why.contains("it trapped"),
        "{why}"
    );
    let given_up = log.text();
    let given_up = given_up.lines().find(|line| line.contains("given up"));
    assert!(given_up.unwrap().contains("plugin puppet"), "{given_up:?}");
    house
        .guest("Alex")
        .await
        .get("/")
        .await
        .says("Billing history");
}

#[tokio::test]
async fn a_call_by_the_clock_that_traps_is_made_again_and_the_next_one_comes_in_its_time() {
    let house = House::trapping("scheduled").await;
    plugin_calls::order_all(&house.cx).await.unwrap();
    let before = house.figures().failures;
    let job = house.work_until_given_up("call-plugin").await;
    assert_eq!(job.attempts, TRIES);
    assert!(house.figures().failures - before >= 3);
    let others = house.calls_of_plugins().await;
    let next = others.iter().filter(|other| other.state == "queued");
    assert!(next.count() >= 1, "{others:?}");
    assert!(house.failures().contains("it trapped"));
    house
        .guest("Alex")
        .await
        .get("/")
        .await
        .says("Billing history");
}
