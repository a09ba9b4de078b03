//! A Python module, made a component by `componentize-py`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{CompileError, at, run, workshop};

const TOOL: &str = "componentize-py";

/// What is read of `pyproject.toml`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Project {
    tool: Tools,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tools {
    vestibule: Settings,
}

/// `[tool.vestibule]`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The module that holds the plugin's classes.
    module: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            module: "app".to_owned(),
        }
    }
}

pub(super) fn build(folder: &Path) -> Result<Vec<u8>, CompileError> {
    let path = folder.join("pyproject.toml");
    let text = std::fs::read_to_string(&path).map_err(at(&path))?;
    let project: Project = toml::from_str(&text).map_err(|error| CompileError::Project {
        path,
        problem: error.to_string(),
    })?;
    let workshop = workshop(folder)?;
    let component = workshop.path().join("plugin.wasm");
    // The packages of an environment go into the component: only the plugin's own may.
    let own = folder.join(".venv");
    let environment = if own.is_dir() {
        std::path::absolute(&own).map_err(at(&own))?
    } else {
        let empty = workshop.path().join("lib/python3/site-packages");
        std::fs::create_dir_all(&empty).map_err(at(&empty))?;
        workshop.path().to_owned()
    };
    let mut command = Command::new(tool(folder)?);
    command
        .arg("--quiet")
        .arg("--wit-path")
        .arg(workshop.path().join("wit"))
        .args(["--world", "plugin", "componentize", "--stub-wasi"])
        .arg(&project.tool.vestibule.module)
        .arg("--output")
        .arg(&component)
        .env("VIRTUAL_ENV", environment)
        .stdin(Stdio::null());
    run(&mut command, TOOL, folder, || {
        format!(
            "run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` in {}",
            folder.display()
        )
    })?;
    std::fs::read(&component).map_err(at(&component))
}

/// The tool of the plugin's own environment, or the one on the path.
fn tool(folder: &Path) -> Result<PathBuf, CompileError> {
    let own = folder.join(".venv/bin").join(TOOL);
    if own.is_file() {
        return std::path::absolute(&own).map_err(at(&own));
    }
    Ok(PathBuf::from(TOOL))
}
