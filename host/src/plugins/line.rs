//! What can stand in the place of the network while a suite tries a plugin. Everything that a host
//! checks of a request is checked before it comes here.

use reqwest::Request;

use super::bindings::vestibule::host::http::{FetchError, Response};

/// A line to the world outside that does what a suite wants.
pub(super) trait Line: Send + Sync {
    /// The answer in the place of sending a request; none to send it.
    fn instead(&self, request: &Request) -> Option<Result<Response, FetchError>>;

    /// The answer in the place of the one that came.
    fn afterwards(
        &self,
        request: &Request,
        came: Result<Response, FetchError>,
    ) -> Result<Response, FetchError>;
}

/// Sends a request, unless a suite's line has another answer in its place.
pub(super) async fn carried(
    line: Option<(&dyn Line, &Request)>,
    exchange: impl Future<Output = Result<Response, FetchError>>,
) -> Result<Response, FetchError> {
    let Some((line, request)) = line else {
        return exchange.await;
    };
    match line.instead(request) {
        Some(answer) => answer,
        None => line.afterwards(request, exchange.await),
    }
}
