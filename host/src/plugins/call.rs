//! One call of a plugin: permit, fresh store, instantiation, the exported function under a
//! deadline and a budget of processor time, and the end of it all. Draws the line between
//! *certainly not executed* and *nobody knows*: the moment the exported function is entered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::binding::Binding;
use super::data::GuestData;
use super::engine::{self, CpuSpent};
use super::error::{Error, UnknownCause};
use super::figures::{Figures, Tally};
use super::imports::{CallState, HostClock};
use super::limits::Limits;
use super::long;
use super::turns::{Caller, Full, Lane, Turn, Turns};
use crate::plain;

/// A plugin's code, ready to be instantiated for a call.
pub(super) struct Code {
    id: Arc<str>,
    limits: Limits,
    pre: InstancePre<CallState>,
    clock: HostClock,
    data: Arc<dyn GuestData>,
    turns: Arc<Turns>,
    tally: Arc<Tally>,
}

/// What a call does with an instance.
pub(super) type Body<R> = Box<
    dyn for<'a> FnOnce(
            &'a mut Store<CallState>,
            Instance,
            Entered,
        ) -> BoxFuture<'a, wasmtime::Result<R>>
        + Send,
>;

/// Set by the body right before it enters the exported function.
#[derive(Clone, Default)]
pub(super) struct Entered(Arc<Course>);

/// What is known of a call under way.
#[derive(Default)]
struct Course {
    entered: AtomicBool,
    long: AtomicBool,
}

impl Entered {
    /// From here on the outcome of a failure is unknown.
    pub(super) fn enter(&self, store: &mut Store<CallState>) {
        store.data_mut().entered = true;
        self.0.entered.store(true, Ordering::SeqCst);
    }

    fn was_entered(&self) -> bool {
        self.0.entered.load(Ordering::SeqCst)
    }
}

impl Code {
    pub(super) fn new(
        id: &str,
        limits: Limits,
        pre: InstancePre<CallState>,
        (clock, data): (HostClock, Arc<dyn GuestData>),
        turns: Arc<Turns>,
    ) -> Self {
        Self {
            id: id.into(),
            limits,
            pre,
            clock,
            data,
            turns,
            tally: Arc::default(),
        }
    }

    /// The plugin's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What became of its calls.
    pub(super) fn figures(&self) -> Figures {
        self.tally.figures()
    }

    /// Host time.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A call was left out.
    pub(super) fn left_out(&self) {
        self.tally.left_out();
    }

    /// An answer came, and cannot be used.
    pub(super) fn answered_nonsense(&self, operation: &str, what: &str) {
        self.failed(operation, format!("its answer is malformed: {what}"));
    }

    /// An answer came, and could not be shown or followed, which is told of elsewhere.
    pub(super) fn unusable(&self, operation: &str, what: &str) {
        self.tally.failed(self.now(), operation, what.to_owned());
    }

    fn failed(&self, operation: &str, what: String) {
        tracing::warn!(plugin = &*self.id, operation, what, "a plugin failed");
        self.tally.failed(self.now(), operation, what);
    }

