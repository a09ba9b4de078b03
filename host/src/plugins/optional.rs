//! Calls that may be left out for a while. The portal can do without blocks and looks: those that fail
//! again and again are left out, so that not every page waits for them. Pages of the plugin's own are
//! left out when customers wait for them in vain again and again, and apart from its blocks: what fails
//! at once holds up nobody, and may be the fault of one page. Calls about money, events and schedules
//! are never left out.

use std::sync::Arc;

use super::binding::Binding;
use super::branding::Branding;
use super::breaker::{Breaker, Change, Leave};
use super::load::Loaded;
use super::pages::Pages;

/// Leave to make one such call.
pub struct Optional {
    plugin: Arc<Loaded>,
    binding: Arc<Binding>,
    breaker: Which,
    leave: Option<Leave>,
}

/// Which of a binding's breakers decides.
type Which = fn(&Binding) -> &Breaker;

impl Optional {
    fn ask(plugin: &Arc<Loaded>, binding: &Arc<Binding>, breaker: Which) -> Option<Self> {
        let Some(leave) = breaker(binding).ask(plugin.code.now()) else {
            plugin.code.left_out();
            return None;
        };
        Some(Self {
            plugin: Arc::clone(plugin),
            binding: Arc::clone(binding),
            breaker,
            leave: Some(leave),
        })
    }

    /// Says how the call ended. One that was dropped before says nothing about the plugin.
    pub fn end(mut self, well: bool) {
        let Some(leave) = self.leave.take() else {
            return;
        };
        let (code, patience) = (&self.plugin.code, &self.plugin.limits.patience);
        let breaker = (self.breaker)(&self.binding);
        let change = breaker.end(leave, well, code.now(), patience);
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
            (self.breaker)(&self.binding).give_back(leave);
        }
    }
}

impl Pages {
    /// Leave to ask for a block; none while the plugin is left out here.
    pub fn optional(&self) -> Option<Optional> {
        Optional::ask(&self.plugin, &self.binding, |binding| &binding.breaker)
    }

    /// Leave to ask for a page of its own, or to hand over a form; none while those are left out here.
    pub fn visit(&self) -> Option<Optional> {
        Optional::ask(&self.plugin, &self.binding, |binding| &binding.visits)
    }
}

impl Branding {
    /// Leave to ask for a look; none while the plugin is left out here.
    pub fn optional(&self) -> Option<Optional> {
        Optional::ask(&self.plugin, &self.binding, |binding| &binding.breaker)
    }
}
