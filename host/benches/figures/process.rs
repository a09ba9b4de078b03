//! Processes that serve: how soon they answer, what they use of processor and memory.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::host::Host;
use crate::report::{Report, median};

const GROUP: &str = "Start-up: process spawned to first 200 answer, the sign-in page";
const STARTS: usize = 5;
/// Clock ticks of Linux in a second, as /proc counts.
const TICKS: f64 = 100.0;

/// A process that is ended when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    /// Resident memory, in MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        memory(self.0.id())
    }

    /// Processor time so far, over all threads.
    pub(crate) fn processor(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The name stands in brackets and may hold anything; the rest are numbers.
        let (_, rest) = stat.rsplit_once(')').context("no name")?;
        let times = rest.split_whitespace().skip(11).take(2);
        let ticks: f64 = times.filter_map(|text| text.parse::<f64>().ok()).sum();
        Ok(Duration::from_secs_f64(ticks / TICKS))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Resident memory of the process with this id, in MiB.
pub(crate) fn memory(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next())
        .context("no VmRSS")?
        .parse()?;
    Ok(kib / 1024.0)
}

/// Asks until somebody answers; fails unless that is a 200.
pub(crate) fn first_answer(address: SocketAddr, path: &str) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        match TcpStream::connect(address) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                write!(
                    stream,
                    "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
                )?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer)?;
                if !answer.starts_with("HTTP/1.1 200") {
                    bail!("{path}: {}", answer.lines().next().unwrap_or_default());
                }
                return Ok(());
            }
            Err(_) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(error).context("nobody serves"),
        }
    }
}

/// Starts the host over and over, with compiled plugins and without.
pub(crate) fn measure(host: &Host, report: &mut Report) -> anyhow::Result<()> {
    let start = |cold: bool| {
        if cold {
            host.forget_code()?;
        }
        let spawned = Instant::now();
        let _running = host.serve()?;
        first_answer(host.address(), &Host::login())?;
        anyhow::Ok(spawned.elapsed().as_secs_f64() * 1e3)
    };
    // Makes the database.
    start(true)?;
    let (mut warm, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        cold.push(start(true)?);
        warm.push(start(false)?);
    }
    report.add(GROUP, "compiled plugins kept", median(&warm), "ms");
    report.add(GROUP, "plugins to be compiled", median(&cold), "ms");
    Ok(())
}
