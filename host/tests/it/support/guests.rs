//! Plugins of the repository, built as their authors build them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;
use vestibule::plugins::package::{self, PackageError};

/// The files by the folders they were built of.
type Built = HashMap<&'static str, Arc<Vec<u8>>>;

/// The file of the plugin in `folder`, a path from the top of the repository. Built once in a
/// test process.
pub(crate) async fn built(folder: &'static str) -> Arc<Vec<u8>> {
    static BUILT: Mutex<Option<Built>> = Mutex::const_new(None);
    let mut known = BUILT.lock().await;
    let known = known.get_or_insert_default();
    if let Some(bytes) = known.get(folder) {
        return Arc::clone(bytes);
    }
    let source: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let build = move || match package::build(&source, None) {
        Ok(package) => package.bytes,
        // Without the target, `cargo xtask` has built it by another compiler.
        Err(PackageError::NoTarget) => std::fs::read(source.with_extension("wasm")).unwrap(),
        Err(error) => panic!("{error}"),
    };
    let bytes = Arc::new(tokio::task::spawn_blocking(build).await.unwrap());
    known.insert(folder, Arc::clone(&bytes));
    bytes
}
