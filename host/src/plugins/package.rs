//! `vestibule plugin build`: from an author's folder to the one file that is dropped into a
//! host. The folder holds `plugin.toml` and what the tools of one of the known languages compile;
//! of other languages it takes the component that their own tools made.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use wit_component::ComponentEncoder;

use super::compile::{self, CompileError};
use super::component::{self, Files};
use super::load::{self, LoadError};
use super::manifest::{Manifest, ManifestError};

/// A plugin's file.
pub struct Package {
    /// The manifest that was embedded.
    pub manifest: Manifest,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// The files that were embedded.
    pub files: Files,
}

/// Why there is no plugin file.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `plugin.toml` is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The tools of its language did not make anything of it.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The module cannot become a component.
    #[error("the module does not become a component: {0}")]
    Component(String),
    /// A link, or a name that no host takes.
    #[error(
        "{0} cannot be in a plugin: files have names of letters, digits, `.`, `_` and `-`, \
         and are no links"
    )]
    File(PathBuf),
    /// A manifest is in it already.
    #[error("the component holds a manifest already; give the one that its tools made")]
    TwoManifests,
    /// A host would not load it.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Builds the plugin of the author's folder. `wasm` is a module or component that was built
/// before; without it, the tools of the folder's language make one.
pub fn build(folder: &Path, wasm: Option<&Path>) -> Result<Package, PackageError> {
    let manifest_path = folder.join("plugin.toml");
    let manifest = std::fs::read_to_string(&manifest_path).map_err(at(&manifest_path))?;
    // Before a compiler works for a minute.
    Manifest::parse(&manifest)?;
    let wasm = match wasm {
        Some(wasm) => std::fs::read(wasm).map_err(at(wasm))?,
        None => compile::compile(folder)?,
    };
    let mut files = Files::new();
    for name in component::FOLDERS {
        gather(&folder.join(name), name, &mut files)?;
    }
    with_files(&manifest, &files, &wasm)
}

/// The same for a plugin that carries no files.
pub fn package(manifest: &str, wasm: &[u8]) -> Result<Package, PackageError> {
    with_files(manifest, &Files::new(), wasm)
}

/// Makes a component of `wasm` if it is a module, embeds the files and the manifest, and checks
/// all that a host checks before it compiles.
pub fn with_files(manifest: &str, files: &Files, wasm: &[u8]) -> Result<Package, PackageError> {
    let parsed = Manifest::parse(manifest)?;
    let mut bytes = if wasmparser::Parser::is_core_wasm(wasm) {
        encode(wasm).map_err(|error| PackageError::Component(format!("{error:#}")))?
    } else {
        wasm.to_vec()
    };
    let contents = component::read(&bytes).map_err(LoadError::from)?;
    if contents.manifest.is_some() {
        return Err(PackageError::TwoManifests);
    }
    for (path, data) in files {
        component::embed_file(&mut bytes, path, data);
    }
    component::embed(&mut bytes, manifest);
    load::read(&bytes)?;
    Ok(Package {
        manifest: parsed,
        bytes,
        files: files.clone(),
    })
}

/// Writes a file whole or not at all, so that a running host never reads half of it. Whoever may
/// read files of this user by its umask may read it: the host often runs as another.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), PackageError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(at(folder))?;
    let mut file = tempfile::Builder::new()
        .prefix(".building-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(at(folder))?;
    file.write_all(bytes).map_err(at(path))?;
    file.persist(path).map_err(|error| at(path)(error.error))?;
    Ok(())
}

/// The files below `folder`, whose path in the plugin is `path`. Hidden ones stay out; links are
/// refused, since they lead elsewhere.
fn gather(folder: &Path, path: &str, files: &mut Files) -> Result<(), PackageError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(at(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let (here, path) = (entry.path(), format!("{path}/{name}"));
        let kind = entry.file_type().map_err(at(&here))?;
        if kind.is_dir() {
            gather(&here, &path, files)?;
        } else if kind.is_file() && component::is_file_path(&path) {
            let data = std::fs::read(&here).map_err(at(&here))?;
            files.insert(path, data.into());
        } else {
            return Err(PackageError::File(here));
        }
    }
    Ok(())
}

fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)?
        .encode()
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> PackageError {
    move |source| PackageError::Io {
        path: path.to_owned(),
        source,
    }
}
