//! Colours: from the few tokens of a theme to every colour the pages use.
//!
//! Derived text colours are corrected here until they reach WCAG 2.2 AA, so that a merchant's
//! accent can be any colour. What a theme sets for plain text is not changed but reported by
//! [`Colours::faults`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use csscolorparser::Color;

use super::Error;
use super::manifest::{Palette, Tokens};

/// Text needs this contrast to what is behind it.
const TEXT: f32 = 4.5;
/// Borders of fields and the focus ring need this.
const SHAPE: f32 = 3.0;
/// How much of a state's colour is in the tint behind it.
const TINT: f32 = 0.10;

/// Every colour of a theme in both schemes, derived and corrected.
#[derive(Clone, Debug)]
pub struct Colours {
    light: Scheme,
    dark: Scheme,
    font: String,
    radius: String,
}

/// The colours of one scheme by the name of their CSS variable.
type Scheme = BTreeMap<&'static str, Color>;

impl Colours {
    /// Derives all colours of `tokens`, which must be complete.
    pub(super) fn derive(theme: &str, tokens: &Tokens) -> Result<Self, Error> {
        let text = |name: &str, value: &Option<String>, plain: fn(&str) -> bool| {
            let value = value
                .clone()
                .ok_or_else(|| Error::token(theme, name, "is not set"))?;
            if !plain(&value) {
                return Err(Error::token(theme, name, "must be one plain CSS value"));
            }
            Ok(value)
        };
        Ok(Self {
            light: scheme(theme, "light", &tokens.light)?,
            dark: scheme(theme, "dark", &tokens.dark)?,
            font: text("font", &tokens.font, is_font)?,
            radius: text("radius", &tokens.radius, is_length)?,
        })
    }

    /// A colour of the light scheme as `#rrggbb`, for mails and documents.
    pub fn light(&self, name: &str) -> Option<String> {
        self.light
            .get(name)
            .map(|colour| colour.to_css_hex().to_string())
    }

    /// The stylesheet that carries the tokens: one custom property per colour.
    pub fn stylesheet(&self) -> String {
        let mut css = String::from(":root{color-scheme:light dark;");
        for (name, light) in &self.light {
            let dark = &self.dark[name];
            let _ = write!(
                css,
                "--{name}:light-dark({},{});",
                light.to_css_hex(),
                dark.to_css_hex()
            );
        }
        let _ = write!(css, "--font:{};--radius:{}}}", self.font, self.radius);
        css.push('\n');
        css
    }

    /// Pairs that a person with weak sight cannot read, as sentences.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (scheme, colours) in [("light", &self.light), ("dark", &self.dark)] {
            for text in ["ink", "muted"] {
                for behind in ["page", "surface"] {
                    let ratio = contrast(&colours[text], &colours[behind]);
                    if ratio < TEXT {
                        faults.push(format!(
                            "tokens.{scheme}: {text} on {behind} has a contrast of {ratio:.2}, \
                             {TEXT} is needed"
                        ));
                    }
                }
            }
        }
        faults
    }
}

/// Whether `value` is one that the token `name` can have in some theme.
pub(super) fn is_value(name: &str, value: &str) -> bool {
    match name {
        "font" => is_font(value),
        "radius" => is_length(value),
        _ => csscolorparser::parse(value).is_ok_and(|colour| colour.a >= 1.0),
    }
}

/// A list of font families: names, in quotes or not, with commas between them.
fn is_font(value: &str) -> bool {
    let family = |family: &str| {
        let family = family.trim();
        let quoted = ['"', '\''].iter().find_map(|quote| {
            let inner = family.strip_prefix(*quote)?;
            inner.strip_suffix(*quote)
        });
        let name = quoted.unwrap_or(family);
        let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        !name.is_empty() && name.chars().all(plain)
    };
    value.len() <= 400 && value.split(',').all(family)
}

/// A CSS length: a number with a unit, or zero.
fn is_length(value: &str) -> bool {
    let units = ["rem", "em", "px"];
    let number = units.iter().find_map(|unit| value.strip_suffix(unit));
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    let is_number =
        |text: &str| text.len() <= 8 && text.chars().all(plain) && text.parse::<f32>().is_ok();
    value == "0" || number.is_some_and(is_number)
}

