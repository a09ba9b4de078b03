//! What surrounds every page and mail: whose portal it is, for whom, in which language and mode.
//!
//! The web layer fills a [`Frame`] once per request; templates read it as `frame`. The script
//! nonce is here for the engine alone: templates can never read it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::value::{Enumerator, Object};
use minijinja::{Value, context};

use super::functions::Voice;
use super::locale::Locale;
use super::look::{Look, Shown};

/// The surroundings of one page or mail.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The business whose portal this is; `None` on pages of the host itself.
    pub brand: Option<Brand>,
    /// Test mode: pages and mails carry a band that says so.
    pub test: bool,
    /// Whether customers may pay what is due by themselves; otherwise nothing offers it.
    pub can_pay: bool,
    /// Whether customers may choose how they pay; otherwise nothing leads to the choice.
    pub can_choose: bool,
    /// Language and formats, from [`super::Themes::negotiate`].
    pub locale: Locale,
    /// The business's time zone; dates are shown in it.
    pub time_zone: TimeZone,
    /// Business time, for "in 3 days".
    pub now: Timestamp,
    /// The signed-in account as a person calls it, such as a name or an address.
    pub account: Option<String>,
    /// The member of staff, by name, whose link opened the session: pages say so.
    pub opened_by: Option<String>,
    /// The merchant's page that the customer came from.
    pub back: Option<Back>,
    /// What stands before every path of this surface: "", "/bus_…", "/test/bus_…", "/console".
    pub base: String,
    /// The path of this page without `base`, starting with "/".
    pub path: String,
    /// The token that every form of this page posts back.
    pub csrf: Option<String>,
    /// To quote to support.
    pub request_id: String,
    /// The entries of the navigation; empty hides it.
    pub navigation: Vec<Entry>,
    /// One sentence about what just happened, shown once.
    pub flash: Option<Flash>,
    /// The nonce for the host's own script; `None` leaves the script out.
    pub script_nonce: Option<String>,
    /// Blocks of plugins on this page, as harmless markup.
    pub blocks: Vec<String>,
    /// What a branding plugin changes; `None` for the theme as it is.
    pub look: Option<Arc<Look>>,
}

/// How a business appears.
#[derive(Clone, Debug)]
pub struct Brand {
    /// The business's name.
    pub name: String,
    /// URL of its logo; its name in letters stands in when there is none.
    pub logo: Option<String>,
    /// Its own site.
    pub home: Option<String>,
    /// Where customers write to.
    pub support: Option<String>,
}

/// A page of the merchant's own, shown as a link that names its host.
#[derive(Clone, Debug)]
pub struct Back {
    /// The address.
    pub url: String,
    /// Its host.
    pub host: String,
}

/// One entry of the navigation.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The message key of its label, such as `nav-overview`.
    pub key: String,
    /// Path below `base`, starting with "/".
    pub path: String,
    /// Name of a symbol in `sprite.svg`.
    pub icon: String,
    /// Its label and a shorter one for narrow screens, where they are not messages of the theme:
    /// those of a plugin.
    pub label: Option<(String, String)>,
}

/// A sentence shown once after an action, by its message key.
#[derive(Clone, Debug)]
pub struct Flash {
    /// How it is meant.
    pub tone: Tone,
    /// The message key.
    pub key: String,
}

/// How a notice is meant; its colour is never alone, an icon stands beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// It went well.
    Good,
    /// It needs attention.
    Warn,
    /// It failed.
    Bad,
    /// It is under way.
    Info,
}

impl Tone {
    /// The name templates and styles use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
        }
    }
}

impl Frame {
    /// A frame with nothing of who reads, or where: for mails, and for what is shown to others as
    /// well.
    pub(crate) fn of(
        brand: Option<Brand>,
        test: bool,
        locale: Locale,
        time_zone: TimeZone,
        now: Timestamp,
    ) -> Self {
        Self {
            brand,
            test,
            can_pay: false,
            can_choose: false,
            locale,
            time_zone,
            now,
            account: None,
            opened_by: None,
            back: None,
            base: String::new(),
            path: String::new(),
            csrf: None,
            request_id: String::new(),
            navigation: Vec::new(),
            flash: None,
            script_nonce: None,
            blocks: Vec::new(),
            look: None,
        }
    }

    /// The same business, day and language, and nothing of its reader.
    pub(crate) fn without_reader(&self) -> Self {
        let locale = Locale::of(self.locale.catalogue());
        let zone = self.time_zone.clone();
        Self::of(self.brand.clone(), self.test, locale, zone, self.now)
    }

