//! What a request can fail with, and the one layer that logs it and shows it: as a page of the
//! theme, or as JSON under `/api`.
//!
//! The public part is a code; the cause has no way to the answer.

use std::any::Any;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde_json::json;

use super::Web;
use super::headers::{self, Sources};
use super::surface::Surface;
use super::visit::Visit;
use super::visitor::Visitor;
use crate::flows;
use crate::store;
use crate::themes::{self, ErrorPage, Trouble};

/// Somebody changed the same thing at the same moment; trying again helps.
const CHANGED: &str = "changed_meanwhile";

/// The request holds the number of a payment card.
const CARD_NUMBER: &str = "card_number_refused";

/// A page of a plugin's cannot be shown.
const PAGE_UNAVAILABLE: &str = "page_unavailable";

/// Why a request is not answered as asked.
#[derive(Debug)]
pub struct Error {
    status: StatusCode,
    code: &'static str,
    message: Option<String>,
    retry: Option<String>,
    retry_after: Option<SignedDuration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with its code for callers of the API; pages choose their words by the status.
    pub fn new(status: StatusCode, code: &'static str) -> Self {
        Self {
            status,
            code,
            message: None,
            retry: None,
            retry_after: None,
            source: None,
        }
    }

    /// There is no such thing, or it is somebody else's: the two are never told apart.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
    }

    /// The request did not come from a page of ours.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden")
    }

    /// The form was open for too long.
    pub fn expired() -> Self {
        Self::new(StatusCode::FORBIDDEN, "expired")
    }

    /// The request makes no sense.
    pub fn invalid() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request")
    }

    /// What is asked for does not fit the state of things.
    pub fn conflict() -> Self {
        Self::new(StatusCode::CONFLICT, "conflict")
    }

    /// The request holds the number of a payment card in `field`.
    pub(super) fn card_number(field: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, CARD_NUMBER).saying(format!(
            "{field}: looks like the number of a payment card, which this host never takes. Send \
             the customer to a payment_link or to their portal, where the gateway asks for the \
             card. If it is another number, write a letter before it."
        ))
    }

    /// A limit was reached.
    pub fn too_many() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
    }

    /// The business is not served right now.
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    }

    /// A page of a plugin's cannot be shown right now.
    pub fn page_unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, PAGE_UNAVAILABLE)
    }

    /// Our fault.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error").because(source)
    }

    /// The `Host` is not ours.
    pub(super) fn misdirected() -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, "misdirected")
    }

    /// The sentence for callers of the API. Never shown on a page.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The same under another code.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The path at which to try again.
    #[must_use]
    pub fn retry_at(mut self, path: impl Into<String>) -> Self {
        self.retry = Some(path.into());
        self
    }

    /// How long to wait before trying again.
    #[must_use]
    pub(super) fn retry_after(mut self, wait: SignedDuration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The cause, for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the same request can only be refused again.
    fn is_final(&self) -> bool {
        self.status == StatusCode::CONFLICT && self.code != CHANGED
    }

    fn trouble(&self) -> Trouble {
        match self.status {
            StatusCode::FORBIDDEN if self.code == "expired" => Trouble::Expired,
            StatusCode::UNPROCESSABLE_ENTITY if self.code == CARD_NUMBER => Trouble::CardNumber,
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Trouble::Forbidden,
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::MISDIRECTED_REQUEST => Trouble::NotFound,
            StatusCode::CONFLICT => Trouble::Conflict,
            StatusCode::TOO_MANY_REQUESTS => Trouble::TooMany,
            StatusCode::SERVICE_UNAVAILABLE if self.code == PAGE_UNAVAILABLE => {
                Trouble::PageUnavailable
            }
            StatusCode::SERVICE_UNAVAILABLE => Trouble::Unavailable,
            status if status.is_client_error() => Trouble::Invalid,
            _ => Trouble::Internal,
        }
    }

    fn log(&self) {
        let status = self.status.as_u16();
        let cause = self.source.as_deref().map(|source| themes::chain(source));
        let cause = cause.as_deref().unwrap_or("none");
        if self.status.is_server_error() {
            tracing::error!(
                http.status = status,
                error.code = self.code,
                error = cause,
                "request failed"
            );
        } else {
            tracing::debug!(
                http.status = status,
                error.code = self.code,
                error = cause,
                "request refused"
            );
        }
    }
}

