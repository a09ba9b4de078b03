//! A browser in front of the router: it keeps cookies, fills forms and presses buttons.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use scraper::{Html, Selector};
use tower::ServiceExt as _;

use super::HOST;

/// What a browser keeps and shows.
pub(crate) struct Browser {
    pub(crate) router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Who is at the other end of the connection, if it is not this machine.
    pub(crate) peer: Option<SocketAddr>,
}

pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Shown {
    pub(crate) fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The token of the page's forms.
    pub(crate) fn csrf(&self) -> String {
        let page = Html::parse_document(&self.body);
        let field = Selector::parse("input[name=csrf]").unwrap();
        let field = page.select(&field).next();
        field
            .and_then(|field| field.attr("value"))
            .unwrap_or_default()
            .to_owned()
    }
}

impl Browser {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router,
            cookies: BTreeMap::new(),
            headers: vec![
                ("host", HOST.to_owned()),
                ("user-agent", "Firefox/1".to_owned()),
            ],
            peer: None,
        }
    }

    /// The same browser in another window.
    pub(crate) fn window(&self) -> Self {
        Self {
            router: self.router.clone(),
            cookies: self.cookies.clone(),
            headers: self.headers.clone(),
            peer: self.peer,
        }
    }

    /// The same browser behind a proxy that says it is at `address`.
    pub(crate) fn at(mut self, address: &str) -> Self {
        self.headers.push(("x-forwarded-for", address.to_owned()));
        self
    }

    pub(crate) async fn send(
        &mut self,
        request: axum::http::request::Builder,
        body: Body,
    ) -> Shown {
        let mut request = request;
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = request
            .header("cookie", cookies.join("; "))
            .body(body)
            .unwrap();
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = body.collect().await.unwrap().to_bytes();
        Shown {
            status: parts.status,
            headers: parts.headers,
            // Templates write the slashes of attributes so.
            body: String::from_utf8_lossy(&body).replace("&#x2f;", "/"),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        self.send(Request::builder().uri(path), Body::empty()).await
    }

    /// Sends a form as a page of ours would.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.post_from("same-origin", path, fields).await
    }

    pub(crate) async fn post_from(
        &mut self,
        site: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Shown {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site);
        self.send(request, Body::from(body)).await
    }

    /// Opens a page and sends its form to `action`.
    pub(crate) async fn fill(
        &mut self,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Shown {
        let csrf = self.get(page).await.csrf();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.post(action, &fields).await
    }

    /// Asks for a login link.
    pub(crate) async fn ask(&mut self, email: &str) -> Shown {
        self.fill("/login/bus_lumen", "/bus_lumen/login", &[("email", email)])
            .await
    }

    /// Presses the button of the page behind a link.
    pub(crate) async fn press(&mut self, link: &str) -> Shown {
        self.fill(link, link, &[]).await
    }

    pub(crate) async fn enter(&mut self, code: &str) -> Shown {
        self.fill(
            "/bus_lumen/login/mail",
            "/bus_lumen/login/code",
            &[("code", code)],
        )
        .await
    }

    /// Whether the portal lets it in.
    pub(crate) async fn is_in(&mut self) -> bool {
        let shown = self.get("/bus_lumen/profile/email").await;
        shown.status == StatusCode::OK
    }
}
