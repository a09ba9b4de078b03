//! The host's cookies: named per surface, mode and business, so that a browser that visits
//! several portals on one host keeps them apart.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;

use super::surface::Surface;
use crate::domain::Scope;

/// The cookies of one surface. All are unreadable for scripts and sent to this host only.
#[derive(Clone)]
pub struct Cookies {
    secure: bool,
    realm: String,
    header: String,
}

/// What a cookie is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// The session's token.
    Session,
    /// Binds login requests and forms to a browser that is not signed in.
    Browser,
    /// Knows a browser again that has signed in before.
    Known,
    /// The language that was chosen.
    Language,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Browser => "browser",
            Self::Known => "known",
            Self::Language => "language",
        }
    }
}

impl std::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cookies")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl Cookies {
    pub(super) fn read(headers: &HeaderMap, surface: &Surface, secure: bool) -> Self {
        let realm = match surface {
            Surface::Portal(portal) => realm(&portal.scope),
            Surface::Console { .. } => "console".to_owned(),
            Surface::Api { .. } | Surface::Host => "host".to_owned(),
        };
        let values = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let header = values.collect::<Vec<_>>().join("; ");
        Self {
            secure,
            realm,
            header,
        }
    }

    /// The same browser's cookies of the portal of `scope`.
    #[must_use]
    pub fn of(&self, scope: &Scope) -> Self {
        Self {
            realm: realm(scope),
            ..self.clone()
        }
    }

    pub(super) fn get(&self, purpose: Purpose) -> Option<&str> {
        let name = self.name(purpose);
        self.header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// A cookie that ends with the browser's session.
    pub(super) fn set(&self, purpose: Purpose, value: &str) -> HeaderValue {
        self.write(purpose, value, "")
    }

    /// A cookie that stays for `age`.
    pub(super) fn keep(&self, purpose: Purpose, value: &str, age: SignedDuration) -> HeaderValue {
        self.write(purpose, value, &format!("; Max-Age={}", age.as_secs()))
    }

    pub(super) fn remove(&self, purpose: Purpose) -> HeaderValue {
        self.write(purpose, "", "; Max-Age=0")
    }

    /// Whether the portal is reached by https.
    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    fn name(&self, purpose: Purpose) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}vestibule-{}-{}", purpose.name(), self.realm)
    }

    fn write(&self, purpose: Purpose, value: &str, age: &str) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name(purpose);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
        HeaderValue::from_str(&text).expect("names and values are base64url, ids and tags")
    }
}

fn realm(scope: &Scope) -> String {
    format!("{}-{}", scope.mode, scope.business)
}
