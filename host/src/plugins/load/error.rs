//! Why a plugin is not loaded, with what mends it.

use std::time::Duration;

use crate::plugins::component::ContentsError;
use crate::plugins::manifest::ManifestError;
use crate::plugins::signature::SignatureError;

/// Why a plugin was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A folder, a device or a pipe of that name.
    #[error("it is not a file")]
    NotAFile,
    /// The file is larger than a component may be.
    #[error("it is larger than the {0} bytes that a component may have")]
    TooLarge(usize),
    /// Not a component.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// No manifest in it.
    #[error("it holds no manifest; `vestibule plugin build` puts the author's plugin.toml into it")]
    NoManifest,
    /// A manifest that is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A signature that is missing, or wrong.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A template, a message or a picture that it carries is wrong.
    #[error("what it carries cannot be shown: {0}")]
    Files(String),
    /// An import of WASI.
    #[error(
        "it imports `{0}`, and there is no WASI here. Rust: build for wasm32-unknown-unknown. \
         JavaScript: componentize with disableFeatures [\"stdio\", \"random\", \"clocks\", \
         \"http\", \"fetch-event\"]. Python: componentize-py --stub-wasi"
    )]
    Wasi(String),
    /// An import that nobody offers.
    #[error("it imports `{0}`, which this host does not have; it has vestibule:host@1.0")]
    UnknownImport(String),
    /// An import that the manifest does not speak of.
    #[error("it imports `{import}` and its plugin.toml does not say so: add {mend}")]
    Undeclared {
        /// The import.
        import: String,
        /// What to write.
        mend: &'static str,
    },
    /// A kind without its exports, or the other way round.
    #[error("{0}")]
    Kind(String),
    /// The plugin of this id is to be compiled first.
    #[error("it is being compiled")]
    Uncompiled(String),
    /// Others are being compiled that took too long; it is compiled when one of them has ended.
    #[error("it waits for others to be compiled, which takes too long")]
    Waits,
    /// Compiling takes too long. It goes on beside the host; when it ends well after all, its
    /// code is found.
    #[error(
        "it was not compiled within {}; give it more time with plugins.compile, or build it \
         smaller", told(*.0)
    )]
    Slow(Duration),
    /// It does not compile.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// Imports or exports of other types than this host's.
    #[error("it was built against another version of the interfaces (wit/VERSIONING.md): {0}")]
    World(String),
    /// Not even an empty instance can be made of it.
    #[error("no instance can be made of it: {0}")]
    Instantiate(String),
    /// Its description is missing or nonsense.
    #[error("its `info.describe` {0}")]
    Describe(String),
    /// The settings of a business suit the version before, and not this one.
    #[error("the settings at {at} do not suit it, and did the version before: {what}")]
    Settings {
        /// The business, mode and use.
        at: String,
        /// What is wrong with them.
        what: String,
    },
    /// Another file with this id is loaded already.
    #[error("the plugin `{id}` is already loaded from {file}")]
    Duplicate {
        /// The id.
        id: String,
        /// The other file.
        file: String,
    },
}

/// A time as the configuration writes it.
fn told(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (seconds, 0) => format!("{seconds} s"),
        (seconds, millis) => format!("{seconds}.{millis:03} s"),
    }
}
