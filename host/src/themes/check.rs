//! `vestibule theme check`: renders every page × sample × locale, compares the catalogues and
//! measures the colours.
//!
//! The pages are given by the caller, because their structs live beside the handlers.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::frame::{Brand, Flash, Frame, Tone};
use super::locale::{Catalogue, FALLBACK, Locale};
use super::look::Look;
use super::page::{Kind, Registered};
use super::theme::Theme;
use super::{Error, chain};

/// What was looked at and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    /// How many times something was rendered.
    pub renders: usize,
    /// What keeps the theme from being taken: one sentence each, with its place.
    pub problems: Vec<String>,
    /// What is only untidy: words or templates that nothing uses, words not translated yet.
    pub remarks: Vec<String>,
}

/// Checks the theme in `folder`, which may extend those of `root`, with all `registered` pages
/// and mails.
pub fn check(root: &Path, folder: &Path, registered: &[Registered]) -> Result<Report, Error> {
    let name = folder
        .file_name()
        .map_or("theme".into(), |name| name.to_string_lossy());
    let mut theme = Theme::load_from(root, &name, folder)?;
    let heard = Arc::new(Mutex::new(BTreeSet::new()));
    theme.heard = Some(Arc::clone(&heard));
    let mut report = Report {
        problems: theme.colours().faults(),
        ..Report::default()
    };
    for entry in registered {
        render_all(&theme, entry, &mut report);
    }
    let heard = std::mem::take(&mut *heard.lock().expect("never poisoned"));
    templates_without_page(&theme, registered, &mut report);
    catalogues(&theme, &heard, &mut report)?;
    Ok(report)
}

/// Every sample in every language, with and without the optional parts of the frame.
fn render_all(theme: &Theme, entry: &Registered, report: &mut Report) {
    let (name, templates) = match entry.kind {
        Kind::Page => ("page", vec![entry.template.to_owned()]),
        Kind::Mail => {
            let part = |kind| format!("mails/{}.{kind}", entry.template);
            ("mail", vec![part("subject"), part("txt"), part("html")])
        }
    };
    for tag in theme.languages() {
        let frames = surroundings(Locale::of(&tag));
        for (index, sample) in (entry.samples)().into_iter().enumerate() {
            for frame in &frames {
                for template in &templates {
                    report.renders += 1;
                    if let Err(error) = theme.render(template, frame, name, sample.clone()) {
                        report.problems.push(format!(
                            "templates/{template}, sample {index}, {tag}: {}",
                            chain(&error)
                        ));
                    }
                }
            }
        }
    }
    report.problems.dedup();
}

/// The frames that samples are rendered in: with all that there can be, with the least that a
/// business has, without a business, and where customers may neither pay nor choose by themselves.
pub(super) fn surroundings(locale: Locale) -> Vec<Frame> {
    let full = Frame::sample(locale);
    let terse = Frame {
        brand: full.brand.clone().map(|brand| Brand {
            logo: Some("https://northwind.example.com/logo.svg".to_owned()),
            home: None,
            support: None,
            ..brand
        }),
        opened_by: None,
        back: None,
        can_choose: false,
        blocks: vec!["<p>A word from the merchant.</p>".to_owned()],
        look: Some(Arc::new(Look::sample())),
        flash: Some(Flash {
            tone: Tone::Good,
            key: "copied".to_owned(),
        }),
        ..full.clone()
    };
    let bare = Frame {
        brand: None,
        test: false,
        account: None,
        opened_by: None,
        back: None,
        csrf: None,
        navigation: Vec::new(),
        ..full.clone()
    };
    let by_support = Frame {
        can_pay: false,
        can_choose: false,
        ..full.clone()
    };
    vec![full, terse, bare, by_support]
}

/// Pages and mails that no part of the host ever renders.
fn templates_without_page(theme: &Theme, registered: &[Registered], report: &mut Report) {
    for (template, _) in theme.templates() {
        let known = |entry: &Registered| match entry.kind {
            Kind::Page => entry.template == template,
            Kind::Mail => template.starts_with(&format!("mails/{}.", entry.template)),
        };
        let is_subject = template.starts_with("pages/")
            || (template.starts_with("mails/") && !template.starts_with("mails/layout"));
        if is_subject && !registered.iter().any(known) {
            report
                .remarks
                .push(format!("templates/{template}: nothing renders it"));
        }
    }
}

/// Keys that one language has and another has not, and keys of the theme itself that nothing
/// uses; what a replaced template leaves unused of the extended theme is no mistake.
fn catalogues(theme: &Theme, heard: &BTreeSet<String>, report: &mut Report) -> Result<(), Error> {
    let all = theme.catalogue(FALLBACK).keys();
    for (tag, catalogue) in theme.catalogues() {
        for key in all.difference(catalogue.keys()) {
            report
                .remarks
                .push(format!("locales/{tag}: `{key}` is missing"));
        }
        for key in catalogue.keys().difference(all) {
            report
                .remarks
                .push(format!("locales/{tag}: `{key}` is not in {FALLBACK}"));
        }
    }
    let own: Vec<&Path> = theme.folders().take(1).collect();
    for key in Catalogue::read(&own, FALLBACK, false)?.keys() {
        // Documents get every message that starts so.
        if key.starts_with("invoice-") {
            continue;
        }
        // The samples take every branch, so that a key which is put together is heard as well.
        if key != "language-name" && !heard.contains(key) {
            report
                .remarks
                .push(format!("locales/{FALLBACK}: nothing uses `{key}`"));
        }
    }
    Ok(())
}
