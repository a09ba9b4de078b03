//! Pages of merchants inside the portal: one typed call per function of `vestibule:pages`, each in
//! a fresh instance. What the signed-in customer has is told by the host as far as it was
//! granted; what comes back is cut to size and checked by whoever shows it.

mod answer;

use std::sync::Arc;

use jiff::Timestamp;
use wasmtime::component::InstancePre;

use super::binding::Binding;
use super::bindings::exports::vestibule::pages::{blocks, events, pages};
use super::bindings::vestibule::pages::types as wit;
use super::bindings::vestibule::types::types::Kv;
use super::call::{self, Code};
use super::component::Files;
use super::error::{Error, UnknownCause};
use super::grants::Origin;
use super::imports::CallState;
use super::load::{LoadError, Loaded};
use super::said;
use crate::domain::content::Content;
use crate::domain::extra_page::{
    NavigationEntry, PageAnswer, PageRequest, Reader, Slot, Submission,
};
use crate::domain::{Mode, Scope};

/// A loaded plugin as pages.
pub(super) struct PagesPart {
    pages: pages::GuestIndices,
    blocks: Option<blocks::GuestIndices>,
    events: Option<events::GuestIndices>,
    navigation: Vec<NavigationEntry>,
}

/// The pages of one plugin in one business and mode, ready for calls. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    pub(super) plugin: Arc<Loaded>,
    pub(super) binding: Arc<Binding>,
}

/// Something that happened, for a plugin.
#[derive(Clone, Debug)]
pub struct PluginEvent {
    /// Its id.
    pub id: String,
    /// What happened.
    pub kind: String,
    /// To what.
    pub object: String,
    /// When.
    pub occurred_at: Timestamp,
}

/// Calls one exported function in a fresh instance: interface, function, arguments; who is signed
/// in.
macro_rules! call {
    ($pages:expr, $operation:literal, $who:expr, $interface:expr, $function:ident($($argument:expr),*)) => {{
        let (interface, who) = ($interface.clone(), $who);
        $pages
            .plugin
            .code
            .call(
                &$pages.binding,
                $operation,
                Box::new(move |store, instance, entered| {
                    Box::pin(async move {
                        let guest = interface.load(&mut *store, &instance)?;
                        store.data_mut().customer = who;
                        entered.enter(store);
                        guest.$function(store, $($argument),*).await
                    })
                }),
            )
            .await
    }};
}

impl PagesPart {
    /// Finds the exports, instantiates once (which is when wasmtime compares types) and asks the
    /// plugin to describe itself.
    pub(super) async fn load(
        code: &Code,
        pre: &InstancePre<CallState>,
        names: &[String],
    ) -> Result<Self, LoadError> {
        let world = |error: &wasmtime::Error| LoadError::World(call::first_and_last(error));
        let has = |interface: &str| {
            let prefix = format!("vestibule:pages/{interface}@1.");
            names.iter().any(|name| name.starts_with(&prefix))
        };
        let pages = pages::GuestIndices::new(pre).map_err(|error| world(&error))?;
        let blocks = has("blocks").then(|| blocks::GuestIndices::new(pre));
        let blocks = blocks.transpose().map_err(|error| world(&error))?;
        let events = has("events").then(|| events::GuestIndices::new(pre));
        let events = events.transpose().map_err(|error| world(&error))?;
        let found = (pages.clone(), blocks.clone(), events.clone());
        let nothing_granted = Arc::new(Binding::default());
        let described = code.call(
            &nothing_granted,
            "pages.describe",
            Box::new(move |store, instance, entered| {
                Box::pin(async move {
                    let (pages, blocks, events) = found;
                    if let Some(blocks) = blocks
                        && let Err(error) = blocks.load(&mut *store, &instance)
                    {
                        return Ok(Err(error));
                    }
                    if let Some(events) = events
                        && let Err(error) = events.load(&mut *store, &instance)
                    {
                        return Ok(Err(error));
                    }
                    let guest = match pages.load(&mut *store, &instance) {
                        Ok(guest) => guest,
                        Err(error) => return Ok(Err(error)),
                    };
                    entered.enter(store);
                    Ok(Ok(guest.call_describe(store).await?))
                })
            }),
        );
        let description = described
            .await
            .map_err(|error| match error {
                Error::NotExecuted { reason, .. } => LoadError::Instantiate(reason),
                other => LoadError::Describe(format!("does not answer: {other}")),
            })?
            .map_err(|error| world(&error))?;
        let navigation = answer::navigation(description)
            .map_err(|error| LoadError::Describe(format!("is malformed: {error}")))?;
        Ok(Self {
            pages,
            blocks,
            events,
            navigation,
        })
    }
}

