//! Keys of the merchant API: made once, shown once, kept as a hash.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::secret::hash;
use super::{Error, facts};
use crate::cx::{Cx, random};
use crate::domain::Scope;
use crate::domain::id::ApiKeyId;
use crate::store::ApiKey;

/// The longest label, in characters.
const MAX_LABEL: usize = 100;

/// Makes a key that opens `scope`; one without `write` may only read. The text is answered
/// here and never again.
pub async fn create(
    cx: &Cx,
    scope: &Scope,
    label: &str,
    write: bool,
) -> Result<(ApiKeyId, SecretString), Error> {
    if label.chars().count() > MAX_LABEL {
        return Err(Error::Invalid {
            field: "label",
            problem: format!("is longer than {MAX_LABEL} characters"),
        });
    }
    let secret = BASE64_URL_SAFE_NO_PAD.encode(random::<32>());
    let text = SecretString::from(format!("vst_{}_{secret}", scope.mode));
    let key = ApiKey {
        id: cx.new_id(),
        scope: scope.clone(),
        label: label.to_owned(),
        write,
        created_at: cx.now(),
    };
    let mut tx = cx.store.begin().await?;
    tx.insert_api_key(&key, &hash(text.expose_secret())).await?;
    let after = json!({ "label": label, "write": write });
    let id = key.id.as_str();
    facts::audit(cx, &mut tx, scope, "api-key.create", id, None, Some(after)).await?;
    tx.commit().await?;
    Ok((key.id, text))
}

/// Ends a key for good.
pub async fn revoke(cx: &Cx, scope: &Scope, id: &ApiKeyId) -> Result<(), Error> {
    let mut tx = cx.store.begin().await?;
    if !tx.revoke_api_key(scope, id, cx.now()).await? {
        return Err(Error::NotFound("API key"));
    }
    facts::audit(
        cx,
        &mut tx,
        scope,
        "api-key.revoke",
        id.as_str(),
        None,
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}
