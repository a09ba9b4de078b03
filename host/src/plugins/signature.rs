//! Whose plugins an operator believes: minisign signatures that lie beside a plugin's file, and the
//! kinds of plugins that are not loaded without one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use minisign_verify::{Error, PublicKey, Signature};

use super::manifest::Kind;

/// What is put after the name of a plugin's file.
const ENDING: &str = ".minisig";

/// No signature is longer, in bytes.
pub(super) const LONGEST: u64 = 4096;

/// Who may sign, and what must be signed.
#[derive(Clone, Debug, Default)]
pub struct Signing {
    /// The keys that are believed, by the operator's names for them.
    pub signers: BTreeMap<String, Signer>,
    /// Kinds of plugins that are loaded only with a signature.
    pub required: BTreeSet<Kind>,
}

/// A key that is believed.
#[derive(Clone)]
pub struct Signer(PublicKey);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// A text that is no public key of minisign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a public key of minisign: the line of 56 characters that begins with RW")]
pub struct NoPublicKey;

/// Why a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none, and there must be one.
    #[error(
        "it is a {kind} and is not signed; plugins.signed asks for a signature beside the file, \
         named like it with .minisig at the end, by one of plugins.signers"
    )]
    Missing {
        /// The kind that must be signed.
        kind: &'static str,
    },
    /// It is that of somebody who is not believed, and there must be one that is.
    #[error(
        "it is a {kind}, and its signature is not by one of plugins.signers, as plugins.signed asks"
    )]
    Stranger {
        /// The kind that must be signed.
        kind: &'static str,
    },
    /// It is made with a key that is believed, and not for these bytes.
    #[error(
        "its signature by {signer} is not for this file: one of the two was changed; \
             get both again from their author"
    )]
    Wrong {
        /// The operator's name for the key.
        signer: String,
    },
    /// It cannot be read.
    #[error("its signature cannot be read; `vestibule plugin sign` makes one")]
    Unreadable,
}

/// Where the signature of `file` lies.
pub fn path_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ENDING);
    PathBuf::from(path)
}

/// The plugin's file whose signature this is.
pub(super) fn signed_by_file(path: &Path) -> Option<PathBuf> {
    Some(PathBuf::from(path.to_str()?.strip_suffix(ENDING)?))
}

impl Signer {
    /// Reads a public key, as it stands on the second line of minisign's `.pub` files.
    pub fn parse(text: &str) -> Result<Self, NoPublicKey> {
        let key = PublicKey::from_base64(text.trim());
        key.map(Self).map_err(|_| NoPublicKey)
    }
}

/// What the signature beside a file is worth to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// There is none.
    ByNobody,
    /// It is by a key that is believed, under this name, and for this file.
    By(String),
    /// It is by a key that nobody here knows.
    ByStranger,
    /// It is by this known key, and for other bytes.
    Wrongly(String),
    /// It is no signature.
    Unreadably,
}

impl Signing {
    /// Who vouches for `bytes` with this signature.
    pub fn vouched(&self, bytes: &[u8], signature: Option<&str>) -> Vouched {
        let Some(signature) = signature else {
            return Vouched::ByNobody;
        };
        let Ok(signature) = Signature::decode(signature) else {
            return Vouched::Unreadably;
        };
        for (name, Signer(key)) in &self.signers {
            match key.verify(bytes, &signature, false) {
                Ok(()) => return Vouched::By(name.clone()),
                // That of another key.
                Err(Error::UnexpectedKeyId) => {}
                Err(_) => return Vouched::Wrongly(name.clone()),
            }
        }
        Vouched::ByStranger
    }

    /// The first of these kinds that must be signed.
    pub fn asks(&self, kinds: &[Kind]) -> Option<&'static str> {
        let required = kinds.iter().find(|kind| self.required.contains(kind));
        required.map(|kind| kind.as_str())
    }

    /// Who signed `bytes`, a plugin of these kinds; none for a stranger or nobody, where that is
    /// enough. A signature by a known key that does not fit is never enough.
    pub fn signer(
        &self,
        kinds: &[Kind],
        bytes: &[u8],
        signature: Option<&str>,
    ) -> Result<Option<String>, SignatureError> {
        match (self.vouched(bytes, signature), self.asks(kinds)) {
            (Vouched::By(signer), _) => Ok(Some(signer)),
            (Vouched::Wrongly(signer), _) => Err(SignatureError::Wrong { signer }),
            (Vouched::ByNobody | Vouched::ByStranger | Vouched::Unreadably, None) => Ok(None),
            (Vouched::ByNobody, Some(kind)) => Err(SignatureError::Missing { kind }),
            (Vouched::ByStranger, Some(kind)) => Err(SignatureError::Stranger { kind }),
            (Vouched::Unreadably, Some(_)) => Err(SignatureError::Unreadable),
        }
    }
}
