//! Whether a branding keeps its promises: the look depends on what it is asked for and on nothing
//! else, may be kept for a while, and nothing odd brings it down.

use std::sync::Arc;
use std::time::Duration;

use super::shown::Exhibit;
use super::trial::{LOCALES, SAMPLE, Trial, answered, odd_words, put_down};
use super::{Finding, Judged, Shown};
use crate::domain::branding::{BrandContext, Overrides, Surface};
use crate::plugins::branding::Branding;
use crate::plugins::load::Loaded;

/// Days on which looks change, and one that comes every four years.
const DAYS: [&str; 4] = ["2026-06-15", "2026-12-24", "2027-01-01", "2028-02-29"];

/// Tries a branding, and tells what it showed.
pub(in crate::plugins) async fn run(plugin: Arc<Loaded>) -> (Vec<Finding>, Vec<Shown>) {
    let mut trial = Trial::new(Arc::clone(&plugin));
    let grant = trial.everything();
    let branding = match trial.binding(grant) {
        Ok(binding) => Branding::new(plugin, binding),
        Err(why) => {
            trial.not_tried("the look is the same for all who are shown it", why);
            return (trial.findings, trial.shown);
        }
    };
    let looks = looks(&mut trial, &branding).await;
    trial.judge(
        "the look may be kept for ten seconds at least",
        lifetime(&looks),
    );
    let odd = odd(&mut trial, &branding).await;
    trial.judge("odd contexts are answered, and bring nothing down", odd);
    (trial.findings, trial.shown)
}

/// A context with its look.
type Looks = Vec<(BrandContext, Overrides)>;

/// Asks for the look on each day, in each language and on each surface, twice.
async fn looks(trial: &mut Trial, branding: &Branding) -> Looks {
    const SAME: &str = "the look is the same for all who are shown it";
    const ALWAYS: &str = "there is a look on every day, in every language and on every surface";
    let (mut looks, mut same) = (Looks::new(), Ok(()));
    let (mut down, mut always) = (Ok(()), Ok(()));
    for context in contexts(trial) {
        let asked = words(&context);
        let first = branding.resolve(&context).await;
        let second = branding.resolve(&context).await;
        match (first, second) {
            (Ok(first), Ok(second)) => {
                if first != second && same.is_ok() {
                    same = Err(format!("{asked}: it says something else the second time"));
                }
                if let (Some(why), true) = (first.left_out.first(), always.is_ok()) {
                    always = Err(format!("{asked}: {why}"));
                }
                show(trial, &context, &first);
                looks.push((context, first));
            }
            (Err(error), _) | (_, Err(error)) => {
                put_down(&error, &asked, &mut down, &mut always);
            }
        }
    }
    if looks.is_empty() {
        trial.judge_without_network(ALWAYS, down, always);
    } else {
        trial.judge(ALWAYS, down.and(always));
    }
    if looks.is_empty() {
        trial.not_tried(SAME, "there was none");
    } else {
        trial.judge(SAME, same);
    }
    looks
}

fn contexts(trial: &Trial) -> Vec<BrandContext> {
    let mut contexts = Vec::new();
    for date in DAYS {
        for locale in ["en", "es"] {
            for surface in [Surface::Portal, Surface::Payment, Surface::Mail] {
                for segment in [None, Some("partner".to_owned())] {
                    contexts.push(BrandContext {
                        scope: trial.scope.clone(),
                        segment,
                        locale: locale.to_owned(),
                        date: date.to_owned(),
                        surface,
                    });
                }
            }
        }
    }
    contexts
}

fn words(context: &BrandContext) -> String {
    let segment = context.segment.as_deref().unwrap_or("none");
    let [date, locale, segment] = [&context.date, &context.locale, segment].map(shortened);
    format!("{date}, {locale}, {:?}, segment {segment}", context.surface)
}

fn shortened(text: &str) -> String {
    text.chars().take(24).flat_map(char::escape_debug).collect()
}

fn show(trial: &mut Trial, context: &BrandContext, overrides: &Overrides) {
    // A value that the operator would have set is not the plugin's own mistake.
    let own = overrides.tokens.iter().filter(|(_, value)| value != SAMPLE);
    let tokens = own.map(|(name, value)| Exhibit::Token {
        name: name.clone(),
        value: value.clone(),
    });
    let logo = overrides.logo.iter().cloned().map(Exhibit::Picture);
    let blocks = overrides.header.iter().chain(&overrides.footer);
    let blocks = blocks.cloned().map(Exhibit::plain);
    let all: Vec<_> = tokens.chain(logo).chain(blocks).collect();
    trial.shown.extend(all.into_iter().map(|what| Shown {
        asked: words(context),
        locale: context.locale.clone(),
        what,
    }));
}

fn lifetime(looks: &Looks) -> Judged {
    const LEAST: Duration = Duration::from_secs(10);
    match looks.iter().find(|(_, look)| look.lifetime < LEAST) {
        Some((context, look)) => Err(format!(
            "{}: it holds for {} seconds only, and is asked for again and again",
            words(context),
            look.lifetime.as_secs()
        )),
        None => Ok(()),
    }
}

async fn odd(trial: &mut Trial, branding: &Branding) -> Judged {
    let usual = BrandContext {
        scope: trial.scope.clone(),
        segment: None,
        locale: "en".to_owned(),
        date: DAYS[0].to_owned(),
        surface: Surface::Portal,
    };
    let mut contexts = Vec::new();
    for word in odd_words() {
        contexts.push(BrandContext {
            segment: Some(word.clone()),
            ..usual.clone()
        });
        contexts.push(BrandContext {
            locale: word,
            ..usual.clone()
        });
    }
    contexts.extend(LOCALES.map(|locale| BrandContext {
        locale: locale.to_owned(),
        ..usual.clone()
    }));
    contexts.extend(["0001-01-01", "9999-12-31"].map(|date| BrandContext {
        date: date.to_owned(),
        ..usual.clone()
    }));
    for context in contexts {
        let answer = branding.resolve(&context).await;
        if let Some(look) = answered(&words(&context), answer)? {
            show(trial, &context, &look);
        }
    }
    Ok(())
}
