//! A host with fifty plugins: how much later it answers than one with the gateway alone, and what
//! they hold of memory, beside wasmtime alone loading the same code. They are one guest under
//! fifty ids: each is a file, a module and machine code of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::bare_plugin::Shelf;
use crate::host::{Host, plugin_file};
use crate::process::{Running, first_answer, memory};
use crate::report::{Report, median};

const GROUP: &str = "Fifty plugins, compiled before, beside a host with one";
const MANY: u8 = 50;
const ROUNDS: usize = 7;

pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let files = copies(folder.path())?;
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let one = Host::new()?;
    let many = Host::with("", &paths)?;
    let code = folder.path().join("code");
    let shelf = Shelf::fill(&code, &files)?;

    // Makes the databases, and the code.
    start(&one)?;
    compile(&many, usize::from(MANY) + 1)?;
    let (mut alone, mut full, mut bare) = (vec![], vec![], vec![]);
    let (mut held, mut least) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let (single, before) = start(&one)?;
        let (fifty, after) = start(&many)?;
        let begun = Instant::now();
        let loaded = shelf.load()?;
        bare.push(begun.elapsed().as_secs_f64() * 1e3);
        ensure!(loaded.len() == usize::from(MANY));
        alone.push(single);
        full.push(fifty);
        held.push(after - before);
        least.push(bare_memory(&code)?);
    }
    report.add(GROUP, "start with one", median(&alone), "ms");
    report.add(GROUP, "start with fifty more", median(&full), "ms");
    let each = (median(&full) - median(&alone)) / f64::from(MANY);
    report.add(GROUP, "each of them", each, "ms");
    let name = "wasmtime alone, its code mapped and linked: each";
    report.add(GROUP, name, median(&bare) / f64::from(MANY), "ms");
    report.add(GROUP, "memory of the fifty", median(&held), "MiB");
    let name = "wasmtime alone, its code mapped and linked: memory";
    report.add(GROUP, name, median(&least), "MiB");
    Ok(())
}

/// MiB that wasmtime alone takes for the code in `folder`, in a process of its own: this one would use
/// again what it has freed before.
fn bare_memory(folder: &Path) -> anyhow::Result<f64> {
    let mut child = Command::new(std::env::current_exe()?);
    let output = child.arg("hold").arg(folder).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "wasmtime alone: {errors}");
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Loads the code in `folder` with wasmtime alone, and prints the MiB that it takes.
pub(crate) fn hold(folder: &Path) -> anyhow::Result<()> {
    let shelf = Shelf::open(folder)?;
    // What is there once for all of them: the other side has one plugin before as well.
    let _first = shelf.first()?;
    let before = memory(std::process::id())?;
    let loaded = shelf.load()?;
    let after = memory(std::process::id())?;
    ensure!(loaded.len() == usize::from(MANY));
    writeln!(std::io::stdout(), "{}", after - before)?;
    Ok(())
}

/// The gateway under other ids, which are as long as its own.
fn copies(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let original = std::fs::read(plugin_file())?;
    let named = br#"id = "sandbox""#;
    let at = original
        .windows(named.len())
        .position(|bytes| bytes == named)
        .context("the gateway's manifest has another id")?;
    (0..MANY)
        .map(|number| {
            let mut copy = original.clone();
            let id = format!(r#"id = "plain{number:02}""#);
            copy[at..at + named.len()].copy_from_slice(id.as_bytes());
            let path = folder.join(format!("plain{number:02}.wasm"));
            std::fs::write(&path, copy)?;
            Ok(path)
        })
        .collect()
}

/// Lets a host run until it has compiled all its plugins, for which a start does not wait.
fn compile(host: &Host, plugins: usize) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_mins(10);
    let _running = host.serve()?;
    while host.compiled()? < plugins {
        ensure!(Instant::now() < patience, "the plugins are never compiled");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Milliseconds until the first answer, and MiB that are resident then.
fn start(host: &Host) -> anyhow::Result<(f64, f64)> {
    let spawned = Instant::now();
    let running: Running = host.serve()?;
    first_answer(host.address(), &Host::login())?;
    let elapsed = spawned.elapsed().as_secs_f64() * 1e3;
    Ok((elapsed, running.memory()?))
}
