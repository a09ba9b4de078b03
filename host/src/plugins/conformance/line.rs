//! The host's own line to the processor, which breaks when it is told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::plugins::bindings::vestibule::host::http::{FetchError, MaybeSent, NotSent, Response};

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
}

/// A line that counts and breaks.
#[derive(Default)]
pub(in crate::plugins) struct Line {
    trouble: Mutex<Option<(Trouble, bool)>>,
    sent: AtomicUsize,
}

impl Line {
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

    /// The answer in the place of sending a request that does or does not change something.
    fn instead(&self, changes: bool) -> Option<Result<Response, FetchError>> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        Some(match self.trouble(changes)? {
            Trouble::NotSent => {
                let why = "the line is broken".to_owned();
                Err(FetchError::NotSent(NotSent::Connect(why)))
            }
            Trouble::LostOnTheWay => Err(FetchError::MaybeSent(MaybeSent::ConnectionLost)),
            Trouble::Status(status) => Ok(answer(status, "")),
            Trouble::AnswerLost | Trouble::Garbage => return None,
        })
    }

    /// The answer in the place of the one that came.
    fn afterwards(
        &self,
        changes: bool,
        came: Result<Response, FetchError>,
    ) -> Result<Response, FetchError> {
        match self.trouble(changes) {
            Some(Trouble::AnswerLost) => Err(FetchError::MaybeSent(MaybeSent::ConnectionLost)),
            Some(Trouble::Garbage) => Ok(answer(200, "<html>Bad gateway</html>")),
            _ => came,
        }
    }

    fn trouble(&self, changes: bool) -> Option<Trouble> {
        let (trouble, only_changes) = (*self.lock())?;
        (changes || !only_changes).then_some(trouble)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Trouble, bool)>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a request, unless the line of a suite has another answer in its place.
pub(in crate::plugins) async fn carried(
    line: Option<&Line>,
    changes: bool,
    exchange: impl Future<Output = Result<Response, FetchError>>,
) -> Result<Response, FetchError> {
    if let Some(answer) = line.and_then(|line| line.instead(changes)) {
        return answer;
    }
    let answer = exchange.await;
    match line {
        Some(line) => line.afterwards(changes, answer),
        None => answer,
    }
}

fn answer(status: u16, body: &str) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}
