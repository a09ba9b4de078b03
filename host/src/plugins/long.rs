//! Where calls run: as part of who asks for them, so that a short one costs nothing more. Who goes
//! away does not end it. Guests that compute for long go on on a few threads of their own, so
//! that those that answer requests belong to requests.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

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

/// A call that runs where it is polled. Who drops it leaves it to a task, in which it ends.
struct Here<T: Send + 'static, L> {
    call: Option<BoxFuture<'static, T>>,
    is_long: L,
}

impl<T: Send + 'static, L: Fn() -> bool + Unpin> Future for Here<T, L> {
    /// The answer, or the rest of a call that is long.
    type Output = Result<T, BoxFuture<'static, T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut call) = self.call.take() else {
            return Poll::Pending;
        };
        match call.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending if (self.is_long)() => Poll::Ready(Err(call)),
            Poll::Pending => {
                self.call = Some(call);
                Poll::Pending
            }
        }
    }
}

impl<T: Send + 'static, L> Drop for Here<T, L> {
    fn drop(&mut self) {
        if let (Some(call), Ok(runtime)) = (self.call.take(), Handle::try_current()) {
            runtime.spawn(call);
        }
    }
}

/// Runs a call where it is polled until it `is_long`, and the rest of it on the threads for those.
pub(super) async fn run<T: Send + 'static>(
    call: impl Future<Output = T> + Send + 'static,
    is_long: impl Fn() -> bool + Unpin,
) -> T {
    let here = Here {
        call: Some(Box::pin(call)),
        is_long,
    };
    let rest = match here.await {
        Ok(answer) => return answer,
        Err(rest) => rest,
    };
    let rest = match &*THREADS {
        // It ends with the runtime that it came from, and not with who asks.
        Some(threads) => tokio::spawn(AbortOnDropHandle::new(threads.spawn(rest))).await,
        None => tokio::spawn(async move { Ok(rest.await) }).await,
    };
    match rest.flatten() {
        Ok(answer) => answer,
        // Nobody else has a handle of it: it panicked.
        Err(error) => resume_unwind(error.into_panic()),
    }
}
