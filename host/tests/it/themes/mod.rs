//! Themes: what merchants may change, what they can never reach, and that every page renders.

mod engine;
mod language;
mod older;
mod reload;

use std::path::{Path, PathBuf};

use serde::Serialize;
use vestibule::themes::{Frame, Locale, Page, Registered, Themes, check};

/// The folder `themes/` of this repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../themes")
        .canonicalize()
        .expect("themes/")
}

/// Every page and mail of the host.
fn registered() -> Vec<Registered> {
    [
        vestibule::themes::registered(),
        vestibule::mail::registered(),
        vestibule::web::registered(),
    ]
    .concat()
}

/// A folder of themes of its own: a copy of `default`, and whatever a test adds.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&root().join("default"), &folder.path().join("default"));
        Self(folder)
    }

    /// A theme that extends `default` and has these files.
    fn with_theme(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        folder.write(
            name,
            "theme.toml",
            "name = \"Test\"\nextends = \"default\"\n",
        );
        for (path, content) in files {
            folder.write(name, path, content);
        }
        folder
    }

    fn write(&self, theme: &str, path: &str, content: &str) {
        let path = self.0.path().join(theme).join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    fn load(&self) -> Themes {
        Themes::load(self.0.path()).expect("the default theme loads")
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            // Documents have tests of their own; their fonts are large.
            if entry.file_name() != "fonts" {
                copy(&entry.path(), &target);
            }
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A page whose template each test writes.
#[derive(Serialize)]
struct Probe {
    text: String,
    nothing: Option<String>,
}

impl Page for Probe {
    const TEMPLATE: &'static str = "pages/probe.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            text: "<b>".to_owned(),
            nothing: None,
        }]
    }
}

fn frame() -> Frame {
    Frame::sample(Locale::of("en"))
}

/// Renders `template` as the probe page of a theme `probe`; the error as operators see it.
fn probe(template: &str) -> Result<String, String> {
    let folder = Folder::with_theme("probe", &[("templates/pages/probe.html", template)]);
    let page = Probe::samples().remove(0);
    folder
        .load()
        .render("probe", &frame(), &page)
        .map_err(|error| vestibule::themes::chain(&error))
}

#[test]
fn every_page_and_mail_renders_in_every_language_and_theme() {
    for theme in ["default", "harbour"] {
        let report = check::check(&root(), &root().join(theme), &registered()).expect("loads");
        assert!(report.renders > 0);
        let wrong = [report.problems, report.remarks].concat();
        assert!(wrong.is_empty(), "{theme}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn the_check_names_the_place_of_each_mistake() {
    let folder = Folder::with_theme(
        "probe",
        &[
            ("templates/mails/login.txt", "{{ mail.lnk }}"),
            ("templates/pages/orphan.html", "nobody renders me"),
            ("locales/es/probe.ftl", "only-spanish = hola\n"),
            ("locales/en/probe.ftl", "only-english = hello\n"),
        ],
    );
    let tokens = "name = \"T\"\nextends = \"default\"\n[tokens.light]\nmuted = \"#cccccc\"\n";
    folder.write("probe", "theme.toml", tokens);
    let report =
        check::check(folder.path(), &folder.path().join("probe"), &registered()).expect("loads");
    let all = [report.problems, report.remarks].concat().join("\n");
    for expected in [
        "templates/mails/login.txt, sample 0, en",
        "undefined",
        "templates/pages/orphan.html: nothing renders it",
        "locales/es: `only-spanish` is not in en",
        "locales/es: `only-english` is missing",
        "locales/en: nothing uses `only-english`",
        "tokens.light: muted on page has a contrast of",
    ] {
        assert!(all.contains(expected), "no `{expected}` in:\n{all}");
    }
}
