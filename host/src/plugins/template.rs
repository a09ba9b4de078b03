//! `vestibule plugin new`: a folder to begin a plugin with. The templates in `plugins/templates` are
//! plugins that work as they stand, under a name that is replaced by the new one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::compile::Language;
use super::manifest::{self, Kind};
use super::wit::{TEXTS, Text};

/// The name of the templates, and as people read it.
const NAME: &str = "example-pay";
const TITLE: &str = "Example Pay";

/// Why there is no new folder.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not a plugin's id.
    #[error("`{0}` is no name of a plugin: write lower-case letters, digits and hyphens")]
    Name(String),
    /// Something is there already.
    #[error("{0} is there already; begin the plugin under another name, or remove what is there")]
    Exists(PathBuf),
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../../plugins/templates/", $path))
    };
}

macro_rules! example {
    ($path:literal) => {
        include_str!(concat!("../../../plugins/examples/", $path))
    };
}

macro_rules! sdk {
    ($($path:literal),+ $(,)?) => {
        [$((
            concat!("vestibule-plugin/", $path),
            include_str!(concat!("../../../plugins/sdk/", $path)),
        )),+]
    };
}

/// The crate that plugins in Rust are made with; the texts of the interfaces come beside it.
const SDK: &[(&str, &str)] = &sdk![
    "Cargo.toml",
    "src/api.rs",
    "src/bindings.rs",
    "src/branding.rs",
    "src/gateway.rs",
    "src/lib.rs",
    "src/operator.rs",
    "src/pages.rs",
    "src/webhook.rs",
];

/// What a page shows.
const SHOWN: &[(&str, &str)] = &[
    (
        "templates/news.html",
        template!("pages/templates/news.html"),
    ),
    (
        "templates/thanks.html",
        template!("pages/templates/thanks.html"),
    ),
    (
        "locales/en/example-pay.ftl",
        template!("pages/locales/en/example-pay.ftl"),
    ),
    (
        "locales/es/example-pay.ftl",
        template!("pages/locales/es/example-pay.ftl"),
    ),
];

/// Makes `folder` for a plugin of this kind in this language. Its last part is the plugin's id.
pub fn create(folder: &Path, language: Language, kind: Kind) -> Result<(), TemplateError> {
    let id = folder.file_name().and_then(|name| name.to_str());
    let id = id.unwrap_or_default();
    if !manifest::is_word(id, '-') {
        return Err(TemplateError::Name(id.to_owned()));
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(at(parent))?;
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(TemplateError::Exists(folder.to_owned()));
        }
        made => made.map_err(at(folder))?,
    }
    let title = title(id);
    for (path, text) in files(language, kind) {
        let own = !path.starts_with("vestibule");
        let text = if own {
            text.replace(NAME, id).replace(TITLE, &title)
        } else {
            text.to_owned()
        };
        write(&folder.join(path.replace(NAME, id)), &text)?;
    }
    if language == Language::Rust {
        for Text { path, text } in TEXTS {
            write(&folder.join("vestibule-plugin/wit").join(path), text)?;
        }
    }
    Ok(())
}

/// `my-gateway` as people read it: `My gateway`.
fn title(id: &str) -> String {
    let mut letters = id.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let rest = letters.map(|letter| if letter == '-' { ' ' } else { letter });
    first.into_iter().chain(rest).collect()
}

