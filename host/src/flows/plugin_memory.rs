//! What plugins remember in a business and mode, for the operator: how much it is, and away with it.

use serde_json::json;

use super::{Error, facts};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::store::PluginMemory;

/// How much each plugin remembers, by their ids.
pub async fn all(cx: &Cx, scope: &Scope) -> Result<Vec<PluginMemory>, Error> {
    let mut tx = cx.store.read().await?;
    Ok(tx.plugin_memories(scope).await?)
}

/// Forgets all that the plugin remembers, and says so in the audit; answers how many keys that were.
/// A plugin that runs meanwhile may write again at once.
pub async fn clear(cx: &Cx, scope: &Scope, plugin: &str) -> Result<u64, Error> {
    let mut tx = cx.store.begin().await?;
    let keys = tx.clear_plugin_memory(scope, plugin).await?;
    if keys == 0 {
        return Ok(0);
    }
    let before = Some(json!({ "keys": keys }));
    facts::audit(
        cx,
        &mut tx,
        scope,
        "plugin-store.clear",
        plugin,
        before,
        None,
    )
    .await?;
    tx.commit().await?;
    Ok(keys)
}
