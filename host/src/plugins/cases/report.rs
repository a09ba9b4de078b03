//! What becomes of cases, and who shows what plugins answer.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::domain::branding::Overrides;
use crate::domain::content::Content;
use crate::plugins::component::Files;

/// What a plugin shows somebody.
#[derive(Clone, Debug)]
pub struct Shown {
    /// One after the other.
    pub content: Vec<Content>,
    /// The language around it.
    pub locale: String,
    /// The path of the plugin's own pages.
    pub home: String,
    /// What was typed into a form, by field.
    pub values: Vec<(String, String)>,
    /// What is wrong with it, by field.
    pub errors: Vec<(String, String)>,
}

/// A plugin with what it carries, for whoever shows it.
#[derive(Clone, Copy)]
pub struct Carrier<'a> {
    /// Its id.
    pub id: &'a str,
    /// Changes whenever its file does.
    pub version: &'a str,
    /// Templates, words and pictures.
    pub files: &'a Files,
}

/// Shows what plugins answer as the portal does; this folder knows no theme.
pub trait Showing {
    /// The markup of it. The error says why a host would not show it.
    fn markup(&self, plugin: &Carrier<'_>, shown: &Shown) -> Result<String, String>;

    /// What a theme leaves out of a branding's wishes, and why.
    fn left_out(&self, plugin: &Carrier<'_>, overrides: &Overrides, locale: &str) -> Vec<String>;
}

/// Something that is not as a case expects it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line of the case's file that expects it, counted from 1.
    pub line: usize,
    /// What it is about, such as `answer.amount.minor`.
    pub at: String,
    /// What should be.
    pub expected: String,
    /// What is.
    pub came: String,
}

impl Problem {
    pub(super) fn new(line: usize, at: &str, expected: String, came: String) -> Self {
        Self {
            line,
            at: at.to_owned(),
            expected,
            came,
        }
    }
}

/// What became of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Ran {
    /// The file that it stands in.
    pub file: PathBuf,
    /// Its line there.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// The function that was called.
    pub call: String,
    /// What is wrong; nothing when it passed.
    pub problems: Vec<Problem>,
    /// How long it took.
    #[serde(rename = "ms", serialize_with = "millis")]
    pub took: Duration,
}

fn millis<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}
