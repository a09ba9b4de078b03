//! From an author's folder to a module or component, by the tools of its language. What they need
//! and do not find is told with the way to get it; nothing is installed here.

mod javascript;
mod python;
mod rust;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A crate, compiled for `wasm32-unknown-unknown`.
    Rust,
    /// A module, made a component by `componentize-js`.
    JavaScript,
    /// A module, made a component by `componentize-py`.
    Python,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// The file by which a folder of this language is known.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }

    /// Which language the plugin in `folder` is written in.
    pub fn of(folder: &Path) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|language| folder.join(language.mark()).is_file())
    }
}

/// Why a folder does not compile.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// No language's file is in it.
    #[error(
        "{0} holds no Cargo.toml, package.json or pyproject.toml; for another language, give the \
         component that its tools made with --wasm"
    )]
    NoLanguage(PathBuf),
    /// A file cannot be read or written, or a program not run.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The compiler's target is not installed.
    #[error("rustc cannot build for {0} here; install it with `rustup target add {0}`")]
    NoTarget(&'static str),
    /// A program is not installed.
    #[error("{program} is not installed; {mend}")]
    NoTool {
        /// The program.
        program: &'static str,
        /// How to get it.
        mend: String,
    },
    /// A program is too old.
    #[error("{program} is {version} here; {mend}")]
    Old {
        /// The program.
        program: &'static str,
        /// What it says that it is.
        version: String,
        /// What is needed.
        mend: String,
    },
    /// The crate makes no `.wasm` file.
    #[error("the crate in {0} makes no .wasm file; add crate-type = [\"cdylib\"] under [lib]")]
    NoModule(PathBuf),
    /// The folder does not say what the component is to be.
    #[error("{0} is not there: it names the world of the plugin, with its imports and exports")]
    NoWorld(PathBuf),
    /// `package.json` or `pyproject.toml` cannot be read.
    #[error("{path}: {problem}")]
    Project {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A tool failed; it has said why.
    #[error("{program} did not build the plugin in {folder}")]
    Failed {
        /// The program.
        program: &'static str,
        /// The folder.
        folder: PathBuf,
    },
}

/// Compiles the plugin in `folder` with its language's own tools.
pub(super) fn compile(folder: &Path) -> Result<Vec<u8>, CompileError> {
    match Language::of(folder) {
        Some(Language::Rust) => rust::build(folder),
        Some(Language::JavaScript) => javascript::build(folder),
        Some(Language::Python) => python::build(folder),
        None => Err(CompileError::NoLanguage(folder.to_owned())),
    }
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> CompileError {
    move |source| CompileError::Io {
        path: path.to_owned(),
        source,
    }
}

/// A folder for a tool to work in, with the world of the plugin and all that it may name.
fn workshop(folder: &Path) -> Result<tempfile::TempDir, CompileError> {
    let world = folder.join("wit/world.wit");
    if !world.is_file() {
        return Err(CompileError::NoWorld(world));
    }
    let dir = tempfile::tempdir().map_err(at(folder))?;
    let wit = dir.path().join("wit");
    std::fs::create_dir(&wit).map_err(at(&wit))?;
    std::fs::copy(&world, wit.join("world.wit")).map_err(at(&world))?;
    super::wit::write_dependencies(&wit).map_err(at(&wit))?;
    Ok(dir)
}

/// Runs a tool to its end. What it says goes to the author, and its output is kept.
fn run(
    command: &mut Command,
    program: &'static str,
    folder: &Path,
    mend: impl FnOnce() -> String,
) -> Result<Output, CompileError> {
    let output = command
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output();
    let output = match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(CompileError::NoTool {
                program,
                mend: mend(),
            });
        }
        output => output.map_err(at(Path::new(program)))?,
    };
    if output.status.success() {
        Ok(output)
    } else {
        Err(CompileError::Failed {
            program,
            folder: folder.to_owned(),
        })
    }
}
