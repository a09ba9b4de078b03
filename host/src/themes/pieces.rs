//! The pieces that most pages are made of. They are functions instead of macros because a page has
//! a hundred of them, and a call of a macro costs as much as twenty of a function. The files of
//! `partials/` take them from here, and a theme that wants one otherwise puts a macro of its name
//! there.

mod form;
mod layout;
mod plan;

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

use super::assets::Assets;
use super::error::shown;
use super::functions::{Voice, amount_of, invalid, timestamp, voice};
use super::markup::Markup;

/// Brands that the sprite has a mark of, as people write them.
const BRANDS: [(&str, &str); 9] = [
    ("visa", "Visa"),
    ("mastercard", "Mastercard"),
    ("amex", "American Express"),
    ("discover", "Discover"),
    ("jcb", "JCB"),
    ("diners", "Diners Club"),
    ("unionpay", "UnionPay"),
    ("sepa", "SEPA"),
    ("paypal", "PayPal"),
];
/// Kinds of methods that take from an account at a bank.
const BANKS: [&str; 4] = ["bank", "bank-debit", "ach", "bacs"];

/// What most pieces fit in, in bytes.
const SMALL: usize = 240;
/// What the others fit in.
const LARGE: usize = 1400;

/// Writes pieces, one after the other.
struct Pen {
    voice: Arc<Voice>,
    sprite: Arc<str>,
    out: Markup,
}

/// What a piece that was written says about itself.
type Written = Result<(), Error>;
/// What a piece says that cannot fail.
const DONE: Written = Ok(());

/// A table of functions, each of which writes with a pen.
macro_rules! table {
    ($sprite:ident: $($name:literal => |$pen:ident $(, $argument:ident: $kind:ty)*| $body:expr;)+) => {
        BTreeMap::from([$((
            $name,
            {
                let sprite = Arc::clone(&$sprite);
                Value::from_function(
                    move |state: &mut State $(, $argument: $kind)*| -> Result<Value, Error> {
                        let $pen = &mut Pen::new(voice(state)?, &sprite);
                        $body?;
                        $pen.done()
                    },
                )
            },
        )),+])
    };
}

/// The functions by name.
pub(super) fn all(assets: &Assets) -> BTreeMap<&'static str, Value> {
    let sprite: Arc<str> = assets.url("sprite.svg").unwrap_or_default().into();
    let mut all = table! { sprite:
        "icon" => |pen, name: &str, class: Option<&str>| {
            pen.icon(name, class.unwrap_or_default());
            DONE
        };
        "tone_icon" => |pen, tone: &str| pen.tone_icon(tone);
        "badge" => |pen, tone: &str, label: &Value| pen.badge(tone, label);
        "amount" => |pen, amount: &Value| pen.amount(amount);
        "day" => |pen, at: &Value| pen.day(at);
        "when" => |pen, at: &Value| pen.when(at);
        "moment_of" => |pen, at: &Value| pen.moment(at);
        "method" => |pen, brand: &str, last4: Option<&str>, label: Option<&str>|
            pen.method(brand, last4, label);
        "price" => |pen, plan: &Value| pen.price(plan);
        "standing" => |pen, plan: &Value| pen.standing(plan);
        "plan_badge" => |pen, plan: &Value| pen.plan_badge(plan);
        "plan_card" => |pen, plan: &Value, loud: Option<bool>, level: Option<&str>, named: Kwargs| {
            pen.plan_card(plan, or(loud, &named, "loud")?, or(level, &named, "level")?)?;
            named.assert_all_used()
        };
        "csrf" => |pen| {
            pen.csrf();
            DONE
        };
        "notice" => |pen, tone: &str, text: &Value, title: Option<&Value>, named: Kwargs| {
            pen.notice(tone, text, or(title, &named, "title")?)?;
            named.assert_all_used()
        };
        "head" => |pen, title: &Value, lead: Option<&Value>, named: Kwargs| {
            pen.head(title, or(lead, &named, "lead")?);
            named.assert_all_used()
        };
        "back" => |pen, href: &Value, label: &Value| {
            pen.back(href, label);
            DONE
        };
        "strong" => |pen, text: &Value| {
            pen.strong(text);
            DONE
        };
        "done" => |pen| {
            pen.sign_of_done();
            DONE
        };
        "navigation" => |pen| pen.navigation();
        "languages" => |pen| pen.languages();
        "paging" => |pen, at: &Value, href: &Value| pen.paging(at, href);
        "subscription_state" => |pen, state: &str| pen.subscription_state(state);
        "payment_state" => |pen, state: &str| pen.payment_state(state);
        "license_state" => |pen, state: &str| pen.license_state(state);
        "period_price" => |pen, amount: &Value, interval: &Value| pen.period_price(amount, interval);
        "asked" => |pen, asked: &Value| pen.asked(asked);
        "field" => |pen, name: &Value, label: &Value, value: Option<&Value>, named: Kwargs|
            pen.field(name, label, or(value, &named, "value")?, &named);
        "copyable" => |pen, id: &Value, text: &Value| pen.copyable(id, text);
        "refresh" => |pen, seconds: i64| {
            pen.refresh(seconds);
            DONE
        };
        "waiting" => |pen, seconds: i64| pen.waiting(seconds);
    };
    all.insert("empty", Value::from_function(form::empty));
    all.insert("choice", Value::from_function(form::choice));
    all
}

/// An argument by its place, else by its name.
fn or<'a, T>(placed: Option<T>, named: &'a Kwargs, name: &'a str) -> Result<Option<T>, Error>
where
    Option<T>: minijinja::value::ArgType<'a, Output = Option<T>>,
{
    match placed {
        Some(placed) => Ok(Some(placed)),
        None if named.has(name) => named.get(name),
        None => Ok(None),
    }
}

