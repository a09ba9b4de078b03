//! Two businesses in both modes, two customers in each, a gateway everywhere, nobody working in
//! the background: what a request does is all that happens.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use vestibule::config::{HostKeys, Sources};
use vestibule::cx::{Cx, random};
use vestibule::domain::access::{Role, Staff, StaffSession};
use vestibule::domain::{Mode, Scope};
use vestibule::flows::{api_key, secret};
use vestibule::invoices::Invoices;
use vestibule::jobs::{Jobs, Worker};
use vestibule::mail::Mailer;
use vestibule::mail::transport::Transport;
use vestibule::themes::Themes;
use vestibule::web::{self, Web};

use super::people::Person;
use super::table::On;
use crate::support::dump::{Dump, dump};
use crate::support::sandbox::{API_KEY, Sandbox, WEBHOOK_SECRET, plugin_folder};

/// The secret of the session of a member of Lumen's staff.
const STAFF: &str = "secret-of-staff";
/// What a browser holds that is not signed in.
const BROWSER: &str = "secret-of-a-browser";

/// Compiled components, kept from one run of the tests to the next.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/plugins");

pub(super) struct Town {
    pub(super) name: &'static str,
    pub(super) cx: Cx,
    pub(super) people: Vec<Person>,
    pub(super) sandbox: Sandbox,
    router: Router,
    themes: Arc<Themes>,
    keys: Vec<(Scope, String)>,
    url: String,
    folders: [tempfile::TempDir; 2],
}

/// What the host answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

fn business(id: &str, origin: &str) -> String {
    let mode = |mode: &str, secret: &str| {
        format!(
            "[{mode}.gateways.sandbox]\nplugin = \"sandbox\"\n\
             settings = {{ base_url = \"{origin}\" }}\n\
             secrets = {{ api_key = {{ secret_env = \"{secret}_KEY\" }}, \
             webhook_secret = {{ secret_env = \"{secret}_WEBHOOK\" }} }}\n\
             grants = {{ http = [{{ origin = \"{origin}\", private = true }}], \
             browser = [\"{origin}\"] }}\n"
        )
    };
    format!(
        "id = \"bus_{id}\"\nname = \"{id}\"\nsupport_email = \"help@{id}.example\"\n\
         [seller]\nname = \"{id} Ltd\"\naddress = [\"Example Street 1\"]\ncountry = \"DE\"\n\
         email = \"billing@{id}.example\"\n[allow]\npause = true\nplan_change = true\n{}{}",
        mode("live", "LIVE"),
        mode("test", "TEST")
    )
}

impl Town {
    /// One on each database.
    pub(super) async fn each() -> [Self; 2] {
        Self::each_with(8).await
    }

    /// The same with this many connections.
    pub(super) async fn each_with(connections: u32) -> [Self; 2] {
        let postgres = crate::support::postgres_url().await;
        [
            Self::start("SQLite", None, connections).await,
            Self::start("Postgres", Some(postgres), connections).await,
        ]
    }

