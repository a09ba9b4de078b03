//! `vestibule plugin test`: an author's own cases, each one call of the built plugin in the real
//! engine, with the limits and grants of a host. The world outside is what the case says it is: the
//! answers of a processor, the customer and what they have, what the plugin keeps, the time.

mod compare;
mod delivery;
mod file;
mod gateway;
mod given;
mod input;
mod owned;
mod pages;
mod report;
mod script;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub use self::file::{CaseFile, Mistake, read, read_folder};
pub use self::report::{Carrier, Problem, Ran, Showing, Shown};

use self::compare::compare;
use self::file::Case;
use self::pages::Seen;
use self::script::Script;
use self::tree::Node;
use super::binding::Binding;
use super::branding::Branding;
use super::config::PluginConfig;
use super::engine::{Engine, EngineError};
use super::gateway::Gateway;
use super::limits::Limits;
use super::load::{LoadError, Loaded, Loader, Uncompiled};
use super::manifest::{Kind, Manifest};
use super::pages::Pages;
use super::rehearsal::Rehearsal;
use super::upload::Upload;
use super::{Error, HostClock, UnknownCause};
use crate::domain::extra_page::Reader;
use crate::domain::{Mode, Scope};

/// Every call that a case can make.
const CALLS: [&str; 19] = [
    "info.describe",
    "payments.charge",
    "payments.resume",
    "payments.lookup",
    "payments.cancel",
    "setup.begin",
    "setup.complete",
    "refunds.refund",
    "refunds.lookup",
    "methods.detach",
    "webhooks.parse",
    "ledger.list",
    "pages.describe",
    "pages.render",
    "pages.submit",
    "blocks.block",
    "events.handle",
    "events.scheduled",
    "looks.resolve",
];

/// What a call answered, or how it failed, in the words of a case.
type Came = Result<Json, Json>;

/// Why no case could be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A host would not load the plugin.
    #[error("a host would not load it: {0}")]
    Load(#[from] LoadError),
}

/// A plugin that is loaded for its cases.
pub struct Bench {
    plugin: Arc<Loaded>,
    data: Arc<Rehearsal>,
    now: Arc<Mutex<Timestamp>>,
}

impl Bench {
    /// Loads a plugin's file as a host with these limits would. Compiled code is kept in `cache`.
    pub async fn load(bytes: Vec<u8>, limits: Limits, cache: &Path) -> Result<Self, RunError> {
        let engine = Engine::start(&limits, cache)?;
        let (data, now) = (
            Arc::new(Rehearsal::default()),
            Arc::new(Mutex::new(file::usual_time())),
        );
        let hand = Arc::clone(&now);
        let clock: HostClock =
            Arc::new(move || *hand.lock().unwrap_or_else(PoisonError::into_inner));
        let loader = Loader::new(engine, limits, clock, Arc::clone(&data) as _)
            .map_err(|error| EngineError::Wasmtime(error.into()))?;
        let upload = Upload::new(bytes, None);
        let plugin = Arc::new(loader.load(upload, Uncompiled::Compile).await?);
        Ok(Self { plugin, data, now })
    }

    /// Who the plugin is.
    pub fn manifest(&self) -> &Manifest {
        &self.plugin.manifest
    }

    /// Runs the cases whose name or file contains `filter`, one after the other; `told` hears of
    /// each as it ends.
    pub async fn run(
        &self,
        files: &[CaseFile],
        filter: &str,
        showing: &dyn Showing,
        mut told: impl FnMut(&Ran),
    ) -> Vec<Ran> {
        let mut all = Vec::new();
        for file in files {
            let here = file.path.to_string_lossy().contains(filter);
            for case in &file.cases {
                if !here && !case.name.contains(filter) {
                    continue;
                }
                let begun = Instant::now();
                let problems = match self.one(case, showing).await {
                    Ok(problems) => problems,
                    Err(problem) => vec![problem],
                };
                let ran = Ran {
                    file: file.path.clone(),
                    line: case.line,
                    name: case.name.clone(),
                    call: case.call.clone(),
                    problems,
                    took: begun.elapsed(),
                };
                told(&ran);
                all.push(ran);
            }
        }
        all
    }

    /// What is wrong with a case; the error is something that cannot be tried.
    async fn one(&self, case: &Case, showing: &dyn Showing) -> Result<Vec<Problem>, Problem> {
        let wrong = |key: &str, what: String| {
            let line = case.node.get(key).map_or(case.line, |node| node.line);
            Problem::new(line, key, format!("a case of {}", case.call), what)
        };
        let manifest = &self.plugin.manifest;
        let kind = kind_of(&case.call);
        if !manifest.kinds.contains(&kind) {
            let what = format!("the plugin is no {}", kind.as_str());
            return Err(wrong("call", what));
        }
        let script = Script::of(&case.node);
        let script = script.map_err(|error| wrong("http", error.what))?;
        let script = Arc::new(script);
        let scope = Scope::new("bus_example".parse().expect("it is an id"), Mode::Test);
        let secrets = case.given.secrets(manifest);
        let config = PluginConfig {
            plugin: manifest.id.clone(),
            settings: case.given.settings(),
            secrets: secrets
                .iter()
                .map(|(name, text)| (name.clone(), text.clone().into()))
                .collect(),
            grant: case.given.grants(manifest),
        };
        let label = "case".to_owned();
        let limits = &self.plugin.limits;
        let bound = Binding::new(label, Some(&scope), manifest, &config, limits);
        let (mut binding, _) = bound.map_err(|findings| wrong("given", findings.told()))?;
        binding.line = Some(Arc::clone(&script) as _);
        let binding = Arc::new(binding);

        let reader = Reader {
            customer: "cus_example".parse().expect("it is an id"),
            home: format!("/x/{}", manifest.id),
            locale: "en".to_owned(),
            now: case.given.now(),
            scope,
        };
        let owned = case.given.owned(&reader.scope, &reader.customer);
        self.data.begin(owned.map_err(|what| wrong("given", what))?);
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = case.given.now();

        let plugin = Arc::clone(&self.plugin);
        let seen = match kind {
            Kind::Gateway => {
                let gateway = Gateway::new(plugin, binding);
                Seen::only(gateway::call(&gateway, case, &secrets).await?)
            }
            Kind::Pages => pages::call(&Pages::new(plugin, binding), case, reader).await?,
            Kind::Branding => pages::look(&Branding::new(plugin, binding), case, reader).await?,
        };
        let mut problems = script.problems();
        // What a plugin makes of an answer that it should not have asked for says nothing.
        if problems.is_empty() {
            self.judge(case, &seen, showing, &mut problems);
        }
        Ok(problems)
    }

