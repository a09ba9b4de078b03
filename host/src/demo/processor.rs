//! The sandbox processor as a process of its own, and a customer's hand on its card page.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::ACCOUNTS;

/// How long the processor may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends when it is dropped.
pub(super) struct Processor {
    url: String,
    client: reqwest::Client,
    _child: Child,
}

impl Processor {
    /// Starts it on `port`, sending its webhooks to the host on `host_port`.
    pub(super) async fn start(host_port: u16, port: u16, data: &Path) -> anyhow::Result<Self> {
        let accounts = data.join("accounts.toml");
        std::fs::write(&accounts, accounts_file(host_port))
            .with_context(|| format!("cannot write {}", accounts.display()))?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["sandbox", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--database")
            .arg(data.join("processor.db"))
            .arg("--accounts-file")
            .arg(&accounts)
            .env("VESTIBULE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the processor")?;
        let output = child.stdout.take().expect("piped above");
        // It says in one line where it listens, or ends.
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        if first.context("the processor does not listen")??.is_none() {
            bail!("the processor did not start; what it says stands above");
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}/"),
            client,
            _child: child,
        })
    }

    /// Where it shows what it did.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Types a card on the page that a payment led to.
    pub(super) async fn type_card(
        &self,
        page: &str,
        number: &str,
        holder: &str,
    ) -> Result<(), reqwest::Error> {
        let fields = [
            ("with", "card"),
            ("number", number),
            ("expiry", "12 / 34"),
            ("cvc", "123"),
            ("holder", holder),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.client
            .post(page)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }
}

fn accounts_file(host_port: u16) -> String {
    let mut text = String::from("# Written by `vestibule demo`.\n");
    for account in &ACCOUNTS {
        write!(
            text,
            "\n[[account]]\nname = \"{}\"\napi_key = \"{}\"\n\
             webhook_url = \"http://127.0.0.1:{host_port}/hooks/{}/test/main\"\n\
             webhook_secret = \"{}\"\n",
            account.name, account.api_key, account.business, account.webhook_secret,
        )
        .expect("a String takes any text");
    }
    text
}
