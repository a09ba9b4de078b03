//! One file of `config/businesses/`: a merchant, its law and looks, and what it may use in each
//! mode.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Deserialize;
use url::Url;

use crate::domain::Mode;
use crate::domain::email::Email;
use crate::domain::id::BusinessId;
use crate::domain::tax::TaxTable;

use super::mode::{ModeFile, ModeSettings};
use super::plan_change::PlanChanges;
use super::problem::Problem;
use super::secret::Vault;
use super::source::Source;
use super::tax::{self, TaxFile, is_country, not_a_country};

/// A merchant on this host.
#[derive(Debug, Clone)]
pub struct Business {
    /// The file it was read from.
    pub file: PathBuf,
    /// Its id, in every link and row.
    pub id: BusinessId,
    /// The name customers know.
    pub name: String,
    /// The legal person that sells, as invoices must name it.
    pub seller: Seller,
    /// Where customers write to when the portal cannot help.
    pub support_email: Email,
    /// The language of a customer who has not chosen one. One of `locales`.
    pub default_locale: String,
    /// The languages offered, best first.
    pub locales: Vec<String>,
    /// Decides on which day a period ends and a document is dated.
    pub time_zone: TimeZone,
    /// A folder of the themes folder.
    pub theme: String,
    /// Hosts a `return_url` may name; empty for any.
    pub return_hosts: Vec<String>,
    /// Stands before this business's invoice numbers instead of `invoices.prefix`.
    pub invoice_prefix: Option<String>,
    /// What its customers may do by themselves.
    pub allow: Allow,
    /// Between which plans customers may switch, and how that is billed.
    pub plan_change: PlanChanges,
    /// Tax rates by country, category and day of supply.
    pub tax: TaxTable,
    /// Live mode.
    pub live: ModeSettings,
    /// Test mode.
    pub test: ModeSettings,
}

impl Business {
    /// Gateways, host and endpoint of one mode.
    pub fn mode(&self, mode: Mode) -> &ModeSettings {
        match mode {
            Mode::Live => &self.live,
            Mode::Test => &self.test,
        }
    }
}

/// The legal person that sells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    /// Its registered name.
    pub name: String,
    /// The lines of its address, without the country.
    pub address: Vec<String>,
    /// ISO 3166-1 alpha-2, in capitals.
    pub country: String,
    /// VAT or other tax number.
    #[serde(default)]
    pub tax_id: Option<String>,
    /// Where questions about an invoice go.
    pub email: Email,
}

/// What customers may do by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, read by name"
)]
pub struct Allow {
    /// End a subscription at once.
    pub cancel_now: bool,
    /// End a subscription when its period ends, and undo that.
    pub cancel_at_period_end: bool,
    /// Switch to another plan of the same group.
    pub plan_change: bool,
    /// Pause a subscription. Resuming one is never forbidden.
    pub pause: bool,
    /// Add, choose and remove payment methods.
    pub payment_methods: bool,
    /// Pay the dues of a subscription on hold.
    pub reactivate: bool,
    /// Change name, phone and address.
    pub edit_profile: bool,
    /// Change the e-mail address.
    pub change_email: bool,
    /// Mark a method as the one that is tried when another is declined at a renewal.
    pub backup_method: bool,
}

