//! `vestibule plugin sign` and `vestibule key signer`: signatures of plugins, as minisign makes them.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cx::{Clock, random};
use crate::plugins::{package, signature, signing_key};

use super::print;

/// Puts the signature of `file` beside it.
pub(super) fn sign(file: &Path, key: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let secret = std::fs::read_to_string(key).with_context(|| {
        let key = key.display();
        format!("there is no key in {key}; `vestibule key signer {key}` makes one")
    })?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let at = Clock::default().now().as_second();
    let signature = signing_key::sign(&bytes, &name, &secret, at)
        .with_context(|| format!("{} does not sign", key.display()))?;
    let beside = signature::path_of(file);
    package::write(&beside, signature.as_bytes())?;
    let (file, key) = (file.display(), key.display());
    print(&format!(
        "{}: the signature of {file}, of every byte as it is now. Sign again after each build, and hand \
         out both files.\nA host believes it once the line of {key}.pub, which you hand out by another \
         way, stands under [plugins.signers] there.",
        beside.display()
    ))
}

/// Makes a key at `path` and the public one beside it.
pub(super) fn make_key(path: &Path) -> anyhow::Result<()> {
    let key = signing_key::make(random())?;
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    new_file(path, 0o600, &key.secret)?;
    new_file(&public, 0o644, &key.public)?;
    print(&format!(
        "{} signs plugins; keep it secret. Whoever believes it writes\n\n[plugins.signers]\n{} = \
         \"{}\"",
        path.display(),
        name_of(path),
        key.line
    ))
}

/// Never in the place of a file that is there.
fn new_file(path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    let mut file = file.with_context(|| path.display().to_string())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

/// A name for the key that a configuration takes as it is.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let kept = stem.chars().filter(char::is_ascii_alphanumeric);
    let name: String = kept.map(|c| c.to_ascii_lowercase()).collect();
    if name.is_empty() {
        "vendor".to_owned()
    } else {
        name
    }
}
