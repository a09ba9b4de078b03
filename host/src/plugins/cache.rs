//! Compiled code on disk, in a folder that only the host's own user may touch. The key is the
//! component's hash and the engine's compatibility hash, so that another version, machine or
//! setting compiles anew. What nobody has used for long goes; several hosts, of several versions,
//! may share the folder.

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Code that no host has loaded for this long is deleted: that of other versions, of plugins that
/// were replaced, and what a write that was cut off left behind.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// What a component's file holds: SHA-256 of its bytes.
pub(super) type Content = [u8; 32];

/// The folder of compiled code.
pub(super) struct CodeCache {
    folder: PathBuf,
    compatibility: u64,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or read.
    #[error("the folder of compiled plugins `{folder}` cannot be used")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Somebody else may write native code there.
    #[error(
        "the folder of compiled plugins `{folder}` belongs to another user or is a link; \
         name a folder that only the host uses"
    )]
    NotOurs {
        /// The folder.
        folder: PathBuf,
    },
}

impl CodeCache {
    /// Opens the folder, making it if it is not there, and shuts everyone else out.
    pub(super) fn open(folder: &Path, engine: &Engine) -> Result<Self, CacheError> {
        let io = |source| CacheError::Io {
            folder: folder.to_owned(),
            source,
        };
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(io(error));
            }
            Ok(()) | Err(_) => {}
        }
        // A file made here shows whose process this is, without asking the system in unsafe
        // ways; the folder must be the same user's.
        let probe = tempfile::tempfile_in(folder).map_err(io)?;
        let ours = probe.metadata().map_err(io)?.uid();
        let found = fs::symlink_metadata(folder).map_err(io)?;
        if !found.is_dir() || found.uid() != ours {
            return Err(CacheError::NotOurs {
                folder: folder.to_owned(),
            });
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(io)?;

        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let cache = Self {
            folder: folder.to_owned(),
            compatibility: hasher.finish(),
        };
        cache.prune();
        Ok(cache)
    }

    /// Deletes what was not used for long. A host that has such a file mapped keeps its code; one
    /// that is about to load it compiles anew.
    fn prune(&self) {
        let pruned = || -> std::io::Result<()> {
            let now = self.now()?;
            for entry in fs::read_dir(&self.folder)? {
                let entry = entry?;
                let used = entry.metadata().and_then(|found| found.modified());
                // Another host may have been first.
                let Ok(used) = used else { continue };
                let unused = now.duration_since(used).unwrap_or_default();
                if unused > KEPT && fs::remove_file(entry.path()).is_ok() {
                    tracing::debug!(path = %entry.path().display(), "unused compiled code was deleted");
                }
            }
            Ok(())
        };
        if let Err(error) = pruned() {
            tracing::warn!(%error, folder = %self.folder.display(), "unused compiled code stays");
        }
    }

    /// The time of the folder's own file system, which dates the files in it.
    fn now(&self) -> std::io::Result<SystemTime> {
        tempfile::tempfile_in(&self.folder)?.metadata()?.modified()
    }

    /// Dates the file as used now; one that cannot be dated is compiled again some day.
    fn used(&self, path: &Path) {
        let dated = self
            .now()
            .and_then(|now| fs::File::open(path)?.set_modified(now));
        if let Err(error) = dated {
            tracing::debug!(%error, path = %path.display(), "compiled code could not be dated");
        }
    }

    /// The code of what has this content, if it was compiled before.
    pub(super) fn known(&self, engine: &Engine, content: &Content) -> Option<Component> {
        let path = self.path_of(content);
        if !path.exists() {
            return None;
        }
        match load(engine, &path) {
            Ok(component) => {
                self.used(&path);
                Some(component)
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "a compiled plugin is not usable; it is to be compiled again");
                None
            }
        }
    }

    /// Compiles `bytes`, which have this content, and keeps the code. A cache that cannot be
    /// written only costs time.
    pub(super) fn compile(
        &self,
        engine: &Engine,
        bytes: &[u8],
        content: &Content,
    ) -> Result<Component, wasmtime::Error> {
        let path = self.path_of(content);
        let code = engine.precompile_component(bytes)?;
        match self.write(&path, &code) {
            Ok(()) => {
                self.prune();
                load(engine, &path)
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "a compiled plugin could not be kept");
                Component::new(engine, bytes)
            }
        }
    }

    fn path_of(&self, content: &Content) -> PathBuf {
        let content = HEXLOWER.encode(content);
        let compatibility = self.compatibility;
        self.folder
            .join(format!("{content}-{compatibility:016x}.cwasm"))
    }

    /// Written whole or not at all: native code that was cut off must never be loaded.
    fn write(&self, path: &Path, code: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(code)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

#[expect(
    unsafe_code,
    reason = "wasmtime maps native code into memory and runs it as it is: the file was written \
              by this module, whole, into a folder of mode 0700 that belongs to this user"
)]
fn load(engine: &Engine, path: &Path) -> Result<Component, wasmtime::Error> {
    // SAFETY: see the reason above. wasmtime itself refuses a file of another version or
    // configuration.
    unsafe { Component::deserialize_file(engine, path) }
}
