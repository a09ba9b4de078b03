//! Secrets that open something: 256 random bits each, of which only a hash is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::cx;

/// A new secret, in the letters of addresses and cookies.
pub(super) fn fresh() -> String {
    URL_SAFE_NO_PAD.encode(cx::random::<32>())
}

/// What is kept of a secret. It needs no salt: nobody can guess 256 bits.
pub fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// A token that is made again from the id of its row instead of being kept: the signature of the
/// host's newest key.
pub(super) fn signed(cx: &cx::Cx, purpose: &str, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(cx.keys.sign(purpose, id.as_bytes()))
}

/// The same token later: the one whose hash the row keeps, by whichever key was the newest then.
pub(super) fn signed_before(cx: &cx::Cx, purpose: &str, id: &str, kept: &str) -> String {
    cx.keys
        .signatures(purpose, id.as_bytes())
        .map(|signature| URL_SAFE_NO_PAD.encode(signature))
        .find(|token| hash(token) == kept)
        .unwrap_or_else(|| signed(cx, purpose, id))
}

/// A hash under the host's key, for what could be guessed: codes, addresses.
pub(super) fn keyed_hash(cx: &cx::Cx, purpose: &str, text: &str) -> String {
    HEXLOWER.encode(&cx.keys.sign(purpose, text.as_bytes()))
}
