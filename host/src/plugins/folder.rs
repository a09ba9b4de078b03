//! The folder of plugins: which files there are, which of them is loaded, and what happens
//! when one changes. A file is taken whole or not at all; the last good version stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::Plugins;
use super::figures::Figures;
use super::gateway::answer::Capabilities;
use super::gateway::exports::GatewayPart;
use super::load::{LoadError, Loaded, Loader, Upload};
use super::manifest::Kind;
use super::signature;

/// How long the folder must be quiet before it is read again.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// The folder and what was loaded from it.
pub(super) struct Folder {
    path: PathBuf,
    loader: Arc<Loader>,
    slots: ArcSwap<Slots>,
    /// The last good versions of files that were taken away, with their names, by plugin.
    gone: ArcSwap<BTreeMap<String, (String, Arc<Loaded>)>>,
    reloading: Mutex<()>,
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
        for (file, upload) in files {
            let slot = self.slot(&file, upload, before.get(&file), &slots).await;
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
                let entry = (file.clone(), Arc::clone(plugin));
                gone.insert(plugin.manifest.id.clone(), entry);
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
        upload: Result<Upload, LoadError>,
        before: Option<&Slot>,
        others: &Slots,
    ) -> Slot {
        let hash = match &upload {
            Ok(Upload { bytes, signature }) => {
                let signature = signature.as_deref().unwrap_or_default();
                let hasher = Sha256::new_with_prefix(Sha256::digest(bytes));
                hasher.chain_update(signature).finalize().into()
            }
            Err(_) => [0; 32],
        };
        let last_good = before.and_then(|slot| slot.loaded.clone());
        if let Some(slot) = before
            && slot.hash == hash
            && slot.error.is_none()
        {
            return slot.clone();
        }
        let loaded = match upload {
            Ok(upload) => self.loader.load(upload).await,
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

    /// Every `*.wasm` file with its signature, in order of names; folders are not entered.
    async fn files(&self) -> std::io::Result<BTreeMap<String, Result<Upload, LoadError>>> {
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
            let upload = match tokio::fs::metadata(&path).await {
                Ok(found) if !found.is_file() => continue,
                Ok(found) if found.len() > most as u64 => Err(LoadError::TooLarge(most)),
                Ok(_) => upload(&path).await.map_err(LoadError::Read),
                Err(error) => Err(LoadError::Read(error)),
            };
            files.insert(name, upload);
        }
        Ok(files)
    }
}

/// A plugin's file as it is now, with the signature that lies beside it.
pub(super) async fn upload(path: &Path) -> std::io::Result<Upload> {
    let bytes = tokio::fs::read(path).await?;
    let beside = signature::path_of(path);
    let signature = match tokio::fs::metadata(&beside).await {
        Ok(found) if found.len() > signature::LONGEST => Some(String::new()),
        Ok(_) => Some(String::from_utf8_lossy(&tokio::fs::read(&beside).await?).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(Upload { bytes, signature })
}

/// Whether this is a plugin's file, or the signature of one.
fn concerns_plugins(path: &Path) -> bool {
    let signed = signature::signed_by_file(path);
    wasm_name(signed.as_deref().unwrap_or(path)).is_some()
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
                .any(|event| event.paths.iter().any(|path| concerns_plugins(path))),
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
