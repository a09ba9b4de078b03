//! The audit can fail: a short run against a processor that is broken on purpose.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use vestibule_torture::{Options, run};

/// What lies at `path` of the repository.
fn top(path: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    top.join(path).display().to_string()
}

/// The built host, which lies beside this crate's own program.
fn host() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_vestibule-torture")).with_file_name("vestibule")
}

/// The gateway's component: built here, or by `cargo xtask` where the target is missing.
fn plugin(folder: &Path) -> String {
    let built = folder.join("sandbox.wasm");
    let made = Command::new(host())
        .args(["plugin", "build", &top("plugins/sandbox")])
        .arg("--output")
        .arg(&built)
        .status()
        .unwrap();
    if made.success() {
        built.display().to_string()
    } else {
        top("plugins/sandbox.wasm")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_ignores_keys_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let host = host().display().to_string();
    let (plugin, themes) = (plugin(folder.path()), top("themes"));
    let options = Options::parse_from([
        "torture",
        "--ignore-keys",
        "--minutes=0.3",
        "--seed=7",
        "--host",
        &host,
        "--plugin",
        &plugin,
        "--themes",
        &themes,
    ]);
    let report = run(options).await.unwrap();
    assert!(report.double_charges() > 0, "{report}");
    assert!(!report.is_clean());
}
