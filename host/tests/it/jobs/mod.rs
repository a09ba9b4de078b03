//! The queue at work: real databases, real endpoints, several workers.

mod endpoint;
mod endpoints;
mod failing;
mod log;
mod lost_key;
mod mail;
mod payloads;
mod plugins;
mod webhook;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vestibule::app;
use vestibule::config::{Environment, HostKeys, Settings, Sources};
use vestibule::cx::{Clock, Cx};
use vestibule::domain::id::EventId;
use vestibule::flows::delivery;
use vestibule::invoices::Invoices;
use vestibule::jobs::{Jobs, Worker};
use vestibule::mail::Mailer;
use vestibule::mail::transport::Transport;
use vestibule::store::{Event, JobRow};
use vestibule::themes::Themes;

use crate::support::Database;
use crate::support::sample::{at, scope};

const SECRET: &str = "whsec_dGVzdHMgb2YgdGhlIHF1ZXVlIG9ubHk=";

/// A host's configuration over a database, and one clock for all its processes.
struct Workplace {
    database: Database,
    settings: Settings,
    clock: Clock,
    dir: tempfile::TempDir,
}

/// One process that works on the queue.
struct Process {
    cx: Cx,
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Workplace {
    /// Events go to `endpoint`.
    fn new(database: Database, endpoint: &str) -> Self {
        Self::telling(database, endpoint, "")
    }

    /// The same with more lines about the endpoint.
    fn telling(database: Database, endpoint: &str, more: &str) -> Self {
        // Processes install it when they start.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        HostKeys::add(&root.join("host.key"), [7; 32]).unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let host = format!(
            "[server]\nkey_file = \"host.key\"\n[database]\nurl = \"{}\"\n\
             [plugins]\ndir = \"plugins\"\ncache = \"cache\"\n[themes]\ndir = \"{}\"\n\
             [mail]\nmailbox = \"mailbox\"\n\
             [jobs]\npoll = \"20ms\"\nretry_first = \"5s\"\ntries = 3\n",
            database.url(),
            repository.join("themes").display(),
        );
        let business = format!(
            "id = \"bus_lumen\"\nname = \"Lumen\"\nsupport_email = \"help@lumen.example.com\"\n\
             [seller]\nname = \"Lumen Software GmbH\"\naddress = [\"Lindenstraße 4\"]\n\
             country = \"DE\"\nemail = \"billing@lumen.example.com\"\n\
             [test.webhook]\nurl = \"{endpoint}\"\nsecret_env = \"ENDPOINT\"\n{more}\n"
        );
        std::fs::create_dir_all(root.join("config/businesses")).unwrap();
        std::fs::create_dir(root.join("plugins")).unwrap();
        std::fs::write(root.join("config/vestibule.toml"), host).unwrap();
        std::fs::write(root.join("config/businesses/lumen.toml"), business).unwrap();
        let sources = Sources {
            dir: root.join("config"),
            root: root.to_owned(),
            environment: Environment::from([("ENDPOINT".to_owned(), SECRET.to_owned())]),
        };
        let settings = sources
            .load()
            .unwrap_or_else(|problems| panic!("{problems}"));
        Self {
            database,
            settings,
            clock: Clock::default(),
            dir,
        }
    }

    fn mailbox(&self) -> PathBuf {
        self.dir.path().join("mailbox")
    }

    /// A process that has opened everything and works on nothing yet.
    async fn open(&self) -> Cx {
        let mut cx = app::open(self.settings.clone()).await.unwrap();
        cx.clock = self.clock.clone();
        cx
    }

    async fn start(&self) -> Process {
        self.mailing_by(Transport::Mailbox(self.mailbox())).await
    }

    /// A process whose mails take this way.
    async fn mailing_by(&self, transport: Transport) -> Process {
        let cx = self.open().await;
        let themes = Arc::new(Themes::load(&self.settings.themes.dir).unwrap());
        let from = self.settings.mail.from.clone();
        let mailer = Arc::new(Mailer::new(Arc::clone(&themes), transport, from));
        let invoices = Invoices::new(Arc::clone(&themes));
        let worker = Worker::new(Jobs::new(cx.clone(), themes, mailer, invoices));
        let stop = CancellationToken::new();
        let worker = tokio::spawn(worker.run(stop.clone()));
        Process { cx, stop, worker }
    }

    fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// What is queued, running or given up.
    async fn jobs(&self) -> Vec<JobRow> {
        let mut tx = self.database.store.read().await.unwrap();
        tx.jobs(&scope(), u32::MAX).await.unwrap()
    }
}

impl Process {
    /// Ends as on SIGTERM: takes nothing more and finishes what it has.
    async fn stop(self) {
        self.stop.cancel();
        self.worker.await.unwrap();
    }
}

/// Writes a fact about `object` and orders its deliveries.
async fn tell(cx: &Cx, kind: &str, object: &str) -> EventId {
    let event = Event {
        id: cx.new_id(),
        kind: kind.to_owned(),
        object: object.to_owned(),
        occurred_at: at(0),
    };
    let mut tx = cx.store.begin().await.unwrap();
    delivery::tell(cx, &mut tx, &scope(), &event).await.unwrap();
    tx.commit().await.unwrap();
    event.id
}

/// Polls until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
