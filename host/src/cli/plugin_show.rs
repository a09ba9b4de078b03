//! How the portal shows what a plugin answers, where no host runs: for the cases of authors.

use std::path::Path;

use crate::domain::branding::Overrides;
use crate::plugins::cases::{Carrier, Showing, Shown};
use crate::themes::{Carried, DEFAULT, Forms, Frame, Locale, Themes};

/// Themes, as far as there are any, and a sample of everything else.
pub(super) struct Portal {
    themes: Themes,
    has_themes: bool,
}

impl Portal {
    /// With the themes of a folder. Where there are none, what a plugin shows is seen all the
    /// same, and nobody can say which of a branding's wishes a theme takes.
    pub(super) fn open(folder: &Path) -> Self {
        match Themes::load(folder) {
            Ok(themes) => Self {
                themes,
                has_themes: true,
            },
            Err(_) => Self {
                themes: Themes::none(),
                has_themes: false,
            },
        }
    }
}

fn carried<'a>(plugin: &Carrier<'a>) -> Carried<'a> {
    Carried {
        id: plugin.id,
        version: plugin.version,
        files: plugin.files,
    }
}

impl Showing for Portal {
    fn markup(&self, plugin: &Carrier<'_>, shown: &Shown) -> Result<String, String> {
        let frame = Frame::sample(Locale::of(&shown.locale));
        let forms = Forms {
            below: &shown.home,
            csrf: "sample",
            values: &shown.values,
            errors: &shown.errors,
        };
        let parts = shown.content.iter().map(|content| {
            self.themes
                .content(&frame, &carried(plugin), content, &forms)
        });
        let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
        Ok(parts.join("\n"))
    }

    fn left_out(&self, plugin: &Carrier<'_>, overrides: &Overrides, locale: &str) -> Vec<String> {
        if !self.has_themes {
            return overrides.left_out.clone();
        }
        let frame = Frame::sample(Locale::of(locale));
        let (_, mut problems) = self
            .themes
            .look(DEFAULT, &frame, &carried(plugin), overrides);
        problems.splice(0..0, overrides.left_out.clone());
        problems
    }
}
