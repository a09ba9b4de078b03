//! A branding that changes with the season and the customer's segment. It shows every part of
//! the interface once: tokens, logo, wording, a header by template, a footer by template, and a
//! lifetime. Everything it says depends on the context and its settings alone.

use vestibule_plugin::Kv;
use vestibule_plugin::branding::{Block, Context, Guest, Overrides, Surface, Template};
use vestibule_plugin::operator::{text, texts};

/// The branding.
struct Seasons;

vestibule_plugin::branding!(Seasons);

/// For how long an answer holds, in seconds. The day is in the context: it changes by itself.
const LIFETIME: u32 = 60 * 60;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Season {
    Winter,
    Spring,
    Summer,
    Autumn,
}

impl Guest for Seasons {
    fn resolve(context: Context) -> Result<Overrides, String> {
        let season = season(&context.date, &text("hemisphere").unwrap_or_default())
            .ok_or_else(|| format!("`{}` is not a day", context.date))?;
        let is_partner = context.segment.is_some() && context.segment == text("partners");
        let is_closed = texts("closed").contains(&context.date);
        let mut tokens = accent(season);
        if is_partner {
            tokens.push(token("radius", "1.25rem"));
        }
        let header = is_closed.then(|| template("closed.html"));
        let footer = (is_partner && !matches!(context.surface, Surface::Mail))
            .then(|| template("partner.html"));
        Ok(Overrides {
            tokens,
            logo: (season == Season::Winter).then(|| "winter.svg".to_owned()),
            wording: wording(season, &context.locale),
            header,
            footer,
            lifetime: LIFETIME,
            extra: Vec::new(),
        })
    }
}

/// The season of a day such as `2026-12-24`: winter is December to February in the north.
fn season(date: &str, hemisphere: &str) -> Option<Season> {
    let month: u8 = date.split('-').nth(1)?.parse().ok()?;
    let north = match month {
        12 | 1 | 2 => Season::Winter,
        3..=5 => Season::Spring,
        6..=8 => Season::Summer,
        9..=11 => Season::Autumn,
        _ => return None,
    };
    Some(match (hemisphere, north) {
        ("south", Season::Winter) => Season::Summer,
        ("south", Season::Spring) => Season::Autumn,
        ("south", Season::Summer) => Season::Winter,
        ("south", Season::Autumn) => Season::Spring,
        (_, season) => season,
    })
}

fn accent(season: Season) -> Vec<Kv> {
    let (light, dark) = match season {
        Season::Winter => ("#1f6fb2", "#8fc7f5"),
        Season::Spring => ("#2f7d3b", "#8fd39a"),
        Season::Summer => ("#a3480a", "#f2b27c"),
        Season::Autumn => ("#8a3f1d", "#e0a487"),
    };
    vec![token("light.accent", light), token("dark.accent", dark)]
}

/// What the overview says when nothing is due.
fn wording(season: Season, locale: &str) -> Vec<Kv> {
    let spanish = locale.starts_with("es");
    let text = match (season, spanish) {
        (Season::Winter, false) => "All is paid. Stay warm.",
        (Season::Winter, true) => "Todo está pagado. Abrígate.",
        (Season::Summer, false) => "All is paid. Enjoy the sun.",
        (Season::Summer, true) => "Todo está pagado. Disfruta del sol.",
        (Season::Spring | Season::Autumn, _) => return Vec::new(),
    };
    vec![token("overview-calm", text)]
}

fn token(name: &str, value: &str) -> Kv {
    Kv {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn template(name: &str) -> Block {
    Block::Template(Template {
        name: name.to_owned(),
        data: "{}".to_owned(),
    })
}