impl PagesPart {
    /// Whether it can be told of events and called by the clock.
    pub(super) fn hears(&self) -> bool {
        self.events.is_some()
    }
}

impl Pages {
    pub(super) fn new(plugin: Arc<Loaded>, binding: Arc<Binding>) -> Self {
        Self { plugin, binding }
    }

    /// The id of the plugin behind it.
    pub fn plugin(&self) -> &str {
        self.plugin.code.id()
    }

    /// Changes whenever its file does.
    pub fn version(&self) -> &str {
        &self.plugin.hash
    }

    /// The files that the plugin carries.
    pub fn files(&self) -> &Arc<Files> {
        &self.plugin.files
    }

    /// Its entries of the navigation.
    pub fn navigation(&self) -> &[NavigationEntry] {
        &self.part().navigation
    }

    /// Whether it has blocks for pages of the portal.
    pub fn has_blocks(&self) -> bool {
        self.part().blocks.is_some()
    }

    /// Whether the browser may be sent to `url`.
    pub fn may_lead_to(&self, url: &url::Url) -> bool {
        let granted = &self.binding.permissions.redirect;
        let plain = url.username().is_empty() && url.password().is_none();
        plain && Origin::of(url).is_some_and(|origin| granted.contains(&origin))
    }

    /// The origins that the browser may be sent to.
    pub fn leads_to(&self) -> Vec<String> {
        let granted = self.binding.permissions.redirect.iter();
        granted.map(ToString::to_string).collect()
    }

    /// Asks for its entries of the navigation once more.
    pub(super) async fn describe(&self) -> Result<Vec<NavigationEntry>, Error> {
        let pages = &self.part().pages;
        let description = call!(self, "pages.describe", None, pages, call_describe())?;
        self.read("pages.describe", answer::navigation(description))
    }

    /// Asks for a page.
    pub async fn render(&self, request: &PageRequest) -> Result<PageAnswer, Error> {
        let who = Some(request.reader.customer.clone());
        let pages = &self.part().pages;
        let request = asked(request);
        let answer = call!(self, "pages.render", who, pages, call_render(&request))?;
        self.said(answer)
            .and_then(|raw| self.read("pages.render", answer::answer(raw)))
    }

    /// Hands over a form.
    pub async fn submit(
        &self,
        request: &PageRequest,
        fields: &[(String, String)],
    ) -> Result<Submission, Error> {
        let who = Some(request.reader.customer.clone());
        let pages = &self.part().pages;
        let (request, fields) = (asked(request), pairs(fields));
        let answer = call!(
            self,
            "pages.submit",
            who,
            pages,
            call_submit(&request, &fields)
        )?;
        self.said(answer)
            .and_then(|raw| self.read("pages.submit", answer::submission(raw)))
    }

    /// Asks for a block; none where the plugin has nothing to show there.
    pub async fn block(
        &self,
        reader: &Reader,
        slot: Slot,
        subscription: Option<&str>,
    ) -> Result<Option<Content>, Error> {
        let Some(blocks) = &self.part().blocks else {
            return Ok(None);
        };
        let who = Some(reader.customer.clone());
        let place = blocks::Place {
            context: context(reader),
            slot: match slot {
                Slot::Overview => blocks::Slot::Overview,
                Slot::Subscription => blocks::Slot::Subscription,
                Slot::Cancel => blocks::Slot::Cancel,
                Slot::Confirmation => blocks::Slot::Confirmation,
            },
            subscription: subscription.map(str::to_owned),
        };
        let answer = call!(self, "blocks.block", who, blocks, call_block(&place))?;
        let content = self.said(answer)?.map(answer::content).transpose();
        self.read("blocks.block", content)
    }

