//! Running other programs: each is shown before it runs, and its failure names it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Makes the top of the repository the working directory, wherever the task was called.
pub(crate) fn enter_repository() -> anyhow::Result<()> {
    let top = top()?;
    env::set_current_dir(&top).with_context(|| format!("cannot enter {}", top.display()))
}

/// The top of the repository that this task was called in. Cargo says so when it runs the task: one
/// that was compiled in another clone with the same target folder is as good.
fn top() -> anyhow::Result<PathBuf> {
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .context("call this as `cargo xtask`, which says where the repository is")?;
    let top = Path::new(&own).ancestors().nth(2);
    Ok(top
        .context("xtask lies two folders below the top")?
        .to_owned())
}

/// The cargo that runs this task. What it has told us of our own package stays with us: ring looks
/// at those variables, and would be compiled anew, with all that uses it, inside of each task and
/// again outside.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Where compiled files go.
pub(crate) fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// Where tools are kept between runs and clones.
pub(crate) fn cache_dir() -> anyhow::Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(base.join("vestibule"))
}

/// Runs the command to its end.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    eprintln!("\n$ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// What the command prints, without the last line break.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}

/// Where a program is, looked up as a shell would.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths)
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
