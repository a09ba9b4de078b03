//! The last good version of each file, in a folder of its own: a restart over a bad file goes on
//! with it. One for each file of a plugin folder, for as long as that file is there. What is
//! kept is checked as any file is when it is loaded: by its digest, its signature, its manifest.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::upload::Upload;

/// Bytes of the first line of what is kept: a digest, and a signature as JSON writes it.
const LONGEST_HEAD: u64 = 64 << 10;

/// What a kept file is called, after the name of the plugin's.
const ENDING: &str = ".good";

/// Says which folder the plugins' one was when it last had files.
const NOTE: &str = ".of";

/// The good versions of the files of one plugin folder.
pub(super) struct LastGood {
    folder: PathBuf,
    /// The plugins' folder.
    of: PathBuf,
}

/// The first line of what is kept; the plugin's bytes follow.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// SHA-256 of the bytes, hexadecimal.
    content: String,
    signature: Option<String>,
}

impl Head {
    fn of(upload: &Upload) -> Self {
        Self {
            content: HEXLOWER.encode(&upload.content),
            signature: upload.signature.clone(),
        }
    }

    fn read(file: &mut impl BufRead) -> std::io::Result<Self> {
        let mut line = Vec::new();
        file.take(LONGEST_HEAD).read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

impl LastGood {
    /// Those that are kept below `folder`, of the plugin folder `of`: the files of another have their
    /// own, whatever they are called.
    pub(super) fn of(folder: &Path, of: &Path) -> Self {
        let of = std::path::absolute(of).unwrap_or_else(|_| of.to_owned());
        let digest = Sha256::digest(of.as_os_str().as_encoded_bytes());
        let name = HEXLOWER.encode(&digest[..8]);
        let folder = folder.join(name);
        Self { folder, of }
    }

    /// Keeps the good version of `file` in the place of that before. One that cannot be kept is
    /// missed only after a restart over a bad file.
    pub(super) fn keep(&self, file: &str, upload: &Upload) {
        let kept = || -> std::io::Result<()> {
            let head = Head::of(upload);
            let path = self.path_of(file);
            let before = File::open(&path).and_then(|file| Head::read(&mut BufReader::new(file)));
            if before.is_ok_and(|before| before == head) {
                return Ok(());
            }
            let mut folder = DirBuilder::new();
            folder.recursive(true).mode(0o700).create(&self.folder)?;
            // Whole or not at all.
            let mut new = tempfile::NamedTempFile::new_in(&self.folder)?;
            serde_json::to_writer(&mut new, &head)?;
            new.write_all(b"\n")?;
            new.write_all(&upload.bytes)?;
            new.as_file().sync_all()?;
            new.persist(&path)?;
            Ok(())
        };
        if let Err(error) = kept() {
            tracing::warn!(file, %error, "the good version of a plugin is not kept for after a restart");
        }
    }

    /// The good version of `file`, if one was kept and is whole.
    pub(super) fn find(&self, file: &str) -> Option<Upload> {
        let path = self.path_of(file);
        let read = || -> std::io::Result<(Head, Vec<u8>)> {
            let mut kept = BufReader::new(File::open(&path)?);
            let head = Head::read(&mut kept)?;
            let mut bytes = Vec::new();
            kept.read_to_end(&mut bytes)?;
            Ok((head, bytes))
        };
        let (head, bytes) = match read() {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::error!(file, %error, "the kept good version of a plugin cannot be read");
                return None;
            }
        };
        let upload = Upload::new(bytes, head.signature.clone());
        if Head::of(&upload) != head {
            tracing::error!(
                file,
                "the kept good version of a plugin was changed; it is not used"
            );
            return None;
        }
        Some(upload)
    }

    /// Forgets those of files that were taken away: what an operator removed does not come back. A
    /// folder that is not there, or an empty one where another was, says nothing of its files: its disk
    /// may not be mounted yet.
    pub(super) fn forget_all_but(&self, files: &BTreeSet<String>) {
        let (Ok(entries), Ok(found)) = (fs::read_dir(&self.folder), fs::metadata(&self.of)) else {
            return;
        };
        let (note, here) = (
            self.folder.join(NOTE),
            format!("{}:{}", found.dev(), found.ino()),
        );
        let is_noted = fs::read_to_string(&note).is_ok_and(|noted| noted == here);
        if files.is_empty() && !is_noted {
            return;
        }
        if !is_noted && let Err(error) = fs::write(&note, &here) {
            tracing::warn!(path = %note.display(), %error, "whose the kept versions of plugins are is not noted");
        }
        for entry in entries.flatten() {
            let name = entry.file_name();
            let file = name.to_str().and_then(|name| name.strip_suffix(ENDING));
            if name != NOTE
                && !file.is_some_and(|file| files.contains(file))
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::error!(path = %entry.path().display(), %error, "the kept version of a plugin that was taken away stays");
            }
        }
    }

    fn path_of(&self, file: &str) -> PathBuf {
        self.folder.join(format!("{file}{ENDING}"))
    }
}
