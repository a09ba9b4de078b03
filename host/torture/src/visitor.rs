//! A customer's browser: keeps cookies, sends the forms of our pages with their hidden fields,
//! and types on the processor's pages.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method};
use scraper::{Html, Selector};
use url::Url;

/// How many redirects a browser follows.
const HOPS: usize = 6;

/// Fields of a form.
pub(crate) type Fields = Vec<(String, String)>;

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<Url>,
    html: String,
}

pub(crate) struct Visitor {
    client: Client,
    origin: Url,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    pub(crate) fn new(client: Client, origin: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client,
            origin: origin.parse()?,
            cookies: BTreeMap::new(),
        })
    }

    pub(crate) async fn get(&mut self, address: &str) -> anyhow::Result<Answer> {
        self.ask(Method::GET, address, None).await
    }

    pub(crate) async fn post(&mut self, address: &str, fields: &Fields) -> anyhow::Result<Answer> {
        self.ask(Method::POST, address, Some(fields)).await
    }

    /// Goes on to wherever our own pages lead; answers the first address elsewhere, if one came.
    pub(crate) async fn follow(&mut self, mut answer: Answer) -> anyhow::Result<Option<Url>> {
        for _ in 0..HOPS {
            let Some(next) = answer.location.take() else {
                return Ok(None);
            };
            if next.origin() != self.origin.origin() {
                return Ok(Some(next));
            }
            answer = self.get(next.as_str()).await?;
        }
        Ok(None)
    }

    async fn ask(
        &mut self,
        method: Method,
        address: &str,
        fields: Option<&Fields>,
    ) -> anyhow::Result<Answer> {
        let url = self.origin.join(address)?;
        let ours = url.origin() == self.origin.origin();
        let origin = url.origin().ascii_serialization();
        let mut request = self.client.request(method, url.clone());
        if ours {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            request = request.header(COOKIE, pairs.collect::<Vec<_>>().join("; "));
        }
        if let Some(fields) = fields {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin")
                .header(ORIGIN, origin)
                .body(body);
        }
        let answer = request.send().await?;
        for given in answer.headers().get_all(SET_COOKIE) {
            let pair = given.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')).filter(|_| ours)
            {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = answer
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        let location = location.and_then(|text| url.join(text).ok());
        let status = answer.status().as_u16();
        if status >= 500 {
            bail!("{url}: {status}");
        }
        Ok(Answer {
            status,
            location,
            html: answer.text().await?,
        })
    }
}

impl Answer {
    /// The hidden fields of the form that posts to a path that ends so, and the path.
    pub(crate) fn form(&self, ending: &str) -> anyhow::Result<(String, Fields)> {
        let page = Html::parse_document(&self.html);
        let forms = selector("form")?;
        let hidden = selector("input[type=hidden]")?;
        let found = page.select(&forms).find(|form| {
            let action = form.value().attr("action").unwrap_or_default();
            action
                .split('?')
                .next()
                .is_some_and(|path| path.ends_with(ending))
        });
        let form = found.with_context(|| format!("no form to {ending} ({})", self.status))?;
        let action = form.value().attr("action").unwrap_or_default().to_owned();
        let fields = form.select(&hidden).filter_map(|field| {
            let field = field.value();
            Some((
                field.attr("name")?.to_owned(),
                field.attr("value")?.to_owned(),
            ))
        });
        Ok((action, fields.collect()))
    }
}

fn selector(text: &str) -> anyhow::Result<Selector> {
    Selector::parse(text).map_err(|error| anyhow::anyhow!("{text}: {error}"))
}
