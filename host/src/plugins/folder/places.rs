//! Which version takes the place of which in the folder, and which file an id belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Folder, Slot, Slots};
use crate::plugins::load::{self, LoadError, Loaded, Uncompiled};
use crate::plugins::upload::Upload;
use crate::plugins::uses::Uses;

/// A good file whose id another file's plugin had when it was taken up.
pub(super) struct Contested {
    pub(super) file: String,
    pub(super) upload: Upload,
    pub(super) plugin: Loaded,
}

impl Folder {
    /// Takes what is good into use, all at once, and keeps it for after a restart.
    pub(super) async fn use_all(&self, good: Vec<Contested>) {
        let mut slots = Slots::clone(&self.slots.load());
        let (mut uploads, mut replaced) = (Vec::new(), Vec::new());
        for Contested {
            file,
            upload,
            plugin,
        } in good
        {
            let (id, version) = (&plugin.manifest.id, &plugin.manifest.version);
            tracing::info!(file, plugin = id, version, "a plugin was loaded");
            let slot = Slot {
                hash: upload.hash(),
                loaded: Some(Arc::new(plugin)),
                error: None,
                unsuited: false,
            };
            displace(&mut slots, &file, slot.id().unwrap_or_default());
            let before = slots.insert(file.clone(), slot);
            let before = before.and_then(|slot| slot.loaded);
            replaced.extend(before.map(|plugin| (file.clone(), plugin)));
            uploads.push((file, upload));
        }
        // A file that became another plugin's took its own away.
        replaced.retain(|(_, plugin)| {
            let id = Some(&*plugin.manifest.id);
            slots.values().all(|slot| slot.id() != id)
        });
        self.take_away(replaced);
        self.slots.store(Arc::new(slots));
        let kept = Arc::clone(&self.kept);
        let keep = move || {
            for (file, upload) in uploads {
                kept.keep(&file, &upload);
            }
        };
        // A panic there is logged, and costs a version after a restart.
        let _ = tokio::task::spawn_blocking(keep).await;
    }

    /// What was tried last of `file` is not taken; its last good version stays.
    pub(super) fn refuse(&self, file: &str, hash: [u8; 32], error: &LoadError) {
        let mut slots = Slots::clone(&self.slots.load());
        let loaded = slots.get(file).and_then(|slot| slot.loaded.clone());
        if !matches!(error, LoadError::Uncompiled(_)) {
            let kept = loaded.is_some();
            tracing::error!(file, %error, kept, "a plugin was not loaded");
        }
        let slot = Slot {
            hash,
            loaded,
            error: Some(error.to_string()),
            unsuited: matches!(error, LoadError::Settings { .. }),
        };
        slots.insert(file.to_owned(), slot);
        self.slots.store(Arc::new(slots));
    }

    /// Decides between good files with the same id, now that all were looked at: a file that has
    /// it in use keeps it, a good file goes before the last good version of a bad one. Answers
    /// the files that are refused.
    pub(super) async fn decide(
        &self,
        contested: Vec<Contested>,
        names: &BTreeSet<String>,
    ) -> Vec<String> {
        if contested.is_empty() {
            return Vec::new();
        }
        let slots = self.slots.load_full();
        let changes = |file: &str| contested.iter().any(|one| one.file == file);
        let mut held: BTreeMap<String, String> = slots
            .iter()
            .filter(|(file, slot)| names.contains(*file) && slot.error.is_none() && !changes(file))
            .filter_map(|(file, slot)| Some((slot.id()?.to_owned(), file.clone())))
            .collect();
        let (mut good, mut refused) = (Vec::new(), Vec::new());
        for one in contested {
            let id = one.plugin.manifest.id.clone();
            if let Some(other) = held.get(&id) {
                let file = other.clone();
                let error = LoadError::Duplicate { id, file };
                self.refuse(&one.file, one.upload.hash(), &error);
                refused.push(one.file);
            } else {
                held.insert(id, one.file.clone());
                good.push(one);
            }
        }
        self.use_all(good).await;
        refused
    }

    /// Whether every use of the plugin that suits the version before suits this one.
    pub(super) async fn suits(
        &self,
        file: &str,
        plugin: &Loaded,
        uses: &Uses,
    ) -> Result<(), LoadError> {
        let slots = self.slots.load_full();
        let before = slots.get(file).and_then(|slot| slot.loaded.clone());
        let lost = match before {
            Some(before) => uses.lost(&before.manifest, &plugin.manifest),
            None => {
                let (kept, name) = (Arc::clone(&self.kept), file.to_owned());
                let read = move || load::read(&kept.find(&name)?.bytes).ok();
                let kept = tokio::task::spawn_blocking(read).await.ok().flatten();
                kept.and_then(|(_, before)| uses.lost(&before, &plugin.manifest))
            }
        };
        match lost {
            Some((at, what)) => Err(LoadError::Settings { at, what }),
            None => Ok(()),
        }
    }

    /// Goes on with the good version of a bad file that was kept before this process started;
    /// answers its id where it is still to be compiled.
    pub(super) async fn restore(&self, file: &str, uncompiled: Uncompiled) -> Option<String> {
        let bad = |slot: &&Slot| slot.loaded.is_none() && slot.error.is_some();
        let tried = self.slots.load().get(file).filter(bad)?.hash;
        let (kept, name) = (Arc::clone(&self.kept), file.to_owned());
        let found = tokio::task::spawn_blocking(move || kept.find(&name)).await;
        let found = found.ok().flatten().filter(|good| good.hash() != tried)?;
        let plugin = match self.loader.load(found, uncompiled).await {
            Ok(plugin) => plugin,
            Err(LoadError::Uncompiled(id)) => return Some(id),
            Err(error) => {
                tracing::error!(file, %error, "nor was its last good version, which was kept");
                return None;
            }
        };
        let mut slots = Slots::clone(&self.slots.load());
        let (id, version) = (&plugin.manifest.id, &plugin.manifest.version);
        if slots.values().any(|slot| slot.id() == Some(id)) {
            tracing::warn!(
                file,
                plugin = id,
                "the plugin of a bad file is in another one"
            );
            return None;
        }
        tracing::error!(
            file,
            plugin = id,
            version,
            "the file is bad; its last good version, which was kept, is in use. Mend the file, or remove it"
        );
        slots.get_mut(file)?.loaded = Some(Arc::new(plugin));
        self.slots.store(Arc::new(slots));
        None
    }
}

/// A good file goes before the last good version of a bad one.
fn displace(slots: &mut Slots, by: &str, id: &str) {
    for (file, slot) in slots {
        if file != by && slot.error.is_some() && slot.id() == Some(id) {
            tracing::warn!(
                file,
                by,
                plugin = id,
                "the plugin of a bad file is in a good one, which is used"
            );
            slot.loaded = None;
        }
    }
}
