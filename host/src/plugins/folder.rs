//! The folder of plugins: which files there are, which of them is loaded, and what happens
//! when one changes. A file is taken whole or not at all; the last good version stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::Plugins;
use super::gateway::answer::Capabilities;
use super::gateway::exports::GatewayPart;
use super::load::{LoadError, Loaded, Loader};
use super::manifest::Kind;

/// How long the folder must be quiet before it is read again.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// The folder and what was loaded from it.
pub(super) struct Folder {
    path: PathBuf,
    loader: Arc<Loader>,
    slots: ArcSwap<Slots>,
    /// The last good versions of files that were taken away, by plugin.
    gone: ArcSwap<BTreeMap<String, Arc<Loaded>>>,
    reloading: Mutex<()>,
}

/// What became of each file, by file name.
type Slots = BTreeMap<String, Slot>;

#[derive(Clone)]
struct Slot {
    /// Of the bytes that were tried last.
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
}

impl Folder {
    pub(super) fn new(path: PathBuf, loader: Arc<Loader>) -> Self {
        Self {
            path,
            loader,
            slots: ArcSwap::default(),
            gone: ArcSwap::default(),
            reloading: Mutex::default(),
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
        self.gone.load().get(id).cloned()
    }

    pub(super) fn states(&self) -> Vec<PluginState> {
        let slots = self.slots.load();
        let states = slots.iter().map(|(file, slot)| PluginState {
            file: file.clone(),
            in_use: slot.loaded.as_ref().map(|plugin| InUse {
                id: plugin.manifest.id.clone(),
                version: plugin.manifest.version.clone(),
                name: plugin.manifest.name.clone(),
                hash: plugin.hash.clone(),
                test_only: plugin.manifest.test_only,
                kinds: plugin.manifest.kinds.clone(),
                gateway: plugin.gateway.as_ref().map(GatewayPart::capabilities),
            }),
            error: slot.error.clone(),
        });
        states.collect()
    }

    /// Reads the folder and swaps in what is good, all at once.
    pub(super) async fn reload(&self) {
        let _one_at_a_time = self.reloading.lock().await;
        let before = self.slots.load_full();
        let files = match self.files().await {
            Ok(files) => files,
            Err(error) => {
                tracing::error!(%error, folder = %self.path.display(), "the plugin folder cannot be read; what is loaded stays");
                return;
            }
        };
        let mut slots = Slots::new();
        for (file, bytes) in files {
            let slot = self.slot(&file, bytes, before.get(&file), &slots).await;
            slots.insert(file, slot);
        }
        let mut gone = BTreeMap::clone(&self.gone.load());
        for (file, slot) in before.iter().filter(|(file, _)| !slots.contains_key(*file)) {
            if let Some(plugin) = &slot.loaded {
                tracing::warn!(
                    file,
                    plugin = plugin.manifest.id,
                    "a plugin was taken away; it looks after what is open until the host ends"
                );
                gone.insert(plugin.manifest.id.clone(), Arc::clone(plugin));
            }
        }
        for plugin in slots.values().filter_map(|slot| slot.loaded.as_ref()) {
            gone.remove(&plugin.manifest.id);
        }
        self.gone.store(Arc::new(gone));
        self.slots.store(Arc::new(slots));
    }

    async fn slot(
        &self,
        file: &str,
        bytes: Result<Vec<u8>, LoadError>,
        before: Option<&Slot>,
        others: &Slots,
    ) -> Slot {
        let hash = match &bytes {
            Ok(bytes) => Sha256::digest(bytes).into(),
            Err(_) => [0; 32],
        };
        let last_good = before.and_then(|slot| slot.loaded.clone());
        if let Some(slot) = before
            && slot.hash == hash
            && slot.error.is_none()
        {
            return slot.clone();
        }
        let loaded = match bytes {
            Ok(bytes) => self.loader.load(bytes).await,
            Err(error) => Err(error),
        };
        let loaded = loaded.and_then(|plugin| {
            let id = &plugin.manifest.id;
            let same = |slot: &Slot| {
                let other = slot.loaded.as_ref();
                other.is_some_and(|other| other.manifest.id == *id)
            };
            match others.iter().find(|(_, slot)| same(slot)) {
                Some((other, _)) => Err(LoadError::Duplicate {
                    id: id.clone(),
                    file: other.clone(),
                }),
                None => Ok(plugin),
            }
        });
        match loaded {
            Ok(plugin) => {
                let (id, version) = (&plugin.manifest.id, &plugin.manifest.version);
                tracing::info!(file, plugin = id, version, "a plugin was loaded");
                Slot {
                    hash,
                    loaded: Some(Arc::new(plugin)),
                    error: None,
                }
            }
            Err(error) => {
                let kept = last_good.is_some();
                tracing::error!(file, %error, kept, "a plugin was not loaded");
                Slot {
                    hash,
                    loaded: last_good,
                    error: Some(error.to_string()),
                }
            }
        }
    }

    /// The bytes of every `*.wasm` file, in order of names; folders are not entered.
    async fn files(&self) -> std::io::Result<BTreeMap<String, Result<Vec<u8>, LoadError>>> {
        let mut files = BTreeMap::new();
        let mut entries = match tokio::fs::read_dir(&self.path).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(files),
            Err(error) => return Err(error),
        };
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            let Some(name) = wasm_name(&path) else {
                continue;
            };
            let most = self.loader.most_bytes();
            let bytes = match tokio::fs::metadata(&path).await {
                Ok(found) if !found.is_file() => continue,
                Ok(found) if found.len() > most as u64 => Err(LoadError::TooLarge(most)),
                Ok(_) => tokio::fs::read(&path).await.map_err(LoadError::Read),
                Err(error) => Err(LoadError::Read(error)),
            };
            files.insert(name, bytes);
        }
        Ok(files)
    }
}

/// The file's name if it is a plugin's; hidden files are not, since editors and downloads
/// leave them behind.
pub(super) fn wasm_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let plugin = path.extension()? == "wasm" && !name.starts_with('.');
    plugin.then(|| name.to_owned())
}

/// Watches the plugin folder for as long as it is kept.
pub struct Watch {
    _debouncer: Debouncer<notify::RecommendedWatcher, RecommendedCache>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn watch(plugins: &Arc<Plugins>) -> Result<Watch, notify::Error> {
    // One pending wish to reload is as good as many.
    let (changed, mut changes) = mpsc::channel(1);
    let mut debouncer = new_debouncer(DEBOUNCE, None, move |events: DebounceEventResult| {
        let concerns_us = match &events {
            Ok(events) => events
                .iter()
                .any(|event| event.paths.iter().any(|path| wasm_name(path).is_some())),
            // Something was missed: look at everything.
            Err(_) => true,
        };
        if concerns_us {
            let _ = changed.try_send(());
        }
    })?;
    debouncer.watch(&plugins.folder.path, RecursiveMode::NonRecursive)?;
    let plugins = Arc::clone(plugins);
    let task = tokio::spawn(async move {
        while changes.recv().await.is_some() {
            plugins.reload().await;
        }
    });
    Ok(Watch {
        _debouncer: debouncer,
        task,
    })
}
