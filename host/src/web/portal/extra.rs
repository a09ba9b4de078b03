//! Pages of plugins: `/x/{plugin}/…` for whoever is signed in, through the merchant's theme.
//! Everything that a plugin answers is checked here once more for where it leads.

use std::time::Duration;

use axum::extract::{Path, RawQuery};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::content::Content;
use crate::domain::extra_page::{PageAnswer, PageRequest, Reader, Submission};
use crate::domain::next::Next;
use crate::plugins::pages::Pages;
use crate::plugins::{self, Task};
use crate::themes::{Carried, Forms, Page};
use crate::web::{Error, Posted, SignedIn, Sources};

/// Bytes of a path or query that a plugin is told.
const LONGEST: usize = 2000;

/// Names with their values.
type Pairs = [(String, String)];

/// A page of a plugin.
#[derive(Debug, Serialize)]
pub struct ExtraPage {
    /// Its title.
    pub title: String,
    /// What it shows: harmless markup.
    pub content: String,
}

/// Which page of which plugin.
#[derive(Debug, Deserialize)]
pub(super) struct Address {
    plugin: String,
    #[serde(default)]
    path: String,
}

/// A plugin's page in one request.
struct Visit {
    who: SignedIn,
    name: String,
    pages: Pages,
    request: PageRequest,
}

/// `GET /x/{plugin}` and below.
pub(super) async fn show(
    who: SignedIn,
    Path(address): Path<Address>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let visit = Visit::of(who, address, query.as_deref())?;
    let answer = visit.asked(visit.pages.render(&visit.request)).await?;
    visit.respond(answer, StatusCode::OK, (&[], &[]))
}

/// `POST /x/{plugin}` and below.
pub(super) async fn submit(
    who: SignedIn,
    Path(address): Path<Address>,
    RawQuery(query): RawQuery,
    Posted(fields): Posted<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let visit = Visit::of(who, address, query.as_deref())?;
    let fields: Vec<_> = fields
        .into_iter()
        .filter(|(name, _)| name != "csrf")
        .collect();
    let (pages, request, sent) = (visit.pages.clone(), visit.request.clone(), fields.clone());
    let flows = &visit.who.web.cx.flows;
    let taken = async {
        // A form that was sent is taken to its end, whatever becomes of the browser.
        let running = flows.spawn(async move { pages.submit(&request, &sent).await });
        running.await.map_err(Error::internal)
    };
    match visit.timed(taken).await? {
        Submission::Taken(answer) => visit.respond(answer, StatusCode::OK, (&[], &[])),
        Submission::Invalid(errors) => {
            let answer = visit.asked(visit.pages.render(&visit.request)).await?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            visit.respond(answer, status, (&fields, &errors))
        }
    }
}

impl Visit {
    fn of(who: SignedIn, address: Address, query: Option<&str>) -> Result<Self, Error> {
        let Address { plugin: name, path } = address;
        let query = query.unwrap_or_default();
        let tricky = path.split('/').any(|part| part == "." || part == "..")
            || path.chars().any(|c| c.is_control() || c == '\\');
        if tricky || path.len() > LONGEST || query.len() > LONGEST {
            return Err(Error::not_found());
        }
        let plugins = &who.web.cx.plugins;
        let found = plugins.pages(who.scope(), &name);
        let pages = match found.ok_or_else(Error::not_found)? {
            Ok(pages) => pages,
            Err(error) => {
                let plugin = plugins.plugin_of_pages(who.scope(), &name).unwrap_or(name);
                plugins.report(&plugin, who.scope(), Task::Page, &error.to_string());
                return Err(Error::page_unavailable());
            }
        };
        let request = PageRequest {
            reader: reader(&who, &name),
            path: format!("/{path}"),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        };
        Ok(Self {
            who,
            name,
            pages,
            request,
        })
    }

    async fn asked(
        &self,
        call: impl Future<Output = Result<PageAnswer, plugins::Error>>,
    ) -> Result<PageAnswer, Error> {
        self.timed(async { Ok(call.await) }).await
    }

    /// What the plugin answers. Nobody waits longer than the deadline of pages, and nobody at all for
    /// a plugin that let customers wait for nothing again and again, until it has had its rest.
    async fn timed<T>(
        &self,
        call: impl Future<Output = Result<Result<T, plugins::Error>, Error>>,
    ) -> Result<T, Error> {
        let leave = self.pages.visit().ok_or_else(Error::page_unavailable)?;
        let deadline = self.who.web.cx.settings.load().plugins.page_deadline;
        let deadline = Duration::try_from(deadline).unwrap_or_default();
        let Ok(ended) = tokio::time::timeout(deadline, call).await else {
            leave.end(false);
            return Err(self.failed("it did not answer in time"));
        };
        let answer = ended?;
        let in_vain = answer
            .as_ref()
            .is_err_and(plugins::Error::took_all_its_time);
        leave.end(!in_vain);
        answer.map_err(|error| self.failed(&error.to_string()))
    }

