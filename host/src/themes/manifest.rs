//! `theme.toml`: the name of a theme, what it extends, and its design tokens.
//!
//! Owns the shape of the file and nothing else: colours are computed in `tokens`, folders are
//! read in `theme`.

use std::path::Path;

use serde::Deserialize;

use super::Error;

/// The parsed `theme.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What a person calls this theme.
    pub(super) name: String,
    /// The folder name of the theme that fills every gap; absent only in `default`.
    pub(super) extends: Option<String>,
    /// Design tokens that differ from those of the extended theme.
    #[serde(default)]
    pub(super) tokens: Tokens,
}

/// Design tokens as a theme states them; what is absent comes from the extended theme.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tokens {
    /// A CSS font stack.
    pub(super) font: Option<String>,
    /// The one corner radius, a CSS length.
    pub(super) radius: Option<String>,
    /// Colours in the light scheme.
    #[serde(default)]
    pub(super) light: Palette,
    /// Colours in the dark scheme.
    #[serde(default)]
    pub(super) dark: Palette,
}

/// The colours a theme may set, as CSS colour texts. Everything else is derived from them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Palette {
    /// Behind everything.
    pub(super) page: Option<String>,
    /// Cards, fields, dialogs.
    pub(super) surface: Option<String>,
    /// Text.
    pub(super) ink: Option<String>,
    /// Secondary text.
    pub(super) muted: Option<String>,
    /// Hairlines.
    pub(super) line: Option<String>,
    /// The merchant's colour: primary buttons, links, focus.
    pub(super) accent: Option<String>,
    /// Something went well.
    pub(super) good: Option<String>,
    /// Something needs attention.
    pub(super) warn: Option<String>,
    /// Something failed.
    pub(super) bad: Option<String>,
    /// Something is under way.
    pub(super) info: Option<String>,
}

impl Manifest {
    /// Reads `theme.toml` in `folder`. Unknown keys are errors.
    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("theme.toml");
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| Error::Manifest {
            path,
            source: Box::new(source),
        })
    }
}

impl Tokens {
    /// These tokens with every gap filled from `base`.
    pub(super) fn over(&self, base: &Self) -> Self {
        Self {
            font: self.font.clone().or_else(|| base.font.clone()),
            radius: self.radius.clone().or_else(|| base.radius.clone()),
            light: self.light.over(&base.light),
            dark: self.dark.over(&base.dark),
        }
    }
}

impl Tokens {
    /// Sets the token `name`, such as `font` or `light.accent`; whether there is one.
    pub(super) fn set(&mut self, name: &str, value: &str) -> bool {
        let place = match name.split_once('.') {
            Some(("light", name)) => self.light.place(name),
            Some(("dark", name)) => self.dark.place(name),
            Some(_) => None,
            None => match name {
                "font" => Some(&mut self.font),
                "radius" => Some(&mut self.radius),
                _ => None,
            },
        };
        place.map(|place| *place = Some(value.to_owned())).is_some()
    }
}

impl Palette {
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "page" => &mut self.page,
            "surface" => &mut self.surface,
            "ink" => &mut self.ink,
            "muted" => &mut self.muted,
            "line" => &mut self.line,
            "accent" => &mut self.accent,
            "good" => &mut self.good,
            "warn" => &mut self.warn,
            "bad" => &mut self.bad,
            "info" => &mut self.info,
            _ => return None,
        })
    }

    fn over(&self, base: &Self) -> Self {
        let or = |own: &Option<String>, base: &Option<String>| own.clone().or_else(|| base.clone());
        Self {
            page: or(&self.page, &base.page),
            surface: or(&self.surface, &base.surface),
            ink: or(&self.ink, &base.ink),
            muted: or(&self.muted, &base.muted),
            line: or(&self.line, &base.line),
            accent: or(&self.accent, &base.accent),
            good: or(&self.good, &base.good),
            warn: or(&self.warn, &base.warn),
            bad: or(&self.bad, &base.bad),
            info: or(&self.info, &base.info),
        }
    }
}
