//! The host's own line to the processor, which breaks when it is told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use reqwest::Request;

use crate::plugins::bindings::vestibule::host::http::{FetchError, MaybeSent, NotSent, Response};
use crate::plugins::line::Line;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It never leaves.
    NotSent,
    /// It leaves, and the line breaks before it arrives.
    LostOnTheWay,
    /// It arrives and is done; the answer is lost.
    AnswerLost,
    /// It is done; the answer is what a proxy says.
    Garbage,
    /// Not done: an answer with this status and no word that the processor would use.
    Status(u16),
    /// Not done: what another server says that takes every request, as at a wrong address.
    Stranger,
}

/// A line that counts and breaks.
#[derive(Default)]
pub(super) struct BreakingLine {
    trouble: Mutex<Option<(Trouble, bool)>>,
    sent: AtomicUsize,
}

impl BreakingLine {
    /// From now on every request fails so; only those that change something, if `changes`.
    pub(super) fn breaks(&self, trouble: Trouble, changes: bool) {
        *self.lock() = Some((trouble, changes));
    }

    /// From now on nothing fails.
    pub(super) fn mend(&self) {
        *self.lock() = None;
    }

    /// How many requests a gateway has made.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    fn trouble(&self, changes: bool) -> Option<Trouble> {
        let (trouble, only_changes) = (*self.lock())?;
        (changes || !only_changes).then_some(trouble)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Trouble, bool)>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line for BreakingLine {
    fn instead(&self, request: &Request) -> Option<Result<Response, FetchError>> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        Some(match self.trouble(changes(request))? {
            Trouble::NotSent => {
                let why = "the line is broken".to_owned();
                Err(FetchError::NotSent(NotSent::Connect(why)))
            }
            Trouble::LostOnTheWay => Err(FetchError::MaybeSent(MaybeSent::ConnectionLost)),
            Trouble::Status(status) => Ok(answer(status, "")),
            Trouble::Stranger => Ok(answer(200, "{}")),
            Trouble::AnswerLost | Trouble::Garbage => return None,
        })
    }

    fn afterwards(
        &self,
        request: &Request,
        came: Result<Response, FetchError>,
    ) -> Result<Response, FetchError> {
        match self.trouble(changes(request)) {
            Some(Trouble::AnswerLost) => Err(FetchError::MaybeSent(MaybeSent::ConnectionLost)),
            Some(Trouble::Garbage) => Ok(answer(200, "<html>Bad gateway</html>")),
            _ => came,
        }
    }
}

/// Whether a request changes something at the processor.
fn changes(request: &Request) -> bool {
    !request.method().is_safe()
}

fn answer(status: u16, body: &str) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}
