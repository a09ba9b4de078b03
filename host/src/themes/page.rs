//! What a page is to the theme engine: a typed context, the template that shows it, and samples.
//!
//! The structs themselves live beside their handlers. Samples are what `vestibule theme check`
//! renders, so they cover every shape a template can meet: nothing, one, many, long names.

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

/// The typed context of one template; in the template it is `page`.
pub trait Page: Serialize {
    /// Path below `templates/`, such as `pages/overview.html`.
    const TEMPLATE: &'static str;

    /// Contexts that between them take every branch of the template.
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// A mail: three templates `mails/NAME.{subject,txt,html}` over one context, there `mail`.
pub trait Mail: Serialize {
    /// The name below `templates/mails/`, such as `login`.
    const NAME: &'static str;

    /// Contexts that between them take every branch of the templates.
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// One kind of page or mail with its type forgotten, so that a list of them can be checked.
#[derive(Clone, Copy)]
pub struct Registered {
    pub(super) kind: Kind,
    pub(super) template: &'static str,
    pub(super) samples: fn() -> Vec<Value>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Page,
    Mail,
}

impl Registered {
    /// The entry of the page `P`.
    pub fn page<P: Page + 'static>() -> Self {
        Self {
            kind: Kind::Page,
            template: P::TEMPLATE,
            samples: || {
                P::samples()
                    .iter()
                    .map(|page| Value::from(Serde(page)))
                    .collect()
            },
        }
    }

    /// The entry of the mail `M`.
    pub fn mail<M: Mail + 'static>() -> Self {
        Self {
            kind: Kind::Mail,
            template: M::NAME,
            samples: || {
                M::samples()
                    .iter()
                    .map(|mail| Value::from(Serde(mail)))
                    .collect()
            },
        }
    }
}