fn scheme(theme: &str, name: &str, palette: &Palette) -> Result<Scheme, Error> {
    let read = |key: &str, value: &Option<String>| {
        let place = format!("{name}.{key}");
        let value = value
            .as_deref()
            .ok_or_else(|| Error::token(theme, &place, "is not set"))?;
        let colour = csscolorparser::parse(value)
            .map_err(|_| Error::token(theme, &place, &format!("`{value}` is not a CSS colour")))?;
        if colour.a < 1.0 {
            return Err(Error::token(theme, &place, "must be opaque"));
        }
        Ok(rounded(&colour))
    };
    let page = read("page", &palette.page)?;
    let surface = read("surface", &palette.surface)?;
    let line = read("line", &palette.line)?;
    let accent = read("accent", &palette.accent)?;
    let mut colours = Scheme::from([
        ("ink", read("ink", &palette.ink)?),
        ("muted", read("muted", &palette.muted)?),
        ("edge", corrected(&line, &[&surface, &page], SHAPE)),
        ("on-accent", readable_on(&accent)),
        ("accent-text", corrected(&accent, &[&surface, &page], TEXT)),
        ("focus", corrected(&accent, &[&surface, &page], SHAPE)),
        ("accent-tint", mix(&accent, &surface)),
    ]);
    for (state, text, tint, value) in [
        ("good", "good-text", "good-tint", &palette.good),
        ("warn", "warn-text", "warn-tint", &palette.warn),
        ("bad", "bad-text", "bad-tint", &palette.bad),
        ("info", "info-text", "info-tint", &palette.info),
    ] {
        let colour = read(state, value)?;
        let behind = mix(&colour, &surface);
        colours.insert(text, corrected(&colour, &[&behind, &surface, &page], TEXT));
        colours.insert(tint, behind);
        colours.insert(state, colour);
    }
    colours.insert("page", page);
    colours.insert("surface", surface);
    colours.insert("line", line);
    colours.insert("accent", accent);
    Ok(colours)
}

/// The WCAG contrast ratio of two opaque colours, 1 to 21.
pub fn contrast(one: &Color, other: &Color) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: &Color) -> f32 {
    let [red, green, blue, _] = colour.to_linear_rgba();
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The colour as it will be written, so that what is measured is what is seen.
fn rounded(colour: &Color) -> Color {
    let [red, green, blue, _] = colour.clamp().to_rgba8();
    Color::from_rgba8(red, green, blue, 255)
}

fn mix(colour: &Color, behind: &Color) -> Color {
    rounded(&behind.interpolate_oklab(colour, TINT))
}

/// White or near-black, whichever reads better on `colour`. One of them always reaches 4.5.
fn readable_on(colour: &Color) -> Color {
    let white = Color::new(1.0, 1.0, 1.0, 1.0);
    let black = Color::from_rgba8(12, 12, 14, 255);
    if contrast(&white, colour) >= TEXT || contrast(&white, colour) > contrast(&black, colour) {
        white
    } else {
        black
    }
}

/// `colour` made darker or lighter, its hue kept, until it reaches `ratio` on all of `behind`.
fn corrected(colour: &Color, behind: &[&Color], ratio: f32) -> Color {
    let reaches = |colour: &Color| behind.iter().all(|other| contrast(colour, other) >= ratio);
    if reaches(colour) {
        return *colour;
    }
    let [lightness, chroma, hue, _] = colour.to_oklcha();
    let darker = behind.iter().all(|other| luminance(other) > 0.18);
    for step in 1..=100_u8 {
        let share = f32::from(step) / 100.0;
        let target = if darker {
            lightness * (1.0 - share)
        } else {
            lightness + (1.0 - lightness) * share
        };
        let tried = rounded(&Color::from_oklcha(
            target,
            chroma * (1.0 - share),
            hue,
            1.0,
        ));
        if reaches(&tried) {
            return tried;
        }
    }
    readable_on(behind[0])
}
