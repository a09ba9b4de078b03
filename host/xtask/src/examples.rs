//! The example plugins in JavaScript and Python: each folder below `plugins/examples` becomes a file
//! beside it. They are built by the tools of their languages, which are kept beside the compiled
//! dependencies.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::Context as _;

use crate::run::run;
use crate::tools;

const JAVASCRIPT: &str = "plugins/examples/javascript";
const PYTHON: &str = "plugins/examples/python";

/// Builds both; `host` is the built `vestibule`.
pub(crate) fn build(host: &Path) -> anyhow::Result<()> {
    let path = path()?;
    for folder in [JAVASCRIPT, PYTHON] {
        let folder = Path::new(folder);
        let file = folder.with_extension("wasm");
        if is_fresh(&file, &[folder, Path::new("wit")])? {
            continue;
        }
        run(Command::new(host)
            .args(["plugin", "build"])
            .arg(folder)
            .env("PATH", &path))?;
    }
    Ok(())
}

/// A path for programs on which the tools of both languages are found. Those for JavaScript are
/// looked for beside the plugin, and linked there.
pub(crate) fn path() -> anyhow::Result<OsString> {
    let modules = tools::node_modules("componentize-js", Path::new(JAVASCRIPT))?;
    let link = Path::new(JAVASCRIPT).join("node_modules");
    // A folder that the author has made stays; a link of another time or place does not.
    let linked = std::fs::read_link(&link);
    if linked.as_ref().is_ok_and(|linked| *linked != modules) {
        std::fs::remove_file(&link)?;
    }
    if std::fs::symlink_metadata(&link).is_err() {
        std::os::unix::fs::symlink(modules, &link)
            .with_context(|| format!("cannot link {}", link.display()))?;
    }
    let requirements = Path::new(PYTHON).join("requirements.txt");
    let python = tools::python("componentize-py", &requirements)?;
    let mut path: Vec<PathBuf> = python.parent().map(Path::to_owned).into_iter().collect();
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    Ok(std::env::join_paths(path)?)
}

/// Whether `file` is younger than everything in these folders.
fn is_fresh(file: &Path, folders: &[&Path]) -> anyhow::Result<bool> {
    let Ok(made) = std::fs::metadata(file).and_then(|found| found.modified()) else {
        return Ok(false);
    };
    for folder in folders {
        if youngest(folder)? > made {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When something in the folder changed last; what is linked in is another's.
fn youngest(folder: &Path) -> anyhow::Result<SystemTime> {
    let mut youngest = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            youngest = youngest.max(self::youngest(&entry.path())?);
        } else if kind.is_file() {
            youngest = youngest.max(entry.metadata()?.modified()?);
        }
    }
    Ok(youngest)
}
