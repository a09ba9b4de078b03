//! Trying a changed theme out in a process of its own.
//!
//! A template can fill memory faster than fuel runs out, and a document cannot be interrupted,
//! so both are first rendered where the damage ends with a process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Trial;

/// Address space of the trial, in KiB. ICU and Typst map a lot and touch little.
const MEMORY_KIB: u64 = 2 * 1024 * 1024;
/// How long it may take.
const TIME: Duration = Duration::from_mins(1);
/// How often it is looked after.
const GLANCE: Duration = Duration::from_millis(50);

/// A trial that runs `program theme check FOLDER`.
pub fn by_command(program: PathBuf) -> Arc<Trial> {
    Arc::new(move |folder| run(&program, folder))
}

fn run(program: &Path, folder: &Path) -> Result<(), String> {
    // The shell sets the limit on itself and then becomes the program.
    let mut child = Command::new("/bin/sh")
        .args([
            "-c",
            &format!("ulimit -v {MEMORY_KIB}; exec \"$0\" theme check \"$1\""),
        ])
        .arg(program)
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the trial could not be started: {error}"))?;
    let deadline = Instant::now() + TIME;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => {
                return Err(format!(
                    "`vestibule theme check {}` finds mistakes; run it to see them",
                    folder.display()
                ));
            }
            Ok(None) if Instant::now() < deadline => std::thread::sleep(GLANCE),
            Ok(None) | Err(_) => {
                // It may have ended meanwhile; either way it is not waited for any longer.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("its check did not end within {} s", TIME.as_secs()));
            }
        }
    }
}