    /// Whether it is told of events of this type.
    pub fn hears(&self, kind: &str) -> bool {
        self.part().hears() && self.binding.permissions.events.contains(kind)
    }

    /// Whether it is called by the clock so often.
    pub fn is_called(&self, schedule: &str) -> bool {
        self.part().hears() && self.binding.permissions.schedules.contains(schedule)
    }

    /// Tells of an event, if the plugin takes any.
    pub async fn handle(&self, scope: &Scope, event: &PluginEvent) -> Result<(), Error> {
        let granted = self.binding.permissions.events.contains(&event.kind);
        let Some(events) = self.part().events.as_ref().filter(|_| granted) else {
            return Ok(());
        };
        let event = events::Event {
            id: event.id.clone(),
            kind: event.kind.clone(),
            object: event.object.clone(),
            occurred_at: event.occurred_at.as_microsecond(),
            business: scope.business.to_string(),
            mode: mode(scope.mode),
            extra: Vec::new(),
        };
        let answer = call!(self, "events.handle", None, events, call_handle(&event))?;
        self.said(answer)
    }

    /// Calls by the clock, if the plugin takes such calls.
    pub async fn tick(&self, scope: &Scope, schedule: &str, due: Timestamp) -> Result<(), Error> {
        let granted = self.binding.permissions.schedules.contains(schedule);
        let Some(events) = self.part().events.as_ref().filter(|_| granted) else {
            return Ok(());
        };
        let tick = events::Tick {
            schedule: schedule.to_owned(),
            due_at: due.as_microsecond(),
            business: scope.business.to_string(),
            mode: mode(scope.mode),
        };
        let answer = call!(
            self,
            "events.scheduled",
            None,
            events,
            call_scheduled(&tick)
        )?;
        self.said(answer)
    }

    fn part(&self) -> &PagesPart {
        let part = self.plugin.pages.as_ref();
        part.expect("a handle is made only for a plugin of kind pages")
    }

    fn said<T>(&self, answer: Result<T, String>) -> Result<T, Error> {
        answer.map_err(|said| self.failed(UnknownCause::Said(said::note(&said))))
    }

    fn read<T>(&self, operation: &str, answer: Result<T, String>) -> Result<T, Error> {
        answer.map_err(|what| {
            self.plugin.code.answered_nonsense(operation, &what);
            self.failed(UnknownCause::Malformed(what))
        })
    }

    fn failed(&self, cause: UnknownCause) -> Error {
        Error::Unknown {
            plugin: self.plugin().to_owned(),
            cause,
        }
    }
}

fn mode(mode: Mode) -> wit::Mode {
    match mode {
        Mode::Live => wit::Mode::Live,
        Mode::Test => wit::Mode::Test,
    }
}

fn context(reader: &Reader) -> wit::Context {
    wit::Context {
        business: reader.scope.business.to_string(),
        mode: mode(reader.scope.mode),
        customer: reader.customer.to_string(),
        home: reader.home.clone(),
        locale: reader.locale.clone(),
        now: reader.now.as_microsecond(),
        extra: Vec::new(),
    }
}

fn asked(request: &PageRequest) -> pages::Request {
    pages::Request {
        context: context(&request.reader),
        path: request.path.clone(),
        query: pairs(&request.query),
    }
}

fn pairs(pairs: &[(String, String)]) -> Vec<Kv> {
    pairs
        .iter()
        .map(|(name, value)| Kv {
            name: name.clone(),
            value: value.clone(),
        })
        .collect()
}
