//! What lies in the plugin folder, read without compiling or running any of it, and what a
//! business's configuration means for it. For commands that must leave no trace.

use std::collections::BTreeMap;
use std::path::Path;

use super::binding::{Binding, Finding, Findings};
use super::config::PluginConfig;
use super::folder::wasm_name;
use super::limits::Limits;
use super::load::{self, LoadError};
use super::manifest::{Kind, Manifest};
use crate::domain::Mode;

/// The files of a plugin folder, by name.
pub struct Survey {
    files: BTreeMap<String, Result<Manifest, LoadError>>,
    limits: Limits,
    test_only_in_live: bool,
}

impl Survey {
    /// Reads `folder`; one that is not there is empty. `test_only_in_live` is as in
    /// [`super::PluginSettings`].
    pub fn read(
        folder: &Path,
        limits: Limits,
        test_only_in_live: bool,
    ) -> Result<Self, std::io::Error> {
        let mut files = BTreeMap::new();
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        for entry in entries.into_iter().flatten() {
            let path = entry?.path();
            if let Some(name) = wasm_name(&path) {
                files.insert(name, manifest_of(&path, limits.component_bytes));
            }
        }
        Ok(Self {
            files,
            limits,
            test_only_in_live,
        })
    }

    /// The name of the file that holds the plugin with this id.
    pub fn file_of(&self, id: &str) -> Option<&str> {
        let mut files = self.files.iter();
        let (name, _) =
            files.find(|(_, read)| read.as_ref().is_ok_and(|manifest| manifest.id == id))?;
        Some(name)
    }

    /// The files that no host would load, with the reason.
    pub fn broken(&self) -> impl Iterator<Item = (&str, &LoadError)> {
        let files = self.files.iter();
        files.filter_map(|(name, read)| Some((name.as_str(), read.as_ref().err()?)))
    }

    /// What is wrong with the configuration of a plugin that is used as `kind`, or worth knowing
    /// about it.
    pub fn findings(&self, mode: Mode, kind: Kind, config: &PluginConfig) -> Findings {
        let manifest = match self.manifest(mode, kind, config) {
            Ok(manifest) => manifest,
            Err(finding) => {
                return Findings {
                    errors: vec![finding],
                    remarks: Vec::new(),
                };
            }
        };
        let limits = self.limits.lowered_by(manifest.limits);
        match Binding::new(String::new(), None, manifest, config, &limits) {
            Ok((_, findings)) | Err(findings) => findings,
        }
    }

    fn manifest(
        &self,
        mode: Mode,
        kind: Kind,
        config: &PluginConfig,
    ) -> Result<&Manifest, Finding> {
        let manifests = || self.files.values().filter_map(|read| read.as_ref().ok());
        let Some(manifest) = manifests().find(|manifest| manifest.id == config.plugin) else {
            let mut known: Vec<_> = manifests().map(|manifest| manifest.id.as_str()).collect();
            known.sort_unstable();
            let mend = if known.is_empty() {
                "There is none at all; put its .wasm file there.".to_owned()
            } else {
                format!("There are: {}.", known.join(", "))
            };
            let what = format!("no plugin in the folder has the id {:?}", config.plugin);
            return Err(Finding::new("plugin", what, mend));
        };
        if !manifest.kinds.contains(&kind) {
            let what = format!("the plugin {:?} is not a {}", config.plugin, kind.as_str());
            return Err(Finding::new("plugin", what, "Name one that is."));
        }
        if mode == Mode::Live && manifest.test_only && !self.test_only_in_live {
            let what = format!("the plugin {:?} is for test mode only", config.plugin);
            let mend = "Use it under [test], or set server.allow_test_gateway_in_live to try \
                        things out on loopback.";
            return Err(Finding::new("plugin", what, mend));
        }
        Ok(manifest)
    }
}

fn manifest_of(path: &Path, most_bytes: usize) -> Result<Manifest, LoadError> {
    let found = std::fs::metadata(path)?;
    if !found.is_file() {
        return Err(LoadError::NotAFile);
    }
    if found.len() > most_bytes as u64 {
        return Err(LoadError::TooLarge(most_bytes));
    }
    load::read(&std::fs::read(path)?).map(|(_, manifest)| manifest)
}
