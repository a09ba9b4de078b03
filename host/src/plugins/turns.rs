//! Whose turn it is: how many calls of plugins run at once, in all and for one caller, and who goes
//! on next. A business whose plugin hangs waits behind itself, not in front of the others, and what
//! anybody may send waits behind itself too.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

#[cfg(test)]
mod tests;

/// Who may wait for one caller's turns: a line that is longer moves too slowly for those at its end.
const LONGEST: usize = 1024;
/// Who may wait in a line that anybody can join.
const LONGEST_OF_STRANGERS: usize = 64;

/// On whose behalf a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// The host's own, or that of a customer who is signed in.
    Own,
    /// Of whoever sends something, before it is known who that is. At most half of a caller's turns
    /// are for these, and half of all.
    Strangers,
}

/// So many wait already that nobody more is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

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
    running: Running,
    /// Those who wait, or went away while they waited.
    waiting: usize,
    arrived: u64,
    callers: HashMap<Caller, Standing>,
}

/// Calls that run.
#[derive(Clone, Copy, Default)]
struct Running {
    own: usize,
    strangers: usize,
}

/// How one caller stands.
#[derive(Default)]
struct Standing {
    most: usize,
    running: Running,
    own: Line,
    strangers: Line,
}

/// Those who wait in one lane, the first in front.
type Line = VecDeque<Waiting>;

struct Waiting {
    /// The how-manieth it was to arrive, of all.
    order: u64,
    go: oneshot::Sender<Turn>,
}

/// A call may run for as long as this is kept.
pub(super) struct Turn {
    turns: Arc<Turns>,
    caller: Caller,
    lane: Lane,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.end(&self.caller, self.lane);
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

    /// Waits until the caller may run one more call in this lane, of all of which it may run `most`
    /// at once. Who goes away loses its place and nothing else.
    pub(super) async fn take(
        self: &Arc<Self>,
        caller: Caller,
        lane: Lane,
        most: usize,
    ) -> Result<Turn, Full> {
        loop {
            let Some(turn) = self.line_up(&caller, lane, most.max(1))? else {
                let turns = Arc::clone(self);
                return Ok(Turn {
                    turns,
                    caller,
                    lane,
                });
            };
            self.go_on();
            // The other end is dropped only with the queue itself, of which this is a keeper.
            if let Ok(turn) = turn.await {
                return Ok(turn);
            }
        }
    }

    /// Takes a turn at once, where one is free and nobody waits; else the place at the end.
    fn line_up(
        &self,
        caller: &Caller,
        lane: Lane,
        most: usize,
    ) -> Result<Option<oneshot::Receiver<Turn>>, Full> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (running, waiting) = (queue.running, queue.waiting);
        let standing = queue.callers.entry(caller.clone()).or_default();
        standing.most = most;
        if waiting == 0 && standing.may_run(lane, running, self.most) {
            *standing.running.of(lane) += 1;
            *queue.running.of(lane) += 1;
            return Ok(None);
        }
        if is_full(standing.line(lane), lane) {
            return Err(Full);
        }
        queue.arrived += 1;
        queue.waiting += 1;
        let (go, turn) = oneshot::channel();
        let order = queue.arrived;
        let standing = queue.callers.entry(caller.clone()).or_default();
        standing.line(lane).push_back(Waiting { order, go });
        Ok(Some(turn))
    }

    fn end(self: &Arc<Self>, caller: &Caller, lane: Lane) {
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            *queue.running.of(lane) -= 1;
            if let Some(standing) = queue.callers.get_mut(caller) {
                *standing.running.of(lane) -= 1;
                if standing.is_empty() {
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
            while let Some((caller, lane, go)) = queue.next(self.most) {
                let turns = Arc::clone(self);
                let turn = Turn {
                    turns,
                    caller,
                    lane,
                };
                given.push((go, turn));
            }
        }
        // Outside of the lock: a turn that nobody waits for any more ends here, and is given on.
        for (go, turn) in given {
            drop(go.send(turn));
        }
    }
}

impl Queue {
    /// Who goes on: of those that may, the one who runs the fewest calls, strangers after all others,
    /// then the one who has waited longest.
    fn next(&mut self, most: usize) -> Option<(Caller, Lane, oneshot::Sender<Turn>)> {
        let running = self.running;
        self.waiting = 0;
        self.callers.retain(|_, standing| {
            for line in [&mut standing.own, &mut standing.strangers] {
                forget_gone(line);
                self.waiting += line.len();
            }
            !standing.is_empty()
        });
        let lanes = self.callers.iter().flat_map(|(caller, standing)| {
            let own = (Lane::Own, standing.running.own, &standing.own);
            let all = standing.running.all();
            let strangers = (Lane::Strangers, all, &standing.strangers);
            [own, strangers].map(|lane| (caller, standing, lane))
        });
        let (_, caller, lane) = lanes
            .filter(|(_, standing, (lane, ..))| standing.may_run(*lane, running, most))
            .filter_map(|(caller, _, (lane, running, line))| {
                Some(((running, lane, line.front()?.order), caller, lane))
            })
            .min_by_key(|(rank, ..)| *rank)?;
        let caller = caller.clone();
        let standing = self.callers.get_mut(&caller)?;
        let waiting = standing.line(lane).pop_front()?;
        *standing.running.of(lane) += 1;
        *self.running.of(lane) += 1;
        self.waiting -= 1;
        Some((caller, lane, waiting.go))
    }
}

impl Running {
    fn all(self) -> usize {
        self.own + self.strangers
    }

    fn of(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Own => &mut self.own,
            Lane::Strangers => &mut self.strangers,
        }
    }
}

impl Standing {
    fn line(&mut self, lane: Lane) -> &mut Line {
        match lane {
            Lane::Own => &mut self.own,
            Lane::Strangers => &mut self.strangers,
        }
    }

    fn is_empty(&self) -> bool {
        self.running.all() == 0 && self.own.is_empty() && self.strangers.is_empty()
    }

    /// A quarter of all turns is for those who have none, and half of them, as of a caller's own, for
    /// what no stranger sent.
    fn may_run(&self, lane: Lane, running: Running, most: usize) -> bool {
        let own = self.running.all();
        let open = if own == 0 {
            most
        } else {
            (most - most / 4).max(1)
        };
        let may = match lane {
            Lane::Own => true,
            Lane::Strangers => {
                let half = |most: usize| (most / 2).max(1);
                self.running.strangers < half(self.most) && running.strangers < half(most)
            }
        };
        may && own < self.most && running.all() < open
    }
}

fn forget_gone(line: &mut Line) {
    line.retain(|waiting| !waiting.go.is_closed());
}

/// Whether nobody more may wait. Those who went away do not count.
fn is_full(line: &mut Line, lane: Lane) -> bool {
    let most = match lane {
        Lane::Own => LONGEST,
        Lane::Strangers => LONGEST_OF_STRANGERS,
    };
    if line.len() >= most {
        forget_gone(line);
    }
    line.len() >= most
}
