//! States by their words in the domain, pieces of forms, and what waits.

use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Error, State};

use super::{Pen, Written, text_of};
use crate::themes::functions::{Plain, invalid, voice};
use crate::themes::markup::Markup;

impl Pen {
    /// The state of a subscription.
    pub(super) fn subscription_state(&mut self, state: &str) -> Written {
        let tone = match state {
            "active" => "good",
            "on-hold" | "past-due" => "warn",
            "failed" => "bad",
            "pending" => "info",
            _ => "plain",
        };
        self.state(tone, &format!("subscription-{state}"))
    }

    /// The state of a payment.
    pub(super) fn payment_state(&mut self, state: &str) -> Written {
        let tone = match state {
            "succeeded" => "good",
            "declined" => "bad",
            "awaiting-customer" => "warn",
            "cancelled" => "plain",
            _ => "info",
        };
        self.state(tone, &format!("payment-{state}"))
    }

    /// The state of a license key.
    pub(super) fn license_state(&mut self, state: &str) -> Written {
        let tone = match state {
            "active" => "good",
            "suspended" => "warn",
            "disabled" => "bad",
            _ => "plain",
        };
        self.state(tone, &format!("license-{state}"))
    }

    fn state(&mut self, tone: &str, key: &str) -> Written {
        let label = self.voice.say(key)?;
        self.badge(tone, &label)
    }

    /// The price of a period, without markup.
    pub(super) fn period_price(&mut self, amount: &Value, interval: &Value) -> Written {
        let amount = self.aside(|pen| pen.bare_amount(amount))?;
        self.per_interval(amount.as_str(), interval)
    }

    /// When and from where a link was asked for.
    pub(super) fn asked(&mut self, asked: &Value) -> Written {
        let at = asked.get_attr("at")?;
        let at = self.aside(|pen| pen.moment(&at))?;
        let network = asked.get_attr("network")?;
        let network = network
            .as_str()
            .ok_or_else(|| invalid("`network` is no text".to_owned()))?;
        let network = self.aside(|pen| {
            pen.out.text(network);
            Ok(())
        })?;
        let mut markup = vec![("when", at.as_str()), ("network", network.as_str())];
        let Some(browser) = text_of(asked, "browser")? else {
            return self.voice.write(&mut self.out, "link-asked", &[], &markup);
        };
        let browser = self.aside(|pen| {
            pen.out.value(&browser);
            Ok(())
        })?;
        markup.push(("browser", browser.as_str()));
        let key = "link-asked-browser";
        self.voice.write(&mut self.out, key, &[], &markup)
    }

