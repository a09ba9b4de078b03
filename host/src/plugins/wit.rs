//! The texts of the interfaces, as this host has them: authors' tools read them, and a new plugin
//! in Rust carries them.

use std::path::Path;

/// A text with its path below `wit/`.
pub(super) struct Text {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

macro_rules! texts {
    ($($path:literal),+ $(,)?) => {
        [$(Text { path: $path, text: include_str!(concat!("../../../wit/", $path)) }),+]
    };
}

/// Every text that is not a released one of the past.
pub(super) const TEXTS: &[Text] = &texts![
    "branding/v1/branding.wit",
    "gateway/v1/optional.wit",
    "gateway/v1/required.wit",
    "gateway/v1/types.wit",
    "gateway/v1/worlds.wit",
    "host/v1/host.wit",
    "pages/v1/exports.wit",
    "pages/v1/imports.wit",
    "pages/v1/types.wit",
    "pages/v1/worlds.wit",
    "types/v1/types.wit",
];

/// Writes them as the dependencies of the package in `folder`, where the tools of other languages
/// look for them.
pub(super) fn write_dependencies(folder: &Path) -> std::io::Result<()> {
    for Text { path, text } in TEXTS {
        // `gateway/v1/types.wit` becomes `deps/gateway/types.wit`: no package is below another.
        let path = path.replace("/v1/", "/");
        let path = folder.join("deps").join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn no_text_is_forgotten() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let mut there = BTreeSet::new();
        for package in std::fs::read_dir(&root).expect("the folder of interfaces") {
            let folder = package.expect("an entry").path().join("v1");
            let texts = std::fs::read_dir(folder).into_iter().flatten();
            there.extend(texts.map(|text| {
                let path = text.expect("a text").path();
                path.strip_prefix(&root).expect("below it").to_owned()
            }));
        }
        let known: BTreeSet<_> = TEXTS.iter().map(|text| PathBuf::from(text.path)).collect();
        assert_eq!(known, there);
    }
}