/// The answer is a blank with the error in its extensions; [`show`] fills it in.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Stale { .. } => Self::new(StatusCode::CONFLICT, CHANGED).because(error),
            other => Self::internal(other),
        }
    }
}

impl From<themes::Error> for Error {
    fn from(error: themes::Error) -> Self {
        Self::internal(error)
    }
}

impl From<flows::Error> for Error {
    fn from(error: flows::Error) -> Self {
        let words = error.to_string();
        match error {
            flows::Error::NotFound(_) => Self::not_found().saying(words),
            flows::Error::Refused(why) => Self::new(status(why), "conflict")
                .coded(code(why))
                .saying(words),
            flows::Error::MethodInUse(_) => Self::conflict().coded("conflict").saying(words),
            flows::Error::Invalid { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request_body").saying(words)
            }
            flows::Error::Unavailable(_) => Self::unavailable().because(error),
            flows::Error::Store(error) => error.into(),
        }
    }
}

/// As Dodo answers a refusal.
fn status(why: flows::Refused) -> StatusCode {
    match why {
        flows::Refused::FollowsSubscription | flows::Refused::MoreAreActive => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        _ => StatusCode::CONFLICT,
    }
}

/// Dodo's code for a refusal.
fn code(why: flows::Refused) -> &'static str {
    match why {
        flows::Refused::PaymentUnderWay => "previous_payment_pending",
        flows::Refused::ChangePending => "pending_plan_change_exists",
        flows::Refused::ChangeScheduled => "scheduled_plan_change_exists",
        flows::Refused::EndScheduled => "plan_change_not_allowed_for_scheduled_cancellation",
        flows::Refused::State => "subscription_inactive",
        flows::Refused::AlreadyPaused => "subscription_already_paused",
        flows::Refused::NotOnDemand => "subscription_not_on_demand",
        flows::Refused::NotPaused => "subscription_not_paused",
        flows::Refused::FollowsSubscription => "no_expiry_on_subscription_license_keys",
        flows::Refused::MoreAreActive => "activation_limit_less_than_current_amount",
        _ => "conflict",
    }
}

/// The layer: logs and shows what failed, and what axum refused by itself.
pub(super) async fn show(
    State(web): State<Web>,
    Extension(visit): Extension<Arc<Visit>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<Arc<Error>>() {
        let mut page = render(&web, &visit, &error);
        // Cookies that were set or removed on the way stay so.
        for (name, value) in response.headers() {
            if name != CONTENT_TYPE && name != "content-length" {
                page.headers_mut().append(name, value.clone());
            }
        }
        return page;
    }
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    let written = response.headers().get(CONTENT_TYPE);
    let blank = written.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if refused && blank {
        let code = match status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::INTERNAL_SERVER_ERROR => "internal_server_error",
            status if status.is_server_error() => "unavailable",
            _ => "invalid_request",
        };
        return render(&web, &visit, &Error::new(status, code));
    }
    response
}

/// The answer to a request that failed.
pub(super) fn render(web: &Web, visit: &Arc<Visit>, error: &Error) -> Response {
    error.log();
    if matches!(visit.surface, Surface::Api { .. }) {
        let message = error.message.as_deref().unwrap_or_else(|| {
            error
                .status
                .canonical_reason()
                .unwrap_or("The request failed")
        });
        // Dodo's codes are written in capitals.
        let code = error.code.to_ascii_uppercase();
        let body = Json(json!({ "code": code, "message": message }));
        let mut response = (error.status, body).into_response();
        if let Some(wait) = error.retry_after {
            let seconds = wait.as_secs().max(0) + 1;
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if error.is_final() {
            // Dodo's SDKs send anything again that is answered with 409 or 5xx.
            let headers = response.headers_mut();
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        return response;
    }
    let visitor = Visitor::of(web, visit);
    let page = ErrorPage {
        kind: error.trouble(),
        retry: error.retry.clone(),
        home: visitor.home(),
    };
    match visitor.render(&page) {
        Ok(mut response) => {
            *response.status_mut() = error.status;
            headers::apply(response.headers_mut(), visit, &Sources::default());
            response
        }
        Err(worse) => {
            worse.log();
            error.status.into_response()
        }
    }
}

/// What a panic becomes. Its words may hold anything, so they are not shown.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    Error::internal(words.to_owned()).into_response()
}
