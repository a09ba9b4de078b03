//! `vestibule config check`.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Place, print};
use crate::app;
use crate::config::{self, Business, MailTransport, Problem, Settings, Sources};
use crate::domain::Mode;
use crate::plugins::manifest::Kind;
use crate::plugins::{Finding, Survey};

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Read everything and say what is wrong: file, line, key and the mend.
    ///
    /// Reads the configuration as `serve` does, with the environment over it and all secrets,
    /// compares gateways and grants with the manifests in the plugin folder, and reports every
    /// mistake at once. Answers 0 when nothing has to be mended, else 1. Warnings do not count.
    #[command(after_help = "\
Examples:
  vestibule config check
  vestibule --config /etc/vestibule config check
  VESTIBULE_SERVER__LISTEN=0.0.0.0:80 vestibule config check")]
    Check,
}

impl Config {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let Self::Check = self;
        let sources = place.sources();
        let settings = match sources.load() {
            Ok(settings) => settings,
            Err(problems) => {
                print(&problems.to_string())?;
                return Ok(ExitCode::FAILURE);
            }
        };
        let Compared { errors, warnings } = compare(&sources, &settings)?;
        for warning in warnings {
            print(&format!("warning: {warning}"))?;
        }
        if !errors.is_empty() {
            for error in errors {
                print(&error.to_string())?;
            }
            return Ok(ExitCode::FAILURE);
        }
        let count = settings.businesses.len();
        let noun = if count == 1 { "business" } else { "businesses" };
        print(&format!("{} is good: {count} {noun}", place.dir.display()))?;
        for business in settings.businesses.values() {
            print(&format!("  {}  {}", business.id, business.name))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the plugin folder says of the configuration.
#[derive(Default)]
struct Compared {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

fn compare(sources: &Sources, settings: &Settings) -> anyhow::Result<Compared> {
    let folder = &settings.plugins.dir;
    let limits = app::plugin_limits(&settings.plugins)?;
    let test_only_in_live = settings.server.allow_test_gateway_in_live;
    let survey = Survey::read(folder, limits, test_only_in_live)?;
    let mut compared = Compared::default();
    let keeps_mails = matches!(settings.mail.transport, MailTransport::Mailbox(_));
    if keeps_mails && !settings.server.listen.ip().is_loopback() {
        compared.warnings.push(sources.problem_of_host(
            "server.listen",
            "is open to the network while mails are kept in a folder and sent to nobody",
            "Add [mail.smtp], or listen on 127.0.0.1; the page /mailbox is there on loopback only.",
        ));
    }
    for (file, error) in survey.broken() {
        compared.errors.push(Problem {
            place: config::Place::File {
                path: folder.join(file),
                line: None,
            },
            key: String::new(),
            what: format!("is no plugin that a host loads: {error}"),
            mend: String::new(),
        });
    }
    for business in settings.businesses.values() {
        for mode in [Mode::Live, Mode::Test] {
            compared.plugins(sources, business, mode, &survey);
        }
    }
    Ok(compared)
}

impl Compared {
    fn plugins(&mut self, sources: &Sources, business: &Business, mode: Mode, survey: &Survey) {
        let settings = business.mode(mode);
        for (name, gateway) in &settings.gateways {
            let findings = survey.findings(mode, Kind::Gateway, gateway);
            let place = |found: &Finding| {
                let key = format!("{mode}.gateways.{name}.{}", found.key);
                sources.problem_of(business, &key, &found.what, &found.mend)
            };
            let lost = findings.errors.iter().any(|found| found.key == "plugin");
            if lost && settings.default_gateway.as_ref() == Some(name) {
                self.errors.push(sources.problem_of(
                    business,
                    &format!("{mode}.default_gateway"),
                    &format!("the gateway {name:?} has no plugin, so that nobody can pay"),
                    "Choose another one, or mend it.",
                ));
            }
            self.errors.extend(findings.errors.iter().map(place));
            self.warnings.extend(findings.remarks.iter().map(place));
        }
        let branding = settings.branding.iter();
        let branding = branding.map(|it| ("branding".to_owned(), Kind::Branding, &it.plugin));
        let pages = settings.pages.iter();
        let pages = pages.map(|(name, plugin)| (format!("pages.{name}"), Kind::Pages, plugin));
        for (at, kind, plugin) in branding.chain(pages) {
            let findings = survey.findings(mode, kind, plugin);
            let place = |found: &Finding| {
                let key = format!("{mode}.{at}.{}", found.key);
                sources.problem_of(business, &key, &found.what, &found.mend)
            };
            self.errors.extend(findings.errors.iter().map(place));
            self.warnings.extend(findings.remarks.iter().map(place));
        }
    }
}
