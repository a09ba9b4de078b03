//! A portal page of one business while a plugin of another on the same host hangs, spins or takes
//! memory: how long its customers wait, beside how long they wait while as many visitors look at a
//! block that behaves.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures_util::future::join_all;

use crate::host::{Host, puppet_file};
use crate::load::{self, Outcome, Target, Until};
use crate::page::{CONNECTIONS, WARM_UP};
use crate::process::first_answer;
use crate::report::{Aim, Report, median};
use crate::seed;

const GROUP: &str =
    "Overview of a business while eight visitors look at another's on the same host";
const CUSTOMERS: usize = 1_000;
/// Browsers that look at the other business's pages all the time.
const VISITORS: usize = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

/// Another business, and what its plugin does.
struct Other {
    name: &'static str,
    business: &'static str,
    /// The page that is looked at, below the business's own.
    path: &'static str,
    /// The export, and what it answers.
    export: &'static str,
    answer: &'static str,
}

/// What the block that behaves says.
const SAID: &str = "All is well";

/// The first one behaves: the others are held against it.
const OTHERS: [Other; 5] = [
    Other {
        name: "a block that behaves",
        business: "bus_behaving",
        path: "/",
        export: "block",
        answer: r#"{ "content": { "text": "All is well" } }"#,
    },
    Other {
        name: "a block that hangs",
        business: "bus_hanging",
        path: "/",
        export: "block",
        answer: r#"{ "do": "hang" }"#,
    },
    Other {
        name: "a block that spins",
        business: "bus_spinning",
        path: "/",
        export: "block",
        answer: r#"{ "do": "loop" }"#,
    },
    Other {
        name: "a block that takes all memory",
        business: "bus_hogging",
        path: "/",
        export: "block",
        answer: r#"{ "do": "hog" }"#,
    },
    Other {
        name: "pages that spin, eight at once",
        business: "bus_turning",
        path: "/x/noisy",
        export: "render",
        answer: r#"{ "do": "loop" }"#,
    },
];

/// One of them, and what was seen beside it, round by round.
struct Side {
    name: &'static str,
    path: String,
    cookies: Vec<String>,
    rates: Vec<f64>,
    middles: Vec<f64>,
    tails: Vec<f64>,
    /// Pages of the other business a second, whatever was on them.
    visits: Vec<f64>,
}

pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare(report))
}

async fn compare(report: &mut Report) -> anyhow::Result<()> {
    // Takes connections, and says nothing on them.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://{}", silent.local_addr()?);
    let host = Host::with("", &[&puppet_file()])?;
    // Whoever is left out after three failures is no trouble any more.
    host.set("[plugins]\nbreaker_failures = 0\n")?;
    let tokens = seed::fill(&host.database(), &Host::scope(), CUSTOMERS).await?;
    let cookies: Vec<String> = tokens.iter().map(|token| Host::cookie(token)).collect();
    let mut sides = Vec::new();
    for other in &OTHERS {
        host.neighbour(other.business, &table(other, &origin))?;
        let scope = Host::scope_of(other.business);
        let tokens = seed::fill(&host.database(), &scope, CUSTOMERS).await?;
        sides.push(Side::new(other, &tokens));
    }
    let path = Host::overview();
    let target = Target {
        address: host.address(),
        path: &path,
        cookies: &cookies,
    };
    look(&host, &target, &sides).await?;
    for _ in 0..ROUNDS {
        for side in &mut sides {
            let (outcome, visits) = round(&host, &target, &side.target(host.address())).await?;
            side.rates.push(outcome.rate);
            side.middles.push(outcome.percentile(50));
            side.tails.push(outcome.percentile(99));
            side.visits.push(visits);
        }
    }
    let (quiet, troubles) = sides.split_first().context("nobody is there")?;
    quiet.tell(report);
    for side in troubles {
        side.tell(report);
        let rounds = side.tails.iter().zip(&quiet.tails);
        let shares: Vec<f64> = rounds.map(|(own, quiet)| own / quiet).collect();
        let name = format!("{}, p99 of that beside one that behaves", side.name);
        report.judge(GROUP, name, median(&shares), "times", Aim::AtMost(2.0));
    }
    Ok(())
}

/// The plugin of the other business, in its file.
fn table(other: &Other, origin: &str) -> String {
    let Other { export, answer, .. } = other;
    format!(
        r#"
[test.pages.noisy]
plugin = "puppet"
settings.silent = "{origin}"
settings.{export} = '{answer}'
[test.pages.noisy.grants]
http = [{{ origin = "{origin}", private = true }}]
"#
    )
}

/// That the pages are what they are meant to be.
async fn look(host: &Host, target: &Target<'_>, sides: &[Side]) -> anyhow::Result<()> {
    let _running = host.serve()?;
    first_answer(host.address(), &Host::login())?;
    let page = load::page(target).await?;
    ensure!(page.contains("Billing"), "no overview");
    let quiet = sides.first().context("nobody is there")?;
    let page = load::page(&quiet.target(host.address())).await?;
    ensure!(page.contains(SAID), "no block on the other business's page");
    Ok(())
}

/// One round, and how many pages of the other business were answered a second meanwhile. The process
/// is ended with it, and so are calls that would go on into the next.
async fn round(
    host: &Host,
    target: &Target<'_>,
    other: &Target<'_>,
) -> anyhow::Result<(Outcome, f64)> {
    let _running = host.serve()?;
    first_answer(host.address(), &Host::login())?;
    let answered = Cell::new(0.0);
    let visitors = (0..VISITORS).map(|_| async {
        loop {
            // A page of a plugin that fails is an error, and so it is meant.
            drop(load::page(other).await);
            answered.set(answered.get() + 1.0);
        }
    });
    let visitors = join_all(visitors);
    let measured = async {
        load::run(target, CONNECTIONS, Until::Elapsed(WARM_UP)).await?;
        let (begun, before) = (Instant::now(), answered.get());
        let outcome = load::run(target, CONNECTIONS, Until::Elapsed(ROUND)).await?;
        let visits = (answered.get() - before) / begun.elapsed().as_secs_f64();
        anyhow::Ok((outcome, visits))
    };
    tokio::select! {
        measured = measured => measured,
        _ = visitors => bail!("the visitors have left"),
    }
}

impl Side {
    fn new(other: &Other, tokens: &[String]) -> Self {
        let cookies = tokens
            .iter()
            .map(|token| Host::cookie_of(other.business, token));
        Self {
            name: other.name,
            path: format!("/test/{}{}", other.business, other.path),
            cookies: cookies.collect(),
            rates: Vec::new(),
            middles: Vec::new(),
            tails: Vec::new(),
            visits: Vec::new(),
        }
    }

    fn target(&self, address: SocketAddr) -> Target<'_> {
        Target {
            address,
            path: &self.path,
            cookies: &self.cookies,
        }
    }

    fn tell(&self, report: &mut Report) {
        for (what, values, unit) in [
            ("requests a second", &self.rates, "/s"),
            ("p50", &self.middles, "ms"),
            ("p99", &self.tails, "ms"),
            ("pages of the other", &self.visits, "/s"),
        ] {
            let name = format!("{}, {what}", self.name);
            report.add(GROUP, name, median(values), unit);
        }
    }
}
