//! Where a run takes place: its options, its folder, its database, the host's files.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tokio::process::Command;
use vestibule_postgres::{Cluster, Commits};

use crate::audit::{Evidence, Mail};
use crate::endpoint::Endpoint;
use crate::processor::Processor;
use crate::report::Report;

/// The business of every run.
pub(crate) const BUSINESS: &str = "bus_lumen";
/// The secrets of a run, good for nothing else.
pub(crate) const PROCESSOR_KEY: &str = "sk_sandbox_torture";
pub(crate) const HOOK_SECRET: &str = "whsec_dG9ydHVyZS1nYXRld2F5LXNlY3JldC1ub3RoaW5n";
pub(crate) const ENDPOINT_SECRET: &str = "whsec_dG9ydHVyZS1tZXJjaGFudC1zZWNyZXQtbm90aGluZw==";

/// Real hosts under load, faults and kills, and an audit of where the money went.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "cargo xtask torture")]
pub struct Options {
    /// How long, in minutes; parts of one may be given. Settling comes after that.
    #[arg(long, default_value_t = 1.0)]
    pub minutes: f64,
    /// On which database.
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    pub database: Database,
    /// How many hosts; several need Postgres. Default: one on SQLite, three on Postgres.
    #[arg(long)]
    pub hosts: Option<u16>,
    /// Makes the same choices again, as far as time lets them come in the same order.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many customers act at the same time.
    #[arg(long, default_value_t = 8)]
    pub customers: u16,
    /// Lets the processor ignore idempotency keys, to see that the audit notices.
    #[arg(long)]
    pub ignore_keys: bool,
    /// Lets banks take money back in a run of less than five minutes, too.
    #[arg(long)]
    pub banks: bool,
    /// Keeps the folder with databases, logs and mails, as a run does in which something is found.
    #[arg(long)]
    pub keep: bool,
    /// The built host.
    #[arg(long, default_value = "target/debug/vestibule")]
    pub host: PathBuf,
    /// The built gateway plugin.
    #[arg(long, default_value = "plugins/sandbox.wasm")]
    pub plugin: PathBuf,
    /// The themes.
    #[arg(long, default_value = "themes")]
    pub themes: PathBuf,
}

/// Which database the hosts share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Database {
    /// A file, for one host.
    Sqlite,
    /// A server, for any number.
    Postgres,
}

impl Options {
    /// The seed that was given, or one of no meaning.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
            .unwrap_or_else(|| RandomState::new().hash_one("torture") >> 32)
    }
}

/// How fast the run's world turns: short runs cannot wait for a lag of 90 seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How late the processor may show a charge to a look-up.
    pub(crate) lag: Duration,
    /// When "absent" is old enough to be believed.
    pub(crate) absent_after: Duration,
    /// How long a page waits for its customer.
    pub(crate) page: Duration,
    /// How often an unknown payment is asked for in the end.
    lookup_every: Duration,
    /// Whether banks take money back, which needs longer to settle than a short run has.
    pub(crate) banks: bool,
}

impl Pace {
    const SHORT: Self = Self {
        lag: Duration::from_secs(10),
        absent_after: Duration::from_secs(15),
        page: Duration::from_secs(8),
        lookup_every: Duration::from_secs(3),
        banks: false,
    };
    const LONG: Self = Self {
        lag: Duration::from_secs(90),
        absent_after: Duration::from_secs(100),
        page: Duration::from_secs(45),
        lookup_every: Duration::from_secs(15),
        banks: true,
    };

    /// After every lag, term and pause twice over nothing may be open.
    pub(crate) fn settles_within(self) -> Duration {
        // The plugin's own lag of a minute counts where it is longer.
        2 * (self.absent_after.max(Duration::from_secs(65)) + self.page + self.lookup_every)
    }
}

/// Everything that one run keeps.
pub(crate) struct Place {
    pub(crate) options: Options,
    pub(crate) seed: u64,
    dir: PathBuf,
    url: String,
}

