//! What a plugin's file says of itself, read without running or compiling any of it.

use std::path::{Path, PathBuf};

use super::component;
use super::load::{self, LoadError};
use super::manifest::Manifest;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Bytes of the file.
    pub bytes: usize,
    /// Its manifest.
    pub manifest: Manifest,
    /// The interfaces that it answers.
    pub exports: Vec<String>,
    /// The files that it carries, with their bytes.
    pub files: Vec<(String, usize)>,
    /// A detached signature that stands beside it.
    pub signature: Option<PathBuf>,
}

/// Reads a plugin's file.
pub fn inspect(file: &Path) -> Result<Inspection, LoadError> {
    let bytes = std::fs::read(file)?;
    let (_, manifest) = load::read(&bytes)?;
    let contents = component::read(&bytes)?;
    let files = contents.files.iter();
    let mut signature = file.as_os_str().to_owned();
    signature.push(".minisig");
    Ok(Inspection {
        bytes: bytes.len(),
        manifest,
        exports: contents.exports,
        files: files
            .map(|(path, data)| (path.clone(), data.len()))
            .collect(),
        signature: Some(PathBuf::from(signature)).filter(|path| path.is_file()),
    })
}