/// The text under `key`; none for a none, and for a key that is not there.
fn text_of(value: &Value, key: &str) -> Result<Option<Value>, Error> {
    let text = value.get_attr(key)?;
    Ok(Some(text).filter(|text| !text.is_none() && !text.is_undefined()))
}

impl Pen {
    fn new(voice: Arc<Voice>, sprite: &Arc<str>) -> Self {
        Self {
            voice,
            sprite: Arc::clone(sprite),
            out: Markup::with_capacity(SMALL),
        }
    }

    fn done(&mut self) -> Result<Value, Error> {
        let made = std::mem::take(&mut self.out);
        self.voice.spend(made.as_str().len())?;
        Ok(made.into())
    }

    /// What `write` writes, apart from all else.
    fn aside(&mut self, write: impl FnOnce(&mut Self) -> Written) -> Result<Markup, Error> {
        let before = std::mem::replace(&mut self.out, Markup::with_capacity(SMALL));
        let written = write(self);
        let aside = std::mem::replace(&mut self.out, before);
        written.map(|()| aside)
    }

    /// A message without arguments.
    fn say(&mut self, key: &str) -> Written {
        let said = self.voice.say(key)?;
        self.out.value(&said);
        Ok(())
    }

    /// A path of this surface.
    fn url(&mut self, path: &str) {
        self.out.text(&self.voice.frame.base).text(path);
    }

    fn icon(&mut self, name: &str, class: &str) {
        let space = if class.is_empty() { "" } else { " " };
        self.out.raw(r#"<svg class="icon"#).raw(space).text(class);
        self.out.raw(r#"" aria-hidden="true"><use href=""#);
        self.out
            .raw(&self.sprite)
            .raw("#")
            .text(name)
            .raw(r#""/></svg>"#);
    }

    fn tone_icon(&mut self, tone: &str) -> Written {
        let name = match tone {
            "good" => "check",
            "warn" => "alert",
            "bad" => "cross",
            "info" => "clock",
            "plain" => "stop",
            other => return Err(invalid(format!("no tone `{other}`"))),
        };
        self.icon(name, "");
        Ok(())
    }

    /// A state: icon and word.
    fn badge(&mut self, tone: &str, label: &Value) -> Written {
        if label.as_str().is_none() {
            return Err(invalid(format!("{} is no label", shown(label))));
        }
        self.out.raw(r#"<span class="badge "#).text(tone).raw("\">");
        self.tone_icon(tone)?;
        self.out.value(label).raw("</span>");
        Ok(())
    }

    fn amount(&mut self, amount: &Value) -> Written {
        self.out.raw(r#"<span class="money">"#);
        self.bare_amount(amount)?;
        self.out.raw("</span>");
        Ok(())
    }

    fn bare_amount(&mut self, amount: &Value) -> Written {
        let text = self.voice.formats.money(amount_of(amount)?);
        self.out.text(&text);
        Ok(())
    }

    /// A day.
    fn day(&mut self, at: &Value) -> Written {
        let zone = &self.voice.frame.time_zone;
        let day = self.voice.formats.day(timestamp(at)?, zone);
        self.time(at, &day);
        Ok(())
    }

    /// A day and how far off it is: "1 December 2026, in 9 days".
    fn when(&mut self, at: &Value) -> Written {
        let (point, frame) = (timestamp(at)?, &self.voice.frame);
        let day = self.voice.formats.day(point, &frame.time_zone);
        let relative = self
            .voice
            .formats
            .relative(point, frame.now, &frame.time_zone);
        self.time(at, &day);
        self.out
            .raw(r#" <span class="muted">("#)
            .text(&relative)
            .raw(")</span>");
        Ok(())
    }

    /// A day with its time.
    fn moment(&mut self, at: &Value) -> Written {
        let zone = &self.voice.frame.time_zone;
        let moment = self.voice.formats.moment(timestamp(at)?, zone);
        self.time(at, &moment);
        Ok(())
    }

    /// The time element of `at`.
    fn time(&mut self, at: &Value, text: &str) {
        let at = at.as_str().unwrap_or_default();
        self.out.raw(r#"<time datetime=""#).text(at).raw("\">");
        self.out.text(text).raw("</time>");
    }

    /// A payment method: its mark, its name (or `label`), and how its number ends.
    fn method(&mut self, brand: &str, last4: Option<&str>, label: Option<&str>) -> Written {
        let known = BRANDS.iter().find(|(known, _)| *known == brand);
        let is_bank = BANKS.contains(&brand);
        let (class, symbol) = match known {
            Some((brand, _)) => ("mark", ["mark-", brand]),
            None if is_bank => ("mark icon", ["bank", ""]),
            None => ("mark icon", ["card", ""]),
        };
        self.out
            .raw(r#"<span class="method"><svg class=""#)
            .raw(class);
        self.out
            .raw(r#"" aria-hidden="true"><use href=""#)
            .raw(&self.sprite);
        self.out
            .raw("#")
            .raw(symbol[0])
            .raw(symbol[1])
            .raw(r#""/></svg><span>"#);
        if let Some(name) = label.or(known.map(|(_, name)| *name)) {
            self.out.text(name);
        } else if is_bank {
            self.say("method-bank")?;
        } else {
            self.say("method-card")?;
        }
        if let Some(last4) = last4 {
            self.out.raw(
                r#" <span class="nowrap"><span aria-hidden="true">••••</span><span class="visually-hidden">"#,
            );
            self.say("method-ending-in")?;
            self.out.raw("</span> ").text(last4).raw("</span>");
        }
        self.out.raw("</span></span>");
        Ok(())
    }
}
