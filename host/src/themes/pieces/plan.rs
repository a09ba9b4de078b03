//! A subscription: its price, its state and what that means, and the card with its one action.

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};

use super::{LARGE, Pen, Written, text_of};
use crate::themes::functions::invalid;

/// What a subscription's state means, as the page says it.
struct Standing(Value);

impl Standing {
    fn of(plan: &Value) -> Result<Self, Error> {
        Ok(Self(plan.get_attr("standing")?))
    }

    fn kind(&self) -> Result<Value, Error> {
        self.0.get_attr("kind")
    }

    /// The time under `key`, which this kind has.
    fn at(&self, key: &str) -> Result<Value, Error> {
        self.some(key)?
            .ok_or_else(|| Error::new(ErrorKind::UndefinedError, format!("no `{key}`")))
    }

    fn some(&self, key: &str) -> Result<Option<Value>, Error> {
        text_of(&self.0, key)
    }

    fn is(&self, key: &str) -> Result<bool, Error> {
        Ok(self.0.get_attr(key)?.is_true())
    }
}

/// The text under `key`, with something before it.
fn joined(before: &str, value: &Value, key: &str) -> Result<String, Error> {
    let text = value.get_attr(key)?;
    let text = text.as_str();
    let text = text.ok_or_else(|| invalid(format!("`{key}` is no text")))?;
    Ok([before, text].concat())
}

impl Pen {
    /// "29,00 € per month"
    pub(super) fn price(&mut self, plan: &Value) -> Written {
        let price = plan.get_attr("price")?;
        let amount = self.aside(|pen| pen.amount(&price))?;
        self.per_interval(amount.as_str(), &plan.get_attr("interval")?)?;
        if !plan.get_attr("tax_inclusive")?.is_true() {
            self.out.raw(" ");
            self.say("price-plus-tax")?;
        }
        Ok(())
    }

    /// The state as a badge.
    pub(super) fn plan_badge(&mut self, plan: &Value) -> Written {
        if Standing::of(plan)?.kind()?.as_str() == Some("ends") {
            let label = self.voice.say("state-ends")?;
            return self.badge("warn", &label);
        }
        let label = self.voice.say(&joined("subscription-", plan, "state")?)?;
        self.badge(&joined("", plan, "tone")?, &label)
    }

    /// What the state means, in a sentence.
    pub(super) fn standing(&mut self, plan: &Value) -> Written {
        let standing = Standing::of(plan)?;
        let kind = standing.kind()?;
        match kind.as_str().unwrap_or_default() {
            "renews" => self.says_when("standing-renews", &standing.at("at")?),
            "ends" if standing.is("undo")? => self.says_when("standing-ends", &standing.at("at")?),
            "ends" => self.says_when("standing-ends-by-itself", &standing.at("at")?),
            "on-hold" => {
                let since = standing.at("since")?;
                match standing.some("due")? {
                    Some(due) => {
                        let key = joined("hold-", &standing.0, "why")?;
                        self.says_due(&key, &due, &since)
                    }
                    None if standing.is("lapsed")? => self.says_day("hold-lapsed", &since),
                    None => self.says_day("hold-without-dues", &since),
                }
            }
            "past-due" => {
                let until = standing.at("until")?;
                match standing.some("due")? {
                    Some(due) => self.says_due("standing-past-due", &due, &until),
                    None => self.says_day("standing-past-due-bare", &until),
                }
            }
            "on-demand" => self.say("standing-on-demand"),
            "paused" => {
                let since = standing.at("since")?;
                match standing.some("resumes")? {
                    Some(end) => {
                        let since = self.aside(|pen| pen.day(&since))?;
                        let end = self.aside(|pen| pen.when(&end))?;
                        let markup = [("date", since.as_str()), ("end", end.as_str())];
                        self.sentence("standing-paused-until", &markup)
                    }
                    None => self.says_day("standing-paused", &since),
                }
            }
            "pending" => self.say("standing-pending"),
            _ => {
                let key = joined("standing-", plan, "state")?;
                match standing.some("at")? {
                    Some(at) => self.says_day(&key, &at),
                    None => self.say(&key),
                }
            }
        }
    }

