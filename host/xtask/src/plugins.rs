//! The first-party plugins: each crate of the workspace `plugins/` becomes `plugins/NAME.wasm`. The
//! guests of the tests are members of it too, and become files beside their sources.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::run::{cargo, find, output, run, target_dir};
use crate::tools::install;

const WASM: &str = "wasm32-unknown-unknown";

/// Builds all of them; `host` is the built `vestibule`, which makes components of modules.
pub(crate) fn build(host: &Path) -> anyhow::Result<()> {
    let target_dir =
        env::var_os("CARGO_TARGET_DIR").map_or("plugins/target".into(), |_| target_dir());
    let target_dir = std::path::absolute(target_dir)?;
    run(compiler()?
        .args(["build", "--release", "--locked", "--target", WASM])
        .args(["--manifest-path", "plugins/Cargo.toml"])
        .env("CARGO_TARGET_DIR", &target_dir))?;
    for folder in folders()? {
        let module = target_dir
            .join(WASM)
            .join("release")
            .join(module_name(&folder)?);
        run(Command::new(host)
            .args(["plugin", "build"])
            .arg(&folder)
            .arg("--wasm")
            .arg(module)
            .arg("--output")
            .arg(folder.with_extension("wasm")))?;
    }
    Ok(())
}

/// The folders that hold a manifest and a crate.
fn folders() -> anyhow::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for parent in ["plugins", "host/tests/guests"] {
        let entries = std::fs::read_dir(parent).with_context(|| format!("cannot list {parent}"))?;
        for entry in entries {
            let path = entry?.path();
            if path.join("plugin.toml").is_file() && path.join("Cargo.toml").is_file() {
                folders.push(path);
            }
        }
    }
    folders.sort();
    Ok(folders)
}

/// The file that cargo makes of the crate in `folder`.
fn module_name(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path)?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .with_context(|| format!("{} has no name", path.display()))?;
    Ok(format!("{}.wasm", name.replace('-', "_")))
}

/// A cargo that compiles to WebAssembly: with the target of the toolchain in use, which rustup is
/// asked for if it is missing, else Debian's own Rust.
fn compiler() -> anyhow::Result<Command> {
    if has_target() {
        return Ok(cargo());
    }
    if find("rustup").is_some() {
        eprintln!("\n$ rustup target add {WASM}");
        // It may be refused where only package registries are reached; then Debian's Rust helps.
        let asked = Command::new("rustup")
            .args(["target", "add", WASM])
            .status();
        if asked.is_ok_and(|status| status.success()) && has_target() {
            return Ok(cargo());
        }
    }
    if find("apt-get").is_none() {
        bail!("the target {WASM} is missing; run:\n\n    rustup target add {WASM}\n");
    }
    debian()
}

fn has_target() -> bool {
    let libraries =
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]));
    libraries.is_some_and(|dir| Path::new(&dir).is_dir())
}

/// Debian's cargo and rustc, which build the target's standard library from Debian's sources and
/// link with the `rust-lld` of the toolchain in use.
fn debian() -> anyhow::Result<Command> {
    let sources = "/usr/lib/rustlib/src/rust/library";
    if !(Path::new("/usr/bin/cargo").exists() && Path::new(sources).exists()) {
        install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    }
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))
        .context("rustc does not say where it lies")?;
    let linker = PathBuf::from(sysroot).join("lib/rustlib/x86_64-unknown-linux-gnu/bin");
    let mut path = vec![linker];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo
        .arg("-Zbuild-std=std,panic_abort")
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", env::join_paths(path)?);
    Ok(cargo)
}
