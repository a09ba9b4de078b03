//! A branding: another colour and a notice in December. What it may answer is documented in
//! `vestibule-plugin/wit/branding/v1`.

use vestibule_plugin::Kv;
use vestibule_plugin::branding::{Block, Context, Guest, Overrides};
use vestibule_plugin::operator::text;

struct Plugin;

vestibule_plugin::branding!(Plugin);

impl Guest for Plugin {
    fn resolve(context: Context) -> Result<Overrides, String> {
        // The day is in the context, such as `2026-12-24`.
        let december = context.date.split('-').nth(1) == Some("12");
        let accent = text("accent").filter(|_| december);
        Ok(Overrides {
            tokens: accent.map(|accent| token("light.accent", accent)).into_iter().collect(),
            logo: None,
            wording: Vec::new(),
            header: None,
            footer: text("notice").filter(|_| december).map(Block::Text),
            // For an hour; it is asked anew when the day changes.
            lifetime: 60 * 60,
            extra: Vec::new(),
        })
    }
}

fn token(name: &str, value: String) -> Kv {
    Kv {
        name: name.to_owned(),
        value,
    }
}
