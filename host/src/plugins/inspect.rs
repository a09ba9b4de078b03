//! What a plugin's file says of itself, read without running or compiling any of it.

use std::path::{Path, PathBuf};

use super::load::{self, LoadError};
use super::manifest::Manifest;
use super::signature::{self, Signing, Vouched};

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
    /// What that is worth here.
    pub vouched: Vouched,
    /// The kind of this plugin that is not taken here without a signature.
    pub must_be_signed: Option<&'static str>,
}

/// Reads a plugin's file, and the signature beside it as the operator with this `signing` sees it.
pub fn inspect(file: &Path, signing: &Signing) -> Result<Inspection, LoadError> {
    let bytes = std::fs::read(file)?;
    let (contents, manifest) = load::read(&bytes)?;
    let files = contents.files.iter();
    let beside = signature::path_of(file);
    let text = match std::fs::read(&beside) {
        Ok(text) => Some(String::from_utf8_lossy(&text).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Inspection {
        bytes: bytes.len(),
        vouched: signing.vouched(&bytes, text.as_deref()),
        must_be_signed: signing.asks(&manifest.kinds),
        signature: text.map(|_| beside),
        manifest,
        files: files
            .map(|(path, data)| (path.clone(), data.len()))
            .collect(),
        exports: contents.exports,
    })
}
