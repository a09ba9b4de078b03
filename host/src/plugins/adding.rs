//! `vestibule plugin add`: a checked file is put into the plugin folder, in the place of an older
//! version of itself, whole or not at all. A running host takes it from there.

use std::path::{Path, PathBuf};

use super::load::{self, LoadError};
use super::manifest::Manifest;
use super::package::{self, PackageError};
use super::signature::{self, SignatureError, Signing};
use super::survey::Survey;

/// A plugin's file with its signature, read and not yet put anywhere.
pub struct Candidate {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Who signed it, of those whose signatures are believed.
    pub signed_by: Option<String>,
    /// The file itself, read once: what is checked is what is put into the folder.
    pub bytes: Vec<u8>,
    signature: Option<Vec<u8>>,
}

/// Why a file is not put into the folder.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// It cannot be read, or is no plugin.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Its signature is missing or wrong.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Another plugin has the place.
    #[error("{path} is the file of another plugin; put this one there under another name yourself")]
    Taken {
        /// The place.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] PackageError),
}

impl Candidate {
    /// Reads a file and the signature beside it, without compiling or running any of it.
    pub fn read(file: &Path, signing: &Signing) -> Result<Self, AddError> {
        let bytes = std::fs::read(file).map_err(LoadError::from)?;
        let (_, manifest) = load::read(&bytes)?;
        let signature = match std::fs::read(signature::path_of(file)) {
            Ok(signature) => Some(signature),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(LoadError::from(error).into()),
        };
        let text = signature.as_deref().map(String::from_utf8_lossy);
        let signed_by = signing.signer(&manifest.kinds, &bytes, text.as_deref())?;
        Ok(Self {
            manifest,
            signed_by,
            bytes,
            signature,
        })
    }

    /// Puts it into `folder`, of which `survey` is what lies there, and answers where it is. The
    /// signature comes first: a host that looks in between keeps its last good version.
    pub fn put(&self, folder: &Path, survey: &Survey) -> Result<PathBuf, AddError> {
        let id = &self.manifest.id;
        let name = survey.file_of(id).map(str::to_owned);
        let path = match &name {
            Some(name) => folder.join(name),
            None => folder.join(format!("{id}.wasm")),
        };
        if name.is_none() && path.exists() {
            return Err(AddError::Taken { path });
        }
        let beside = signature::path_of(&path);
        match &self.signature {
            Some(signature) => package::write(&beside, signature)?,
            None => match std::fs::remove_file(&beside) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(LoadError::from(error).into());
                }
                Ok(()) | Err(_) => {}
            },
        }
        package::write(&path, &self.bytes)?;
        Ok(path)
    }
}