    /// A subscription as a card with its one action.
    pub(super) fn plan_card(
        &mut self,
        plan: &Value,
        loud: Option<bool>,
        level: Option<&str>,
    ) -> Written {
        let level = level.unwrap_or("h3");
        let here = joined("/subscriptions/", plan, "id")?;
        let product = plan.get_attr("product")?;
        self.out.reserve(LARGE);
        self.out.raw("<li class=\"card plan\">\n");
        self.out
            .raw("<div class=\"row apart top\">\n<div class=\"stack tight\">\n<");
        self.out.text(level).raw("><a href=\"");
        self.url(&here);
        self.out.raw("\">").value(&product).raw("</a>");
        let quantity = plan.get_attr("quantity")?.as_i64().unwrap_or(1);
        if quantity > 1 {
            let number = self.voice.formats.number(quantity);
            self.out.raw(r#" <span class="muted nowrap">× "#);
            self.out.text(&number).raw("</span>");
        }
        self.out.raw("</").text(level).raw(">\n<p class=\"muted\">");
        self.price(plan)?;
        self.out.raw("</p>\n</div>\n");
        self.plan_badge(plan)?;
        self.out.raw("\n</div>\n<p>");
        self.standing(plan)?;
        self.out.raw("</p>\n<footer>\n");
        let standing = Standing::of(plan)?;
        let kind = standing.kind()?;
        let kind = kind.as_str().unwrap_or_default();
        let method = text_of(plan, "method")?.filter(|_| !matches!(kind, "ended" | "pending"));
        if let Some(method) = method {
            let last4 = text_of(&method, "last4")?;
            let last4 = last4.as_ref().and_then(Value::as_str);
            self.method(&joined("", &method, "brand")?, last4, None)?;
        }
        self.out.raw("\n<span class=\"push\"></span>\n");
        let undo = kind == "ends" && standing.is("undo")?;
        // Where nothing is due a method is all that is missing.
        let is_bare =
            kind == "on-hold" && standing.some("due")?.is_none() && !standing.is("lapsed")?;
        let frame = &self.voice.frame;
        let can_mend = frame.can_pay && (frame.can_choose || !is_bare);
        match kind {
            "on-hold" | "past-due" if can_mend => {
                let primary = if loud.unwrap_or(true) { " primary" } else { "" };
                self.out.raw(r#"<a class="button"#).raw(primary);
                self.out.raw(r#"" href=""#);
                self.url(&here);
                self.out.raw("/reactivate\">");
                let is_on_hold = kind == "on-hold";
                self.say(if is_on_hold {
                    "act-reactivate"
                } else {
                    "act-pay"
                })?;
                self.out.raw("</a>");
            }
            "ends" if undo => self.button(&here, "/keep", "act-keep", None)?,
            "paused" => self.button(&here, "/resume", "act-resume", Some(&product))?,
            "renews" | "on-demand" => self.link(&here, "act-manage", &product)?,
            _ => self.link(&here, "act-view", &product)?,
        }
        self.out.raw("\n</footer>\n</li>");
        Ok(())
    }

    /// A link to the subscription at `here`, which names it to those who hear the page.
    fn link(&mut self, here: &str, key: &str, product: &Value) -> Written {
        self.out.raw(r#"<a class="button" href=""#);
        self.url(here);
        self.out.raw("\">");
        self.say(key)?;
        self.hidden(product);
        self.out.raw("</a>");
        Ok(())
    }

    /// A button that does something to the subscription at `here`.
    fn button(&mut self, here: &str, act: &str, key: &str, product: Option<&Value>) -> Written {
        self.out.raw(r#"<form method="post" action=""#);
        self.url(here);
        self.out.raw(act).raw("\">");
        self.csrf();
        self.out.raw(r#"<button class="button">"#);
        self.say(key)?;
        if let Some(product) = product {
            self.hidden(product);
        }
        self.out.raw("</button></form>");
        Ok(())
    }

    fn hidden(&mut self, product: &Value) {
        self.out.raw(r#"<span class="visually-hidden"> "#);
        self.out.value(product).raw("</span>");
    }

    fn says_when(&mut self, key: &str, at: &Value) -> Written {
        let at = self.aside(|pen| pen.when(at))?;
        self.sentence(key, &[("date", at.as_str())])
    }

    fn says_day(&mut self, key: &str, at: &Value) -> Written {
        let at = self.aside(|pen| pen.day(at))?;
        self.sentence(key, &[("date", at.as_str())])
    }

    fn says_due(&mut self, key: &str, due: &Value, at: &Value) -> Written {
        let due = self.aside(|pen| pen.amount(due))?;
        let at = self.aside(|pen| pen.day(at))?;
        let markup = [("amount", due.as_str()), ("date", at.as_str())];
        self.sentence(key, &markup)
    }

    fn sentence(&mut self, key: &str, markup: &[(&'static str, &str)]) -> Written {
        self.voice.write(&mut self.out, key, &[], markup)
    }
}
