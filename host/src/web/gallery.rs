//! What `vestibule theme dev` serves: a theme with sample data, read anew at every request, on
//! pages that reload when a file changes. There is no portal behind it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;

use super::assets;
use crate::themes::chain;
use crate::themes::gallery::{Gallery, Look};

/// Asks every second whether something has changed, and loads the page again if so.
const RELOAD: &str = "let seen; setInterval(async () => { try { \
    const now = await (await fetch('/version')).text(); \
    if (seen !== undefined && now !== seen) location.reload(); seen = now; } catch {} }, 1000);";

const STYLE: &str = "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem;\
    color-scheme:light dark}table{border-spacing:0 .25rem}td{padding-inline-end:1.5rem;\
    vertical-align:top}a{margin-inline-end:.75rem}";

/// Pages of one theme.
pub fn router(gallery: Gallery) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/version", get(version))
        .route("/show/{sample}/{*template}", get(show))
        .route("/assets/{theme}/{*file}", get(asset))
        .with_state(Arc::new(gallery))
}

/// Every page and mail with links to its samples.
async fn index(State(gallery): State<Arc<Gallery>>) -> Response {
    let theme = match gallery.theme() {
        Ok(theme) => theme,
        Err(error) => return failed(&error),
    };
    let mut rows = String::new();
    for exhibit in gallery.exhibits() {
        write!(rows, "<tr><td>{}</td><td>", exhibit.template).ok();
        for sample in 0..exhibit.samples {
            let path = format!("/show/{sample}/{}", exhibit.template);
            for tag in theme.languages() {
                write!(rows, "<a href=\"{path}?lang={tag}\">{sample} {tag}</a>").ok();
            }
        }
        rows.push_str("</td></tr>");
    }
    let title = escaped(theme.title());
    Html(format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\
         <script>{RELOAD}</script><h1>{title}</h1><p>Every page and mail with each of its samples. \
         Add <code>&amp;frame=1</code> for the least a business has around it, \
         <code>&amp;frame=2</code> for no business, <code>&amp;frame=3</code> for one whose \
         customers may not pay by themselves, <code>&amp;dir=rtl</code> for right to left. \
         A page reloads when a file of the theme changes.</p><table>{rows}</table>"
    ))
    .into_response()
}

async fn version(State(gallery): State<Arc<Gallery>>) -> String {
    gallery.version().unwrap_or_default()
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    frame: usize,
    #[serde(default)]
    dir: String,
}

async fn show(
    State(gallery): State<Arc<Gallery>>,
    Path((sample, template)): Path<(usize, String)>,
    Query(wish): Query<Wish>,
) -> Response {
    let look = Look {
        language: wish.lang,
        surroundings: wish.frame,
        right_to_left: wish.dir == "rtl",
    };
    let text = match gallery.render(&template, sample, &look) {
        Ok(Some(text)) => text,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return failed(&error),
    };
    let is_page = template.starts_with("pages/");
    if !is_page && template.rsplit('.').next() != Some("html") {
        return text.into_response();
    }
    let own = gallery
        .script()
        .filter(|_| is_page)
        .map(|source| format!("<script src=\"{source}\" defer></script>"));
    let scripts = format!("<script>{RELOAD}</script>{}", own.unwrap_or_default());
    Html(text.replacen("</head>", &format!("{scripts}</head>"), 1)).into_response()
}

async fn asset(
    State(gallery): State<Arc<Gallery>>,
    Path((_, file)): Path<(String, String)>,
) -> Response {
    match gallery.asset(&file) {
        Some(asset) => assets::answer(asset),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What is wrong with the theme, until the next change.
fn failed(error: &crate::themes::Error) -> Response {
    let text = escaped(&chain(error));
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Mistake</title><style>{STYLE}</style>\
         <script>{RELOAD}</script><h1>This does not render yet</h1><pre>{text}</pre>"
    );
    (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