    fn failed(&self, what: &str) -> Error {
        let plugins = &self.who.web.cx.plugins;
        plugins.report(self.pages.plugin(), self.who.scope(), Task::Page, what);
        Error::page_unavailable()
    }

    /// Its answer came, and cannot be shown or followed.
    fn useless(&self, what: &str) -> Error {
        let plugins = &self.who.web.cx.plugins;
        plugins.useless(self.pages.plugin(), self.who.scope(), Task::Page, what);
        Error::page_unavailable()
    }

    /// Does what the plugin answered, if it is something that it may.
    fn respond(
        &self,
        answer: PageAnswer,
        status: StatusCode,
        typed: (&Pairs, &Pairs),
    ) -> Result<Response, Error> {
        let response = self.made_of(answer, status, typed)?;
        let plugins = &self.who.web.cx.plugins;
        plugins.is_well(self.pages.plugin(), self.who.scope(), Task::Page);
        Ok(response)
    }

    fn made_of(
        &self,
        answer: PageAnswer,
        status: StatusCode,
        (values, errors): (&Pairs, &Pairs),
    ) -> Result<Response, Error> {
        match answer {
            PageAnswer::Page { title, content } => {
                let content = shown(&self.who, &self.name, &self.pages, &content, values, errors)
                    .map_err(|problem| self.useless(&problem))?;
                let page = ExtraPage { title, content };
                let mut response = self.who.render_as(status, &page)?;
                response.extensions_mut().insert(Sources {
                    // Chromium holds redirects of forms against this list.
                    forms: self.pages.leads_to(),
                    ..Sources::default()
                });
                Ok(response)
            }
            PageAnswer::Redirect(to) => self.lead(&to),
            PageAnswer::Download {
                name,
                media_type,
                body,
            } => Ok(download(&name, &media_type, body)),
            PageAnswer::NotFound => Err(Error::not_found()),
        }
    }

    fn lead(&self, to: &str) -> Result<Response, Error> {
        if to == "/" {
            return Ok(self.who.redirect("/"));
        }
        if let Some(path) = Next::parse(to) {
            return Ok(self.who.redirect(path.as_str()));
        }
        match Url::parse(to) {
            Ok(url) if self.pages.may_lead_to(&url) => Ok(self.who.redirect_to(url.as_str())),
            _ => Err(self.useless("it wants to send the browser where it may not")),
        }
    }
}

/// For whom a plugin makes something.
pub(super) fn reader(who: &SignedIn, name: &str) -> Reader {
    Reader {
        scope: who.scope().clone(),
        customer: who.customer.id.clone(),
        home: format!("/x/{name}"),
        locale: who.frame.locale.catalogue().to_owned(),
        now: who.frame.now,
    }
}

/// What a plugin shows, as harmless markup whose forms lead to its own pages.
pub(super) fn shown(
    who: &SignedIn,
    name: &str,
    pages: &Pages,
    content: &Content,
    values: &[(String, String)],
    errors: &[(String, String)],
) -> Result<String, String> {
    let below = who.url(&format!("/x/{name}"));
    let forms = Forms {
        below: &below,
        csrf: who.frame.csrf.as_deref().unwrap_or_default(),
        values,
        errors,
    };
    who.web
        .themes
        .content(&who.frame, &carried(pages), content, &forms)
}

/// The plugin with what it carries.
pub(in crate::web) fn carried(pages: &Pages) -> Carried<'_> {
    Carried {
        id: pages.plugin(),
        version: pages.version(),
        files: pages.files(),
    }
}

/// A file that the browser saves, and never shows.
fn download(name: &str, media_type: &str, body: Vec<u8>) -> Response {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.chars().filter(plain).take(100).collect();
    let name = name.trim_start_matches('.');
    let name = if name.is_empty() { "file" } else { name };
    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '+' | '.');
    let kind = Some(media_type).filter(|kind| kind.contains('/') && kind.chars().all(token));
    let kind = kind.and_then(|kind| HeaderValue::from_str(kind).ok());
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    let attached = format!("attachment; filename=\"{name}\"");
    if let Ok(attached) = HeaderValue::from_str(&attached) {
        headers.insert(CONTENT_DISPOSITION, attached);
    }
    let nothing = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(CONTENT_SECURITY_POLICY, nothing);
    response
}

impl Page for ExtraPage {
    const TEMPLATE: &'static str = "pages/extra.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            title: "Tell us how it went".to_owned(),
            content: "<p>One question, and you are done.</p>".to_owned(),
        }]
    }
}