impl Default for Allow {
    fn default() -> Self {
        Self {
            cancel_now: true,
            cancel_at_period_end: true,
            plan_change: false,
            pause: false,
            payment_methods: true,
            reactivate: true,
            edit_profile: true,
            change_email: true,
            backup_method: true,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BusinessFile {
    id: BusinessId,
    name: String,
    seller: Seller,
    support_email: Email,
    #[serde(default = "english")]
    default_locale: String,
    #[serde(default = "shipped_locales")]
    locales: Vec<String>,
    #[serde(default = "utc")]
    time_zone: String,
    #[serde(default = "default_theme")]
    theme: String,
    #[serde(default)]
    return_hosts: Vec<String>,
    #[serde(default)]
    invoice_prefix: Option<String>,
    #[serde(default)]
    allow: Allow,
    #[serde(default)]
    plan_change: PlanChanges,
    #[serde(default)]
    tax: Vec<TaxFile>,
    #[serde(default)]
    live: ModeFile,
    #[serde(default)]
    test: ModeFile,
}

fn english() -> String {
    "en".into()
}

fn shipped_locales() -> Vec<String> {
    vec!["en".into(), "es".into()]
}

fn utc() -> String {
    "UTC".into()
}

fn default_theme() -> String {
    "default".into()
}

impl BusinessFile {
    /// Checks everything and reads the secrets. Reports all that is wrong, not the first only.
    pub(super) fn settle(
        self,
        source: &Source,
        vault: Vault<'_>,
        themes: &Path,
    ) -> Result<Business, Vec<Problem>> {
        let mut problems = Vec::new();
        self.check(source, themes, &mut problems);
        self.plan_change.check(source, &mut problems);
        let time_zone = TimeZone::get(&self.time_zone).unwrap_or_else(|_| {
            problems.push(source.problem(
                "time_zone",
                format!("names no time zone: {:?}", self.time_zone),
                "Write an IANA name such as \"Europe/Berlin\".",
            ));
            TimeZone::UTC
        });
        let tax = tax::settle(self.tax, &time_zone, source, &mut problems);
        let live = self.live.settle(Mode::Live, source, vault, &mut problems);
        let test = self.test.settle(Mode::Test, source, vault, &mut problems);
        if let Some(key) = test.shares_secret_with(&live) {
            problems.push(source.problem(
                format!("test.{key}"),
                "is the same secret as one of live mode",
                "Give test mode a secret of its own, so that no test call can act on live data.",
            ));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Business {
            file: source.path().to_owned(),
            id: self.id,
            name: self.name,
            seller: self.seller,
            support_email: self.support_email,
            default_locale: self.default_locale,
            locales: self.locales,
            time_zone,
            theme: self.theme,
            return_hosts: self.return_hosts,
            invoice_prefix: self.invoice_prefix,
            allow: self.allow,
            plan_change: self.plan_change,
            tax,
            live,
            test,
        })
    }

    fn check(&self, source: &Source, themes: &Path, problems: &mut Vec<Problem>) {
        if self.id == BusinessId::of_host() {
            problems.push(source.problem(
                "id",
                "is the host's own",
                "Give the business another id.",
            ));
        }
        for (key, text) in [("name", &self.name), ("seller.name", &self.seller.name)] {
            if text.trim().is_empty() {
                problems.push(source.problem(key, "is empty", "Customers read it on every page."));
            }
        }
        if self.seller.address.is_empty() {
            problems.push(source.problem(
                "seller.address",
                "is empty",
                "An invoice must name the seller's address; write its lines as a list.",
            ));
        }
        if !is_country(&self.seller.country) {
            problems.push(not_a_country(source, "seller.country"));
        }
        for (index, locale) in self.locales.iter().enumerate() {
            if locale.parse::<icu::locale::Locale>().is_err() {
                problems.push(source.problem(
                    format!("locales.{index}"),
                    format!("is not a language: {locale:?}"),
                    "Write a language tag such as \"en\" or \"es-MX\".",
                ));
            }
        }
        if !self.locales.contains(&self.default_locale) {
            problems.push(source.problem(
                "default_locale",
                format!("{:?} is not among locales", self.default_locale),
                "Add it to locales, or choose one of them.",
            ));
        }
        if !is_plain_name(&self.theme) || !themes.join(&self.theme).join("theme.toml").is_file() {
            problems.push(source.problem(
                "theme",
                format!("there is no theme {:?} in {}", self.theme, themes.display()),
                "Write the name of a folder there that holds a theme.toml.",
            ));
        }
        for (index, host) in self.return_hosts.iter().enumerate() {
            let is_host = Url::parse(&format!("https://{host}/"))
                .is_ok_and(|url| url.host_str() == Some(host) && url.port().is_none());
            if !is_host {
                problems.push(source.problem(
                    format!("return_hosts.{index}"),
                    format!("is not a host name: {host:?}"),
                    "Write the name only, such as \"www.example.com\".",
                ));
            }
        }
    }
}

/// A name that may be a file name or a part of a path in a URL.
pub(super) fn is_plain_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