    /// A frame as the samples of `theme check` see it.
    pub fn sample(locale: Locale) -> Self {
        let entry = |key: &str, path: &str, icon: &str| Entry {
            key: key.to_owned(),
            path: path.to_owned(),
            icon: icon.to_owned(),
            label: None,
        };
        Self {
            brand: Some(Brand {
                name: "Northwind Software".to_owned(),
                logo: None,
                home: Some("https://northwind.example.com".to_owned()),
                support: Some("help@northwind.example.com".to_owned()),
            }),
            test: true,
            can_pay: true,
            can_choose: true,
            locale,
            time_zone: TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC),
            now: "2026-11-22T09:30:00Z".parse().expect("a valid timestamp"),
            account: Some("amelie@example.com".to_owned()),
            opened_by: Some("Robin".to_owned()),
            back: Some(Back {
                url: "https://northwind.example.com/account".to_owned(),
                host: "northwind.example.com".to_owned(),
            }),
            base: "/bus_sample".to_owned(),
            path: "/".to_owned(),
            csrf: Some("sample".to_owned()),
            request_id: "01k0sample".to_owned(),
            navigation: vec![
                entry("nav-overview", "/", "home"),
                entry("nav-subscriptions", "/subscriptions", "repeat"),
                entry("nav-billing", "/billing", "receipt"),
                entry("nav-payment-methods", "/payment-methods", "card"),
                entry("nav-license-keys", "/license-keys", "key"),
                entry("nav-profile", "/profile", "person"),
                entry("nav-customers", "/customers", "people"),
                entry("nav-reconciliation", "/reconciliation", "bank"),
                entry("nav-mails", "/mails", "mail"),
                entry("nav-webhooks", "/webhooks", "send"),
            ],
            flash: None,
            script_nonce: None,
            blocks: Vec::new(),
            look: None,
        }
    }

    /// The address of this page in the language `tag`.
    pub(super) fn in_language(&self, tag: &str) -> String {
        format!("{}{}?lang={tag}", self.base, self.local_path())
    }

    /// The path with a single slash in front: with two, or a backslash, it would name another
    /// host where nothing stands before it.
    fn local_path(&self) -> String {
        format!("/{}", self.path.trim_start_matches(['/', '\\']))
    }

    /// Whether the navigation entry at `path` is where this page is.
    pub(super) fn is_current(&self, path: &str) -> bool {
        let within = self
            .path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if path == "/" {
            self.path == "/"
        } else {
            within
        }
    }
}

/// A frame as templates see it; the nonce is left out on purpose. What no template asks for is
/// never made.
#[derive(Debug)]
pub(super) struct Seen {
    voice: Arc<Voice>,
    business: Value,
    direction: &'static str,
}

impl Seen {
    /// `logo` is the theme's own, for a business that names none.
    pub(super) fn new(voice: Arc<Voice>, direction: &'static str, logo: Option<&str>) -> Self {
        let look = voice.frame.look.as_ref();
        let dressed = look.and_then(|look| look.logo.as_deref());
        let brand = voice.frame.brand.as_ref();
        let business = brand.map(|brand| {
            context! {
                name => brand.name.as_str(),
                logo => dressed.or(brand.logo.as_deref()).or(logo),
                home => brand.home.as_deref(),
                support => brand.support.as_deref(),
            }
        });
        Self {
            business: Value::from(business),
            voice,
            direction,
        }
    }

    /// What the look puts around the page, as markup and as text; none where it puts nothing.
    fn dressing(&self, part: fn(&Look) -> Option<&Shown>) -> Value {
        let look = self.voice.frame.look.as_deref();
        let shown = look.and_then(part).map(|shown| {
            context! {
                html => Value::from_safe_string(shown.html.clone()),
                text => shown.text.as_str(),
            }
        });
        Value::from(shown)
    }

    fn languages(&self) -> Value {
        let frame = &self.voice.frame;
        let offered = self.voice.languages.iter();
        offered
            .filter(|(tag, _)| frame.locale.offers(tag))
            .map(|(tag, name)| {
                context! {
                    tag => tag,
                    name => name,
                    current => tag == frame.locale.catalogue(),
                    href => frame.in_language(tag),
                }
            })
            .collect()
    }

    fn navigation(&self) -> Value {
        let frame = &self.voice.frame;
        let entries = frame.navigation.iter();
        entries
            .map(|entry| {
                context! {
                    key => entry.key.as_str(),
                    label => entry.label.as_ref().map(|(long, _)| long.as_str()),
                    short => entry.label.as_ref().map(|(_, short)| short.as_str()),
                    href => format!("{}{}", frame.base, entry.path),
                    icon => entry.icon.as_str(),
                    current => frame.is_current(&entry.path),
                }
            })
            .collect()
    }
}

impl Object for Seen {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let frame = &self.voice.frame;
        Some(match key {
            "business" => self.business.clone(),
            "blocks" => {
                let blocks = frame.blocks.iter();
                blocks
                    .map(|block| Value::from_safe_string(block.clone()))
                    .collect()
            }
            "header" => self.dressing(|look| look.header.as_ref()),
            "footer" => self.dressing(|look| look.footer.as_ref()),
            "test" => Value::from(frame.test),
            "can_pay" => Value::from(frame.can_pay),
            "can_choose" => Value::from(frame.can_choose),
            "lang" => Value::from(frame.locale.catalogue()),
            "dir" => Value::from(self.direction),
            "languages" => self.languages(),
            "account" => Value::from(frame.account.as_deref()),
            "opened_by" => Value::from(frame.opened_by.as_deref()),
            "back" => Value::from(frame.back.as_ref().map(|back| {
                context! { url => back.url.as_str(), host => back.host.as_str() }
            })),
            "base" => Value::from(frame.base.as_str()),
            "path" => Value::from(frame.path.as_str()),
            "csrf" => Value::from(frame.csrf.as_deref()),
            "request_id" => Value::from(frame.request_id.as_str()),
            "navigation" => self.navigation(),
            "flash" => Value::from(frame.flash.as_ref().map(|flash| {
                context! { tone => flash.tone.name(), key => flash.key.as_str() }
            })),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&[
            "business",
            "blocks",
            "header",
            "footer",
            "test",
            "can_pay",
            "can_choose",
            "lang",
            "dir",
            "languages",
            "account",
            "opened_by",
            "back",
            "base",
            "path",
            "csrf",
            "request_id",
            "navigation",
            "flash",
        ])
    }
}
