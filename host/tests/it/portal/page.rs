//! A page of the portal, read as a person reads it.

use axum::http::StatusCode;
use scraper::{Html, Selector};

/// A page as a person meets it.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) location: String,
    pub(super) html: String,
}

impl Page {
    pub(super) fn of(html: String) -> Self {
        Self {
            status: StatusCode::OK,
            location: String::new(),
            html,
        }
    }

    /// What a person reads: the text, one space between words.
    pub(super) fn text(&self) -> String {
        // Terms and their facts stand apart by style only.
        let html = Html::parse_document(&self.html.replace("</dt>", "</dt> "));
        let body = Selector::parse("body").unwrap();
        let text: String = html.select(&body).flat_map(|body| body.text()).collect();
        let text = text.replace('\u{a0}', " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The elements that a selector finds, as HTML.
    pub(super) fn all(&self, selector: &str) -> Vec<String> {
        let html = Html::parse_document(&self.html);
        let found = Selector::parse(selector).unwrap();
        html.select(&found).map(|element| element.html()).collect()
    }

    /// Name and value of the controls that a selector finds.
    pub(super) fn elements(&self, selector: &str) -> Vec<(String, String)> {
        let html = Html::parse_document(&self.html);
        let found = Selector::parse(selector).unwrap();
        let pair = |element: scraper::ElementRef<'_>| {
            let attribute = |name| element.attr(name).unwrap_or_default().to_owned();
            (attribute("name"), attribute("value"))
        };
        html.select(&found).map(pair).collect()
    }

    #[track_caller]
    pub(super) fn says(&self, sentence: &str) {
        let text = self.text();
        assert!(text.contains(sentence), "no `{sentence}` in: {text}");
    }

    #[track_caller]
    pub(super) fn leads_to(&self, path: &str) {
        let href = format!("href=\"/test/bus_lumen{path}\"");
        let links = self.all("a");
        assert!(links.iter().any(|link| link.contains(&href)), "{links:?}");
    }

    #[track_caller]
    pub(super) fn redirects_to(&self, path: &str) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        assert_eq!(self.location, format!("/test/bus_lumen{path}"));
    }
}
