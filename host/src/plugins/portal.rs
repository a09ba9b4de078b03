//! The plugins that portals are shown with: the branding of each business and mode, the pages and
//! blocks under their names, and what is known of those that fail.

use std::collections::HashMap;
use std::sync::Arc;

use super::branding::Branding;
use super::component::Files;
use super::config::{BrandingConfigs, PagesConfigs};
use super::manifest::Kind;
use super::pages::Pages;
use super::troubles::{Task, Trouble};
use super::{Duty, Error, Plugins, Role};
use crate::domain::Scope;

impl Plugins {
    /// Takes the configured branding of all businesses in place of that before.
    pub fn dress(&self, brandings: BrandingConfigs) {
        let before = self.brandings.load();
        let brandings: HashMap<_, _> = brandings
            .into_iter()
            .map(|(scope, config)| {
                let config = self.settled(&scope, Role::Branding, config, before.get(&scope));
                (scope, config)
            })
            .collect();
        self.forget(|scope, role| *role != Role::Branding || brandings.contains_key(scope));
        self.brandings.store(Arc::new(brandings));
        self.forget_troubles();
        self.reconfigured();
    }

    /// Takes the configured pages of all businesses in place of those before.
    pub fn furnish(&self, pages: PagesConfigs) {
        let before = self.pages.load();
        let pages: std::collections::BTreeMap<_, _> = pages
            .into_iter()
            .map(|(key, config)| {
                let role = Role::Pages(key.1.clone());
                let config = self.settled(&key.0, role, config, before.get(&key));
                (key, config)
            })
            .collect();
        self.forget(|scope, role| match role {
            Role::Pages(name) => pages.contains_key(&(scope.clone(), name.clone())),
            Role::Gateway(_) | Role::Branding => true,
        });
        self.pages.store(Arc::new(pages));
        self.forget_troubles();
        self.reconfigured();
    }

    /// The pages under `name` in `scope`, ready for calls; none when none are configured.
    pub fn pages(&self, scope: &Scope, name: &str) -> Option<Result<Pages, Error>> {
        let key = (scope.clone(), name.to_owned());
        let config = self.pages.load().get(&key).cloned()?;
        let plugin = self.usable(scope.mode, &config, Kind::Pages, Duty::Anything);
        let bound = plugin.and_then(|plugin| {
            let binding = self.bind(scope, Role::Pages(key.1), &plugin, &config)?;
            Ok(Pages::new(plugin, binding))
        });
        Some(bound)
    }

    /// The id of the plugin whose pages are under `name` in `scope`, loaded or not.
    pub fn plugin_of_pages(&self, scope: &Scope, name: &str) -> Option<String> {
        let configs = self.pages.load();
        let config = configs.get(&(scope.clone(), name.to_owned()))?;
        Some(config.plugin.clone())
    }

    /// All pages that can be used in `scope`, by their names, in order.
    pub fn all_pages(&self, scope: &Scope) -> Vec<(String, Pages)> {
        let configs = self.pages.load();
        let names = configs.keys().filter(|(of, _)| of == scope);
        names
            .filter_map(|(_, name)| Some((name.clone(), self.pages(scope, name)?.ok()?)))
            .collect()
    }

    /// Every call by the clock that the operator grants: where, to which pages, how often.
    pub fn schedules(&self) -> Vec<(Scope, String, String)> {
        let configs = self.pages.load();
        let all = configs.iter().flat_map(|((scope, name), config)| {
            let schedules = config.grant.schedules.iter();
            schedules.map(|schedule| (scope.clone(), name.clone(), schedule.clone()))
        });
        all.collect()
    }

    /// The branding of `scope`, ready for calls; none when none is configured.
    pub fn branding(&self, scope: &Scope) -> Option<Result<Branding, Error>> {
        let config = self.brandings.load().get(scope).cloned()?;
        let plugin = self.usable(scope.mode, &config, Kind::Branding, Duty::Anything);
        let bound = plugin.and_then(|plugin| {
            let binding = self.bind(scope, Role::Branding, &plugin, &config)?;
            Ok(Branding::new(plugin, binding))
        });
        Some(bound)
    }

    /// Says that a plugin failed at a task, and how: in the log, and for whoever asks.
    pub fn report(&self, plugin: &str, scope: &Scope, task: Task, what: &str) {
        let at = (self.clock)();
        self.troubles.report(plugin, scope, task, what, at);
    }

    /// Says that its answer could not be shown or followed: a call without a usable answer.
    pub fn useless(&self, plugin: &str, scope: &Scope, task: Task, what: &str) {
        if let Some(loaded) = self.folder.plugin(plugin) {
            loaded.code.unusable(task.as_str(), what);
        }
        self.report(plugin, scope, task, what);
    }

    /// Says that it works again.
    pub fn is_well(&self, plugin: &str, scope: &Scope, task: Task) {
        self.troubles.is_well(plugin, scope, task);
    }

    /// The plugins that failed last time, by plugin.
    pub fn troubles(&self) -> Vec<Trouble> {
        self.troubles.list()
    }

    /// What is not configured any more is no trouble.
    fn forget_troubles(&self) {
        let (brandings, pages) = (self.brandings.load(), self.pages.load());
        self.troubles.keep(|plugin, scope| {
            let mut pages = pages.iter().filter(|((of, _), _)| of == scope);
            let branding = brandings.get(scope);
            branding.is_some_and(|config| config.plugin == plugin)
                || pages.any(|(_, config)| config.plugin == plugin)
        });
    }

    /// The files that the loaded plugin with this id carries, and the hash of its own.
    pub fn files(&self, id: &str) -> Option<(String, Arc<Files>)> {
        let plugin = self.folder.plugin(id)?;
        Some((plugin.hash.clone(), Arc::clone(&plugin.files)))
    }
}