    async fn start(name: &'static str, postgres: Option<String>, connections: u32) -> Self {
        let sandbox = Sandbox::start(None).await;
        let plugins = plugin_folder().await;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let themes = concat!(env!("CARGO_MANIFEST_DIR"), "/../themes");
        let url = postgres.unwrap_or_else(|| format!("sqlite:{}/vestibule.db", root.display()));
        let host = format!(
            "[server]\nkey_file = \"{root}/host.key\"\nallow_test_gateway_in_live = true\n\
             [database]\nurl = \"{url}\"\nconnections = {connections}\n[plugins]\ndir = \"{plugins}\"\ncache = \"{CACHE}\"\n\
             [themes]\ndir = \"{themes}\"\n[mail]\nmailbox = \"{root}/mailbox\"\n\
             [api]\nlicense_calls_per_minute = 100000\ncalls_per_minute = 1000000\n",
            root = root.display(),
            plugins = plugins.path().display(),
        );
        std::fs::create_dir_all(root.join("businesses")).unwrap();
        std::fs::write(root.join("vestibule.toml"), host).unwrap();
        for id in ["lumen", "harbour"] {
            let path = root.join(format!("businesses/{id}.toml"));
            std::fs::write(path, business(id, &sandbox.origin())).unwrap();
        }
        HostKeys::add(&root.join("host.key"), random()).unwrap();
        let environment = [
            ("TEST_KEY", API_KEY),
            ("TEST_WEBHOOK", WEBHOOK_SECRET),
            ("LIVE_KEY", "sk_sandbox_live"),
            ("LIVE_WEBHOOK", "whsec_bGl2ZSBsaXZlIGxpdmUgbGl2ZSBsaXZl"),
        ];
        let sources = Sources {
            dir: root.to_owned(),
            root: root.to_owned(),
            environment: environment
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        let settings = sources
            .load()
            .unwrap_or_else(|problems| panic!("{problems}"));
        let cx = vestibule::app::open(settings).await.unwrap();
        let themes = Arc::new(Themes::load(themes.as_ref()).unwrap());
        let mut town = Self {
            name,
            router: web::router(Web {
                cx: cx.clone(),
                invoices: Invoices::new(Arc::clone(&themes)),
                themes: Arc::clone(&themes),
            }),
            themes,
            cx,
            people: Vec::new(),
            sandbox,
            keys: Vec::new(),
            url,
            folders: [plugins, dir],
        };
        town.settle().await;
        town
    }

    /// Lets customers and staff move in.
    async fn settle(&mut self) {
        for business in ["bus_lumen", "bus_harbour"] {
            for mode in [Mode::Live, Mode::Test] {
                let scope = Scope::new(business.parse().unwrap(), mode);
                let (_, key) = api_key::create(&self.cx, &scope, "tests", true)
                    .await
                    .unwrap();
                self.keys
                    .push((scope.clone(), key.expose_secret().to_owned()));
                for name in ["Ada", "Ben"] {
                    let person = Person::arrive(&self.cx, &scope, name).await;
                    self.people.push(person);
                }
            }
        }
        let staff = Staff {
            id: self.cx.new_id(),
            email: "staff@lumen.example".parse().unwrap(),
            name: "Staff".to_owned(),
            roles: vec![("bus_lumen".parse().unwrap(), Role::Manager)],
        };
        let session = StaffSession {
            id: self.cx.new_id(),
            staff: staff.id.clone(),
            ends_at: self.cx.now() + SignedDuration::from_hours(1),
        };
        let (now, hash) = (self.cx.now(), secret::hash(STAFF));
        let mut tx = self.cx.store.begin().await.unwrap();
        tx.insert_staff(&staff, now).await.unwrap();
        tx.insert_staff_session(&session, &hash, "192.0.2.0/24", "a browser", now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Everything that the database holds but the calls of the API, which are noted and counted
    /// before they are looked at.
    pub(super) async fn everything(&self) -> Dump {
        let mut dump = dump(&self.url).await;
        for counted in ["api_calls", "limits", "limit_uses"] {
            dump.remove(counted);
        }
        dump
    }

    /// Everything that the database holds.
    pub(super) async fn whole(&self) -> Dump {
        dump(&self.url).await
    }

    /// Does the work that is waiting, mails included, and stops.
    pub(super) async fn work(&self) {
        let themes = Arc::clone(&self.themes);
        let transport = Transport::Mailbox(self.folder().join("mailbox"));
        let from = "portal@host.example".parse().unwrap();
        let mailer = Arc::new(Mailer::new(Arc::clone(&themes), transport, from));
        let invoices = Invoices::new(Arc::clone(&themes));
        let jobs = Jobs::new(self.cx.clone(), themes, mailer, invoices);
        let stop = CancellationToken::new();
        let worker = tokio::spawn(Worker::new(jobs).run(stop.clone()));
        let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
        loop {
            let mut due = 0;
            for (scope, _) in &self.keys {
                let mut tx = self.cx.store.read().await.unwrap();
                let jobs = tx.jobs(scope, 1000).await.unwrap();
                due += jobs
                    .iter()
                    .filter(|job| job.run_at <= self.cx.now())
                    .count();
            }
            if due == 0 {
                break;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{due} jobs are left"
            );
            tokio::task::yield_now().await;
        }
        stop.cancel();
        worker.await.unwrap();
    }

    /// The folder that holds what is not in the database.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.folders[1].path()
    }

    /// A request as `person` makes it: in their browser on their portal, with their business's key,
    /// or as Lumen's staff.
    pub(super) async fn ask(
        &self,
        person: &Person,
        on: On,
        verb: &str,
        path: &str,
        body: &str,
    ) -> Answer {
        self.ask_with(person, on, verb, path, body, &[]).await
    }

    /// The same with more headers.
    pub(super) async fn ask_with(
        &self,
        person: &Person,
        on: On,
        verb: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.request(person, on, verb, path);
        let mut body = body.to_owned();
        if verb == "POST" && on != On::Api {
            let csrf = self.csrf(person, on);
            body = format!("{body}&csrf={csrf}");
            request = request
                .header("sec-fetch-site", "same-origin")
                .header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A form that no page of ours has sent.
    pub(super) async fn forge(
        &self,
        person: &Person,
        on: On,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self
            .request(person, on, "POST", path)
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    fn request(
        &self,
        person: &Person,
        on: On,
        verb: &str,
        path: &str,
    ) -> axum::http::request::Builder {
        let scope = &person.customer.scope;
        let base = match on {
            On::Portal if scope.mode == Mode::Test => format!("/test/{}", scope.business),
            On::Portal => format!("/{}", scope.business),
            On::Api => "/api".to_owned(),
            On::Console => "/console".to_owned(),
            On::Host => String::new(),
        };
        let request = Request::builder()
            .method(verb)
            .uri(format!("{base}{path}"))
            .header("host", "127.0.0.1:8080");
        match on {
            On::Portal => request.header("cookie", person.cookie()),
            On::Console => request.header("cookie", format!("vestibule-session-console={STAFF}")),
            On::Host => request.header("cookie", format!("vestibule-browser-host={BROWSER}")),
            On::Api => {
                let (_, key) = self.keys.iter().find(|(of, _)| of == scope).unwrap();
                request.header("authorization", format!("Bearer {key}"))
            }
        }
    }

    /// The token of the forms in a browser, as every page writes it.
    pub(super) fn csrf(&self, person: &Person, on: On) -> String {
        let cookie = match on {
            On::Portal => person.cookie(),
            On::Console => format!("={STAFF}"),
            On::Host | On::Api => format!("={BROWSER}"),
        };
        let (_, secret) = cookie.split_once('=').unwrap();
        URL_SAFE_NO_PAD.encode(self.cx.keys.sign("csrf", secret.as_bytes()))
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}
