//! A host without its listener, the processor, and one subscription that was really bought.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vestibule::config::{HostKeys, Sources};
use vestibule::cx::{Cx, random};
use vestibule::domain::customer::{BillingAddress, BuyerDetails, Customer};
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::payment::CustomerAction;
use vestibule::domain::product::Product;
use vestibule::domain::{Mode, Scope};
use vestibule::flows::begin::{self, NewSubscription};
use vestibule::flows::{Ending, settlement};
use vestibule::invoices::Invoices;
use vestibule::jobs::{Jobs, Worker};
use vestibule::mail::Mailer;
use vestibule::mail::transport::Transport;
use vestibule::themes::Themes;
use vestibule::web::{self, Web};
use vestibule_postgres::{Cluster, Commits};
use vestibule_sandbox::{AccountOptions, Options, Running};

use crate::host::plugin_file;
use crate::seed;

const KEY: &str = "sk_sandbox_figures";
const THEMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../themes");
/// Jobs at once: what is measured waits for the disk, not for a processor.
pub(super) const WORKERS: u32 = 16;

/// On which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::Sqlite => "Money on SQLite, every commit on the disk",
            Self::Postgres => "Money on Postgres, every commit on the disk",
        }
    }
}

pub(super) struct Works {
    pub(super) cx: Cx,
    pub(super) scope: Scope,
    url: String,
    router: Router,
    jobs: Arc<Jobs>,
    /// The subscription that was bought, and with what.
    pub(super) bought: SubscriptionId,
    processor: Running,
    _dir: tempfile::TempDir,
}

impl Works {
    pub(super) async fn open(kind: Kind) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let root = dir.path();
        let url = match kind {
            Kind::Sqlite => format!("sqlite:{}", root.join("vestibule.db").display()),
            Kind::Postgres => {
                let cluster = Cluster::start(Commits::OnDisk)?;
                cluster.database("figures").await?
            }
        };
        let processor = processor(root).await?;
        let origin = processor.url().origin().ascii_serialization();
        let cx = vestibule::app::open(settings(root, &url, &origin)?).await?;
        let themes = Arc::new(Themes::load(Path::new(THEMES))?);
        let transport = Transport::Mailbox(root.join("mailbox"));
        let from = cx.settings.load().mail.from.clone();
        let mailer = Mailer::new(Arc::clone(&themes), transport, from);
        let invoices = Invoices::new(Arc::clone(&themes));
        let router = web::router(Web {
            cx: cx.clone(),
            themes: Arc::clone(&themes),
            invoices: invoices.clone(),
        });
        let jobs = Jobs::new(cx.clone(), themes, Arc::new(mailer), invoices);
        let scope = Scope::new("bus_lumen".parse()?, Mode::Test);
        let bought = buy(&cx, &scope, &processor).await?;
        Ok(Self {
            cx,
            scope,
            url,
            router,
            jobs,
            bought,
            processor,
            _dir: dir,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What answers customers, without the listener.
    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Lets a worker do what is due.
    pub(super) fn work(&self) -> Working {
        let stop = CancellationToken::new();
        let worker = Worker::new(Arc::clone(&self.jobs));
        Working {
            worker: tokio::spawn(worker.run(stop.clone())),
            stop,
        }
    }

    /// Lets the processor end before its folder goes.
    pub(super) async fn close(self) {
        self.processor.stop().await;
        self.cx.store.close().await;
    }
}

pub(super) struct Working {
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Working {
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        Ok(self.worker.await?)
    }
}

/// The processor keeps its own books in memory where it can: they are not what is measured.
async fn processor(root: &Path) -> anyhow::Result<Running> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory } else { root };
    let database = folder.join(format!("vestibule-figures-{}.db", ulid::Ulid::generate()));
    let account = AccountOptions {
        name: "Figures".to_owned(),
        api_key: KEY.into(),
        webhook_url: None,
        webhook_secret: None,
    };
    Ok(vestibule_sandbox::start(Options::local(database, account)).await?)
}

