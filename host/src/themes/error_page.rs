//! The page that stands in when there is nothing else to show. Every surface uses it.

use serde::Serialize;

use super::page::Page;

/// What went wrong, as far as a visitor is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// There is no such page, or it is not theirs: the two are never told apart.
    NotFound,
    /// The request did not come from a page of ours.
    Forbidden,
    /// The page was open for too long.
    Expired,
    /// The request makes no sense.
    Invalid,
    /// What was sent holds the number of a payment card.
    CardNumber,
    /// It has changed meanwhile.
    Conflict,
    /// A limit was reached.
    TooMany,
    /// The business is not served right now.
    Unavailable,
    /// A page of a plugin's cannot be shown right now; all others are there.
    PageUnavailable,
    /// Our fault.
    Internal,
}

impl Trouble {
    const ALL: [Self; 10] = [
        Self::NotFound,
        Self::Forbidden,
        Self::Expired,
        Self::Invalid,
        Self::CardNumber,
        Self::Conflict,
        Self::TooMany,
        Self::Unavailable,
        Self::PageUnavailable,
        Self::Internal,
    ];
}

/// Says what happened and what to do, with the request id to quote.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    /// What went wrong.
    pub kind: Trouble,
    /// Where to try again.
    pub retry: Option<String>,
    /// Where to start over.
    pub home: Option<String>,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "pages/error.html";

    fn samples() -> Vec<Self> {
        let page = |kind| Self {
            kind,
            retry: None,
            home: Some("/".to_owned()),
        };
        let mut samples: Vec<Self> = Trouble::ALL.into_iter().map(page).collect();
        samples.push(Self {
            kind: Trouble::Expired,
            retry: Some("/subscriptions".to_owned()),
            home: None,
        });
        samples
    }
}
