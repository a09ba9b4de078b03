//! Why a request is not carried out. What the caller may know and what only the log may know
//! are different fields: the database's words never reach an answer.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A request that was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The request is wrong; nothing was changed.
    #[error("{code}: {message}")]
    Refused {
        status: StatusCode,
        code: &'static str,
        /// For the caller's developer.
        message: String,
    },
    /// The database failed; nothing was changed.
    #[error("the database failed")]
    Store(#[from] sqlx::Error),
    /// A template failed.
    #[error("a page could not be rendered")]
    Page(#[from] minijinja::Error),
}

impl Error {
    pub(crate) fn unauthenticated() -> Self {
        Self::Refused {
            status: StatusCode::UNAUTHORIZED,
            code: "unauthenticated",
            message: "Send a secret key of this processor as a bearer token.".to_owned(),
        }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::Refused {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            message: format!("There is no such {what}."),
        }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::Refused {
            status: StatusCode::BAD_REQUEST,
            code: "malformed",
            message: message.into(),
        }
    }

    /// A request that is well-formed and cannot be done.
    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code,
            message: message.into(),
        }
    }

    /// The status, code and sentence for the caller.
    pub(crate) fn public(&self) -> (StatusCode, &'static str, &str) {
        match self {
            Self::Refused {
                status,
                code,
                message,
            } => (*status, code, message),
            Self::Store(_) | Self::Page(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "processor_error",
                "The processor failed. Ask again with the same key.",
            ),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if !matches!(self, Self::Refused { .. }) {
            let cause: &dyn std::error::Error = &self;
            tracing::error!(error = cause, "the processor could not answer");
        }
        let (status, code, message) = self.public();
        (
            status,
            Json(json!({ "error": { "code": code, "message": message } })),
        )
            .into_response()
    }
}
