//! What the operator wrote, read and checked: `vestibule.toml`, one file per business, and the
//! environment over both.
//!
//! Everything leaves here typed and valid as [`Settings`]; the structs that mirror the files stay
//! inside. Only `app` and the command line load; others are handed the part they need. Nothing
//! here opens a database, a theme or a plugin.

mod api;
mod billing;
mod business;
mod database;
mod duration;
mod invoices;
mod jobs;
mod keys;
mod login;
mod mail;
mod mode;
mod plan_change;
mod plugins;
mod problem;
mod reload;
mod seal;
mod secret;
mod server;
mod source;
mod tax;
mod themes;
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use crate::domain::id::BusinessId;
use crate::domain::{Mode, Scope};

pub use self::api::Api;
pub use self::billing::{Billing, DuesAtCancel, OnReversal, Unapplied};
pub use self::business::{Allow, Business, Seller};
pub use self::database::{Database, Location};
pub use self::invoices::{Invoices, Issue};
pub use self::jobs::Jobs;
pub use self::keys::{HostKeys, KeyFileError};
pub use self::login::Login;
pub use self::mail::{Mail, MailTransport, Smtp, SmtpTls};
pub use self::mode::{ModeSettings, Webhook};
pub use self::plan_change::PlanChanges;
pub use self::plugins::Plugins;
pub use self::problem::{Place, Problem, Problems};
pub use self::reload::Watch;
pub use self::seal::NONCE;
pub use self::server::Server;
pub use self::source::Environment;
pub use self::themes::Themes;
pub use self::webhooks::Webhooks;

use self::business::BusinessFile;
use self::database::DatabaseFile;
use self::mail::MailFile;
use self::secret::Vault;
use self::source::{NESTING, Source};

/// The whole configuration, checked. Businesses may change while the host runs; the rest is as it
/// was at start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the host listens and how it is reached.
    pub server: Server,
    /// Which database holds everything.
    pub database: Database,
    /// Who mails come from and how they leave.
    pub mail: Mail,
    /// Links, codes, sessions and their limits.
    pub login: Login,
    /// The durations, counts and choices of the money rules.
    pub billing: Billing,
    /// How the numbers of documents look.
    pub invoices: Invoices,
    /// Repeats of API calls.
    pub api: Api,
    /// Where components are and what a call may use up.
    pub plugins: Plugins,
    /// Where themes are.
    pub themes: Themes,
    /// The queue.
    pub jobs: Jobs,
    /// Telling merchants of events.
    pub webhooks: Webhooks,
    /// The merchants on this host.
    pub businesses: BTreeMap<BusinessId, Business>,
    /// The hosts of portals whose business's file went away, now or before the start.
    pub gone: Vec<(Url, Scope)>,
    /// What is wrong in business files that changed since the start; their last good versions
    /// are in use.
    pub problems: Vec<Problem>,
}

impl Settings {
    /// The settings of one business in one mode; `None` when its file is gone.
    pub fn scope(&self, scope: &Scope) -> Option<&ModeSettings> {
        Some(self.businesses.get(&scope.business)?.mode(scope.mode))
    }
}

/// Where the configuration is read from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The folder that holds `vestibule.toml` and `businesses/`.
    pub dir: PathBuf,
    /// Where relative paths in the files start; empty for the working directory.
    pub root: PathBuf,
    /// The environment: overrides (`VESTIBULE_SERVER__LISTEN`) and secrets.
    pub environment: Environment,
}

/// Variables that start so override keys; those of a business go on with its file's name:
/// `VESTIBULE_BUSINESS_LUMEN__NAME`.
const PREFIX: &str = "VESTIBULE_";
const BUSINESS_PREFIX: &str = "VESTIBULE_BUSINESS_";

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HostFile {
    server: Server,
    database: DatabaseFile,
    mail: MailFile,
    login: Login,
    billing: Billing,
    invoices: Invoices,
    api: Api,
    plugins: Plugins,
    themes: Themes,
    jobs: Jobs,
    webhooks: Webhooks,
}

