//! Static files of a theme under content-hashed names.
//!
//! Only listed types are served. Scripts are the host's own: only the theme `default` has them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{DEFAULT, Error, folder};

/// No static file may be larger.
const LARGEST: usize = 2 * 1024 * 1024;

/// One static file, ready to serve.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The content.
    pub bytes: Bytes,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Whether to serve it under `Content-Security-Policy: sandbox` (SVG can hold scripts).
    pub sandboxed: bool,
    /// Whether the address names this very content, so that it can be cached for ever.
    pub immutable: bool,
}

/// The static files of a theme and of those it extends.
#[derive(Debug, Default)]
pub struct Assets {
    theme: String,
    files: BTreeMap<String, (String, Asset)>,
}

impl Assets {
    /// Reads `static/` of every folder of `chain`, the theme's own first.
    pub(super) fn read(
        theme: &str,
        chain: &[(&str, &Path)],
        tokens: String,
    ) -> Result<Arc<Self>, Error> {
        let mut assets = Self {
            theme: theme.to_owned(),
            files: BTreeMap::new(),
        };
        assets.insert(
            "tokens.css".to_owned(),
            "text/css; charset=utf-8",
            tokens.into_bytes(),
        );
        for (owner, root) in chain {
            for (name, path) in folder::files(&root.join("static"))? {
                let Some(content_type) = content_type(&name, owner) else {
                    return Err(Error::FileType { path });
                };
                if assets.files.contains_key(&name) {
                    continue;
                }
                let bytes = std::fs::read(&path).map_err(|source| Error::Read {
                    path: path.clone(),
                    source,
                })?;
                if bytes.len() > LARGEST {
                    return Err(Error::FileSize {
                        path,
                        largest: LARGEST,
                    });
                }
                assets.insert(name, content_type, bytes);
            }
        }
        Ok(Arc::new(assets))
    }

    /// Files that a plugin carries; `owner` stands where a theme's name does. None is a script.
    pub(super) fn enclosed(owner: &str, files: &[(String, &Bytes)]) -> Result<Arc<Self>, String> {
        let mut assets = Self {
            theme: owner.to_owned(),
            files: BTreeMap::new(),
        };
        for (name, bytes) in files {
            let content_type = content_type(name, owner)
                .ok_or_else(|| format!("static/{name}: files of this type are not served"))?;
            if bytes.len() > LARGEST {
                return Err(format!("static/{name} is larger than {LARGEST} bytes"));
            }
            assets.insert(name.clone(), content_type, bytes.to_vec());
        }
        Ok(Arc::new(assets))
    }

    /// The `Content-Type` of `name`.
    pub(super) fn kind(&self, name: &str) -> Option<&'static str> {
        self.files.get(name).map(|(_, asset)| asset.content_type)
    }

    fn insert(&mut self, name: String, content_type: &'static str, bytes: Vec<u8>) {
        let hash = HEXLOWER.encode(&Sha256::digest(&bytes)[..6]);
        let asset = Asset {
            bytes: Bytes::from(bytes),
            content_type,
            sandboxed: content_type == "image/svg+xml",
            immutable: true,
        };
        self.files.insert(name, (hash, asset));
    }

    /// The address of `name`: `/assets/THEME/name.HASH.css`.
    pub fn url(&self, name: &str) -> Option<String> {
        let (hash, _) = self.files.get(name)?;
        let (stem, extension) = name.rsplit_once('.')?;
        Some(format!("/assets/{}/{stem}.{hash}.{extension}", self.theme))
    }

    /// The names of all files with their addresses.
    pub(super) fn urls(&self) -> impl Iterator<Item = (String, String)> {
        let url = |name: &String| Some((name.clone(), self.url(name)?));
        self.files.keys().filter_map(url)
    }

    /// The file at `path`, the part of its address after the theme. An address with another
    /// hash, from before a change of the theme, finds today's content, not to be cached.
    pub fn get(&self, path: &str) -> Option<Asset> {
        let (rest, extension) = path.rsplit_once('.')?;
        let (stem, wanted) = rest.rsplit_once('.')?;
        let (hash, asset) = self.files.get(&format!("{stem}.{extension}"))?;
        Some(Asset {
            immutable: hash == wanted,
            ..asset.clone()
        })
    }

    /// The content of `name`, for mails and documents that carry it inside.
    pub fn content(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name).map(|(_, asset)| &asset.bytes)
    }
}

/// The type of a listed file; `None` for what is not served.
fn content_type(name: &str, owner: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "js" if owner == DEFAULT => "text/javascript; charset=utf-8",
        _ => return None,
    })
}