/// A line of `payment unsettled --json`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Unsettled {
    /// The payment, or the job that does not get on.
    #[serde(alias = "job")]
    pub(crate) payment: String,
    pub(crate) state: String,
    pub(crate) next_look: Option<String>,
    /// What a person has to decide: money that a bank took back, or gave again.
    pub(crate) decide: Option<String>,
}

impl Unsettled {
    /// Whether it should have ended by itself.
    pub(crate) fn is_stuck(&self) -> bool {
        self.state != "unapplied" && self.decide.is_none()
    }
}

impl Place {
    /// An empty folder, with an empty database.
    pub(crate) async fn make(options: Options, seed: u64) -> anyhow::Result<Self> {
        for needed in [&options.host, &options.plugin, &options.themes] {
            if !needed.exists() {
                bail!(
                    "{} is not there; `cargo xtask torture` builds it",
                    needed.display()
                );
            }
        }
        if options.database == Database::Sqlite && options.hosts.is_some_and(|hosts| hosts > 1) {
            bail!("several hosts need --database postgres");
        }
        let dir = tempfile::Builder::new()
            .prefix("vestibule-torture-")
            .tempdir()?
            .keep();
        let url = match options.database {
            Database::Sqlite => format!("sqlite:{}", dir.join("vestibule.db").display()),
            // Only processes die here, not the machine. The server ends with this process.
            Database::Postgres => {
                let cluster = Cluster::start(Commits::InMemory)?;
                cluster.database("torture").await?
            }
        };
        Ok(Self {
            options,
            seed,
            dir,
            url,
        })
    }

