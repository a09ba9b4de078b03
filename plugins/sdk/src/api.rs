//! Requests to a processor's API, and what their failures mean. The rule of the whole file: a
//! request that certainly never left is *not executed*; one that may have arrived and has no
//! readable answer is an *unknown outcome*; only a readable answer is taken at its word.

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::gateway::GatewayError;
use crate::host::http::{
    self, BasicCredentials, Credential, FetchError, Header, HeaderValue, MaybeSent, NotSent,
    PrefixedSecret,
};
use crate::host::secrets::Secret;

pub use crate::host::http::{Method, Response};

/// A request that is being put together.
pub struct Request<'a>(http::Request<'a>);

impl<'a> Request<'a> {
    /// A request for `path` below `base_url`, which may end with a slash or not.
    pub fn new(method: Method, base_url: &str, path: &str) -> Self {
        Self(http::Request {
            method,
            url: format!("{}{path}", base_url.trim_end_matches('/')),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
        })
    }

    /// With a header.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        self.with(name, HeaderValue::Text(value.into()))
    }

    /// With a secret as bearer token.
    #[must_use]
    pub fn bearer(self, secret: &'a Secret) -> Self {
        let value = HeaderValue::Secret(PrefixedSecret {
            prefix: "Bearer ".to_owned(),
            secret,
        });
        self.with("authorization", value)
    }

    /// With a name and a secret as basic credentials.
    #[must_use]
    pub fn basic(self, user: impl Into<String>, password: &'a Secret) -> Self {
        let value = HeaderValue::Basic(BasicCredentials {
            user: Credential::Text(user.into()),
            password: Credential::Secret(password),
        });
        self.with("authorization", value)
    }

    /// With a body of this media type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = Some(body.into());
        self.header("content-type", media_type)
    }

    /// Sends it and waits for the whole answer, of any status. `whom` is the processor's name in
    /// the operator's messages, such as `Stripe` or `the bank`.
    pub fn send(self, whom: &str) -> Result<Response, GatewayError> {
        self.fetch().map_err(|error| no_answer(error, whom))
    }

    /// The same for plugins that are no gateways.
    pub fn fetch(self) -> Result<Response, FetchError> {
        http::fetch(&self.0)
    }

    fn with(mut self, name: &str, value: HeaderValue<'a>) -> Self {
        self.0.headers.push(Header {
            name: name.to_owned(),
            value,
        });
        self
    }
}

impl Response {
    /// A header of the answer; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.name == name);
        found.map(|header| header.value.as_str())
    }

    /// The body as JSON. An answer that cannot be read says nothing of what was done.
    pub fn json<T: DeserializeOwned>(&self, whom: &str) -> Result<T, GatewayError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| unreadable(whom, &format!("{error}, status {}", self.status)))
    }

    /// What a status means that the processor has no words of its own for: 401 and 403 are for
    /// the operator, 429 is a wish for fewer requests, and everything else leaves the outcome
    /// unknown.
    pub fn trouble(&self, whom: &str) -> GatewayError {
        match self.status {
            401 | 403 => GatewayError::Misconfigured(format!("{whom} refuses our credentials")),
            429 => GatewayError::RateLimited(self.retry_after()),
            status => GatewayError::UnknownOutcome(format!("{whom} answered {status}")),
        }
    }

    fn retry_after(&self) -> Option<u32> {
        self.header("retry-after")?.trim().parse().ok()
    }
}

/// JSON for a body.
pub fn json(value: &impl Serialize) -> Result<Vec<u8>, GatewayError> {
    serde_json::to_vec(value).map_err(|error| GatewayError::NotExecuted(error.to_string()))
}

/// What it means that there is no answer.
pub fn no_answer(error: FetchError, whom: &str) -> GatewayError {
    match error {
        FetchError::NotSent(why) => match why {
            NotSent::Denied(why) | NotSent::Invalid(why) => {
                GatewayError::Misconfigured(format!("the request was not let out: {why}"))
            }
            NotSent::Limit(why) | NotSent::Connect(why) | NotSent::Other(why) => {
                GatewayError::NotExecuted(why)
            }
            NotSent::Dns => {
                GatewayError::NotExecuted(format!("the name of {whom} cannot be resolved"))
            }
        },
        FetchError::MaybeSent(why) => GatewayError::UnknownOutcome(match why {
            MaybeSent::Timeout => "no answer in time".to_owned(),
            MaybeSent::ConnectionLost => "the connection broke".to_owned(),
            MaybeSent::ResponseTooLarge => "the answer was too large".to_owned(),
            MaybeSent::Other(why) => why,
        }),
    }
}

/// An answer that cannot be: nobody knows what was done.
pub fn unreadable(whom: &str, why: &str) -> GatewayError {
    GatewayError::UnknownOutcome(format!("the answer of {whom} makes no sense: {why}"))
}

/// Text as one segment of a path or one value of a query.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
