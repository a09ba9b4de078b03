//! Plugins of the repository, built as their authors build them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tokio::sync::Mutex;
use vestibule::plugins::package;

/// The files by the folders they were built of.
type Built = HashMap<&'static str, Arc<Vec<u8>>>;

/// The file of the plugin in `folder`, a path from the top of the repository. Built once in a
/// test process.
pub(crate) async fn built(folder: &'static str) -> Arc<Vec<u8>> {
    static BUILT: Mutex<Option<Built>> = Mutex::const_new(None);
    let mut known = BUILT.lock().await;
    let known = known.get_or_insert_default();
    if let Some(bytes) = known.get(folder) {
        return Arc::clone(bytes);
    }
    let source: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let build = move || {
        let compiled = (!has_target()).then(|| by_debian(&source));
        package::build(&source, compiled.as_deref()).unwrap().bytes
    };
    let bytes = Arc::new(tokio::task::spawn_blocking(build).await.unwrap());
    known.insert(folder, Arc::clone(&bytes));
    bytes
}

const TARGET: &str = "wasm32-unknown-unknown";

/// Where cargo compiles plugins to.
pub(crate) fn target_dir() -> PathBuf {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/target");
    std::env::var_os("CARGO_TARGET_DIR").map_or(plugins, PathBuf::from)
}

/// Whether the toolchain in use compiles to WebAssembly.
pub(crate) fn has_target() -> bool {
    let libraries = printed(&["--print", "target-libdir", "--target", TARGET]);
    Path::new(&libraries).is_dir()
}

/// The module of the crate in `folder`, compiled by Debian's Rust as `cargo xtask` does it where the
/// toolchain in use has no such target.
pub(crate) fn by_debian(folder: &Path) -> PathBuf {
    let linker = format!(
        "{}/lib/rustlib/x86_64-unknown-linux-gnu/bin",
        printed(&["--print", "sysroot"])
    );
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("/usr/bin/cargo")
        .current_dir(folder)
        .args([
            "-Zbuild-std=std,panic_abort",
            "build",
            "--release",
            "--target",
            TARGET,
        ])
        .arg("--message-format=json-render-diagnostics")
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", format!("{linker}:{path}"))
        .env("CARGO_TARGET_DIR", target_dir())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = messages.rsplit_once("\"filenames\":[\"").unwrap();
    let (file, _) = rest.split_once('"').unwrap();
    file.into()
}

fn printed(arguments: &[&str]) -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
