//! The host's own keys, from `server.key_file`: what tokens and codes are made with. They never
//! stand in the database, so that a copy of it signs nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

/// Bytes of a key and of what it signs.
const LENGTH: usize = 32;

/// The host's keys. Equal on all processes that share a database.
#[derive(Debug, Clone)]
pub struct HostKeys(Arc<Vec<SecretBox<[u8; LENGTH]>>>);

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there or not readable.
    #[error("cannot read {path}: {source}; `vestibule key host` makes one")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Other users of the machine could read it.
    #[error("{path} can be read by other users; run: chmod 600 {path}")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// A line is not a key.
    #[error("{path}:{line} is not a key of 32 bytes in base64url")]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// There is no line.
    #[error("{path} holds no key; `vestibule key host` makes one")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A new one cannot be written.
    #[error("cannot write {path}: {source}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl HostKeys {
    /// Reads the file: one key a line, `#` starts a comment.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let unreadable = |source| KeyFileError::Unreadable {
            path: path.to_owned(),
            source,
        };
        if is_exposed(path).map_err(unreadable)? {
            return Err(KeyFileError::Exposed {
                path: path.to_owned(),
            });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let key = URL_SAFE_NO_PAD
                .decode(line)
                .ok()
                .and_then(|bytes| <[u8; LENGTH]>::try_from(bytes).ok())
                .ok_or_else(|| KeyFileError::NotAKey {
                    path: path.to_owned(),
                    line: index + 1,
                })?;
            keys.push(SecretBox::new(Box::new(key)));
        }
        if keys.is_empty() {
            return Err(KeyFileError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(Self(Arc::new(keys)))
    }

    /// Puts `key` in front of the keys in the file, which is made if it is missing. Keys that were
    /// there go on verifying.
    pub fn add(path: &Path, key: [u8; LENGTH]) -> Result<(), KeyFileError> {
        let unwritable = |source| KeyFileError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let mut text = String::from("# Keys of the host: the first signs, all verify.\n");
        writeln!(text, "{}", URL_SAFE_NO_PAD.encode(key)).expect("a String takes any text");
        if path.exists() {
            Self::read(path)?;
            let older = std::fs::read_to_string(path).map_err(unwritable)?;
            text.extend(
                older
                    .lines()
                    .filter(|line| !line.starts_with('#'))
                    .flat_map(|line| [line, "\n"]),
            );
        }
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(unwritable)?;
        }
        write_private(path, &text).map_err(unwritable)
    }

    /// The signature of `message` for `purpose` by the first key. Purposes are apart: a signature
    /// for one never verifies for another.
    pub fn sign(&self, purpose: &str, message: &[u8]) -> [u8; LENGTH] {
        mac(self.0[0].expose_secret(), purpose, message)
            .finalize()
            .into_bytes()
            .into()
    }

    /// The signatures of `message` for `purpose` by every key, that of [`HostKeys::sign`] first.
    pub fn signatures(&self, purpose: &str, message: &[u8]) -> impl Iterator<Item = [u8; LENGTH]> {
        self.0.iter().map(move |key| {
            mac(key.expose_secret(), purpose, message)
                .finalize()
                .into_bytes()
                .into()
        })
    }

    /// Whether `signature` was made by any of the keys. Takes the same time for every wrong one.
    pub fn verify(&self, purpose: &str, message: &[u8], signature: &[u8]) -> bool {
        self.0.iter().any(|key| {
            mac(key.expose_secret(), purpose, message)
                .verify_slice(signature)
                .is_ok()
        })
    }
}

fn mac(key: &[u8; LENGTH], purpose: &str, message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(&(purpose.len() as u64).to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(message);
    mac
}

#[cfg(unix)]
fn is_exposed(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;

    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(path: &Path) -> std::io::Result<bool> {
    std::fs::metadata(path).map(|_| false)
}

/// Writes by rename, so that a reader sees the old file or the new one.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;

    let dir = path
        .parent()
        .filter(|dir| *dir != Path::new(""))
        .unwrap_or(Path::new("."));
    // Made by `tempfile` with mode 600.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(dir: &Path, keys: &[u8]) -> HostKeys {
        let path = dir.join("host.key");
        for key in keys {
            HostKeys::add(&path, [*key; LENGTH]).expect("written");
        }
        HostKeys::read(&path).expect("readable")
    }

    #[test]
    fn the_newest_key_signs_and_older_ones_still_verify() {
        let dir = tempfile::tempdir().expect("a folder");
        let old = keys(dir.path(), &[1]);
        let both = keys(dir.path(), &[2]);
        let signature = old.sign("pay", b"pay_1");
        assert!(both.verify("pay", b"pay_1", &signature));
        assert_ne!(both.sign("pay", b"pay_1"), signature);
        assert!(!old.verify("pay", b"pay_1", &both.sign("pay", b"pay_1")));
    }

    #[test]
    fn a_signature_is_for_one_purpose_and_one_message() {
        let dir = tempfile::tempdir().expect("a folder");
        let keys = keys(dir.path(), &[1]);
        let signature = keys.sign("pay", b"x");
        assert!(keys.verify("pay", b"x", &signature));
        assert!(!keys.verify("portal", b"x", &signature));
        assert!(!keys.verify("pay", b"y", &signature));
        assert!(!keys.verify("pa", b"yx", &signature));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_mend() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().expect("a folder");
        keys(dir.path(), &[1]);
        let path = dir.path().join("host.key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        let error = HostKeys::read(&path).expect_err("refused");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn keys_do_not_show_in_debug() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(!format!("{:?}", keys(dir.path(), &[7])).contains('7'));
    }
}
