//! What stands around the content of a page, and the one-liners in it.

use minijinja::Value;

use super::{LARGE, Pen, Written, text_of};

impl Pen {
    /// First line of every form that changes something.
    pub(super) fn csrf(&mut self) {
        if let Some(token) = &self.voice.frame.csrf {
            self.out.raw(r#"<input type="hidden" name="csrf" value=""#);
            self.out.text(token).raw("\">");
        }
    }

    /// One sentence that stands out; `title` in bold before it.
    pub(super) fn notice(&mut self, tone: &str, text: &Value, title: Option<&Value>) -> Written {
        let role = if tone == "bad" { "alert" } else { "status" };
        self.out.raw(r#"<div class="notice "#).text(tone);
        self.out.raw(r#"" role=""#).raw(role).raw("\">");
        self.tone_icon(tone)?;
        self.out.raw("<div>");
        if let Some(title) = title {
            self.strong(title);
            self.out.raw("<br>");
        }
        self.out.value(text).raw("</div></div>");
        Ok(())
    }

    /// The head of a page: one h1 and a sentence below it.
    pub(super) fn head(&mut self, title: &Value, lead: Option<&Value>) {
        self.out.raw(r#"<header class="page-head"><h1>"#);
        self.out.value(title).raw("</h1>");
        if let Some(lead) = lead {
            self.out.raw(r#"<p class="lead">"#).value(lead).raw("</p>");
        }
        self.out.raw("</header>");
    }

    pub(super) fn back(&mut self, href: &Value, label: &Value) {
        self.out
            .raw(r#"<a class="back" href=""#)
            .value(href)
            .raw("\">");
        self.icon("back", "turns");
        self.out.value(label).raw("</a>");
    }

    pub(super) fn strong(&mut self, text: &Value) {
        self.out.raw("<strong>").value(text).raw("</strong>");
    }

    /// The sign at the top of a page that says what was done.
    pub(super) fn sign_of_done(&mut self) {
        self.out.raw(r#"<span class="done">"#);
        self.icon("check", "");
        self.out.raw("</span>");
    }

    /// The entries of the navigation; nothing where there is none.
    pub(super) fn navigation(&mut self) -> Written {
        let voice = std::sync::Arc::clone(&self.voice);
        self.out.reserve(voice.frame.navigation.len() * LARGE / 4);
        for entry in &voice.frame.navigation {
            self.out.raw(r#"<li><a href=""#);
            self.url(&entry.path);
            self.out.raw("\"");
            if voice.frame.is_current(&entry.path) {
                self.out.raw(r#" aria-current="page""#);
            }
            self.out.raw(">");
            self.icon(&entry.icon, "");
            self.out.raw(r#"<span class="long">"#);
            match &entry.label {
                Some((label, _)) => drop(self.out.text(label)),
                None => self.say(&entry.key)?,
            }
            self.out
                .raw(r#"</span><span class="short" aria-hidden="true">"#);
            match &entry.label {
                Some((_, short)) => drop(self.out.text(short)),
                None => self.say(&[&entry.key, "-short"].concat())?,
            }
            self.out.raw("</span></a></li>\n");
        }
        Ok(())
    }

    /// The ways to this page in the other languages; nothing where there is only one.
    pub(super) fn languages(&mut self) -> Written {
        let voice = std::sync::Arc::clone(&self.voice);
        let offered = || {
            let all = voice.languages.iter();
            all.filter(|(tag, _)| voice.frame.locale.offers(tag))
        };
        if offered().nth(1).is_none() {
            return Ok(());
        }
        self.out.raw(r#"<nav class="languages small" aria-label=""#);
        self.say("language")?;
        self.out.raw("\">\n");
        for (tag, name) in offered() {
            self.out
                .raw(r#"<a href=""#)
                .text(&voice.frame.in_language(tag));
            self.out.raw(r#"" lang=""#).text(tag);
            self.out.raw(r#"" hreflang=""#).text(tag).raw("\"");
            if tag == voice.frame.locale.catalogue() {
                self.out.raw(r#" aria-current="true""#);
            }
            self.out.raw(">").text(name).raw("</a>\n");
        }
        self.out.raw("</nav>");
        Ok(())
    }

    /// The ways to the pages beside this one of the list at `href`.
    pub(super) fn paging(&mut self, at: &Value, href: &Value) -> Written {
        let (newer, older) = (text_of(at, "newer")?, text_of(at, "older")?);
        if newer.is_none() && older.is_none() {
            return Ok(());
        }
        self.out
            .raw(r#"<nav class="row apart paging" aria-label=""#);
        self.say("pages")?;
        self.out.raw("\">\n");
        if let Some(newer) = newer {
            self.out.raw(r#"<a class="button" href=""#).value(href);
            self.out.value(&newer).raw(r#"" rel="prev">"#);
            self.icon("back", "turns");
            self.say("page-newer")?;
            self.out.raw("</a>\n");
        } else {
            self.out.raw("<span></span>\n");
        }
        if let Some(older) = older {
            self.out.raw(r#"<a class="button" href=""#).value(href);
            self.out.value(&older).raw(r#"" rel="next">"#);
            self.say("page-older")?;
            self.icon("next", "turns");
            self.out.raw("</a>\n");
        }
        self.out.raw("</nav>");
        Ok(())
    }
}
