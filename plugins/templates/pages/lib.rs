//! A page of the portal with a form. What it may answer is documented in
//! `vestibule-plugin/wit/pages/v1`.

use serde_json::{Value, json};
use vestibule_plugin::Kv;
use vestibule_plugin::host::log;
use vestibule_plugin::operator::text;
use vestibule_plugin::pages::{Content, Template, pages};

struct Plugin;

// Further interfaces are named after it: `Plugin, blocks, events`.
vestibule_plugin::pages!(Plugin);

impl pages::Guest for Plugin {
    fn describe() -> pages::Description {
        pages::Description {
            navigation: vec![pages::Entry {
                path: "/".to_owned(),
                label: "nav-news".to_owned(),
                icon: "info".to_owned(),
            }],
            extra: Vec::new(),
        }
    }

    fn render(request: pages::Request) -> Result<pages::Answer, String> {
        let spanish = request.context.locale.starts_with("es");
        let title = if spanish { "Novedades" } else { "News" };
        Ok(match request.path.as_str() {
            // A form that has to be mended is shown at its own address.
            "/" | "/wish" => page(title, "news.html", &json!({ "notice": text("notice") })),
            "/thanks" => page(title, "thanks.html", &json!({})),
            _ => pages::Answer::NotFound,
        })
    }

    fn submit(request: pages::Request, fields: Vec<Kv>) -> Result<pages::Submission, String> {
        if request.path != "/wish" {
            return Ok(pages::Submission::Taken(pages::Answer::NotFound));
        }
        let wish = fields.iter().find(|field| field.name == "wish");
        let wish = wish.map(|field| field.value.trim()).unwrap_or_default();
        if wish.is_empty() {
            let spanish = request.context.locale.starts_with("es");
            let message = if spanish { "Escribe algo." } else { "Write something." };
            return Ok(pages::Submission::Invalid(vec![pages::FieldError {
                field: "wish".to_owned(),
                message: message.to_owned(),
            }]));
        }
        log::write(log::Level::Info, "a wish was made", &[]);
        let thanks = format!("{}/thanks", request.context.home);
        Ok(pages::Submission::Taken(pages::Answer::Redirect(thanks)))
    }
}

/// A page that one of the plugin's own templates shows.
fn page(title: &str, name: &str, data: &Value) -> pages::Answer {
    pages::Answer::Page(pages::Page {
        title: title.to_owned(),
        content: Content::Template(Template {
            name: name.to_owned(),
            data: data.to_string(),
        }),
    })
}
