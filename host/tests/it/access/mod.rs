//! Getting in, staying in and being kept out: the router with cookies as a browser keeps them,
//! the worker that answers login requests, and the mailbox that it writes to.

pub(crate) mod browser;
mod console;
mod guessing;
mod hosts;
mod isolation;
mod links;
mod logs;
mod mails;
mod networks;
mod races;
mod requests;
mod sessions;
mod sign_in;
mod staff;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio_util::sync::CancellationToken;
use vestibule::config::{HostKeys, Settings, Sources};
use vestibule::cx::{Cx, random};
use vestibule::domain::customer::Customer;
use vestibule::domain::{Mode, Scope};
use vestibule::invoices::Invoices;
use vestibule::jobs::{Jobs, Worker};
use vestibule::mail::Mailer;
use vestibule::mail::mailbox::{Kept, Mailbox};
use vestibule::mail::transport::Transport;
use vestibule::themes::Themes;
use vestibule::web::{self, Web};

use browser::{Browser, Shown};
use scraper::{Html, Selector};

pub(crate) const HOST: &str = "127.0.0.1:8080";

/// A host with two businesses, without its listener.
struct House {
    cx: Cx,
    router: Router,
    settings: Settings,
    /// Its database.
    url: String,
    themes: Arc<Themes>,
    mailbox: Mailbox,
    stop: CancellationToken,
    dir: tempfile::TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn business(id: &str, name: &str) -> String {
    format!(
        "id = \"bus_{id}\"\nname = \"{name}\"\nsupport_email = \"help@{id}.example\"\n\
         [seller]\nname = \"{name} Ltd\"\naddress = [\"Example Street 1\"]\ncountry = \"DE\"\n\
         email = \"billing@{id}.example\"\n"
    )
}

impl House {
    async fn sqlite() -> Self {
        Self::start(None, "").await
    }

    /// One on each database.
    async fn each() -> [Self; 2] {
        let postgres = crate::support::postgres_url().await;
        [
            Self::start(None, "").await,
            Self::start(Some(postgres), "").await,
        ]
    }

    async fn start(postgres: Option<String>, login: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Once per process; another test may have been first.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let root = dir.path().display();
        let database = postgres.unwrap_or_else(|| format!("sqlite:{root}/vestibule.db"));
        let themes = concat!(env!("CARGO_MANIFEST_DIR"), "/../themes");
        let host = format!(
            "[server]\nkey_file = \"{root}/host.key\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n\
             [database]\nurl = \"{database}\"\n[plugins]\ndir = \"{root}/plugins\"\n\
             cache = \"{root}/cache\"\n[themes]\ndir = \"{themes}\"\n\
             [mail]\nmailbox = \"{root}/mailbox\"\n[login]\n{login}\n"
        );
        std::fs::create_dir_all(dir.path().join("businesses")).unwrap();
        std::fs::create_dir_all(dir.path().join("plugins")).unwrap();
        std::fs::write(dir.path().join("vestibule.toml"), host).unwrap();
        for (id, name) in [("lumen", "Lumen"), ("harbour", "Harbour")] {
            let path = dir.path().join(format!("businesses/{id}.toml"));
            std::fs::write(path, business(id, name)).unwrap();
        }
        HostKeys::add(&dir.path().join("host.key"), random()).unwrap();
        let sources = Sources {
            dir: dir.path().to_owned(),
            root: dir.path().to_owned(),
            environment: BTreeMap::new(),
        };
        let settings = sources
            .load()
            .unwrap_or_else(|problems| panic!("{problems}"));
        let themes = Arc::new(Themes::load(&settings.themes.dir).unwrap());
        let cx = vestibule::app::open(settings.clone()).await.unwrap();
        let invoices = Invoices::new(Arc::clone(&themes));
        let folder = dir.path().join("mailbox");
        let from = "portal@host.example".parse().unwrap();
        let transport = Transport::Mailbox(folder.clone());
        let mailer = Arc::new(Mailer::new(Arc::clone(&themes), transport, from));
        let jobs = Jobs::new(
            cx.clone(),
            Arc::clone(&themes),
            mailer,
            Arc::clone(&invoices),
        );
        let stop = CancellationToken::new();
        tokio::spawn(Worker::new(jobs).run(stop.clone()));
        let router = web::router(Web {
            cx: cx.clone(),
            themes: Arc::clone(&themes),
            invoices,
        });
        Self {
            cx,
            router,
            settings,
            url: database,
            themes,
            mailbox: Mailbox::new(folder),
            stop,
            dir,
        }
    }

    /// The router of another process on the same database.
    async fn process(&self) -> Router {
        web::router(Web {
            cx: vestibule::app::open(self.settings.clone()).await.unwrap(),
            themes: Arc::clone(&self.themes),
            invoices: Invoices::new(Arc::clone(&self.themes)),
        })
    }

    fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    async fn customer(&self, scope: &Scope, email: &str, name: &str) -> Customer {
        let now = self.cx.now();
        let customer = Customer {
            id: self.cx.new_id(),
            scope: scope.clone(),
            email: email.parse().unwrap(),
            name: name.to_owned(),
            phone: None,
            locale: None,
            metadata: "{}".to_owned(),
            created_at: now,
            updated_at: now,
            version: 0,
        };
        let mut tx = self.cx.store.begin().await.unwrap();
        tx.insert_customer(&customer).await.unwrap();
        tx.commit().await.unwrap();
        customer
    }

    /// The newest mail, once there are `count`.
    async fn mail(&self, count: usize) -> Kept {
        let mut mails = self.quiet().await;
        assert_eq!(mails.len(), count, "{:?}", subjects(&mails));
        mails.sort_by_key(|mail| mail.at);
        mails.pop().unwrap()
    }

    /// Every mail, once no work is waiting.
    async fn quiet(&self) -> Vec<Kept> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let mut tx = self.cx.store.read().await.unwrap();
            let mut waiting = Vec::new();
            for scope in [
                lumen(),
                harbour(),
                lumen_test(),
                vestibule::flows::staff::host_scope(),
            ] {
                waiting.extend(tx.jobs(&scope, 50).await.unwrap());
            }
            drop(tx);
            if waiting.is_empty() {
                return self.mailbox.newest().unwrap();
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "work is left: {waiting:?}"
            );
            tokio::task::yield_now().await;
        }
    }
}

fn subjects(mails: &[Kept]) -> Vec<&str> {
    mails.iter().map(|mail| mail.subject.as_str()).collect()
}

fn lumen() -> Scope {
    Scope::new("bus_lumen".parse().unwrap(), Mode::Live)
}

fn lumen_test() -> Scope {
    Scope::new("bus_lumen".parse().unwrap(), Mode::Test)
}

fn harbour() -> Scope {
    Scope::new("bus_harbour".parse().unwrap(), Mode::Live)
}

/// The path of the link in a mail.
fn link(mail: &Kept) -> String {
    let origin = format!("http://{HOST}");
    let at = mail.text.find(&origin).expect("a link") + origin.len();
    mail.text[at..]
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned()
}

/// The code in a login mail.
fn code(mail: &Kept) -> String {
    mail.subject
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ' ')
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The page behind this one of a list.
fn older(shown: &Shown) -> Option<String> {
    let page = Html::parse_document(&shown.body);
    let link = Selector::parse("a[rel=next]").unwrap();
    let href = page.select(&link).next()?.attr("href")?;
    Some(href.to_owned())
}
