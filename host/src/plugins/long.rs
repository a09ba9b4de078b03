//! Guests that compute for long: their calls go on on a few threads of their own, so that those that
//! answer requests belong to requests. A short call costs nothing more.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

/// The name of the threads.
const NAME: &str = "plugin-long";

/// Half of the processors, one at least. They are there from the first guest on that needs them to
/// the end of the process: what a call opens, such as a connection of a pool, outlives it.
static THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        .thread_name(NAME)
        .enable_all()
        .build();
    threads
        .inspect_err(
            |error| tracing::warn!(%error, "there are no threads for long calls of plugins"),
        )
        .ok()
});

/// Runs a call where it is polled until it `is_long`, and the rest of it on the threads for those.
pub(super) async fn run<T: Send + 'static>(
    call: impl Future<Output = T> + Send + 'static,
    is_long: impl Fn() -> bool,
) -> T {
    let mut call = Box::pin(call);
    let answer = poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if is_long() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await;
    if let Some(answer) = answer {
        return answer;
    }
    let Some(threads) = &*THREADS else {
        return call.await;
    };
    let rest = AbortOnDropHandle::new(threads.spawn(call.in_current_span()));
    match rest.await {
        Ok(answer) => answer,
        // Nobody else has the handle: it panicked.
        Err(error) => resume_unwind(error.into_panic()),
    }
}
