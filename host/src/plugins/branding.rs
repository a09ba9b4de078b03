//! Branding: what a business looks like, asked of its plugin. One call, a fresh instance; who
//! keeps the answer and for how long is not decided here. What comes back is cut to size and
//! otherwise believed in nothing: `themes` checks each value.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::InstancePre;

use super::binding::Binding;
use super::bindings::exports::vestibule::branding::looks;
use super::call::{self, Code};
use super::component::Files;
use super::error::{Error, UnknownCause};
use super::imports::CallState;
use super::load::{LoadError, Loaded};
use super::said;
use crate::domain::Mode;
use crate::domain::branding::{BrandContext, Overrides, Surface};
use crate::domain::content::Content;

/// Tokens that one answer may set.
const MOST_TOKENS: usize = 32;
/// Messages that it may replace.
const MOST_WORDS: usize = 200;

/// A loaded plugin as a branding.
pub(super) struct BrandingPart {
    looks: looks::GuestIndices,
}

/// The branding of one business and mode, ready for calls. Cheap to clone.
#[derive(Clone)]
pub struct Branding {
    pub(super) plugin: Arc<Loaded>,
    pub(super) binding: Arc<Binding>,
}

impl BrandingPart {
    /// Finds the exports and instantiates once, which is when wasmtime compares types.
    pub(super) async fn load(code: &Code, pre: &InstancePre<CallState>) -> Result<Self, LoadError> {
        let world = |error: &wasmtime::Error| LoadError::World(call::first_and_last(error));
        let looks = looks::GuestIndices::new(pre).map_err(|error| world(&error))?;
        let found = looks.clone();
        let nothing_granted = Arc::new(Binding::default());
        let loaded = code.call(
            &nothing_granted,
            "looks.load",
            Box::new(move |store, instance, _| {
                Box::pin(async move { Ok(found.load(&mut *store, &instance).map(drop)) })
            }),
        );
        loaded
            .await
            .map_err(|error| LoadError::Instantiate(error.to_string()))?
            .map_err(|error| world(&error))?;
        Ok(Self { looks })
    }
}

impl Branding {
    pub(super) fn new(plugin: Arc<Loaded>, binding: Arc<Binding>) -> Self {
        Self { plugin, binding }
    }

    /// The id of the plugin behind it.
    pub fn plugin(&self) -> &str {
        self.plugin.code.id()
    }

    /// Tells this version of the plugin, with this configuration, from every other.
    pub fn version(&self) -> (&str, u64) {
        (&self.plugin.hash, self.binding.number)
    }

    /// The files that the plugin carries.
    pub fn files(&self) -> &Arc<Files> {
        &self.plugin.files
    }

    /// Asks for the look in `context`.
    pub async fn resolve(&self, context: &BrandContext) -> Result<Overrides, Error> {
        let part = self.plugin.branding.as_ref();
        let part = part.expect("a handle is made only for a plugin of kind branding");
        let (looks, context) = (part.looks.clone(), asked(context));
        let answer = self
            .plugin
            .code
            .call(
                &self.binding,
                "looks.resolve",
                Box::new(move |store, instance, entered| {
                    Box::pin(async move {
                        let guest = looks.load(&mut *store, &instance)?;
                        entered.enter(store);
                        guest.call_resolve(store, &context).await
                    })
                }),
            )
            .await?;
        let failed = |cause| Error::Unknown {
            plugin: self.plugin().to_owned(),
            cause,
        };
        match answer {
            Ok(overrides) => {
                read(overrides).map_err(|what| failed(UnknownCause::Malformed(what.to_owned())))
            }
            Err(said) => Err(failed(UnknownCause::Said(said::note(&said)))),
        }
    }
}

fn asked(context: &BrandContext) -> looks::Context {
    looks::Context {
        business: context.scope.business.to_string(),
        mode: match context.scope.mode {
            Mode::Live => looks::Mode::Live,
            Mode::Test => looks::Mode::Test,
        },
        segment: context.segment.clone(),
        locale: context.locale.clone(),
        date: context.date.clone(),
        surface: match context.surface {
            Surface::Portal => looks::Surface::Portal,
            Surface::Payment => looks::Surface::Payment,
            Surface::Mail => looks::Surface::Mail,
        },
        extra: Vec::new(),
    }
}

fn read(overrides: looks::Overrides) -> Result<Overrides, &'static str> {
    let looks::Overrides {
        tokens,
        logo,
        wording,
        header,
        footer,
        lifetime,
        extra: _,
    } = overrides;
    if tokens.len() > MOST_TOKENS || wording.len() > MOST_WORDS {
        return Err("it sets more tokens or messages than there are");
    }
    let mut pairs = tokens.iter().chain(&wording);
    if pairs.any(|pair| pair.name.len() > said::MOST_WORD || pair.value.len() > said::MOST_WORD)
        || logo
            .as_ref()
            .is_some_and(|name| name.len() > said::MOST_WORD)
    {
        return Err("a token, a message or a name is too long");
    }
    let pairs = |list: Vec<super::bindings::vestibule::types::types::Kv>| {
        list.into_iter()
            .map(|pair| (pair.name, pair.value))
            .collect()
    };
    Ok(Overrides {
        tokens: pairs(tokens),
        logo,
        wording: pairs(wording),
        header: header.map(block).transpose()?,
        footer: footer.map(block).transpose()?,
        lifetime: Duration::from_secs(lifetime.into()),
    })
}

fn block(block: looks::Block) -> Result<Content, &'static str> {
    match block {
        looks::Block::Text(text) => said::text(text),
        looks::Block::Markdown(text) => said::markdown(text),
        looks::Block::Template(template) => said::template(template.name, &template.data),
    }
}
