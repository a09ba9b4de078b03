//! The headers that every answer carries, and the content policy of pages.

use std::sync::Arc;

use axum::extract::{Extension, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::visit::Visit;

/// Origins of a gateway that one page needs: put into the answer's extensions, they are added to
/// the content policy of that page only.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Scripts come from there.
    pub scripts: Vec<String>,
    /// Frames come from there.
    pub frames: Vec<String>,
    /// Forms end there, by a redirect too.
    pub forms: Vec<String>,
}

/// The layer.
pub(super) async fn secure(
    Extension(visit): Extension<Arc<Visit>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let sources = response
        .extensions_mut()
        .remove::<Sources>()
        .unwrap_or_default();
    apply(response.headers_mut(), &visit, &sources);
    response
}

pub(super) fn apply(headers: &mut HeaderMap, visit: &Visit, sources: &Sources) {
    if let Ok(policy) = HeaderValue::from_str(&policy(&visit.nonce, sources)) {
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    put(headers, CACHE_CONTROL, "no-store");
    // Under `no-referrer` Chromium posts `Origin: null`; tokens in paths stay with us.
    put(headers, REFERRER_POLICY, "same-origin");
    put(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    if visit.cookies.is_secure() {
        put(
            headers,
            STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
}

/// Sets a header unless the handler has.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}

fn policy(nonce: &str, sources: &Sources) -> String {
    let origins = |origins: &[String]| {
        origins
            .iter()
            .fold(String::new(), |text, origin| text + " " + origin)
    };
    let frames = match origins(&sources.frames) {
        none if none.is_empty() => " 'none'".to_owned(),
        some => some,
    };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'{}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; frame-src{frames}; form-action 'self'{}; \
         frame-ancestors 'none'; object-src 'none'; base-uri 'none'",
        origins(&sources.scripts),
        origins(&sources.forms),
    )
}