fn settings(root: &Path, url: &str, origin: &str) -> anyhow::Result<vestibule::config::Settings> {
    let here = root.display();
    let host = format!(
        "[server]\nkey_file = \"{here}/host.key\"\n[database]\nurl = \"{url}\"\n\
         connections = {WORKERS}\n[plugins]\ndir = \"{here}/plugins\"\ncache = \"{here}/cache\"\n\
         calls_at_once = {WORKERS}\n[themes]\ndir = \"{THEMES}\"\n\
         [mail]\nmailbox = \"{here}/mailbox\"\n[jobs]\nworkers = {WORKERS}\npoll = \"50ms\"\n"
    );
    let business = format!(
        r#"
id = "bus_lumen"
name = "Lumen"
support_email = "help@lumen.example"
[seller]
name = "Lumen Software GmbH"
address = ["Example Street 1", "10115 Berlin"]
country = "DE"
email = "billing@lumen.example"
[[tax]]
country = "DE"
rate = "19"
from = "2020-01-01"
[test]
default_gateway = "sandbox"
[test.gateways.sandbox]
plugin = "sandbox"
settings = {{ base_url = "{origin}" }}
secrets.api_key = {{ secret_env = "FIGURES_KEY" }}
secrets.webhook_secret = {{ secret_env = "FIGURES_HOOK" }}
grants = {{ http = [{{ origin = "{origin}", private = true }}], browser = ["{origin}"] }}
"#
    );
    std::fs::create_dir_all(root.join("businesses"))?;
    std::fs::create_dir_all(root.join("plugins"))?;
    std::fs::copy(plugin_file(), root.join("plugins/sandbox.wasm"))
        .context("plugins/sandbox.wasm is missing; `cargo xtask plugins` builds it")?;
    std::fs::write(root.join("vestibule.toml"), host)?;
    std::fs::write(root.join("businesses/lumen.toml"), business)?;
    HostKeys::add(&root.join("host.key"), random())?;
    let sources = Sources {
        dir: root.to_owned(),
        root: root.to_owned(),
        environment: [
            ("FIGURES_KEY".to_owned(), KEY.to_owned()),
            ("FIGURES_HOOK".to_owned(), "whsec_ZmlndXJlcw==".to_owned()),
        ]
        .into_iter()
        .collect(),
    };
    sources
        .load()
        .map_err(|problems| anyhow::anyhow!("{problems}"))
}

/// A subscription whose first period was paid for with a card that is saved.
async fn buy(cx: &Cx, scope: &Scope, processor: &Running) -> anyhow::Result<SubscriptionId> {
    let (customer, product) = (customer(cx, scope), seed::product(scope, 0));
    let mut tx = cx.store.begin().await?;
    tx.insert_customer(&customer).await?;
    tx.insert_product(&product).await?;
    tx.commit().await?;
    let begun = begin::create_subscription(cx, scope, order(cx, &customer, &product)).await?;
    let attempt = begin::pay(cx, scope, &begun.payment.id).await?;
    let Ending::Action(CustomerAction::Redirect { url }) = &attempt.ending else {
        bail!("no page: {attempt:?}")
    };
    let form = "with=card&number=4242424242424242&expiry=12+%2F+34&cvc=123&holder=Alex";
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    client
        .post(processor.url().join(url)?)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await?;
    let ending = settlement::returned(cx, scope, &begun.payment.id, &[]).await?;
    if ending != Ending::Succeeded {
        bail!("the first payment did not succeed: {ending:?}");
    }
    Ok(begun.subscription.context("a subscription")?.id)
}

fn customer(cx: &Cx, scope: &Scope) -> Customer {
    let now = cx.now();
    Customer {
        id: cx.new_id(),
        scope: scope.clone(),
        email: "alex@customer.example".parse().expect("an address"),
        name: "Alex Example".to_owned(),
        phone: None,
        locale: None,
        metadata: "{}".to_owned(),
        created_at: now,
        updated_at: now,
        version: 0,
    }
}

fn order(cx: &Cx, customer: &Customer, product: &Product) -> NewSubscription {
    NewSubscription {
        id: cx.new_id(),
        payment: cx.new_id(),
        customer: customer.id.clone(),
        product: product.id.clone(),
        quantity: 1,
        addons: Vec::new(),
        codes: Vec::new(),
        once: Vec::new(),
        trial_days: Some(0),
        on_demand: None,
        buyer: BuyerDetails {
            billing: BillingAddress {
                country: "DE".to_owned(),
                city: None,
                state: None,
                street: None,
                zipcode: None,
            },
            tax_id: None,
            business_name: None,
        },
        metadata: "{}".to_owned(),
        return_url: None,
    }
}
