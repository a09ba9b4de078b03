//! The file of a plugin as it lies in the folder, with the signature beside it.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::cache::Content;
use super::signature;

/// The file of a plugin.
#[derive(Clone)]
pub(super) struct Upload {
    pub(super) bytes: Arc<Vec<u8>>,
    /// What names its bytes.
    pub(super) content: Content,
    /// The signature that lies beside it.
    pub(super) signature: Option<String>,
}

impl Upload {
    pub(super) fn new(bytes: Vec<u8>, signature: Option<String>) -> Self {
        Self {
            content: Sha256::digest(&bytes).into(),
            bytes: Arc::new(bytes),
            signature,
        }
    }

    /// Changes with the bytes and with the signature.
    pub(super) fn hash(&self) -> [u8; 32] {
        let signature = self.signature.as_deref().unwrap_or_default();
        let hasher = Sha256::new_with_prefix(self.content);
        hasher.chain_update(signature).finalize().into()
    }

    /// Reads both as they are now.
    pub(super) async fn read(path: PathBuf) -> std::io::Result<Self> {
        let read = move || {
            let bytes = std::fs::read(&path)?;
            let beside = signature::path_of(&path);
            let signature = match std::fs::metadata(&beside) {
                Ok(found) if found.len() > signature::LONGEST => Some(String::new()),
                Ok(_) => Some(String::from_utf8_lossy(&std::fs::read(&beside)?).into_owned()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            Ok(Self::new(bytes, signature))
        };
        tokio::task::spawn_blocking(read).await?
    }
}
