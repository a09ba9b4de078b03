//! The overview with a branding and two blocks of plugins, beside the same page without them. The
//! branding is kept by its lifetime; each block is a call in a fresh instance, both at once.

use std::net::SocketAddr;

use anyhow::ensure;

use crate::host::{Host, puppet_file};
use crate::load::{self, Target, Until};
use crate::page::{CONNECTIONS, Side, WARM_UP, rounds};
use crate::process::first_answer;
use crate::report::Report;
use crate::seed;

const GROUP: &str =
    "Overview with a branding and two blocks of plugins, beside the same page without, SQLite";
const CUSTOMERS: usize = 1_000;
const BLOCK: &str = "A word about the figures";
const HEADER: &str = "A merchant who is measured";

pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare(report))
}

async fn compare(report: &mut Report) -> anyhow::Result<()> {
    let more = format!(
        r##"
[test.branding]
plugin = "puppet"
settings.resolve = '{{ "lifetime": 3600, "tokens": {{ "light.accent": "#0b5d3b" }}, "header": {{ "text": "{HEADER}" }} }}'
[test.pages.one]
plugin = "puppet"
settings.block = '{{ "content": {{ "markdown": "**{BLOCK}**" }} }}'
[test.pages.two]
plugin = "puppet"
settings.block = '{{ "content": {{ "hello.html": {{ "name": "{BLOCK}" }} }} }}'
"##
    );
    let hosts = [Host::new()?, Host::with(&more, &[&puppet_file()])?];
    let mut cookies = Vec::new();
    for host in &hosts {
        let tokens = seed::fill(&host.database(), &Host::scope(), CUSTOMERS).await?;
        cookies = tokens.iter().map(|token| Host::cookie(token)).collect();
    }
    let path = Host::overview();
    let target = |address: SocketAddr| Target {
        address,
        path: &path,
        cookies: &cookies,
    };
    let [mut plain, mut dressed] = [side(&hosts[0])?, side(&hosts[1])?];
    for side in [&plain, &dressed] {
        load::run(&target(side.address), CONNECTIONS, Until::Elapsed(WARM_UP)).await?;
    }
    let bare = load::page(&target(plain.address)).await?;
    ensure!(!bare.contains(BLOCK), "a block on the page without any");
    let full = load::page(&target(dressed.address)).await?;
    let blocks = full.matches(BLOCK).count();
    ensure!(blocks == 2, "{blocks} blocks on the page");
    ensure!(full.contains(HEADER), "no branding on the page");
    rounds(&mut plain, &mut dressed, target).await?;
    plain.tell(GROUP, "without", bare.len(), report);
    dressed.tell(GROUP, "with", full.len(), report);
    let name = "with of without, by requests a second";
    report.add(GROUP, name, dressed.share_of(&plain), "%");
    Ok(())
}

fn side(host: &Host) -> anyhow::Result<Side> {
    let running = host.serve()?;
    first_answer(host.address(), &Host::login())?;
    Ok(Side::new(host.address(), running))
}
