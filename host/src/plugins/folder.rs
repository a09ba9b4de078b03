//! The folder of plugins: which files there are, which of them is loaded, and what happens
//! when one changes. A file is taken whole or not at all; the last good version stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, watch};

use super::figures::Figures;
use super::gateway::answer::Capabilities;
use super::gateway::exports::GatewayPart;
use super::load::{LoadError, Loaded, Loader, Uncompiled};
use super::manifest::Kind;
use super::upload::Upload;

/// The folder and what was loaded from it.
pub(super) struct Folder {
    path: PathBuf,
    loader: Loader,
    slots: ArcSwap<Slots>,
    /// The last good versions of files that were taken away, with their names, by plugin.
    gone: ArcSwap<BTreeMap<String, (String, Arc<Loaded>)>>,
    reloading: Mutex<()>,
    /// The ids of plugins that are to be compiled; none while the folder was never looked at.
    uncompiled: watch::Sender<Option<BTreeSet<String>>>,
}

/// What became of each file, by file name.
type Slots = BTreeMap<String, Slot>;

#[derive(Clone)]
struct Slot {
    /// Of the bytes that were tried last, with their signature.
    hash: [u8; 32],
    /// The last good version.
    loaded: Option<Arc<Loaded>>,
    /// Why the bytes that were tried last are not the version in use.
    error: Option<String>,
}

/// How one file of the folder stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginState {
    /// The file's name.
    pub file: String,
    /// What is in use, if anything is.
    pub in_use: Option<InUse>,
    /// Why the file as it is now is not in use.
    pub error: Option<String>,
}

/// A loaded plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Its id.
    pub id: String,
    /// Its own version.
    pub version: String,
    /// Its name for people.
    pub name: String,
    /// SHA-256 of its file, hexadecimal.
    pub hash: String,
    /// Whether it is for test mode only.
    pub test_only: bool,
    /// What it is.
    pub kinds: Vec<Kind>,
    /// What it can do as a gateway, if it is one.
    pub gateway: Option<Capabilities>,
    /// Who signed it, of those whose signatures are believed.
    pub signed_by: Option<String>,
    /// When it was loaded.
    pub loaded_at: Timestamp,
    /// What became of its calls.
    pub figures: Figures,
}

impl InUse {
    fn of(plugin: &Loaded) -> Self {
        Self {
            id: plugin.manifest.id.clone(),
            version: plugin.manifest.version.clone(),
            name: plugin.manifest.name.clone(),
            hash: plugin.hash.clone(),
            test_only: plugin.manifest.test_only,
            kinds: plugin.manifest.kinds.clone(),
            gateway: plugin.gateway.as_ref().map(GatewayPart::capabilities),
            signed_by: plugin.signed_by.clone(),
            loaded_at: plugin.since,
            figures: plugin.code.figures(),
        }
    }
}

impl Folder {
    pub(super) fn new(path: PathBuf, loader: Loader) -> Self {
        Self {
            path,
            loader,
            slots: ArcSwap::default(),
            gone: ArcSwap::default(),
            reloading: Mutex::default(),
            uncompiled: watch::channel(None).0,
        }
    }

    /// The loaded plugin with this id.
    pub(super) fn plugin(&self, id: &str) -> Option<Arc<Loaded>> {
        let slots = self.slots.load();
        let mut loaded = slots.values().filter_map(|slot| slot.loaded.as_ref());
        loaded.find(|plugin| plugin.manifest.id == id).cloned()
    }

    /// The plugin with this id whose file was taken away while this process ran.
    pub(super) fn gone(&self, id: &str) -> Option<Arc<Loaded>> {
        let gone = self.gone.load();
        let (_, plugin) = gone.get(id)?;
        Some(Arc::clone(plugin))
    }

    /// The files that were taken away, whose plugins look after what is open.
    pub(super) fn taken_away(&self) -> Vec<PluginState> {
        let gone = self.gone.load();
        let states = gone.values().map(|(file, plugin)| PluginState {
            file: file.clone(),
            in_use: Some(InUse::of(plugin)),
            error: None,
        });
        states.collect()
    }

    pub(super) fn states(&self) -> Vec<PluginState> {
        let slots = self.slots.load();
        let states = slots.iter().map(|(file, slot)| PluginState {
            file: file.clone(),
            in_use: slot.loaded.as_deref().map(InUse::of),
            error: slot.error.clone(),
        });
        states.collect()
    }

    /// Reads the folder and swaps in what is good, each as soon as it is ready: what was compiled
    /// before, so that it waits for nobody; then what is `used`; then the rest.
    pub(super) async fn reload(&self, used: &BTreeSet<String>) {
        let _one_at_a_time = self.reloading.lock().await;
        match self.names().await {
            Ok(names) => self.take_all(&names, used).await,
            Err(error) => {
                tracing::error!(%error, folder = %self.path.display(), "the plugin folder cannot be read; what is loaded stays");
            }
        }
        self.uncompiled.send_replace(Some(BTreeSet::new()));
    }