/// The files of a new plugin, but for the texts of the interfaces.
fn files(language: Language, kind: Kind) -> Vec<(&'static str, &'static str)> {
    let (manifest, world) = match kind {
        Kind::Gateway => (
            template!("gateway/plugin.toml"),
            template!("gateway/world.wit"),
        ),
        Kind::Branding => (
            template!("branding/plugin.toml"),
            template!("branding/world.wit"),
        ),
        Kind::Pages => (template!("pages/plugin.toml"), template!("pages/world.wit")),
    };
    let cases = match kind {
        Kind::Gateway => template!("gateway/tests/first.toml"),
        Kind::Branding => template!("branding/tests/first.toml"),
        Kind::Pages => template!("pages/tests/first.toml"),
    };
    let mut files = vec![("plugin.toml", manifest), ("tests/first.toml", cases)];
    if kind == Kind::Pages {
        files.extend(SHOWN);
    }
    match language {
        Language::Rust => {
            files.push(("Cargo.toml", template!("rust/Cargo.toml")));
            // The versions that the plugins of this repository are built with.
            files.push(("Cargo.lock", include_str!("../../../plugins/Cargo.lock")));
            files.push((".gitignore", template!("rust/gitignore")));
            files.push(match kind {
                Kind::Gateway => ("src/lib.rs", template!("gateway/lib.rs")),
                Kind::Branding => ("src/lib.rs", template!("branding/lib.rs")),
                Kind::Pages => ("src/lib.rs", template!("pages/lib.rs")),
            });
            files.extend(SDK);
        }
        Language::JavaScript => {
            files.push(("wit/world.wit", world));
            files.push(("package.json", template!("javascript/package.json")));
            files.push((".gitignore", template!("javascript/gitignore")));
            match kind {
                Kind::Gateway => {
                    files.push(("plugin.js", template!("gateway/plugin.js")));
                    files.push(("vestibule.js", example!("javascript/vestibule.js")));
                }
                Kind::Branding => files.push(("plugin.js", template!("branding/plugin.js"))),
                Kind::Pages => files.push(("plugin.js", template!("pages/plugin.js"))),
            }
        }
        Language::Python => {
            files.push(("wit/world.wit", world));
            files.push(("pyproject.toml", template!("python/pyproject.toml")));
            files.push(("requirements.txt", example!("python/requirements.txt")));
            files.push((".gitignore", template!("python/gitignore")));
            match kind {
                Kind::Gateway => {
                    files.push(("app.py", template!("gateway/app.py")));
                    files.push(("vestibule.py", example!("python/vestibule.py")));
                }
                Kind::Branding => files.push(("app.py", template!("branding/app.py"))),
                Kind::Pages => files.push(("app.py", template!("pages/app.py"))),
            }
        }
    }
    files
}

fn write(path: &Path, text: &str) -> Result<(), TemplateError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(at(parent))?;
    }
    let mut file = std::fs::File::create_new(path).map_err(at(path))?;
    file.write_all(text.as_bytes()).map_err(at(path))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> TemplateError {
    move |source| TemplateError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::manifest::Manifest;

    #[test]
    fn a_new_folder_bears_its_own_name_and_a_manifest_that_is_taken() {
        let dir = tempfile::tempdir().expect("a folder");
        for language in Language::ALL {
            for kind in Kind::ALL {
                let folder = dir.path().join(format!("{language:?}-{}", kind.as_str()));
                let folder =
                    folder.with_file_name(folder.file_name().expect("a name").to_ascii_lowercase());
                create(&folder, language, kind).expect("a folder");
                assert_eq!(Language::of(&folder), Some(language));
                let text = std::fs::read_to_string(folder.join("plugin.toml")).expect("a manifest");
                let manifest = Manifest::parse(&text).expect("a manifest");
                assert_eq!(
                    manifest.id,
                    folder.file_name().expect("a name").to_string_lossy()
                );
                assert_eq!(manifest.kinds, [kind]);
                assert!(!text.contains(NAME) && !text.contains(TITLE), "{text}");
            }
        }
    }

    #[test]
    fn what_is_there_is_never_written_over() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("here");
        std::fs::create_dir(&folder).expect("a folder");
        let again = create(&folder, Language::Rust, Kind::Gateway);
        assert!(matches!(again, Err(TemplateError::Exists(_))));
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0);
        for name in ["Here", "..", "a b", "1st", ""] {
            let error = create(&dir.path().join(name), Language::Rust, Kind::Gateway);
            assert!(matches!(error, Err(TemplateError::Name(_))), "{name}");
        }
    }

    #[test]
    fn the_crate_for_rust_is_whole() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/sdk/src");
        let there = std::fs::read_dir(root).expect("its sources").count();
        let carried = SDK
            .iter()
            .filter(|(path, _)| path.contains("/src/"))
            .count();
        assert_eq!(carried, there);
    }
}
