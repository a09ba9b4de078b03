//! A call that goes to its end whatever becomes of its caller, and takes nothing with it when it
//! panics. It runs where its caller waits for it, since a task of its own costs a switch between
//! threads; only when the caller goes away it becomes one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// The call panicked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Panicked;

/// A call that was begun, in the place where it is waited for.
struct Unbroken<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// None when it has ended.
    call: Option<Pin<Box<F>>>,
    runtime: Handle,
}

/// Runs `call` to its end; needs the runtime of tokio around it.
pub(super) fn run<F>(call: F) -> impl Future<Output = Result<F::Output, Panicked>> + Send
where
    F: Future<Output: Send> + Send + 'static,
{
    Unbroken {
        call: Some(Box::pin(call)),
        runtime: Handle::current(),
    }
}

impl<F> Future for Unbroken<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.call else {
            return Poll::Ready(Err(Panicked));
        };
        let ended = match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => Ok(answer),
            Err(_) => Err(Panicked),
        };
        let call = self.call.take();
        // What is left of one that panicked may panic as well.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(call)));
        Poll::Ready(dropped.map_err(|_| Panicked).and(ended))
    }
}

impl<F> Drop for Unbroken<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.runtime.spawn(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_call_whose_caller_goes_away_is_not_broken_off() {
        let (go, may_go) = oneshot::channel::<()>();
        let (ended, has_ended) = oneshot::channel();
        let call = run(async move {
            let _ = may_go.await;
            let _ = ended.send("the end");
        });
        let caller = tokio::spawn(call);
        tokio::task::yield_now().await;
        caller.abort();
        assert!(caller.await.is_err_and(|error| error.is_cancelled()));
        go.send(()).expect("it waits still");
        assert_eq!(has_ended.await, Ok("the end"));
    }

    #[tokio::test]
    async fn a_call_that_panics_ends_itself_and_not_its_caller() {
        let panics = async {
            tokio::task::yield_now().await;
            std::panic::panic_any("a bug of the host");
        };
        assert_eq!(run(panics).await, Err(Panicked));
        assert_eq!(run(async { 7 }).await, Ok(7));
    }
}
