//! From the bytes of a file to a plugin that can be called, or to the reason why not. Nothing
//! of the plugin runs before its imports were compared with what its manifest wishes.

mod error;

use std::sync::Arc;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use wasmtime::component::{Component, Linker};

pub use self::error::LoadError;
use super::branding::BrandingPart;
use super::call::{self, Code};
use super::compiler::Compiler;
use super::component::{self, Contents, Files, Opening};
use super::data::GuestData;
use super::engine::Engine;
use super::gateway::exports::GatewayPart;
use super::grants::Wishes;
use super::imports::{CallState, HostClock};
use super::limits::Limits;
use super::manifest::{Kind, Manifest};
use super::pages::PagesPart;
use super::signature::Signing;
use super::turns::Turns;
use super::upload::Upload;

/// A plugin that was loaded. It stays as it is; a newer one takes its place.
pub(super) struct Loaded {
    pub(super) manifest: Manifest,
    pub(super) limits: Limits,
    pub(super) code: Code,
    /// What it is as a gateway, if it is one.
    pub(super) gateway: Option<GatewayPart>,
    /// What it is as a branding, if it is one.
    pub(super) branding: Option<BrandingPart>,
    /// What it is as pages, if it is that.
    pub(super) pages: Option<PagesPart>,
    /// The files that it carries.
    pub(super) files: Arc<Files>,
    /// SHA-256 of the file, hexadecimal.
    pub(super) hash: String,
    /// Who signed it, of those whose signatures are believed.
    pub(super) signed_by: Option<String>,
    /// In use since then (host time).
    pub(super) since: Timestamp,
}

/// What becomes of a component that was never compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uncompiled {
    /// It is compiled, and waited for.
    Compile,
    /// It is compiled, and waited for only a while: what takes longer is [`LoadError::Uncompiled`], and
    /// [`Loader::late`] tells when it is ready.
    Begin,
    /// It is [`LoadError::Uncompiled`].
    Leave,
}

/// What loading needs of the host.
pub(super) struct Loader {
    compiler: Arc<Compiler>,
    linker: Linker<CallState>,
    limits: Limits,
    clock: HostClock,
    data: Arc<dyn GuestData>,
    turns: Arc<Turns>,
    signing: Arc<Signing>,
    opening: Opening,
}

impl Loader {
    pub(super) fn new(
        engine: Engine,
        limits: Limits,
        clock: HostClock,
        data: Arc<dyn GuestData>,
    ) -> Result<Self, wasmtime::Error> {
        let mut linker = Linker::new(engine.wasmtime());
        super::imports::link(&mut linker)?;
        Ok(Self {
            compiler: Compiler::new(engine),
            linker,
            limits,
            clock,
            data,
            turns: Turns::new(limits.calls_in_all),
            signing: Arc::default(),
            opening: Arc::new(|_, _| Ok(())),
        })
    }

    /// The same, that believes these signers, and asks for their signatures.
    pub(super) fn with_signing(self, signing: Signing) -> Self {
        Self {
            signing: Arc::new(signing),
            ..self
        }
    }

    /// The same, that takes nothing whose files cannot be used.
    pub(super) fn with_opening(self, opening: Opening) -> Self {
        Self { opening, ..self }
    }

    /// Bytes that a component file may have.
    pub(super) fn most_bytes(&self) -> usize {
        self.limits.component_bytes
    }

    /// Waits for a component that was given up for taking too long, and is compiled now or
    /// refused.
    pub(super) async fn late(&self) {
        self.compiler.late().await;
    }

    /// Loads a component. What was compiled before waits for nobody; the rest is compiled within
    /// a time that is bounded, if it is to be.
    pub(super) async fn load(
        &self,
        upload: Upload,
        uncompiled: Uncompiled,
    ) -> Result<Loaded, LoadError> {
        if upload.bytes.len() > self.limits.component_bytes {
            return Err(LoadError::TooLarge(self.limits.component_bytes));
        }
        let Prepared {
            contents,
            manifest,
            signed_by,
            upload,
            known,
        } = self.prepare(upload).await?;
        let hash = HEXLOWER.encode(&upload.content);
        let component = match (known, uncompiled) {
            (Some(component), _) => component,
            (None, Uncompiled::Leave) => return Err(LoadError::Uncompiled(manifest.id)),
            (None, Uncompiled::Compile) => {
                self.compiler.compile(upload, self.limits.compile).await?
            }
            (None, Uncompiled::Begin) => self.begin(upload, &manifest.id).await?,
        };

        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::World(call::first_and_last(&error)))?;
        let limits = self.limits.lowered_by(manifest.limits);
        let code = {
            let (clock, data) = (Arc::clone(&self.clock), Arc::clone(&self.data));
            let turns = Arc::clone(&self.turns);
            Code::new(&manifest.id, limits, pre.clone(), (clock, data), turns)
        };
        let gateway = if manifest.kinds.contains(&Kind::Gateway) {
            Some(GatewayPart::load(&code, &pre, &contents.exports).await?)
        } else {
            None
        };
        let branding = if manifest.kinds.contains(&Kind::Branding) {
            Some(BrandingPart::load(&code, &pre).await?)
        } else {
            None
        };
        let pages = if manifest.kinds.contains(&Kind::Pages) {
            Some(PagesPart::load(&code, &pre, &contents.exports).await?)
        } else {
            None
        };
        Ok(Loaded {
            manifest,
            limits,
            code,
            gateway,
            branding,
            pages,
            files: Arc::new(contents.files),
            hash,
            signed_by,
            since: (self.clock)(),
        })
    }
}