    pub(crate) fn hosts(&self) -> u16 {
        let usual = match self.options.database {
            Database::Sqlite => 1,
            Database::Postgres => 3,
        };
        self.options.hosts.unwrap_or(usual).max(1)
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.options.minutes.max(0.05) * 60.0)
    }

    pub(crate) fn pace(&self) -> Pace {
        if self.duration() < Duration::from_mins(5) {
            Pace {
                banks: self.options.banks,
                ..Pace::SHORT
            }
        } else {
            Pace::LONG
        }
    }

    /// The URL of the database.
    pub(crate) fn database(&self) -> &str {
        &self.url
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the host's files, makes its key and its tables.
    pub(crate) async fn configure(
        &self,
        door: &str,
        processor: &Processor,
        endpoint: &Endpoint,
    ) -> anyhow::Result<()> {
        let this = &self.dir;
        std::fs::create_dir_all(this.join("config/businesses"))?;
        std::fs::create_dir_all(this.join("plugins"))?;
        std::fs::copy(&self.options.plugin, this.join("plugins/sandbox.wasm"))?;
        std::fs::write(this.join("config/vestibule.toml"), self.host_file(door)?)?;
        std::fs::write(
            this.join("config/businesses/lumen.toml"),
            business_file(processor.origin(), endpoint.url()),
        )?;
        self.vestibule(&["key", "host"]).await?;
        self.vestibule(&["migrate"]).await?;
        Ok(())
    }

    fn host_file(&self, door: &str) -> anyhow::Result<String> {
        let pace = self.pace();
        let dir = self.dir.display();
        let themes = std::path::absolute(&self.options.themes)?;
        let themes = themes.display();
        let (absent, every) = (pace.absent_after.as_secs(), pace.lookup_every.as_secs());
        let (page, url) = (pace.page.as_secs(), &self.url);
        Ok(format!(
            r#"
[server]
public_url = "{door}"
key_file = "{dir}/host.key"
drain = "10s"
request_timeout = "20s"
[database]
url = "{url}"
[mail]
from = "no-reply@portal.example.com"
mailbox = "{dir}/mailbox"
[plugins]
dir = "{dir}/plugins"
cache = "{dir}/cache"
deadline = "2s"
fetch_deadline = "2s"
[themes]
dir = "{themes}"
[api]
calls_per_minute = 1000000
[jobs]
poll = "200ms"
lease = "4s"
retry_first = "200ms"
retry_longest = "2s"
tries = 1000
webhook_timeout = "1s"
[webhooks]
retry_after = ["200ms", "400ms", "800ms", "1s", "2s", "2s", "2s", "2s", "2s", "2s"]
[billing]
new_methods_a_day = 100000
unapplied = "5s"
grace = "3s"
retries = ["2s", "6s", "12s"]
reminders = ["1s", "4s"]
try_again_after = "2s"
bank_wait = "2s"
payment_expiry = "{page}s"
lookup_after = ["1s", "3s", "9s"]
lookup_every = "{every}s"
absent_after = "{absent}s"
absent_again_after = "2s"
"#
        ))
    }

    /// A key of the merchant API.
    pub(crate) async fn make_api_key(&self) -> anyhow::Result<String> {
        let made = ["key", "api", "--business", BUSINESS, "--mode", "test"];
        let text = self.vestibule(&made).await?;
        let key = text.lines().last().context("no key was printed")?;
        Ok(key.trim().to_owned())
    }

    /// The operator's list.
    pub(crate) async fn unsettled(&self) -> anyhow::Result<Vec<Unsettled>> {
        let text = self.vestibule(&["payment", "unsettled", "--json"]).await?;
        serde_json::from_str(&text).context("the operator's list cannot be read")
    }

    /// The host's program, with everything it reads.
    pub(crate) fn program(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(std::path::absolute(&self.options.host)?);
        command
            .current_dir(&self.dir)
            .env("VESTIBULE_CONFIG", self.dir.join("config"))
            .env("VESTIBULE_LOG", "warn")
            .env("TORTURE_PROCESSOR_KEY", PROCESSOR_KEY)
            .env("TORTURE_HOOK_SECRET", HOOK_SECRET)
            .env("TORTURE_ENDPOINT_SECRET", ENDPOINT_SECRET)
            .kill_on_drop(true);
        Ok(command)
    }

    async fn vestibule(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.program()?.args(arguments).output().await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            bail!("vestibule {} failed: {text}{why}", arguments.join(" "));
        }
        Ok(text)
    }

    /// Every mail that was handed over: the name that its Message-ID gave it, and its text.
    pub(crate) fn mails(&self) -> anyhow::Result<Vec<Mail>> {
        let mut mails = Vec::new();
        let Ok(folder) = std::fs::read_dir(self.dir.join("mailbox")) else {
            return Ok(mails);
        };
        for entry in folder {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "eml") {
                continue;
            }
            let bytes = std::fs::read(&path)?;
            let message = mail_parser::MessageParser::default().parse(&bytes);
            let text = message.as_ref().and_then(|message| message.body_text(0));
            mails.push(Mail {
                id: path
                    .file_stem()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                text: text.unwrap_or_default().into_owned(),
            });
        }
        Ok(mails)
    }

    /// Writes into the folder what was found, and all that was held against each other: a database
    /// of a server is gone after the run.
    pub(crate) fn write_down(&self, evidence: &Evidence, report: &Report) -> anyhow::Result<()> {
        std::fs::write(self.dir.join("report.txt"), report.in_full())?;
        std::fs::write(self.dir.join("evidence.txt"), format!("{evidence:#?}"))?;
        Ok(())
    }

    /// Nothing is left to be looked at.
    pub(crate) fn remove(&self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn business_file(processor: &str, endpoint: &str) -> String {
    format!(
        r#"
id = "{BUSINESS}"
name = "Lumen"
support_email = "help@lumen.example.com"
[seller]
name = "Lumen Software GmbH"
address = ["Lindenstraße 4", "10969 Berlin"]
country = "DE"
tax_id = "DE123456789"
email = "billing@lumen.example.com"
[allow]
pause = true
[[tax]]
country = "DE"
category = "*"
rate = "19"
from = "2021-01-01"
[test.gateways.main]
plugin = "sandbox"
settings = {{ base_url = "{processor}" }}
secrets.api_key = {{ secret_env = "TORTURE_PROCESSOR_KEY" }}
secrets.webhook_secret = {{ secret_env = "TORTURE_HOOK_SECRET" }}
[test.gateways.main.grants]
http = [{{ origin = "{processor}", private = true }}]
browser = ["{processor}"]
[test.webhook]
url = "{endpoint}"
private = true
secret_env = "TORTURE_ENDPOINT_SECRET"
"#
    )
}
