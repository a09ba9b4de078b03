//! A portal page of one business while plugins of others on the same host hang or spin: how long its
//! customers wait, beside how long they wait when the others are quiet.

use std::cell::Cell;
use std::net::TcpListener;
use std::time::Instant;

use anyhow::ensure;

use crate::host::{Host, puppet_file};
use crate::load::{self, Target, Until};
use crate::page::{CONNECTIONS, WARM_UP};
use crate::process::first_answer;
use crate::report::{Report, median};
use crate::seed;

const GROUP: &str = "Overview of a business while plugins of another hang or spin on the same host";
const CUSTOMERS: usize = 1_000;
/// Browsers that look at the other business's pages all the time.
const VISITORS: usize = 8;
const ROUNDS: usize = 5;

/// What the other business's plugin does.
struct Trouble {
    name: &'static str,
    business: &'static str,
    /// The page that is looked at, below the business's own.
    path: &'static str,
    /// The export, and what it does.
    export: &'static str,
    does: &'static str,
}

const TROUBLES: [Trouble; 3] = [
    Trouble {
        name: "beside a block that hangs",
        business: "bus_hanging",
        path: "/",
        export: "block",
        does: "hang",
    },
    Trouble {
        name: "beside a block that spins",
        business: "bus_spinning",
        path: "/",
        export: "block",
        does: "loop",
    },
    Trouble {
        name: "beside pages of a plugin that spin, eight at once",
        business: "bus_turning",
        path: "/x/noisy",
        export: "render",
        does: "loop",
    },
];

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
    let tokens = seed::fill(&host.database(), &Host::scope(), CUSTOMERS).await?;
    let cookies: Vec<String> = tokens.iter().map(|token| Host::cookie(token)).collect();
    let mut others = Vec::new();
    for trouble in &TROUBLES {
        host.neighbour(trouble.business, &table(trouble, &origin))?;
        let scope = Host::scope_of(trouble.business);
        let tokens = seed::fill(&host.database(), &scope, CUSTOMERS).await?;
        let cookies = tokens
            .iter()
            .map(|token| Host::cookie_of(trouble.business, token));
        others.push(cookies.collect::<Vec<_>>());
    }
    let _running = host.serve()?;
    first_answer(host.address(), &Host::login())?;
    let path = Host::overview();
    let target = Target {
        address: host.address(),
        path: &path,
        cookies: &cookies,
    };
    load::run(&target, CONNECTIONS, Until::Elapsed(WARM_UP)).await?;
    let page = load::page(&target).await?;
    ensure!(page.contains("Billing"), "no overview");
    tell(report, "others are quiet", &target).await?;
    for (trouble, cookies) in TROUBLES.iter().zip(&others) {
        let path = format!("/test/{}{}", trouble.business, trouble.path);
        let noise = Target {
            address: host.address(),
            path: &path,
            cookies,
        };
        // What the trouble is: how often the others are answered, well or not.
        let (begun, answered) = (Instant::now(), Cell::new(0.0));
        let visitors = (0..VISITORS).map(|_| async {
            loop {
                // A page of a plugin that fails is an error, and so it is meant.
                drop(load::page(&noise).await);
                answered.set(answered.get() + 1.0);
            }
        });
        let visitors = futures_util::future::join_all(visitors);
        tokio::select! {
            told = tell(report, trouble.name, &target) => told?,
            _ = visitors => {}
        }
        let rate = answered.get() / begun.elapsed().as_secs_f64();
        let name = format!("{}, the others' pages", trouble.name);
        report.add(GROUP, name, rate, "/s");
    }
    Ok(())
}

/// The plugin of the other business, in its file.
fn table(trouble: &Trouble, origin: &str) -> String {
    let Trouble { export, does, .. } = trouble;
    format!(
        r#"
[test.pages.noisy]
plugin = "puppet"
settings.silent = "{origin}"
settings.{export} = '{{ "do": "{does}" }}'
[test.pages.noisy.grants]
http = [{{ origin = "{origin}", private = true }}]
"#
    )
}

async fn tell(report: &mut Report, name: &str, target: &Target<'_>) -> anyhow::Result<()> {
    let (mut rates, mut middles, mut tails) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let outcome = load::run(target, CONNECTIONS, Until::Elapsed(WARM_UP)).await?;
        rates.push(outcome.rate);
        middles.push(outcome.percentile(50));
        tails.push(outcome.percentile(99));
    }
    for (what, values, unit) in [
        ("requests a second", rates, "/s"),
        ("p50", middles, "ms"),
        ("p99", tails, "ms"),
    ] {
        report.add(GROUP, format!("{name}, {what}"), median(&values), unit);
    }
    Ok(())
}