impl Loader {
    /// Compiles a component, and leaves it to itself when it takes long.
    async fn begin(&self, upload: Upload, id: &str) -> Result<Component, LoadError> {
        let Limits {
            compile,
            compile_ahead,
            ..
        } = self.limits;
        if compile <= compile_ahead {
            return self.compiler.compile(upload, compile).await;
        }
        let compiled = self.compiler.compile(upload, compile_ahead).await;
        if let Err(LoadError::Slow(_)) = compiled {
            let what = "a plugin takes long to compile; it is in use when it is ready";
            tracing::info!(plugin = id, "{what}");
        }
        compiled.map_err(|error| match error {
            LoadError::Slow(_) | LoadError::Waits => LoadError::Uncompiled(id.to_owned()),
            other => other,
        })
    }
}

/// What is known of a component before anything of it runs.
struct Prepared {
    contents: Contents,
    manifest: Manifest,
    signed_by: Option<String>,
    upload: Upload,
    /// Its code, if it was compiled before.
    known: Option<Component>,
}

impl Loader {
    async fn prepare(&self, upload: Upload) -> Result<Prepared, LoadError> {
        let (compiler, signing) = (Arc::clone(&self.compiler), Arc::clone(&self.signing));
        let opening = Arc::clone(&self.opening);
        let prepare = move || -> Result<Prepared, LoadError> {
            let bytes = &upload.bytes;
            let known = compiler.known(&upload.content);
            // What was compiled was checked then, byte by byte the same.
            let contents = match known {
                Some(_) => component::contents(bytes)?,
                None => component::read(bytes)?,
            };
            let (contents, manifest) = understood(contents)?;
            let signed_by = signing.signer(&manifest.kinds, bytes, upload.signature.as_deref())?;
            opening(&manifest.id, &contents.files).map_err(LoadError::Files)?;
            Ok(Prepared {
                contents,
                manifest,
                signed_by,
                upload,
                known,
            })
        };
        let prepared = tokio::task::spawn_blocking(prepare).await;
        prepared
            .unwrap_or_else(|_| Err(LoadError::Compile("the host went down over it".to_owned())))
    }
}

/// Everything that can be known about a component without compiling it.
pub(super) fn read(bytes: &[u8]) -> Result<(Contents, Manifest), LoadError> {
    understood(component::read(bytes)?)
}

/// What the contents say, if it is what a host takes.
fn understood(contents: Contents) -> Result<(Contents, Manifest), LoadError> {
    let manifest = contents.manifest.as_deref().ok_or(LoadError::NoManifest)?;
    let manifest = Manifest::parse(manifest)?;
    for import in &contents.imports {
        check_import(import, &manifest.permissions)?;
    }
    check_kinds(&manifest, &contents.exports)?;
    Ok((contents, manifest))
}

/// Whether the host has the import and the manifest speaks of it. Interfaces that can do no
/// harm need no word in the manifest; the handles of `secrets` come with every use of `http`,
/// and are denied one by one when they are asked for.
fn check_import(import: &str, wishes: &Wishes) -> Result<(), LoadError> {
    let unknown = || LoadError::UnknownImport(import.to_owned());
    let undeclared = |mend| LoadError::Undeclared {
        import: import.to_owned(),
        mend,
    };
    if import.starts_with("wasi:") {
        return Err(LoadError::Wasi(import.to_owned()));
    }
    let (interface, version) = import.split_once('@').ok_or_else(unknown)?;
    if !version.starts_with("1.") {
        return Err(unknown());
    }
    match interface {
        "vestibule:host/http" if wishes.http.is_empty() => {
            Err(undeclared("`http = [\"https://…\"]` under [permissions]"))
        }
        "vestibule:host/reveal" if wishes.reveal.is_empty() => {
            Err(undeclared("`reveal = [\"name\"]` under [permissions]"))
        }
        "vestibule:pages/customer" if wishes.data.is_empty() => Err(undeclared(
            "`data = [\"customer.profile\"]` or the like under [permissions]",
        )),
        "vestibule:pages/store" if !wishes.store => {
            Err(undeclared("`store = true` under [permissions]"))
        }
        "vestibule:types/types"
        | "vestibule:gateway/types"
        | "vestibule:pages/types"
        | "vestibule:pages/customer"
        | "vestibule:pages/store"
        | "vestibule:host/log"
        | "vestibule:host/clock"
        | "vestibule:host/random"
        | "vestibule:host/settings"
        | "vestibule:host/secrets"
        | "vestibule:host/crypto"
        | "vestibule:host/http"
        | "vestibule:host/reveal" => Ok(()),
        _ => Err(unknown()),
    }
}

fn check_kinds(manifest: &Manifest, exports: &[String]) -> Result<(), LoadError> {
    for kind in Kind::ALL {
        let name = kind.as_str();
        let prefix = format!("vestibule:{name}/");
        let exported = exports.iter().any(|export| export.starts_with(&prefix));
        let declared = manifest.kinds.contains(&kind);
        let problem = match (declared, exported) {
            (true, false) => format!(
                "its plugin.toml says kind \"{name}\", and it exports nothing of \
                 vestibule:{name}@1"
            ),
            (false, true) => format!(
                "it exports vestibule:{name}, and `kinds` of its plugin.toml does not say \
                 \"{name}\""
            ),
            (true, true) | (false, false) => continue,
        };
        return Err(LoadError::Kind(problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
