//! Folders of first-party plugins, as a merchant has them.

use super::guests::built;

/// A folder that holds these built plugins and nothing else, for a host's plugin folder.
pub(crate) async fn folder(names: &[&'static str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let source = match *name {
            "sandbox" => "plugins/sandbox",
            "stripe" => "plugins/stripe",
            "transfer" => "plugins/transfer",
            other => panic!("there is no plugin {other}"),
        };
        let file = folder.path().join(name).with_extension("wasm");
        std::fs::write(file, &*built(source).await).unwrap();
    }
    folder
}
