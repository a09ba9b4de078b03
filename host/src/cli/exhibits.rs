//! Whether portals would show what a plugin showed while its promises were tried.

use crate::plugins::check::Report;
use crate::plugins::conformance::{Exhibit, Finding, Shown, Verdict};
use crate::themes::{Forms, Stage};

/// What is found of a plugin's files, and of what it showed. Nothing for a plugin that shows nothing.
pub(super) fn judge(report: &Report) -> Vec<Finding> {
    let Some(manifest) = &report.manifest else {
        return Vec::new();
    };
    if report.shown.is_empty() && report.files.is_empty() {
        return Vec::new();
    }
    let finding = |promise, broken: Option<String>| Finding {
        promise,
        verdict: broken.map_or(Verdict::Kept, Verdict::Broken),
    };
    let files = "its templates, words and pictures can be opened";
    let stage = match Stage::open(&manifest.id, &report.files) {
        Ok(stage) => stage,
        Err(why) => return vec![finding(files, Some(why))],
    };
    let mut shown = report.shown.iter();
    let broken = shown.find_map(|shown| {
        let why = refusal(&stage, shown).err()?;
        Some(format!("{}: {why}", shown.asked))
    });
    vec![
        finding(files, None),
        finding("what it shows can be shown", broken),
    ]
}

fn refusal(stage: &Stage, shown: &Shown) -> Result<(), String> {
    match &shown.what {
        Exhibit::Content {
            content,
            values,
            errors,
        } => {
            let forms = Forms {
                below: "/bus_sample/x/sample",
                csrf: "sample",
                values,
                errors,
            };
            stage.content(&shown.locale, content, &forms)
        }
        Exhibit::Label(key) if !stage.says(&shown.locale, key) => Err(format!(
            "its locales/{}/ has no message `{}`",
            shown.locale,
            key.escape_debug()
        )),
        Exhibit::Picture(name) if !stage.has_picture(name) => Err(format!(
            "there is no picture static/{}",
            name.escape_debug()
        )),
        Exhibit::Token { name, value } => Stage::token(name, value),
        Exhibit::Label(_) | Exhibit::Picture(_) => Ok(()),
    }
}
