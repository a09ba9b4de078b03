//! What can be read from a component file without running or compiling it: its manifest (a
//! top-level custom section), its imports and its exports. Also writes the section.

use std::borrow::Cow;

use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Encoding, Parser, Payload, Validator};

const MANIFEST_SECTION: &str = "vestibule:manifest";

/// What a component file holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// The text of `plugin.toml`.
    pub(super) manifest: Option<String>,
    /// Names of the imported interfaces.
    pub(super) imports: Vec<String>,
    /// Names of the exported interfaces.
    pub(super) exports: Vec<String>,
}

/// Why a file is not a component that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// Not WebAssembly, or damaged.
    #[error("it is not a valid WebAssembly file: {0}")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// A module, not a component.
    #[error(
        "it is a core module, not a component; `vestibule plugin build` makes a component of it"
    )]
    CoreModule,
    /// A manifest that nobody can read, or more than one.
    #[error("its section `{MANIFEST_SECTION}` {0}")]
    Manifest(&'static str),
}

/// Reads a component. Sections of nested components and modules are ignored: only the author
/// of the whole file speaks for it.
pub(super) fn read(bytes: &[u8]) -> Result<Contents, ContentsError> {
    if Parser::is_core_wasm(bytes) {
        return Err(ContentsError::CoreModule);
    }
    Validator::new().validate_all(bytes)?;
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
            _ => {}
        }
    }
    Ok(contents)
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
