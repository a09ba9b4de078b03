//! Whose turn it is: how many calls of plugins run at once, in all and for one caller, and who goes
//! on next. A business whose plugin hangs waits behind itself, not in front of the others.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

#[cfg(test)]
mod tests;

/// Who calls: a plugin, as one business and mode uses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Caller {
    plugin: Arc<str>,
    at: Arc<str>,
}

impl Caller {
    pub(super) fn new(plugin: &Arc<str>, at: &Arc<str>) -> Self {
        Self {
            plugin: Arc::clone(plugin),
            at: Arc::clone(at),
        }
    }
}

/// The turns of all plugins of this process.
pub(super) struct Turns {
    most: usize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    running: usize,
    /// Those who wait, or went away while they waited.
    waiting: usize,
    arrived: u64,
    callers: HashMap<Caller, Standing>,
}

/// How one caller stands.
#[derive(Default)]
struct Standing {
    running: usize,
    most: usize,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    /// The how-manieth it was to arrive, of all.
    order: u64,
    go: oneshot::Sender<Turn>,
}

/// A call may run for as long as this is kept.
pub(super) struct Turn {
    turns: Arc<Turns>,
    caller: Caller,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.end(&self.caller);
    }
}

impl Turns {
    /// Turns of which at most `most` are taken at the same time.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most: most.max(1),
            queue: Mutex::default(),
        })
    }

    /// Waits until the caller may run one more call, of which it may run `most` at once. Who goes
    /// away loses its place and nothing else.
    pub(super) async fn take(self: &Arc<Self>, caller: Caller, most: usize) -> Turn {
        loop {
            let Some(turn) = self.line_up(&caller, most.max(1)) else {
                let turns = Arc::clone(self);
                return Turn { turns, caller };
            };
            self.go_on();
            // The other end is dropped only with the queue itself, of which this is a keeper.
            if let Ok(turn) = turn.await {
                return turn;
            }
        }
    }

    /// Takes a turn at once, where one is free and nobody waits; else the place at the end.
    fn line_up(&self, caller: &Caller, most: usize) -> Option<oneshot::Receiver<Turn>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (running, waiting) = (queue.running, queue.waiting);
        let standing = queue.callers.entry(caller.clone()).or_default();
        standing.most = most;
        if waiting == 0 && standing.may_run(running, self.most) {
            standing.running += 1;
            queue.running += 1;
            return None;
        }
        let (go, turn) = oneshot::channel();
        queue.arrived += 1;
        queue.waiting += 1;
        let order = queue.arrived;
        let standing = queue.callers.entry(caller.clone()).or_default();
        standing.waiting.push_back(Waiting { order, go });
        Some(turn)
    }

    fn end(self: &Arc<Self>, caller: &Caller) {
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.running -= 1;
            if let Some(standing) = queue.callers.get_mut(caller) {
                standing.running -= 1;
                if standing.running == 0 && standing.waiting.is_empty() {
                    queue.callers.remove(caller);
                }
            }
            if queue.waiting == 0 {
                return;
            }
        }
        self.go_on();
    }

    /// Gives out every turn that is free.
    fn go_on(self: &Arc<Self>) {
        let mut given = Vec::new();
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some((caller, go)) = queue.next(self.most) {
                let turns = Arc::clone(self);
                given.push((go, Turn { turns, caller }));
            }
        }
        // Outside of the lock: a turn that nobody waits for any more ends here, and is given on.
        for (go, turn) in given {
            drop(go.send(turn));
        }
    }
}

impl Queue {
    /// Who goes on: of those that may, the one who runs the fewest calls, then the one who has
    /// waited longest.
    fn next(&mut self, most: usize) -> Option<(Caller, oneshot::Sender<Turn>)> {
        let running = self.running;
        self.waiting = 0;
        self.callers.retain(|_, standing| {
            standing.waiting.retain(|waiting| !waiting.go.is_closed());
            self.waiting += standing.waiting.len();
            standing.running > 0 || !standing.waiting.is_empty()
        });
        let callers = self.callers.iter();
        let (_, caller) = callers
            .filter(|(_, standing)| standing.may_run(running, most))
            .filter_map(|(caller, standing)| {
                let first = standing.waiting.front()?;
                Some(((standing.running, first.order), caller))
            })
            .min_by_key(|(rank, _)| *rank)?;
        let caller = caller.clone();
        let standing = self.callers.get_mut(&caller)?;
        let waiting = standing.waiting.pop_front()?;
        standing.running += 1;
        self.running += 1;
        self.waiting -= 1;
        Some((caller, waiting.go))
    }
}

impl Standing {
    /// A quarter of all turns is for those who have none.
    fn may_run(&self, running: usize, most: usize) -> bool {
        let open = if self.running == 0 {
            most
        } else {
            (most - most / 4).max(1)
        };
        self.running < self.most && running < open
    }
}
