//! `vestibule plugin new`: a folder to begin with, and what comes next.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::plugins::compile::Language;
use crate::plugins::manifest::Kind;
use crate::plugins::template;

use super::print;

/// A language to begin a plugin in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Lang {
    Rust,
    Js,
    Python,
}

/// A kind of plugin to begin.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum What {
    Gateway,
    Branding,
    Pages,
}

/// Makes the folder and says what to do in it.
pub(super) fn new(dir: &Path, lang: Lang, kind: What) -> anyhow::Result<ExitCode> {
    let (language, tools) = match lang {
        Lang::Rust => (Language::Rust, "rustup target add wasm32-unknown-unknown"),
        Lang::Js => (Language::JavaScript, "npm install"),
        Lang::Python => (
            Language::Python,
            "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
        ),
    };
    let kind = match kind {
        What::Gateway => Kind::Gateway,
        What::Branding => Kind::Branding,
        What::Pages => Kind::Pages,
    };
    template::create(dir, language, kind)?;
    let dir = dir.display();
    print(&format!(
        "{dir} is a plugin of the kind {} that works as it stands.\n\n\
         Its tools, once:    (cd {dir} && {tools})\n\
         Its one file:       vestibule plugin build {dir}\n\
         Its cases:          vestibule plugin test {dir} --plugin {dir}.wasm\n\
         What a host says:   vestibule plugin check {dir}.wasm\n\
         Into a host:        vestibule plugin add {dir}.wasm",
        kind.as_str()
    ))?;
    Ok(ExitCode::SUCCESS)
}
