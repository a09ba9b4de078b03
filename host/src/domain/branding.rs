//! How a business looks to somebody at some time, as its branding plugin says: plain values,
//! checked by nobody yet. `themes` checks them and makes a look of them.

use std::time::Duration;

use super::Scope;
use super::content::Content;

/// For whom, where and when. What is said for one context holds for everybody in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrandContext {
    /// The business and mode.
    pub scope: Scope,
    /// The customer's segment, a word of the merchant's.
    pub segment: Option<String>,
    /// The language of the words around it.
    pub locale: String,
    /// The day in the business's time zone, as `2026-12-24`.
    pub date: String,
    /// Where it is shown.
    pub surface: Surface,
}

/// Where a look is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surface {
    /// The customer portal.
    Portal,
    /// Hosted pages that take money.
    Payment,
    /// Mails.
    Mail,
}

/// What is different from the theme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Design tokens by their names in `theme.toml`, such as `light.accent`.
    pub tokens: Vec<(String, String)>,
    /// A picture in the plugin's `static/` folder.
    pub logo: Option<String>,
    /// Messages of the theme, by key.
    pub wording: Vec<(String, String)>,
    /// Above the page or mail.
    pub header: Option<Content>,
    /// Below it.
    pub footer: Option<Content>,
    /// For how long this may be used.
    pub lifetime: Duration,
    /// What of it could not be read, and is not there, in words for the operator.
    pub left_out: Vec<String>,
}
