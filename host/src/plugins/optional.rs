//! Calls that the portal can do without: blocks and looks. One that fails again and again is left
//! out for a while, so that not every page waits for it; calls about money, pages of the plugin's
//! own, events and schedules are never left out.

use std::sync::Arc;

use super::binding::Binding;
use super::branding::Branding;
use super::breaker::{Change, Leave};
use super::load::Loaded;
use super::pages::Pages;

/// Leave to make one such call.
pub struct Optional {
    plugin: Arc<Loaded>,
    binding: Arc<Binding>,
    leave: Option<Leave>,
}

impl Optional {
    fn ask(plugin: &Arc<Loaded>, binding: &Arc<Binding>) -> Option<Self> {
        let Some(leave) = binding.breaker.ask(plugin.code.now()) else {
            plugin.code.left_out();
            return None;
        };
        Some(Self {
            plugin: Arc::clone(plugin),
            binding: Arc::clone(binding),
            leave: Some(leave),
        })
    }

    /// Says how the call ended. One that was dropped before says nothing about the plugin.
    pub fn end(mut self, well: bool) {
        let Some(leave) = self.leave.take() else {
            return;
        };
        let (code, patience) = (&self.plugin.code, &self.plugin.limits.patience);
        let change = self.binding.breaker.end(leave, well, code.now(), patience);
        let (plugin, at) = (code.id(), &*self.binding.label);
        match change {
            Some(Change::LeftOut(rest)) => {
                let seconds = rest.as_secs();
                tracing::warn!(
                    plugin,
                    at,
                    seconds,
                    "a plugin failed too often; it is left out"
                );
            }
            Some(Change::Well) => tracing::info!(plugin, at, "a plugin works again"),
            None => {}
        }
    }
}

impl Drop for Optional {
    fn drop(&mut self) {
        if let Some(leave) = self.leave.take() {
            self.binding.breaker.give_back(leave);
        }
    }
}

impl Pages {
    /// Leave to ask for a block; none while the plugin is left out here.
    pub fn optional(&self) -> Option<Optional> {
        Optional::ask(&self.plugin, &self.binding)
    }
}

impl Branding {
    /// Leave to ask for a look; none while the plugin is left out here.
    pub fn optional(&self) -> Option<Optional> {
        Optional::ask(&self.plugin, &self.binding)
    }
}
