//! A stage: what a plugin shows, tried with what it carries and without any theme. For
//! `vestibule plugin check`, which an author runs where no theme is.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::enclosed::Enclosed;
use super::frame::Frame;
use super::harmless::{self, Forms};
use super::locale::Locale;
use super::manifest::Tokens;
use super::{LARGEST_CONTENT, look, tokens};
use crate::domain::content::Content;

/// The files of a plugin, opened.
pub struct Stage(Enclosed);

impl Stage {
    /// Opens the files of the plugin `id`; the error says what is wrong with them.
    pub fn open(id: &str, files: &BTreeMap<String, Bytes>) -> Result<Self, String> {
        Enclosed::open(id, files).map(Self)
    }

    /// Whether this content can be shown in the language `locale`; the error says why not.
    pub fn content(
        &self,
        locale: &str,
        content: &Content,
        forms: &Forms<'_>,
    ) -> Result<(), String> {
        let html = match content {
            Content::Text(text) => look::paragraphs(text),
            Content::Markdown(text) => harmless::markdown(text)?,
            Content::Template { name, data } => {
                let frame = Frame::sample(Locale::of(locale));
                let html = self.0.render(name, &frame, data, forms.context());
                harmless::with_forms(&html?, forms)?
            }
        };
        if html.len() > LARGEST_CONTENT {
            return Err(format!("it is larger than {} KiB", LARGEST_CONTENT >> 10));
        }
        Ok(())
    }

    /// Whether the plugin has this message.
    pub fn says(&self, locale: &str, key: &str) -> bool {
        let frame = Frame::sample(Locale::of(locale));
        self.0.say(&frame, key).is_some()
    }

    /// Whether the plugin has this picture.
    pub fn has_picture(&self, name: &str) -> bool {
        self.0.picture(name).is_some()
    }

    /// Whether themes have a token of this name, and it can have this value; the error says what not.
    pub fn token(name: &str, value: &str) -> Result<(), String> {
        let name_told = name.escape_debug();
        if !Tokens::default().set(name, value) {
            return Err(format!("there is no token `{name_told}`"));
        }
        if !tokens::is_value(name, value) {
            let value: String = value.chars().take(60).collect();
            let value = value.escape_debug();
            return Err(format!("the token `{name_told}` cannot be `{value}`"));
        }
        Ok(())
    }
}
