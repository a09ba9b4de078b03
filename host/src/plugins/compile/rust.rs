//! A crate, compiled by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{CompileError, at, run};

const TARGET: &str = "wasm32-unknown-unknown";

pub(super) fn build(folder: &Path) -> Result<Vec<u8>, CompileError> {
    if !target_is_installed() {
        return Err(CompileError::NoTarget(TARGET));
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--release", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics");
    let output = run(&mut cargo, "cargo", folder, || {
        "see https://rustup.rs".to_owned()
    })?;
    let messages = String::from_utf8_lossy(&output.stdout);
    // The folder's own crate comes last, after its dependencies.
    let module = messages
        .lines()
        .rev()
        .find_map(module_in)
        .ok_or_else(|| CompileError::NoModule(folder.to_owned()))?;
    std::fs::read(&module).map_err(at(&module))
}

/// The `.wasm` file that a message of cargo tells about.
fn module_in(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let files = message.get("filenames")?.as_array()?;
    let files = files.iter().filter_map(serde_json::Value::as_str);
    files
        .map(PathBuf::from)
        .find(|f| f.extension().is_some_and(|e| e == "wasm"))
}

fn target_is_installed() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}
