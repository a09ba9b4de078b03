//! The world outside in a case: the requests that the plugin must make, one after the other, and
//! what becomes of each.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Request;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::Problem;
use super::compare::compare;
use super::file::typed;
use super::tree::{Node, Wrong};
use crate::plugins::bindings::vestibule::host::http::{
    FetchError, Kv, MaybeSent, NotSent, Response,
};
use crate::plugins::line::Line;

/// One request and its answer, as a case writes it. What is only compared is compared by its nodes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeText {
    method: String,
    path: Json,
    #[serde(rename = "origin")]
    _origin: Option<Json>,
    #[serde(rename = "query")]
    _query: Option<Json>,
    #[serde(rename = "headers")]
    _headers: Option<Json>,
    json: Option<Json>,
    form: Option<Json>,
    #[serde(rename = "body")]
    _body: Option<Json>,
    answer: Option<AnswerText>,
    fails: Option<Fault>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerText {
    #[serde(default = "fine")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Json>,
    body: Option<String>,
}

fn fine() -> u16 {
    200
}

/// What goes wrong with a request in the place of an answer.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fault {
    /// Nobody answers at the address: it was not sent.
    NotSent,
    /// Its name cannot be resolved: it was not sent.
    Dns,
    /// No answer in time: nobody knows.
    Timeout,
    /// The line breaks before the answer is whole: nobody knows.
    ConnectionLost,
    /// The answer is larger than it may be: nobody knows.
    ResponseTooLarge,
}

/// The exchanges of a case, and what was found.
pub(super) struct Script {
    exchanges: Vec<(Node, ExchangeText)>,
    /// Where the case stands, for requests that nobody expected.
    line: usize,
    played: Mutex<Played>,
}

#[derive(Default)]
struct Played {
    requests: usize,
    problems: Vec<Problem>,
}

impl Script {
    /// The script of a case.
    pub(super) fn of(case: &Node) -> Result<Self, Wrong> {
        let nodes = case.get("http").map(Node::elements).unwrap_or_default();
        let exchanges = nodes.iter().map(|node| {
            let text: ExchangeText = typed(node)?;
            if text.answer.is_some() == text.fails.is_some() {
                return Err(Wrong {
                    line: node.line,
                    what: "an exchange has an `answer`, or it `fails`".to_owned(),
                });
            }
            Ok((node.clone(), text))
        });
        Ok(Self {
            exchanges: exchanges.collect::<Result<_, _>>()?,
            line: case.line,
            played: Mutex::default(),
        })
    }

    /// What was wrong with the requests, and which never came.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let played = self.lock();
        let mut problems = played.problems.clone();
        for (index, (node, text)) in self.exchanges.iter().enumerate().skip(played.requests) {
            let expected = format!("a request {} {}", text.method, told(&text.path));
            let came = match played.requests {
                0 => "no request".to_owned(),
                1 => "one request".to_owned(),
                more => format!("{more} requests"),
            };
            let at = format!("http[{index}]");
            problems.push(Problem::new(node.line, &at, expected, came));
        }
        problems
    }

    fn lock(&self) -> MutexGuard<'_, Played> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line for Script {
    fn instead(&self, request: &Request) -> Option<Result<Response, FetchError>> {
        let mut played = self.lock();
        let index = played.requests;
        played.requests += 1;
        let asked = format!("a request {} {}", request.method(), request.url());
        let nobody = || {
            let why = "the case has no answer to this request";
            Some(Err(FetchError::NotSent(NotSent::Other(why.to_owned()))))
        };
        let Some((node, text)) = self.exchanges.get(index) else {
            let expected = match self.exchanges.len() {
                0 => "no request".to_owned(),
                1 => "one request".to_owned(),
                more => format!("{more} requests"),
            };
            let problem = Problem::new(self.line, &format!("http[{index}]"), expected, asked);
            played.problems.push(problem);
            return nobody();
        };
        let at = format!("http[{index}]");
        let parts = parts(request, text);
        let (mut wrong, mut problems) = (Vec::new(), Vec::new());
        for (key, came) in &parts {
            if let Some(expected) = node.get(key) {
                let list = match *key {
                    "method" | "path" | "origin" => &mut wrong,
                    _ => &mut problems,
                };
                compare(expected, Some(came), &format!("{at}.{key}"), list);
            }
        }
        if wrong.is_empty() {
            played.problems.extend(problems);
            return Some(text.answered());
        }
        let expected = format!("a request {} {}", text.method, told(&text.path));
        played
            .problems
            .push(Problem::new(node.line, &at, expected, asked));
        nobody()
    }

    fn afterwards(
        &self,
        _request: &Request,
        came: Result<Response, FetchError>,
    ) -> Result<Response, FetchError> {
        came
    }
}

impl ExchangeText {
    fn answered(&self) -> Result<Response, FetchError> {
        let Some(answer) = &self.answer else {
            return Err(match self.fails {
                Some(Fault::NotSent) | None => {
                    FetchError::NotSent(NotSent::Connect("connection refused".to_owned()))
                }
                Some(Fault::Dns) => FetchError::NotSent(NotSent::Dns),
                Some(Fault::Timeout) => FetchError::MaybeSent(MaybeSent::Timeout),
                Some(Fault::ConnectionLost) => FetchError::MaybeSent(MaybeSent::ConnectionLost),
                Some(Fault::ResponseTooLarge) => FetchError::MaybeSent(MaybeSent::ResponseTooLarge),
            });
        };
        let mut headers: BTreeMap<_, _> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        let body = match (&answer.json, &answer.body) {
            (Some(json), _) => {
                headers
                    .entry("content-type".to_owned())
                    .or_insert_with(|| "application/json".to_owned());
                json.to_string()
            }
            (None, Some(body)) => body.clone(),
            (None, None) => String::new(),
        };
        let headers = headers
            .into_iter()
            .map(|(name, value)| Kv { name, value })
            .collect();
        Ok(Response {
            status: answer.status,
            headers,
            body: body.into_bytes(),
        })
    }
}

/// What a request is, in the keys of an exchange. A body is read as the exchange expects it.
fn parts(request: &Request, text: &ExchangeText) -> Vec<(&'static str, Json)> {
    let url = request.url();
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let body = request.body().and_then(|body| body.as_bytes());
    let body = body.unwrap_or_default();
    let read = if text.form.is_some() {
        (
            "form",
            pairs(url::form_urlencoded::parse(body).into_owned()),
        )
    } else if text.json.is_some() {
        let json = serde_json::from_slice(body);
        ("json", json.unwrap_or_else(|_| plain(body)))
    } else {
        ("body", plain(body))
    };
    vec![
        ("method", request.method().as_str().into()),
        ("path", url.path().into()),
        ("origin", url.origin().ascii_serialization().into()),
        ("query", pairs(url.query_pairs().into_owned())),
        ("headers", pairs(headers)),
        read,
    ]
}

fn plain(body: &[u8]) -> Json {
    String::from_utf8_lossy(body).into_owned().into()
}

/// Pairs by name; the values of a name that comes again are a list.
fn pairs(pairs: impl Iterator<Item = (String, String)>) -> Json {
    let mut all: Map<String, Json> = Map::new();
    for (name, value) in pairs {
        let value = Json::from(value);
        match all.get_mut(&name) {
            None => {
                all.insert(name, value);
            }
            Some(Json::Array(list)) => list.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    Json::Object(all)
}

fn told(path: &Json) -> String {
    path.as_str()
        .map_or_else(|| path.to_string(), str::to_owned)
}