impl Sources {
    /// The files under `dir`, with the environment and the working directory of this process.
    pub fn of_process(dir: PathBuf) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            dir,
            root: PathBuf::new(),
            environment,
        }
    }

    /// Reads and checks everything; reports every file that is wrong.
    pub fn load(&self) -> Result<Settings, Problems> {
        let mut settings = self.load_host()?;
        let mut problems = Vec::new();
        for path in self.business_files()? {
            match self.load_business(&path, &settings) {
                Ok(business) => drop(settings.businesses.insert(business.id.clone(), business)),
                Err(found) => problems.extend(found),
            }
        }
        Problems::check(problems).map(|()| settings)
    }

    /// Reads and checks `vestibule.toml` alone, for what needs no business and none of their
    /// secrets.
    pub fn load_host(&self) -> Result<Settings, Problems> {
        let source = self.source_of_host()?;
        let mut file: HostFile = source.extract()?;
        file.server.settle(&self.root);
        file.plugins.settle(&self.root);
        file.themes.settle(&self.root);

        let mut problems = Vec::new();
        file.server.check(&source, &mut problems);
        file.login.check(&source, &mut problems);
        file.billing.check(&source, &mut problems);
        file.invoices.check(&source, &mut problems);
        file.plugins.check(&source, &mut problems);
        file.jobs.check(&source, &mut problems);
        file.webhooks.check(&source, &mut problems);
        let vault = Vault {
            root: &self.root,
            environment: &self.environment,
        };
        let database = file.database.settle(&source, vault);
        let mail = file.mail.settle(&source, vault);
        let (database, mail) = match (database, mail) {
            (Ok(database), Ok(mail)) => (database, mail),
            (database, mail) => {
                problems.extend(database.err());
                problems.extend(mail.err());
                return Err(Problems::new(problems));
            }
        };
        Problems::check(problems)?;
        Ok(Settings {
            server: file.server,
            database,
            mail,
            login: file.login,
            billing: file.billing,
            invoices: file.invoices,
            api: file.api,
            plugins: file.plugins,
            themes: file.themes,
            jobs: file.jobs,
            webhooks: file.webhooks,
            businesses: BTreeMap::new(),
            gone: Vec::new(),
            problems: Vec::new(),
        })
    }

    /// Something about the value at `key` of a business that only another part of the host
    /// can know, placed where that value is written.
    pub fn problem_of(&self, business: &Business, key: &str, what: &str, mend: &str) -> Problem {
        match self.source_of(&business.file) {
            Ok(source) => source.problem(key, what, mend),
            // It was there when it was loaded; what is known without it is still told.
            Err(unreadable) => Problem {
                key: key.to_owned(),
                what: what.to_owned(),
                mend: mend.to_owned(),
                ..unreadable
            },
        }
    }

    /// The same about the value at `key` of `vestibule.toml`.
    pub fn problem_of_host(&self, key: &str, what: &str, mend: &str) -> Problem {
        match self.source_of_host() {
            Ok(source) => source.problem(key, what, mend),
            Err(unreadable) => Problem {
                key: key.to_owned(),
                what: what.to_owned(),
                mend: mend.to_owned(),
                ..unreadable
            },
        }
    }

    fn source_of_host(&self) -> Result<Source, Problem> {
        let environment = self
            .environment
            .iter()
            .filter(|(name, _)| !name.starts_with(BUSINESS_PREFIX))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Source::read(&self.dir.join("vestibule.toml"), PREFIX, &environment)
    }

    fn source_of(&self, path: &Path) -> Result<Source, Problem> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = stem.to_uppercase().replace('-', "_");
        let prefix = format!("{BUSINESS_PREFIX}{name}{NESTING}");
        Source::read(path, &prefix, &self.environment)
    }

    /// In the order of their names. No folder means no business yet.
    fn business_files(&self) -> Result<Vec<PathBuf>, Problem> {
        let dir = self.dir.join("businesses");
        let unreadable = |error: std::io::Error| Problem {
            place: Place::File {
                path: dir.clone(),
                line: None,
            },
            key: String::new(),
            what: format!("cannot be listed: {error}"),
            mend: String::new(),
        };
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// One business, checked by itself and against the others that are in `settings`.
    fn load_business(&self, path: &Path, settings: &Settings) -> Result<Business, Vec<Problem>> {
        let source = self.source_of(path).map_err(|problem| vec![problem])?;
        let file: BusinessFile = source.extract().map_err(|problem| vec![problem])?;
        let vault = Vault {
            root: &self.root,
            environment: &self.environment,
        };
        let business = file.settle(&source, vault, &settings.themes.dir)?;
        let problems = conflicts(&business, &source, settings);
        if problems.is_empty() {
            Ok(business)
        } else {
            Err(problems)
        }
    }
}

/// Two businesses must not claim the same id or the same host.
fn conflicts(business: &Business, source: &Source, settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(other) = settings.businesses.get(&business.id) {
        problems.push(source.problem(
            "id",
            format!("is the id of {:?} too", other.name),
            "Every business has an id of its own.",
        ));
    }
    let server = &settings.server;
    let mut taken: Vec<&url::Url> = vec![&server.public_url, server.console_url()];
    for other in settings.businesses.values() {
        taken.extend(
            [Mode::Live, Mode::Test]
                .iter()
                .filter_map(|mode| other.mode(*mode).host.as_ref()),
        );
    }
    for mode in [Mode::Live, Mode::Test] {
        let Some(host) = &business.mode(mode).host else {
            continue;
        };
        // Cookies ignore ports: what is to have none of the console's needs another name.
        let console = server.console_url().host() == host.host();
        if console || taken.iter().any(|other| other.origin() == host.origin()) {
            problems.push(source.problem(
                format!("{mode}.host"),
                "is taken by another portal or the console",
                "Give this mode of this business a host name of its own; another port is not enough.",
            ));
        }
        taken.push(host);
    }
    problems
}
