//! Who asked for a link, as the page behind it tells.

use jiff::Timestamp;
use serde::Serialize;

/// When and from where a link was asked for.
#[derive(Debug, Serialize)]
pub(super) struct AskedView {
    at: Timestamp,
    browser: Option<&'static str>,
    network: String,
}

impl AskedView {
    pub(super) fn of(at: Timestamp, agent: &str, network: String) -> Self {
        Self {
            at,
            browser: browser_name(agent),
            network,
        }
    }

    pub(super) fn sample(browser: Option<&'static str>) -> Self {
        Self {
            at: "2026-11-22T09:30:00Z".parse().expect("a valid timestamp"),
            browser,
            network: "203.0.113.0/24".to_owned(),
        }
    }
}

/// What people call the browser; none when it is none of the usual ones.
fn browser_name(agent: &str) -> Option<&'static str> {
    // Most name others as well: the most special first.
    [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]
    .into_iter()
    .find(|(mark, _)| agent.contains(mark))
    .map(|(_, name)| name)
}