    fn judge(&self, case: &Case, seen: &Seen, showing: &dyn Showing, problems: &mut Vec<Problem>) {
        let Some(expect) = case.node.get("expect") else {
            return;
        };
        match (expect.get("answer"), expect.get("error"), &seen.came) {
            (Some(answer), _, Ok(came)) => compare(answer, Some(came), "answer", problems),
            (_, Some(error), Err(came)) => compare(error, Some(came), "error", problems),
            (None, None, Ok(_)) => {}
            (_, Some(error), Ok(came)) => problems.push(Problem::new(
                error.line,
                "error",
                compare::shown(Some(&error.json())),
                format!("an answer: {}", compare::shown(Some(came))),
            )),
            (answer, None, Err(came)) => problems.push(Problem::new(
                answer.unwrap_or(expect).line,
                "answer",
                answer.map_or("an answer".to_owned(), |node| {
                    compare::shown(Some(&node.json()))
                }),
                format!("an error: {}", compare::shown(Some(came))),
            )),
        }
        for key in case.expect.store.keys() {
            if let Some(node) = expect.get("store").and_then(|store| store.get(key)) {
                let kept = self.data.kept().remove(key);
                let kept = kept.map(|bytes| as_written(node, &bytes));
                compare(node, kept.as_ref(), &format!("store.{key}"), problems);
            }
        }
        let carrier = Carrier {
            id: &self.plugin.manifest.id,
            version: &self.plugin.hash,
            files: &self.plugin.files,
        };
        if let Some(shown) = &seen.shown {
            let html = showing.markup(&carrier, shown);
            match (expect.get("html"), html) {
                (Some(node), Ok(html)) => compare(node, Some(&json!(html)), "html", problems),
                (None, Ok(_)) => {}
                (node, Err(why)) => problems.push(Problem::new(
                    node.unwrap_or(expect).line,
                    "html",
                    "something that can be shown".to_owned(),
                    why,
                )),
            }
        } else if let Some(node) = expect.get("html") {
            compare(node, None, "html", problems);
        }
        if let Some(overrides) = &seen.overrides {
            let locale = seen.shown.as_ref().map_or("en", |shown| &shown.locale);
            let left_out = json!(showing.left_out(&carrier, overrides, locale));
            let nothing = Node {
                line: expect.line,
                value: tree::Value::List(Vec::new()),
            };
            let node = expect.get("left_out").unwrap_or(&nothing);
            compare(node, Some(&left_out), "left_out", problems);
        }
    }
}

/// What is kept, read as the case writes it: a text, or JSON.
fn as_written(node: &Node, bytes: &[u8]) -> Json {
    let text = || String::from_utf8_lossy(bytes).into_owned().into();
    let asks = |table: &BTreeMap<String, Node>| {
        ["contains", "lacks", "starts", "present"]
            .iter()
            .any(|ask| table.contains_key(*ask))
    };
    match &node.value {
        tree::Value::Text(_) => text(),
        tree::Value::Table(table) if asks(table) => text(),
        _ => serde_json::from_slice(bytes).unwrap_or_else(|_| text()),
    }
}

fn kind_of(call: &str) -> Kind {
    match call.split('.').next() {
        Some("pages" | "blocks" | "events") => Kind::Pages,
        Some("looks") => Kind::Branding,
        _ => Kind::Gateway,
    }
}

/// How a call failed: the words of the interface, and what a host adds to them.
fn failed(error: Error) -> Json {
    match error {
        Error::NotExecuted { reason, .. } => json!({ "not-executed": reason }),
        Error::Unknown { cause, .. } => match cause {
            UnknownCause::Said(why) => json!({ "unknown-outcome": why }),
            UnknownCause::Trapped(why) => json!({ "trapped": why }),
            UnknownCause::Malformed(why) => json!({ "malformed": why }),
            cause @ (UnknownCause::Deadline(_)
            | UnknownCause::CpuBudget(_)
            | UnknownCause::HostPanic) => json!({ "stopped": cause.to_string() }),
        },
        Error::RateLimited { retry_after, .. } => {
            json!({ "rate-limited": retry_after.map(|wait| wait.as_secs()) })
        }
        Error::InvalidRequest { fields, .. } => {
            let fields = fields.into_iter().map(|field| (field.field, field.message));
            json!({ "invalid-request": fields.collect::<BTreeMap<_, _>>() })
        }
        Error::Misconfigured { reason, .. } => json!({ "misconfigured": reason }),
        Error::Unsupported { operation, .. } => json!({ "unsupported": operation }),
    }
}
