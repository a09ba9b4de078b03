//! The static files of themes, under names that change with their content.

use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use super::{Error, Web};
use crate::themes::{Asset, Carried, Themes};

pub(super) async fn show(
    State(web): State<Web>,
    Path((theme, file)): Path<(String, String)>,
) -> Result<Response, Error> {
    let asset = web.themes.asset(&theme, &file);
    let asset = asset.or_else(|| of_plugin(&web, &theme, &file));
    Ok(answer(asset.ok_or_else(Error::not_found)?))
}

/// A plugin's file that this process has not opened yet: another one may have made the page.
fn of_plugin(web: &Web, theme: &str, file: &str) -> Option<Asset> {
    let id = Themes::plugin_named(theme)?;
    let (version, files) = web.cx.plugins.files(id)?;
    let carried = Carried {
        id,
        version: &version,
        files: &files,
    };
    web.themes.enclose(&carried).ok()?;
    web.themes.asset(theme, file)
}

/// A file with what browsers have to know of it.
pub(super) fn answer(asset: Asset) -> Response {
    let mut response = asset.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    let caching = if asset.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    if asset.sandboxed {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    response
}
