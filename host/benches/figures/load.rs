//! Requests over real loopback HTTP: as many connections as there are, each asking again as soon
//! as it is answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use axum::body::Body;
use futures_util::future::try_join_all;
use http::header::{COOKIE, HOST};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long an answer may take: a host that never answers ends the run.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where to ask, and as whom.
pub(crate) struct Target<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'a str,
    /// One per customer; each request takes the next.
    pub(crate) cookies: &'a [String],
}

/// How long to ask for.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Elapsed(Duration),
    Answers(usize),
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) rate: f64,
    latencies: Vec<Duration>,
}

impl Outcome {
    pub(crate) fn answers(&self) -> usize {
        self.latencies.len()
    }

    /// The latency that `percent` of all requests stay below, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let place = (self.latencies.len() * percent / 100).min(self.latencies.len() - 1);
        self.latencies[place].as_secs_f64() * 1e3
    }
}

/// One page.
pub(crate) async fn page(target: &Target<'_>) -> anyhow::Result<String> {
    let mut sender = connect(target.address).await?;
    let body = ask(&mut sender, target, 0).await?;
    Ok(String::from_utf8(body.to_vec())?)
}

/// Asks over `connections` at once.
pub(crate) async fn run(
    target: &Target<'_>,
    connections: usize,
    until: Until,
) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let asked = (0..connections).map(|number| async move {
        let mut sender = connect(target.address).await?;
        let mut latencies = Vec::new();
        let mut place = number * target.cookies.len() / connections;
        loop {
            let over = match until {
                Until::Elapsed(duration) => begun.elapsed() >= duration,
                Until::Answers(answers) => latencies.len() >= answers / connections,
            };
            if over {
                return anyhow::Ok(latencies);
            }
            let asked = Instant::now();
            let body = ask(&mut sender, target, place).await?;
            latencies.push(asked.elapsed());
            if body.is_empty() {
                bail!("an empty page");
            }
            place = (place + 1) % target.cookies.len();
        }
    });
    let latencies = try_join_all(asked).await?;
    let elapsed = begun.elapsed();
    let mut latencies: Vec<Duration> = latencies.into_iter().flatten().collect();
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
    let rate = latencies.len() as f64 / elapsed.as_secs_f64();
    Ok(Outcome { rate, latencies })
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Body>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(
    sender: &mut SendRequest<Body>,
    target: &Target<'_>,
    place: usize,
) -> anyhow::Result<bytes::Bytes> {
    let cookie = target.cookies.get(place).context("no cookies")?;
    let request = Request::get(target.path)
        .header(HOST, target.address.to_string())
        .header(COOKIE, cookie)
        .body(Body::empty())?;
    let answered = async {
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            bail!("{}: {}", target.path, response.status());
        }
        anyhow::Ok(response.into_body().collect().await?.to_bytes())
    };
    let answered = tokio::time::timeout(PATIENCE, answered).await;
    answered.with_context(|| format!("{}: no answer", target.path))?
}
