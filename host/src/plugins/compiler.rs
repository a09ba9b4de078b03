//! Who is compiled: one component at a time, each for a time that is bounded. The compiler cannot be
//! interrupted: what ran out of its time goes on beside the next, and holds up nobody. What does
//! not compile is not tried again.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use wasmtime::component::Component;

use super::cache::Content;
use super::call;
use super::engine::Engine;
use super::load::LoadError;
use super::upload::Upload;

/// Refusals that are remembered.
const REMEMBERED: usize = 256;

/// Compiles components.
pub(super) struct Compiler {
    engine: Engine,
    /// For one that is within its time: it takes every core it gets.
    within: Arc<Semaphore>,
    /// For one that ran out of it.
    beyond: Arc<Semaphore>,
    seen: Mutex<HashMap<Content, Seen>>,
    late: Notify,
}

enum Seen {
    /// It is being compiled, within its time.
    UnderWay,
    /// It is being compiled, and nobody waits for it any more.
    Abandoned,
    /// It was compiled when nobody waited any more, and its code could not be kept on the disk.
    Ready(Component),
    /// It does not compile, for this reason.
    Refused(String),
}

impl Compiler {
    pub(super) fn new(engine: Engine) -> Arc<Self> {
        let one = || Arc::new(Semaphore::new(1));
        Arc::new(Self {
            engine,
            within: one(),
            beyond: one(),
            seen: Mutex::default(),
            late: Notify::new(),
        })
    }

    /// The code of what was compiled before.
    pub(super) fn known(&self, content: &Content) -> Option<Component> {
        self.engine.known(content)
    }

    /// Waits until something that nobody waited for any more was compiled, or refused.
    pub(super) async fn late(&self) {
        self.late.notified().await;
    }

    /// Compiles a component, which may take `most`.
    pub(super) async fn compile(
        self: &Arc<Self>,
        upload: Upload,
        most: Duration,
    ) -> Result<Component, LoadError> {
        let content = upload.content;
        match self.seen().get(&content) {
            Some(Seen::UnderWay | Seen::Abandoned) => return Err(LoadError::Slow(most)),
            Some(Seen::Ready(component)) => return Ok(component.clone()),
            Some(Seen::Refused(why)) => return Err(LoadError::Compile(why.clone())),
            None => {}
        }
        let turn = Arc::clone(&self.within).try_acquire_owned();
        let turn = turn.map_err(|_| LoadError::Waits)?;
        // Shared, so that it can be changed for one of those that ran out of their time.
        let turn = Arc::new(Mutex::new(Some(turn)));
        self.seen().insert(content, Seen::UnderWay);
        let (done, compiled) = oneshot::channel();
        let (compiler, its_turn) = (Arc::clone(self), Arc::clone(&turn));
        // A thread of the system: one of the runtime's would hold up its end.
        let spawned = std::thread::Builder::new()
            .name("plugin-compile".to_owned())
            .spawn(move || {
                let result = compiler.run(&upload);
                drop(held(&its_turn).take());
                // Who found no turn free meanwhile finds this one.
                if done.is_closed() {
                    compiler.late.notify_one();
                }
                // Nobody waits any more when the time was up.
                let _ = done.send(result);
            });
        if let Err(error) = spawned {
            self.seen().remove(&content);
            return Err(error.into());
        }
        if let Ok(Ok(result)) = timeout(most, compiled).await {
            return result;
        }
        match self.seen().get_mut(&content) {
            Some(seen @ Seen::UnderWay) => *seen = Seen::Abandoned,
            // It ended at this very moment.
            _ => self.late.notify_one(),
        }
        if let Some(turn) = held(&turn).as_mut()
            && let Ok(beyond) = Arc::clone(&self.beyond).try_acquire_owned()
        {
            *turn = beyond;
        }
        Err(LoadError::Slow(most))
    }

    fn run(&self, upload: &Upload) -> Result<Component, LoadError> {
        let compile = || self.engine.compile(&upload.bytes, &upload.content);
        let result = match catch_unwind(AssertUnwindSafe(compile)) {
            Ok(Ok(component)) => Ok(component),
            Ok(Err(error)) => Err(call::first_and_last(&error)),
            Err(_) => Err("the compiler went down".to_owned()),
        };
        let mut seen = self.seen();
        if let Some(Seen::Abandoned) = seen.remove(&upload.content) {
            if let Ok(component) = &result
                && self.known(&upload.content).is_none()
            {
                seen.insert(upload.content, Seen::Ready(component.clone()));
            }
            self.late.notify_one();
        }
        result.map_err(|why| {
            if seen.len() >= REMEMBERED {
                seen.retain(|_, seen| !matches!(seen, Seen::Refused(_)));
            }
            seen.insert(upload.content, Seen::Refused(why.clone()));
            LoadError::Compile(why)
        })
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<Content, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(
    turn: &Mutex<Option<OwnedSemaphorePermit>>,
) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}