    /// A labelled field: `field(name, label, value, type, error, hint, autocomplete, inputmode,
    /// required, class, maxlength)`, all from `value` on by name. `error` and `hint` are sentences.
    pub(super) fn field(
        &mut self,
        name: &Value,
        label: &Value,
        value: Option<&Value>,
        named: &Kwargs,
    ) -> Written {
        let given = |key: &str| -> Result<Option<Value>, Error> {
            let given = if named.has(key) {
                named.get(key)?
            } else {
                None::<Value>
            };
            Ok(given.filter(|value| !value.is_none()))
        };
        let (error, hint) = (given("error")?, given("hint")?);
        let required = given("required")?.is_none_or(|required| required.is_true());
        self.out.raw("<div class=\"field\">\n<label for=\"");
        self.out.value(name).raw("\">").value(label);
        if !required {
            self.out.raw(r#" <span class="muted small">"#);
            self.say("optional")?;
            self.out.raw("</span>");
        }
        self.out.raw("</label>\n<input id=\"").value(name);
        self.attribute("name", name);
        self.attribute("type", &given("type")?.unwrap_or_else(|| "text".into()));
        self.attribute("value", value.unwrap_or(&Value::from("")));
        let autocomplete = given("autocomplete")?.unwrap_or_else(|| "off".into());
        self.attribute("autocomplete", &autocomplete);
        for key in ["class", "inputmode", "maxlength"] {
            if let Some(value) = given(key)?.filter(Value::is_true) {
                self.attribute(key, &value);
            }
        }
        let about = error.is_some() || hint.is_some();
        let mark = |out: &mut Markup, is: bool, text| {
            if is {
                out.raw(text);
            }
        };
        self.out.raw("\"");
        mark(&mut self.out, required, " required");
        mark(&mut self.out, error.is_some(), r#" aria-invalid="true""#);
        if about {
            self.out.raw(r#" aria-describedby=""#).value(name);
            self.out.raw("-about\"");
        }
        self.out.raw(">\n");
        match (error, hint) {
            (Some(error), _) => {
                self.out.raw(r#"<p class="error" id=""#).value(name);
                self.out.raw("-about\">");
                self.icon("alert", "");
                self.out.raw("<span>").value(&error).raw("</span></p>\n");
            }
            (None, Some(hint)) => {
                self.out.raw(r#"<p class="hint" id=""#).value(name);
                self.out.raw("-about\">").value(&hint).raw("</p>\n");
            }
            (None, None) => {}
        }
        self.out.raw("</div>");
        named.assert_all_used()
    }

    /// Ends an attribute and begins the next.
    fn attribute(&mut self, name: &str, value: &Value) {
        self.out.raw("\" ").raw(name).raw("=\"").value(value);
    }

    /// A text with a copy button; without a script a press on the text selects all of it.
    pub(super) fn copyable(&mut self, id: &Value, text: &Value) -> Written {
        self.out
            .raw(r#"<div class="key"><code id=""#)
            .value(id)
            .raw("\">");
        self.out.value(text).raw(r#"</code><button type="button" "#);
        self.out
            .raw(r#"class="button small quiet" hidden data-copy=""#);
        self.out.value(text).raw(r#"" data-copied=""#);
        self.say("copied")?;
        self.out.raw(r#"" data-source=""#).value(id).raw("\">");
        self.icon("copy", "");
        self.out.raw("<span data-label>");
        self.say("copy")?;
        self.out.raw("</span></button></div>");
        Ok(())
    }

    /// Goes into the block `head` of a page that waits.
    pub(super) fn refresh(&mut self, seconds: i64) {
        self.out
            .raw(r#"<noscript><meta http-equiv="refresh" content=""#);
        self.out.raw(&seconds.to_string()).raw("\"></noscript>");
    }

    /// The sign of a page that waits; it updates itself.
    pub(super) fn waiting(&mut self, seconds: i64) -> Written {
        self.out.raw(r#"<div class="waiting" data-refresh=""#);
        self.out.raw(&seconds.to_string());
        self.out.raw(r#"" role="progressbar" aria-label=""#);
        self.say("waiting")?;
        self.out.raw("\"></div>");
        Ok(())
    }

    /// "29,00 € per month", from the amount and the interval.
    pub(super) fn per_interval(&mut self, amount: &str, interval: &Value) -> Written {
        let unit = interval.get_attr("unit")?;
        let unit = unit.as_str();
        let unit = unit.ok_or_else(|| invalid("`unit` is no text".to_owned()))?;
        let count = interval.get_attr("count")?.as_i64();
        let count = count.ok_or_else(|| invalid("`count` is no number".to_owned()))?;
        let plain = [("unit", Plain::Text(unit)), ("count", Plain::Number(count))];
        let markup = [("price", amount)];
        self.voice
            .write(&mut self.out, "price-per", &plain, &markup)
    }
}

/// What stands between `{% call %}` and `{% endcall %}`.
fn called(state: &mut State, named: &Kwargs, out: &mut Markup) -> Result<(), Error> {
    let caller: Value = named.get("caller")?;
    named.assert_all_used()?;
    let inner = caller.call(state, &[])?;
    if matches!(state.auto_escape(), AutoEscape::Html) {
        out.value(&inner);
    } else {
        out.raw(inner.as_str().unwrap_or_default());
    }
    Ok(())
}

/// `{% call ui.empty() %} … {% endcall %}`: nothing here yet, taught in one sentence.
#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands keyword arguments over by value"
)]
pub(super) fn empty(state: &mut State, named: Kwargs) -> Result<Value, Error> {
    let mut out = Markup::default();
    out.raw(r#"<div class="empty">"#);
    called(state, &named, &mut out)?;
    out.raw("</div>");
    made(state, out)
}

/// `{% call ui.choice('method', method.id, checked) %} … {% endcall %}`: one of several.
#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands keyword arguments over by value"
)]
pub(super) fn choice(
    state: &mut State,
    name: &Value,
    value: &Value,
    checked: Option<bool>,
    named: Kwargs,
) -> Result<Value, Error> {
    let checked = super::or(checked, &named, "checked")?.unwrap_or_default();
    let mut out = Markup::default();
    out.raw(r#"<label class="choice"><input type="radio" name=""#);
    out.value(name).raw(r#"" value=""#).value(value).raw("\"");
    if checked {
        out.raw(" checked");
    }
    out.raw(r#" required><span class="grow">"#);
    called(state, &named, &mut out)?;
    out.raw("</span></label>");
    made(state, out)
}

/// What a piece wrote without a pen.
fn made(state: &mut State, out: Markup) -> Result<Value, Error> {
    voice(state)?.spend(out.as_str().len())?;
    Ok(out.into())
}
