//! The folder of plugins: which files there are, which of them is loaded, and what happens
//! when one changes. A file is taken whole or not at all; the last good version stays.

mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use self::places::Contested;
use super::last_good::LastGood;
use super::load::{LoadError, Loaded, Loader, Uncompiled};
use super::status::{InUse, PluginState};
use super::upload::Upload;
use super::uses::Uses;

/// The folder and what was loaded from it.
pub(super) struct Folder {
    path: PathBuf,
    loader: Loader,
    /// What a restart over a bad file goes on with.
    kept: Arc<LastGood>,
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
    /// Whether it is that some business's settings do not suit them.
    unsuited: bool,
}

impl Slot {
    /// The id of what is in use.
    fn id(&self) -> Option<&str> {
        let loaded = self.loaded.as_ref()?;
        Some(&loaded.manifest.id)
    }
}

/// Whose compiling a look at the folder waits for, however long it takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum WaitsFor {
    Everything,
    WhatIsUsed,
    Nothing,
}

impl WaitsFor {
    fn with(self, is_used: bool) -> Uncompiled {
        match (self, is_used) {
            (Self::Everything, _) | (Self::WhatIsUsed, true) => Uncompiled::Compile,
            (Self::WhatIsUsed, false) | (Self::Nothing, _) => Uncompiled::Begin,
        }
    }
}

/// What becomes of a file that is taken up.
enum Taken {
    /// It is in use, or refused.
    Settled,
    /// It is still to be compiled, and is the plugin with this id.
    Uncompiled(String),
    /// It is decided when all files were looked at: they may have exchanged their ids.
    Contested(Box<Contested>),
}

impl Folder {
    /// The folder at `path`, whose last good versions are kept in `kept`.
    pub(super) fn new(path: PathBuf, kept: &Path, loader: Loader) -> Self {
        Self {
            kept: Arc::new(LastGood::of(kept, &path)),
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
    pub(super) async fn reload(&self, uses: &Uses, waits: WaitsFor) {
        let _one_at_a_time = self.reloading.lock().await;
        match self.names().await {
            Ok(names) => self.take_all(&names, uses, waits).await,
            Err(error) => {
                tracing::error!(%error, folder = %self.path.display(), "the plugin folder cannot be read; what is loaded stays");
            }
        }
        self.uncompiled.send_replace(Some(BTreeSet::new()));
    }

    async fn take_all(&self, names: &BTreeSet<String>, uses: &Uses, waits: WaitsFor) {
        let (mut uncompiled, mut contested) = (Vec::new(), Vec::new());
        for file in names {
            match self.take(file, names, uses, Uncompiled::Leave).await {
                Taken::Settled => {}
                Taken::Uncompiled(id) => uncompiled.push((file, id)),
                Taken::Contested(one) => contested.push(*one),
            }
        }
        for file in names {
            if uncompiled.iter().all(|(other, _)| *other != file)
                && let Some(id) = self.restore(file, Uncompiled::Leave).await
            {
                uncompiled.push((file, id));
            }
        }
        let used = uses.ids();
        uncompiled.sort_by_key(|(_, id)| !used.contains(id));
        let ids: BTreeSet<_> = uncompiled.iter().map(|(_, id)| id.clone()).collect();
        // What was taken away waits for no compiler, but where it comes again under another name.
        self.forget_all_but(names, &ids).await;
        self.uncompiled.send_replace(Some(ids));
        let (mut left, mut waiting) = (BTreeSet::new(), Vec::new());
        for (file, id) in uncompiled {
            let how = waits.with(used.contains(&id));
            match self.take(file, names, uses, how).await {
                Taken::Contested(one) => contested.push(*one),
                Taken::Settled => left.extend(self.restore(file, how).await),
                Taken::Uncompiled(id) => {
                    left.insert(id);
                    waiting.push(file);
                }
            }
            self.uncompiled.send_modify(|ids| {
                ids.get_or_insert_default().remove(&id);
            });
        }
        // Whoever exchanged its id with a file that is not ready yet waits for that one.
        let slots = self.slots.load_full();
        contested.retain(|one| {
            let id = Some(one.plugin.manifest.id.as_str());
            let mut waiting = waiting.iter().filter_map(|file| slots.get(*file));
            waiting.all(|slot| slot.id() != id)
        });
        for file in self.decide(contested, names).await {
            left.extend(self.restore(&file, waits.with(true)).await);
        }
        self.forget_all_but(names, &left).await;
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

    /// Whether a version is not in use since settings do not suit it.
    pub(super) fn waits_for_settings(&self) -> bool {
        self.slots.load().values().any(|slot| slot.unsuited)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes up one file as it is now. One file at a time is in memory, however many there are.
    async fn take(
        &self,
        file: &str,
        names: &BTreeSet<String>,
        uses: &Uses,
        uncompiled: Uncompiled,
    ) -> Taken {
        let slots = self.slots.load_full();
        let before = slots.get(file);
        let upload = self.read(file).await;
        let hash = upload.as_ref().map(Upload::hash).unwrap_or_default();
        if let Some(slot) = before
            && slot.hash == hash
            && slot.error.is_none()
        {
            return Taken::Settled;
        }
        let loaded = match upload {
            Ok(upload) => {
                let loaded = self.loader.load(upload.clone(), uncompiled).await;
                match loaded {
                    Ok(plugin) => self
                        .suits(file, &plugin, uses)
                        .await
                        .map(|()| (plugin, upload)),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        let error = match loaded {
            Ok((plugin, upload)) => {
                let file = file.to_owned();
                let taken = Contested {
                    file,
                    upload,
                    plugin,
                };
                if slots.iter().any(|(other, slot)| {
                    *other != taken.file
                        && names.contains(other)
                        && slot.id() == Some(&taken.plugin.manifest.id)
                }) {
                    return Taken::Contested(Box::new(taken));
                }
                self.use_all(vec![taken]).await;
                return Taken::Settled;
            }
            Err(error) => error,
        };
        self.refuse(file, hash, &error);
        match error {
            LoadError::Uncompiled(id) => Taken::Uncompiled(id),
            _ => Taken::Settled,
        }
    }

    /// What is not in the folder any more looks after what is open; what is `coming` stays in use
    /// until it is there.
    async fn forget_all_but(&self, names: &BTreeSet<String>, coming: &BTreeSet<String>) {
        let mut slots = Slots::clone(&self.slots.load());
        let taken = slots.extract_if(.., |file, slot| {
            !names.contains(file) && slot.id().is_none_or(|id| !coming.contains(id))
        });
        let taken = taken.filter_map(|(file, slot)| Some((file, slot.loaded?)));
        self.take_away(taken.collect());
        let mut gone = BTreeMap::clone(&self.gone.load());
        gone.retain(|id, _| slots.values().all(|slot| slot.id() != Some(id)));
        self.gone.store(Arc::new(gone));
        self.slots.store(Arc::new(slots));
        let (kept, names) = (Arc::clone(&self.kept), names.clone());
        let forget = move || kept.forget_all_but(&names);
        // A panic there is logged, and tried again at the next change.
        let _ = tokio::task::spawn_blocking(forget).await;
    }

    fn take_away(&self, plugins: Vec<(String, Arc<Loaded>)>) {
        let mut gone = BTreeMap::clone(&self.gone.load());
        for (file, plugin) in plugins {
            let id = plugin.manifest.id.clone();
            tracing::warn!(
                file,
                plugin = id,
                "a plugin was taken away; it looks after what is open until the host ends"
            );
            gone.insert(id, (file, plugin));
        }
        self.gone.store(Arc::new(gone));
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
