//! A JavaScript module, made a component by `componentize-js`, which the plugin's `package.json`
//! brings.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{CompileError, at, run, workshop};

const TOOL: &str = "componentize-js";

/// The first version of Node that the tool runs on.
const OLDEST: u32 = 20;

/// What would make a component import WASI. Time, chance and HTTP are the host's own interfaces.
const NO_WASI: [&str; 5] = ["stdio", "random", "clocks", "http", "fetch-event"];

/// What is read of `package.json`.
#[derive(Deserialize)]
struct Project {
    #[serde(default = "main")]
    main: String,
}

fn main() -> String {
    "plugin.js".to_owned()
}

pub(super) fn build(folder: &Path) -> Result<Vec<u8>, CompileError> {
    let path = folder.join("package.json");
    let text = std::fs::read(&path).map_err(at(&path))?;
    let project: Project =
        serde_json::from_slice(&text).map_err(|error| CompileError::Project {
            path,
            problem: error.to_string(),
        })?;
    let tool = tool(folder)?;
    new_enough(folder)?;
    let workshop = workshop(folder)?;
    let component = workshop.path().join("plugin.wasm");
    let mut node = Command::new("node");
    node.arg(tool)
        .arg(&project.main)
        .arg("--wit")
        .arg(workshop.path().join("wit"))
        .args(["--world-name", "plugin", "--disable"])
        .args(NO_WASI)
        .arg("--out")
        .arg(&component)
        .stdin(Stdio::null());
    run(&mut node, "node", folder, needed)?;
    // It ends well when an error of the source was printed.
    std::fs::read(&component).map_err(|_| CompileError::Failed {
        program: TOOL,
        folder: folder.to_owned(),
    })
}

fn needed() -> String {
    format!("Node {OLDEST} or newer is needed: https://nodejs.org")
}

/// Whether the tool can run on this Node; an old one fails in the middle, and not in plain words.
fn new_enough(folder: &Path) -> Result<(), CompileError> {
    let mut node = Command::new("node");
    let output = run(
        node.arg("--version").stdin(Stdio::null()),
        "node",
        folder,
        needed,
    )?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next();
    match major.and_then(|major| major.parse::<u32>().ok()) {
        Some(major) if major < OLDEST => Err(CompileError::Old {
            program: "node",
            version,
            mend: needed(),
        }),
        _ => Ok(()),
    }
}

/// The tool's own script, looked for as Node looks for packages.
fn tool(folder: &Path) -> Result<PathBuf, CompileError> {
    let folder = std::path::absolute(folder).map_err(at(folder))?;
    let script = "node_modules/@bytecodealliance/componentize-js/src/cli.js";
    folder
        .ancestors()
        .map(|folder| folder.join(script))
        .find(|script| script.is_file())
        .ok_or_else(|| CompileError::NoTool {
            program: TOOL,
            mend: format!("run `npm install` in {}", folder.display()),
        })
}
