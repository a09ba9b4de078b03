//! Blocks of plugins inside pages of the portal. All plugins are asked at once, and none is waited
//! for longer than the deadline of blocks: a page without its block is shown without it.

use std::time::Duration;

use futures_util::future::join_all;

use super::extra::{reader, shown};
use crate::domain::extra_page::Slot;
use crate::plugins::Task;
use crate::web::SignedIn;

impl SignedIn {
    /// The same customer on a page with the blocks that plugins have for `slot`.
    pub(super) async fn with_blocks(mut self, slot: Slot, subscription: Option<&str>) -> Self {
        let plugins = std::sync::Arc::clone(&self.web.cx.plugins);
        let mut pages = plugins.all_pages(self.scope());
        pages.retain(|(_, pages)| pages.has_blocks());
        if pages.is_empty() {
            return self;
        }
        let deadline = self.web.cx.settings.load().plugins.block_deadline;
        let deadline = Duration::try_from(deadline).unwrap_or_default();
        let who = &self;
        let asked = pages.iter().map(|(name, pages)| async move {
            // None where it failed again and again: nobody waits for it until it has had its rest.
            let leave = pages.optional()?;
            let reader = reader(who, name);
            let block = pages.block(&reader, slot, subscription);
            Some((leave, tokio::time::timeout(deadline, block).await))
        });
        let answers = join_all(asked).await;
        let mut blocks = Vec::new();
        for ((name, pages), answer) in pages.iter().zip(answers) {
            let Some((leave, answer)) = answer else {
                continue;
            };
            let (plugin, scope) = (pages.plugin(), self.scope());
            let block = match answer {
                Ok(Ok(content)) => {
                    let shown =
                        content.map(|content| shown(&self, name, pages, &content, &[], &[]));
                    shown.transpose().map_err(|problem| {
                        plugins.useless(plugin, scope, Task::Block, &problem);
                    })
                }
                Ok(Err(error)) => {
                    plugins.report(plugin, scope, Task::Block, &error.to_string());
                    Err(())
                }
                Err(_) => {
                    let what = "its block did not come in time";
                    plugins.report(plugin, scope, Task::Block, what);
                    Err(())
                }
            };
            leave.end(block.is_ok());
            if let Ok(block) = block {
                plugins.is_well(plugin, scope, Task::Block);
                blocks.extend(block);
            }
        }
        self.frame.blocks = blocks;
        self
    }
}
