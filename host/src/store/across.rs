//! The few lookups that find their scope instead of starting from it: by the hash of a secret
//! that its bearer showed.

use super::api_keys::{ApiKey, Row as ApiKeyRow};
use super::macros::{fetch_optional, queries};
use super::{Result, Tx};

queries! {
    API_KEY = "SELECT id, business_id, mode, label, may_write, created_at FROM api_keys \
        WHERE hash = $1 AND revoked_at IS NULL";
}

impl Tx {
    /// The API key with this hash, unless it was revoked.
    pub async fn api_key_by_hash(&mut self, hash: &str) -> Result<Option<ApiKey>> {
        fetch_optional!(self, ApiKeyRow, API_KEY, hash)?
            .map(ApiKey::try_from)
            .transpose()
    }
}
