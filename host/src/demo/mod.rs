//! The demo: two businesses with customers in every interesting state, made by the same flows
//! that merchants and customers use, and paid at a processor in a process of its own.
//!
//! Everything here is for show. Its secrets open nothing but the sandbox processor.

mod processor;
mod samples;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::config::{HostKeys, Settings, Sources};
use crate::cx::{Cx, random};
use crate::domain::id::{BusinessId, CustomerId};
use crate::domain::{Mode, Scope};
use crate::flows::{address, api_key, portal_link, staff};
use crate::{app, store};

use self::processor::Processor;

/// Where the demo keeps everything.
const DATA: &str = "data/demo";

/// A business of `config/demo/`, with what it has at the processor.
struct Account {
    business: &'static str,
    /// As its file's variables have it.
    variable: &'static str,
    name: &'static str,
    api_key: &'static str,
    webhook_secret: &'static str,
}

const ACCOUNTS: [Account; 2] = [
    Account {
        business: "bus_lumen",
        variable: "LUMEN",
        name: "Lumen",
        api_key: "sk_sandbox_demo_lumen",
        webhook_secret: "whsec_ZGVtby1sdW1lbi13ZWJob29rLXNlY3JldA==",
    },
    Account {
        business: "bus_harbour",
        variable: "HARBOUR",
        name: "Harbour Books",
        api_key: "sk_sandbox_demo_harbour",
        webhook_secret: "whsec_ZGVtby1oYXJib3VyLXdlYmhvb2stc2VjcmV0",
    },
];

impl Account {
    fn scope(&self) -> Scope {
        let business: BusinessId = self.business.parse().expect("an id");
        Scope::new(business, Mode::Test)
    }
}

/// A demo that is ready to be served.
pub(crate) struct Demo {
    /// Its configuration.
    pub(crate) settings: Settings,
    /// Where that came from.
    pub(crate) sources: Sources,
    /// What there is to see, for the terminal.
    pub(crate) welcome: String,
    /// Runs until it is dropped.
    _processor: Processor,
}

/// Prepares the demo on `port`, with the processor on the next one. What an earlier run has made
/// stays as it is.
pub(crate) async fn prepare(port: u16) -> anyhow::Result<Demo> {
    let processor_port = port.checked_add(1).context("choose a smaller port")?;
    for port in [port, processor_port] {
        TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .with_context(|| format!("port {port} is taken; choose another with --port"))?;
    }
    let sources = sources(port, processor_port);
    let settings = sources
        .load()
        .context("the demo's configuration is not good")?;
    if !settings.server.key_file.exists() {
        HostKeys::add(&settings.server.key_file, random())?;
    }
    let processor = Processor::start(port, processor_port, Path::new(DATA)).await?;
    let cx = app::open(settings.clone()).await?;
    for (account, samples) in ACCOUNTS.iter().zip(samples::ALL) {
        samples::make(&cx, &account.scope(), samples, &processor)
            .await
            .with_context(|| format!("cannot make the samples of {}", account.name))?;
    }
    let welcome = welcome(&cx, &processor).await?;
    cx.store.close().await;
    Ok(Demo {
        settings,
        sources,
        welcome,
        _processor: processor,
    })
}

/// `config/demo/` with the ports and the processor's secrets laid over it.
fn sources(port: u16, processor_port: u16) -> Sources {
    let mut sources = Sources::of_process("config/demo".into());
    let host = format!("127.0.0.1:{port}");
    let processor = format!("http://127.0.0.1:{processor_port}");
    let mut set = |name: String, value: String| drop(sources.environment.insert(name, value));
    set("VESTIBULE_SERVER__LISTEN".into(), host.clone());
    set(
        "VESTIBULE_SERVER__PUBLIC_URL".into(),
        format!("http://{host}"),
    );
    for account in &ACCOUNTS {
        let name = account.variable;
        let gateway = format!("VESTIBULE_BUSINESS_{name}__TEST__GATEWAYS__MAIN");
        set(format!("DEMO_{name}_API_KEY"), account.api_key.into());
        set(
            format!("DEMO_{name}_WEBHOOK_SECRET"),
            account.webhook_secret.into(),
        );
        set(format!("{gateway}__SETTINGS__BASE_URL"), processor.clone());
        set(
            format!("{gateway}__GRANTS__HTTP"),
            format!("[{{origin=\"{processor}\",private=true}}]"),
        );
        set(
            format!("{gateway}__GRANTS__BROWSER"),
            format!("[\"{processor}\"]"),
        );
    }
    sources
}

async fn welcome(cx: &Cx, processor: &Processor) -> anyhow::Result<String> {
    let [lumen, harbour] = ACCOUNTS.each_ref().map(Account::scope);
    let on_hold: CustomerId = samples::ON_HOLD.parse()?;
    let (_, token) = portal_link::create(cx, &lumen, &on_hold, None, "demo").await?;
    let link = portal_link::url(cx, &lumen, &token);
    let console = staff::first_link(cx, &"staff@vestibule.example.com".parse()?, "Robin").await?;
    let (_, key) = api_key::create(cx, &lumen, "demo", true).await?;
    let root = cx.settings.load().server.public_url.clone();
    Ok(format!(
        "\n  Vestibule demo, in test mode: no real money moves.\n\n\
         \x20 Portal      {login}\n\
         \x20             sign in as {email}; the mail arrives in the mailbox\n\
         \x20 On hold     {link}\n\
         \x20             works once: pay what is due and come back\n\
         \x20 Other theme {other}\n\
         \x20 Console     {console}\n\
         \x20 Mailbox     {root}mailbox\n\
         \x20 Processor   {processor}\n\
         \x20 API         {root}api with the key {key}\n\n\
         \x20 Cards       4242 4242 4242 4242 pays · 4000 0000 0000 9995 has no money\n\
         \x20             4000 0025 0000 3155 asks you to confirm (3-D Secure)\n\n\
         \x20 Stop with Ctrl-C. `--reset` starts over.\n",
        login = address::static_link(cx, &lumen),
        email = samples::ON_HOLD_EMAIL,
        other = address::static_link(cx, &harbour),
        processor = processor.url(),
        key = key.expose_secret(),
    ))
}

/// What can go wrong while samples are made.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Flow(#[from] crate::flows::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the processor: {0}")]
    Processor(#[from] reqwest::Error),
    #[error("the first payment of {0} did not lead to the processor's page")]
    NoPage(&'static str),
}