    /// Runs `body` in a fresh instance. `operation` names it in logs.
    pub(super) async fn call<R: Send + 'static>(
        &self,
        binding: &Arc<Binding>,
        operation: &'static str,
        body: Body<R>,
    ) -> Result<R, Error> {
        self.call_in(Lane::Own, binding, operation, body).await
    }

    /// The same for whoever `lane` says.
    pub(super) async fn call_in<R: Send + 'static>(
        &self,
        lane: Lane,
        binding: &Arc<Binding>,
        operation: &'static str,
        body: Body<R>,
    ) -> Result<R, Error> {
        let not_executed = |reason: String| Error::NotExecuted {
            plugin: self.id.to_string(),
            reason,
        };
        let caller = Caller::new(&self.id, &binding.label);
        let turn = self.turns.take(caller, lane, self.limits.calls_at_once);
        let turn = match timeout(self.limits.wait, turn).await {
            Ok(Ok(turn)) => turn,
            unmet => {
                self.tally.turned_away();
                let (most, wait) = (self.limits.calls_at_once, self.limits.wait);
                tracing::warn!(plugin = &*self.id, at = %binding.label, operation, "a plugin has too many calls under way; one was turned away");
                let why = match unmet {
                    Ok(Err(Full)) => "too many wait for a turn already".to_owned(),
                    Ok(Ok(_)) | Err(_) => format!("it found no turn within {wait:?}"),
                };
                return Err(not_executed(format!("{why}; {most} calls may run at once")));
            }
        };
        let begun = Instant::now();
        let entered = Entered::default();
        // A task of its own: a caller that goes away does not end the call in the middle, and
        // a panic of the host ends only the call.
        let span = tracing::info_span!("plugin.call", plugin = &*self.id, operation);
        let course = Arc::clone(&entered.0);
        let run = self.run(binding, turn, entered.clone(), body);
        let run = long::run(run, move || course.long.load(Ordering::Relaxed));
        let result = tokio::spawn(run.instrument(span))
            .await
            .unwrap_or(Err(UnknownCause::HostPanic));
        tracing::debug!(
            plugin = &*self.id,
            at = %binding.label,
            operation,
            duration_ms = begun.elapsed().as_millis(),
            error = result.as_ref().err().map(tracing::field::display),
            "a plugin's call ended"
        );
        result.map_err(|cause| {
            self.failed(operation, cause.to_string());
            if entered.was_entered() {
                let plugin = self.id.to_string();
                Error::Unknown { plugin, cause }
            } else {
                not_executed(cause.to_string())
            }
        })
    }

    fn run<R: Send + 'static>(
        &self,
        binding: &Arc<Binding>,
        turn: Turn,
        entered: Entered,
        body: Body<R>,
    ) -> impl Future<Output = Result<R, UnknownCause>> + Send + 'static {
        let limits = self.limits;
        let begun = Instant::now();
        let deadline = begun + limits.deadline;
        let state = CallState::new(
            Arc::clone(&self.id),
            Arc::clone(binding),
            limits,
            (Arc::clone(&self.clock), Arc::clone(&self.data)),
            deadline,
        );
        let (pre, tally) = (self.pre.clone(), Arc::clone(&self.tally));
        async move {
            let _turn = turn;
            let _under_way = tally.begin();
            let mut store = Store::new(pre.engine(), state);
            store.limiter(|state| &mut state.memory);
            store.set_hostcall_fuel(limits.transfer_bytes);
            store.set_max_component_handles(limits.handles);
            let course = Arc::clone(&entered.0);
            engine::bound_cpu(&mut store, limits.cpu, move || {
                course.long.store(true, Ordering::Relaxed);
            });
            let call = async {
                let instance = pre.instantiate_async(&mut store).await?;
                body(&mut store, instance, entered).await
            };
            let ended = timeout_at(deadline, call).await;
            tally.ended(begun.elapsed(), store.data().memory.used());
            match ended {
                Ok(answer) => answer.map_err(|error| {
                    if error.downcast_ref::<CpuSpent>().is_some() {
                        UnknownCause::CpuBudget(limits.cpu)
                    } else {
                        UnknownCause::Trapped(first_and_last(&error))
                    }
                }),
                Err(_) => Err(UnknownCause::Deadline(limits.deadline)),
            }
        }
    }
}

/// The outermost and innermost message of an error: wasmtime's first says where, the last
/// says why. Both may name functions, and so say what the file says.
pub(super) fn first_and_last(error: &wasmtime::Error) -> String {
    let causes = error.chain().map(ToString::to_string);
    let causes: Vec<_> = causes
        .map(|cause| plain::lines(&cause).into_owned())
        .collect();
    match causes.as_slice() {
        [only] => only.clone(),
        [first, .., last] => format!("{first}: {last}"),
        [] => String::new(),
    }
}