    async fn take_all(&self, names: &BTreeSet<String>, used: &BTreeSet<String>) {
        let mut uncompiled = Vec::new();
        for file in names {
            if let Some(id) = self.take(file, names, Uncompiled::Leave).await {
                uncompiled.push((file, id));
            }
        }
        uncompiled.sort_by_key(|(_, id)| !used.contains(id));
        let ids = uncompiled.iter().map(|(_, id)| id.clone()).collect();
        self.uncompiled.send_replace(Some(ids));
        for (file, id) in uncompiled {
            self.take(file, names, Uncompiled::Compile).await;
            self.uncompiled.send_modify(|ids| {
                ids.get_or_insert_default().remove(&id);
            });
        }
        self.forget_all_but(names);
    }

    /// Waits for the first look at the folder, until what is `used` is loaded, or it is known why
    /// it is not.
    pub(super) async fn ready(&self, used: &BTreeSet<String>) {
        let taken_up = |uncompiled: &Option<BTreeSet<String>>| {
            uncompiled.as_ref().is_some_and(|ids| ids.is_disjoint(used))
        };
        // The sender lives as long as this does.
        let _ = self.uncompiled.subscribe().wait_for(taken_up).await;
    }

    /// Waits for a file that was given up for taking too long, and is compiled now or refused.
    pub(super) async fn late(&self) {
        self.loader.late().await;
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes up one file as it is now; answers its id where it is still to be compiled. One file
    /// at a time is in memory, however many there are.
    async fn take(
        &self,
        file: &str,
        names: &BTreeSet<String>,
        uncompiled: Uncompiled,
    ) -> Option<String> {
        let slots = self.slots.load_full();
        let before = slots.get(file);
        let upload = self.read(file).await;
        let hash = match &upload {
            Ok(upload) => {
                let signature = upload.signature.as_deref().unwrap_or_default();
                let hasher = Sha256::new_with_prefix(upload.content);
                hasher.chain_update(signature).finalize().into()
            }
            Err(_) => [0; 32],
        };
        if let Some(slot) = before
            && slot.hash == hash
            && slot.error.is_none()
        {
            return None;
        }
        let loaded = match upload {
            Ok(upload) => self.loader.load(upload, uncompiled).await,
            Err(error) => Err(error),
        };
        let loaded = loaded.and_then(|plugin| {
            let id = &plugin.manifest.id;
            let same = |(other, slot): &(&String, &Slot)| {
                let loaded = slot.loaded.as_ref();
                let same = loaded.is_some_and(|loaded| loaded.manifest.id == *id);
                *other != file && names.contains(*other) && same
            };
            match slots.iter().find(same) {
                Some((other, _)) => Err(LoadError::Duplicate {
                    id: id.clone(),
                    file: other.clone(),
                }),
                None => Ok(plugin),
            }
        });
        let last_good = before.and_then(|slot| slot.loaded.clone());
        let (loaded, error) = match loaded {
            Ok(plugin) => {
                let (id, version) = (&plugin.manifest.id, &plugin.manifest.version);
                tracing::info!(file, plugin = id, version, "a plugin was loaded");
                (Some(Arc::new(plugin)), None)
            }
            Err(error @ LoadError::Uncompiled(_)) => (last_good, Some(error)),
            Err(error) => {
                let kept = last_good.is_some();
                tracing::error!(file, %error, kept, "a plugin was not loaded");
                (last_good, Some(error))
            }
        };
        let slot = Slot {
            hash,
            loaded,
            error: error.as_ref().map(ToString::to_string),
        };
        let mut slots = Slots::clone(&slots);
        slots.insert(file.to_owned(), slot);
        self.slots.store(Arc::new(slots));
        match error {
            Some(LoadError::Uncompiled(id)) => Some(id),
            _ => None,
        }
    }

    /// What is not in the folder any more looks after what is open.
    fn forget_all_but(&self, names: &BTreeSet<String>) {
        let mut slots = Slots::clone(&self.slots.load());
        let mut gone = BTreeMap::clone(&self.gone.load());
        for (file, slot) in slots.extract_if(.., |file, _| !names.contains(file)) {
            if let Some(plugin) = slot.loaded {
                tracing::warn!(
                    file,
                    plugin = plugin.manifest.id,
                    "a plugin was taken away; it looks after what is open until the host ends"
                );
                gone.insert(plugin.manifest.id.clone(), (file, plugin));
            }
        }
        for plugin in slots.values().filter_map(|slot| slot.loaded.as_ref()) {
            gone.remove(&plugin.manifest.id);
        }
        self.gone.store(Arc::new(gone));
        self.slots.store(Arc::new(slots));
    }

    /// The names of all files that are plugins'. What has such a name and is no file is told as
    /// well, and never opened.
    async fn names(&self) -> std::io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let mut entries = match tokio::fs::read_dir(&self.path).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            Err(error) => return Err(error),
        };
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            let Some(name) = wasm_name(&path) else {
                continue;
            };
            names.insert(name);
        }
        Ok(names)
    }

    async fn read(&self, file: &str) -> Result<Upload, LoadError> {
        let path = self.path.join(file);
        let most = self.loader.most_bytes();
        let found = tokio::fs::metadata(&path).await?;
        if !found.is_file() {
            return Err(LoadError::NotAFile);
        }
        if found.len() > most as u64 {
            return Err(LoadError::TooLarge(most));
        }
        Ok(Upload::read(path).await?)
    }
}

/// The file's name if it is a plugin's; hidden files are not, since editors and downloads
/// leave them behind.
pub(super) fn wasm_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let plugin = path.extension()? == "wasm" && !name.starts_with('.');
    plugin.then(|| name.to_owned())
}
