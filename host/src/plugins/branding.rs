//! Branding: what a business looks like, asked of its plugin. One call, a fresh instance; who
//! keeps the answer and for how long is not decided here. What comes back is cut to size and
//! otherwise believed in nothing: `themes` checks each value.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::InstancePre;

use super::binding::Binding;
use super::bindings::exports::vestibule::branding::looks;
use super::bindings::vestibule::types::types::Kv;
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

    /// Asks for the look in `context`. What of it is too much to be read is left out, and named there.
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
            Ok(overrides) => Ok(read(overrides)),
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

/// What fits of an answer; the rest is left out, and named.
fn read(overrides: looks::Overrides) -> Overrides {
    let looks::Overrides {
        tokens,
        logo,
        wording,
        header,
        footer,
        lifetime,
        extra: _,
    } = overrides;
    let mut left_out = Vec::new();
    let tokens = pairs("token", tokens, MOST_TOKENS, &mut left_out);
    let wording = pairs("message", wording, MOST_WORDS, &mut left_out);
    let logo = logo.filter(|name| {
        let fits = said::fits("its logo's name", name, said::MOST_WORD);
        fits.map_err(|why| left_out.push(why)).is_ok()
    });
    let mut part = |name: &str, block: Option<looks::Block>| {
        let content = self::block(block?);
        let told = content.map_err(|why| left_out.push(format!("its {name}: {why}")));
        told.ok()
    };
    let (header, footer) = (part("header", header), part("footer", footer));
    Overrides {
        tokens,
        logo,
        wording,
        header,
        footer,
        lifetime: Duration::from_secs(lifetime.into()),
        left_out,
    }
}

/// Names with their values, as many as there may be of what they are.
fn pairs(
    what: &str,
    pairs: Vec<Kv>,
    most: usize,
    left_out: &mut Vec<String>,
) -> Vec<(String, String)> {
    if pairs.len() > most {
        let came = pairs.len();
        left_out.push(format!("it sets {came} {what}s, and {most} are taken"));
    }
    let mut kept = Vec::new();
    for Kv { name, value } in pairs.into_iter().take(most) {
        let shown: String = name.chars().take(60).collect();
        let of = format!("its {what} `{}`", said::note(&shown));
        let fits = said::fits(&of, &name, said::MOST_WORD)
            .and_then(|()| said::fits(&of, &value, said::MOST_WORD));
        match fits {
            Ok(()) => kept.push((name, value)),
            Err(why) => left_out.push(why),
        }
    }
    kept
}

fn block(block: looks::Block) -> Result<Content, String> {
    match block {
        looks::Block::Text(text) => said::text(text),
        looks::Block::Markdown(text) => said::markdown(text),
        looks::Block::Template(template) => said::template(template.name, &template.data),
    }
}
