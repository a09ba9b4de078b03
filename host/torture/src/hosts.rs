//! The hosts: real `vestibule serve` processes, each started again whenever it is gone.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::place::Place;

/// The longest pause before a host that is gone is started again.
const LONGEST_PAUSE_MS: u64 = 300;
/// How long a host may take to end when it is asked to.
const DRAIN: Duration = Duration::from_secs(20);
/// How much of a host's log is shown when it ended by itself, in bytes.
const LAST_WORDS: usize = 1_000;

/// What may be done to a host.
pub(crate) enum Blow {
    /// SIGKILL.
    Kill,
    /// SIGSTOP, and SIGCONT after this long.
    Freeze(Duration),
}

/// What hit.
#[derive(Default)]
pub(crate) struct Hits {
    pub(crate) kills: AtomicU64,
    pub(crate) freezes: AtomicU64,
    ended_alone: Mutex<Vec<String>>,
}

impl Hits {
    fn ended_alone(&self, how: String) {
        self.ended_alone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(how);
    }
}

/// All hosts of a run.
pub(crate) struct Hosts {
    ports: Vec<u16>,
    pub(crate) doors: Vec<mpsc::Sender<Blow>>,
    pub(crate) hits: Arc<Hits>,
}

impl Hosts {
    /// Starts them; each is kept running until `stop`.
    pub(crate) fn start(
        place: &Arc<Place>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let hits = Arc::new(Hits::default());
        let (mut ports, mut doors) = (Vec::new(), Vec::new());
        for n in 0..place.hosts() {
            let port = free_port()?;
            let (door, blows) = mpsc::channel(4);
            let keeper = Keeper {
                place: Arc::clone(place),
                hits: Arc::clone(&hits),
                chance: StdRng::seed_from_u64(place.seed ^ (0x1_0000 + u64::from(n))),
                port,
                blows,
            };
            tasks.spawn(keeper.keep(stop.clone()));
            ports.push(port);
            doors.push(door);
        }
        Ok(Self { ports, doors, hits })
    }

    pub(crate) fn ports(&self) -> Vec<u16> {
        self.ports.clone()
    }

    /// How each host ended that was not killed.
    pub(crate) fn ended_alone(&self) -> Vec<String> {
        self.hits
            .ended_alone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until every host answers.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let client = crate::merchant::client()?;
        let deadline = Instant::now() + Duration::from_mins(2);
        for port in &self.ports {
            let url = format!("http://127.0.0.1:{port}/readyz");
            loop {
                let answer = client.get(&url).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    break;
                }
                if Instant::now() > deadline {
                    bail!("the host on port {port} does not get ready; see its log");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}

/// Keeps one host running, and deals the blows.
struct Keeper {
    place: Arc<Place>,
    hits: Arc<Hits>,
    chance: StdRng,
    port: u16,
    blows: mpsc::Receiver<Blow>,
}

impl Keeper {
    async fn keep(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let mut child = match self.spawn() {
                Ok(child) => child,
                Err(error) => {
                    self.hits.ended_alone(format!("{error:#}"));
                    tokio::time::sleep(Duration::from_millis(LONGEST_PAUSE_MS)).await;
                    continue;
                }
            };
            self.attend(&mut child, &stop).await;
            let pause = self.chance.random_range(0..LONGEST_PAUSE_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())?;
        self.place
            .program()?
            .arg("serve")
            .env(
                "VESTIBULE_SERVER__LISTEN",
                format!("127.0.0.1:{}", self.port),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("a host does not start")
    }

    fn log(&self) -> PathBuf {
        self.place.dir().join(format!("host-{}.log", self.port))
    }

    /// The last thing the host wrote, which is why it ended when it ended by itself.
    fn last_words(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let tail = &log[log.len().saturating_sub(LAST_WORDS)..];
        String::from_utf8_lossy(tail).trim().to_owned()
    }

    /// Stays with a process until it is gone.
    async fn attend(&mut self, child: &mut Child, stop: &CancellationToken) {
        loop {
            tokio::select! {
                ended = child.wait() => {
                    let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                    self.hits.ended_alone(format!("port {}, {how}: {}", self.port, self.last_words()));
                    return;
                }
                Some(blow) = self.blows.recv() => match blow {
                    Blow::Kill => {
                        // What had ended by itself a moment ago was not killed.
                        if child.start_kill().is_ok() {
                            self.hits.kills.fetch_add(1, Ordering::Relaxed);
                        }
                        let _ = child.wait().await;
                        return;
                    }
                    Blow::Freeze(time) => {
                        if signal(child, "STOP").await {
                            self.hits.freezes.fetch_add(1, Ordering::Relaxed);
                        }
                        tokio::time::sleep(time).await;
                        signal(child, "CONT").await;
                    }
                },
                () = stop.cancelled() => {
                    signal(child, "TERM").await;
                    if tokio::time::timeout(DRAIN, child.wait()).await.is_err() {
                        let _ = child.kill().await;
                    }
                    return;
                }
            }
        }
    }
}

/// Sends a signal to a process that is not waited for yet, so that its id is its own.
async fn signal(child: &Child, name: &str) -> bool {
    let Some(id) = child.id() else { return false };
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(id.to_string())
        .status()
        .await;
    sent.is_ok_and(|status| status.success())
}
