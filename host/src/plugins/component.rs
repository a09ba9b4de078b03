//! What can be read from a component file without running or compiling it: its manifest and the
//! files that its author put in (top-level custom sections), its imports and its exports. Also
//! writes the sections.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Encoding, Parser, Payload, Validator};

use crate::plain;

const MANIFEST_SECTION: &str = "vestibule:manifest";
const FILE_SECTION: &str = "vestibule:file/";

/// Folders that an author's files may stand in.
pub(super) const FOLDERS: [&str; 3] = ["templates", "locales", "static"];

/// Files of one plugin, at most.
const MOST_FILES: usize = 256;

/// The files that a plugin carries, by their path with `/`.
pub type Files = BTreeMap<String, Bytes>;

/// Whether the portal can use the files that the plugin with this id carries; the error says which
/// it cannot, and why.
pub type Opening = Arc<dyn Fn(&str, &Files) -> Result<(), String> + Send + Sync>;

/// What a component file holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// The text of `plugin.toml`.
    pub(super) manifest: Option<String>,
    /// Names of the imported interfaces.
    pub(super) imports: Vec<String>,
    /// Names of the exported interfaces.
    pub(super) exports: Vec<String>,
    /// The files in it.
    pub(super) files: Files,
}

/// Why a file is not a component that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// Not WebAssembly, or damaged.
    #[error("it is not a valid WebAssembly file: {}", plain::line(&.0.to_string()))]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// A module, not a component.
    #[error(
        "it is a core module, not a component; `vestibule plugin build` makes a component of it"
    )]
    CoreModule,
    /// A manifest that nobody can read, or more than one.
    #[error("its section `{MANIFEST_SECTION}` {0}")]
    Manifest(&'static str),
    /// A file at a path where none may be.
    #[error(
        "its file `{path}` {problem}; files stand below templates/, locales/ or static/, under \
         names of letters, digits, `.`, `_` and `-`"
    )]
    File {
        /// The path, cut.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Checks and reads a component.
pub(super) fn read(bytes: &[u8]) -> Result<Contents, ContentsError> {
    if Parser::is_core_wasm(bytes) {
        return Err(ContentsError::CoreModule);
    }
    Validator::new().validate_all(bytes)?;
    contents(bytes)
}

/// Reads a component that was checked before. Sections of nested components and modules are
/// ignored: only the author of the whole file speaks for it.
pub(super) fn contents(bytes: &[u8]) -> Result<Contents, ContentsError> {
    let mut contents = Contents::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { encoding, .. } if depth == 0 && encoding == Encoding::Module => {
                return Err(ContentsError::CoreModule);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    contents.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    contents.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                let text = std::str::from_utf8(section.data())
                    .map_err(|_| ContentsError::Manifest("is not UTF-8"))?;
                if contents.manifest.replace(text.to_owned()).is_some() {
                    return Err(ContentsError::Manifest("stands there twice"));
                }
            }
            Payload::CustomSection(section) if depth == 0 => {
                if let Some(path) = section.name().strip_prefix(FILE_SECTION) {
                    contents.take_file(path, section.data())?;
                }
            }
            _ => {}
        }
    }
    Ok(contents)
}

impl Contents {
    fn take_file(&mut self, path: &str, data: &[u8]) -> Result<(), ContentsError> {
        let fail = |problem| {
            Err(ContentsError::File {
                path: plain::line(&path.chars().take(100).collect::<String>()).into_owned(),
                problem,
            })
        };
        if !is_file_path(path) {
            return fail("has a path that is not allowed");
        }
        if self.files.len() == MOST_FILES {
            return fail("is one too many");
        }
        let data = Bytes::copy_from_slice(data);
        if self.files.insert(path.to_owned(), data).is_some() {
            return fail("stands there twice");
        }
        Ok(())
    }
}

/// Whether a plugin may carry a file at `path`: inside one of the folders, and nowhere else.
pub(super) fn is_file_path(path: &str) -> bool {
    let mut parts = path.split('/');
    let folder = parts.next().unwrap_or_default();
    let mut names = parts.peekable();
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    path.len() <= 200 && FOLDERS.contains(&folder) && names.peek().is_some() && names.all(plain)
}

/// Appends a file to a component.
pub(super) fn embed_file(component: &mut Vec<u8>, path: &str, data: &[u8]) {
    CustomSection {
        name: Cow::Owned(format!("{FILE_SECTION}{path}")),
        data: Cow::Borrowed(data),
    }
    .append_to_component(component);
}

/// Appends the manifest to a component that has none.
pub(super) fn embed(component: &mut Vec<u8>, manifest: &str) {
    CustomSection {
        name: Cow::Borrowed(MANIFEST_SECTION),
        data: Cow::Borrowed(manifest.as_bytes()),
    }
    .append_to_component(component);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component() -> Vec<u8> {
        wasm_encoder::Component::new().finish()
    }

    #[test]
    fn the_manifest_that_was_embedded_is_read_again() {
        let mut bytes = component();
        embed(&mut bytes, "id = \"x\"");
        let contents = read(&bytes).expect("a component");
        assert_eq!(contents.manifest.as_deref(), Some("id = \"x\""));
    }

    #[test]
    fn a_second_manifest_is_an_error() {
        let mut bytes = component();
        embed(&mut bytes, "a");
        embed(&mut bytes, "b");
        let error = read(&bytes).expect_err("two manifests").to_string();
        assert_eq!(error, "its section `vestibule:manifest` stands there twice");
    }

    #[test]
    fn a_file_stands_in_its_folder_and_nowhere_else() {
        let mut bytes = component();
        embed_file(&mut bytes, "templates/a/b.html", b"<p>");
        let files = read(&bytes).expect("a component").files;
        assert_eq!(files["templates/a/b.html"], "<p>");
        for path in [
            "",
            "templates",
            "templates/",
            "plugin.toml",
            "templates/../x.html",
            "../templates/x.html",
            "/templates/x.html",
            "templates//x.html",
            "templates/.hidden",
            "templates/x\\y",
            "templates/x\ny",
            "static/x y",
        ] {
            let mut bytes = component();
            embed_file(&mut bytes, path, b"");
            let error = read(&bytes).expect_err(path).to_string();
            assert!(error.contains("has a path that is not allowed"), "{error}");
        }
        let mut twice = bytes.clone();
        embed_file(&mut twice, "templates/a/b.html", b"<i>");
        let error = read(&twice).expect_err("twice").to_string();
        assert!(error.contains("stands there twice"), "{error}");
    }

    #[test]
    fn sections_of_nested_components_do_not_speak_for_the_file() {
        let mut inner = wasm_encoder::Component::new();
        inner.section(&CustomSection {
            name: MANIFEST_SECTION.into(),
            data: b"evil".into(),
        });
        let mut outer = wasm_encoder::Component::new();
        outer.section(&wasm_encoder::NestedComponentSection(&inner));
        assert!(
            read(&outer.finish())
                .expect("a component")
                .manifest
                .is_none()
        );
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        let module = wasm_encoder::Module::new().finish();
        assert!(matches!(read(&module), Err(ContentsError::CoreModule)));
        assert!(matches!(read(b"not wasm"), Err(ContentsError::Invalid(_))));
        let half = &component()[..6];
        assert!(matches!(read(half), Err(ContentsError::Invalid(_))));
    }
}
