//! Folders of first-party plugins, as a merchant has them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use vestibule::plugins::limits::Limits;

use super::guests::built;

/// A folder that holds these built plugins and nothing else, for a host's plugin folder.
pub(crate) async fn folder(names: &[&'static str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let source = match *name {
            "sandbox" => "plugins/sandbox",
            "retention" => "plugins/retention",
            "seasons" => "plugins/seasons",
            "stripe" => "plugins/stripe",
            "transfer" => "plugins/transfer",
            "sandbox-js" => "plugins/examples/javascript",
            "sandbox-py" => "plugins/examples/python",
            other => panic!("there is no plugin {other}"),
        };
        let file = folder.path().join(name).with_extension("wasm");
        if source.starts_with("plugins/examples/") {
            std::fs::copy(example(source), file).unwrap();
        } else {
            std::fs::write(file, &*built(source).await).unwrap();
        }
    }
    folder
}

/// The file of an example, which `cargo xtask test` builds: that takes seconds, and its tools.
fn example(source: &str) -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = top.join(source).with_extension("wasm");
    assert!(
        file.is_file(),
        "{} is not built; run `cargo xtask plugins`",
        file.display()
    );
    file
}

/// The folder of compiled code that tests share with the end-to-end tests: components in JavaScript
/// and Python take many seconds to compile.
pub(crate) fn cache() -> PathBuf {
    match std::env::var_os("VESTIBULE_PLUGIN_CACHE") {
        Some(folder) => folder.into(),
        None => std::env::temp_dir().join("vestibule-e2e-plugin-cache"),
    }
}

/// The limits of every host, but for the time of compiling: that of a component in JavaScript depends
/// on what else the machine does.
pub(crate) fn patient() -> Limits {
    Limits {
        compile: Duration::from_mins(30),
        ..Limits::default()
    }
}
