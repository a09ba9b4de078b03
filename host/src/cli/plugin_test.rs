//! `vestibule plugin test`: an author's own cases against the built plugin.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use crate::app;
use crate::config;
use crate::plain;
use crate::plugins::cases::{self, Bench, CaseFile, Ran};
use crate::plugins::package;

use super::plugin_show::Portal;
use super::{block_on, print_plain};

#[derive(Debug, Args)]
pub(super) struct Test {
    /// The plugin's folder, with plugin.toml and tests/.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The built file to test [default: built anew from DIR]
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// Only cases whose name or file contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Test {
    /// Runs the cases under the limits of these settings, with the themes of that folder where
    /// there are any.
    pub(super) fn run(
        &self,
        settings: &config::Plugins,
        themes: &Path,
    ) -> anyhow::Result<ExitCode> {
        let files = match cases::read_folder(&self.folder.join("tests")) {
            Ok(files) if files.is_empty() => bail!(
                "{} holds no cases: write tests/first.toml there; `vestibule plugin new` makes one, \
                 and `vestibule plugin test --help` shows what stands in it",
                self.folder.display()
            ),
            Ok(files) => files,
            Err(mistakes) => {
                let told: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
                bail!("{}", told.join("\n"));
            }
        };
        let bytes = self.file()?;
        let limits = app::plugin_limits(settings)?;
        block_on(async {
            say("loading it, which takes a while the first time");
            let bench = Bench::load(bytes, limits, &settings.cache).await?;
            let portal = Portal::open(themes);
            let ran = bench.run(&files, &self.filter, &portal, |ran| self.told(ran));
            let ran = ran.await;
            self.end(&bench, &files, &ran)
        })
    }

    /// The plugin's file: the one that was named, or what its folder builds to.
    fn file(&self) -> anyhow::Result<Vec<u8>> {
        if let Some(file) = &self.plugin {
            return std::fs::read(file).with_context(|| {
                format!(
                    "{} cannot be read; make it with `vestibule plugin build {} --output {}`",
                    file.display(),
                    self.folder.display(),
                    file.display()
                )
            });
        }
        say(&format!("building {}", self.folder.display()));
        let package = package::build(&self.folder, None)
            .with_context(|| format!("{} does not become a plugin", self.folder.display()))?;
        Ok(package.bytes)
    }

    fn told(&self, ran: &Ran) {
        if !self.json {
            // A closed pipe is an error at the end.
            let _ = print_plain(text(ran).trim_end());
        }
    }

    fn end(&self, bench: &Bench, files: &[CaseFile], ran: &[Ran]) -> anyhow::Result<ExitCode> {
        let failed = ran.iter().filter(|ran| !ran.problems.is_empty()).count();
        let passed = ran.len() - failed;
        let manifest = bench.manifest();
        if self.json {
            let report = json!({
                "plugin": manifest.id,
                "version": manifest.version,
                "passed": passed,
                "failed": failed,
                "cases": ran,
            });
            print_plain(&serde_json::to_string_pretty(&report)?)?;
        } else if !ran.is_empty() {
            let (id, version) = (&manifest.id, &manifest.version);
            print_plain(&format!("{id} {version}: {passed} passed, {failed} failed"))?;
        }
        if ran.is_empty() {
            let names: Vec<_> = files.iter().map(|file| file.path.display()).collect();
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            bail!(
                "no case of {} contains \"{}\"",
                names.join(", "),
                self.filter
            );
        }
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Says what is going on to a person who waits for it.
fn say(what: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // Nobody is there to hear that it was not heard.
        let _ = writeln!(terminal, "{what} …");
    }
}

/// A case as people read it.
fn text(ran: &Ran) -> String {
    use std::fmt::Write as _;

    let verdict = if ran.problems.is_empty() {
        "ok    "
    } else {
        "FAILED"
    };
    let mut text = format!("{verdict}  {}  ({})\n", plain::line(&ran.name), ran.call);
    for problem in &ran.problems {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "        {}:{}: {}\n          expected  {}\n          came      {}\n",
            ran.file.display(),
            problem.line,
            plain::line(&problem.at),
            plain::line(&problem.expected),
            plain::line(&problem.came),
        );
    }
    text
}
