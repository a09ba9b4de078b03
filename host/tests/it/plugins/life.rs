//! The life of a plugin beside its calls: replaced, refused, taken away, granted less; and what is
//! known of it meanwhile.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use vestibule::domain::{Mode, Scope};
use vestibule::plugins::Error;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::limits::Limits;
use vestibule::plugins::status::{PluginInUse, Standing};

use super::guest::{self, MANIFEST};
use super::servers::{OK, answering, listener, silent};
use super::{Host, charge, config, patient, plain, put, scope};

fn version(version: &str) -> String {
    MANIFEST.replace("version = \"1.0.0\"", &format!("version = {version:?}"))
}

/// Waits for what a watched folder or a call under way brings about.
pub(super) async fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_mins(1), "it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Host {
    /// The first of its files, and the version of it that is in use.
    fn first(&self) -> Option<(Standing, Option<PluginInUse>)> {
        let status = self.plugins.statuses().into_iter().next()?;
        Some((status.state, status.plugin))
    }

    fn is(&self, standing: Standing, version: &str) -> bool {
        self.first().is_some_and(|(state, plugin)| {
            state == standing && plugin.is_some_and(|plugin| plugin.version == version)
        })
    }

    fn figures(&self) -> vestibule::plugins::Figures {
        self.first().unwrap().1.unwrap().figures
    }
}

/// A server that says when it was asked, and answers when it is told to.
async fn held_back() -> (String, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (listener, origin) = listener().await;
    let (asked, was_asked) = oneshot::channel();
    let (go, may_go) = oneshot::channel();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = connection.read(&mut request).await;
        asked.send(()).unwrap();
        let _ = may_go.await;
        let _ = connection.write_all(OK.as_bytes()).await;
        std::future::pending::<()>().await;
    });
    (origin, was_asked, go)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_ends_well_whatever_becomes_of_file_and_grants_meanwhile() {
    let fetches = |of: &str| guest::plugin(&version(of), &guest::FETCHES);
    let host = Host::limited(&fetches("1"), patient()).await;
    let _watch = host.plugins.watch().unwrap();
    let (origin, was_asked, go) = held_back().await;
    let gateway = host.gateway(config(&origin, true));
    let url = origin.clone();
    let call = tokio::spawn(async move { gateway.charge(&charge(&url)).await });
    was_asked.await.unwrap();
    assert_eq!(host.figures().under_way, 1);

    put(&host.folder, "guest.wasm", &fetches("2"));
    until(|| host.is(Standing::InUse, "2")).await;
    put(&host.folder, "guest.wasm", b"broken");
    until(|| host.is(Standing::LastGood, "2")).await;
    // From here on the grants are others, and so are those of the next call only.
    let refused = host.gateway(plain()).charge(&charge(&origin)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("is not permitted to this plugin"),
        "{refused}"
    );
    std::fs::remove_file(host.folder.path().join("guest.wasm")).unwrap();
    until(|| host.is(Standing::TakenAway, "2")).await;
    let scope = scope(Mode::Test);
    let gone = host.plugins.gateway(&scope, "main").err().unwrap();
    assert!(matches!(gone, Error::Misconfigured { .. }), "{gone}");
    assert!(host.plugins.gateway_of_open(&scope, "main").is_ok());

    go.send(()).unwrap();
    let payment = call.await.unwrap().unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);

    put(&host.folder, "guest.wasm", &fetches("3"));
    until(|| host.is(Standing::InUse, "3")).await;
    let (answers, _) = answering(OK).await;
    let granted = host.gateway(config(&answers, true));
    let payment = granted.charge(&charge(&answers)).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_caller_goes_away_comes_to_its_end() {
    let fetches = guest::plugin(MANIFEST, &guest::FETCHES);
    let host = Host::limited(&fetches, patient()).await;
    let (origin, was_asked, go) = held_back().await;
    let gateway = host.gateway(config(&origin, true));
    let before = host.figures();
    let call = tokio::spawn(async move { gateway.charge(&charge(&origin)).await });
    was_asked.await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(host.figures().under_way, 1);
    go.send(()).unwrap();
    until(|| host.figures().under_way == 0).await;
    let after = host.figures();
    assert_eq!(after.calls, before.calls + 1, "it ended");
    assert_eq!(after.failures, before.failures, "and well");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_failures_time_and_memory_of_a_version_are_counted() {
    let host = Host::with(&guest::plugin(&version("1"), &guest::TRAPS)).await;
    for _ in 0..3 {
        let error = host.gateway(plain()).charge(&charge("pay_1")).await;
        assert!(error.unwrap_err().outcome_unknown());
    }
    let (standing, plugin) = host.first().unwrap();
    let plugin = plugin.unwrap();
    assert_eq!(standing, Standing::InUse);
    assert_eq!(plugin.uses, ["bus_1/test/main"]);
    let figures = plugin.figures;
    // The first call is the one that asked for its description.
    assert_eq!((figures.calls, figures.failures), (4, 3));
    assert_eq!((figures.under_way, figures.turned_away), (0, 0));
    assert!(figures.memory_bytes >= 2 << 16, "two pages at least");
    assert!(figures.total_ms >= figures.longest_ms);
    let last = figures.last_failure.unwrap();
    assert!(last.what.contains("it trapped"), "{}", last.what);
    assert!(last.operation.contains("charge"), "{}", last.operation);

    put(
        &host.folder,
        "guest.wasm",
        &guest::plugin(&version("2"), &guest::ANSWERS_NONSENSE),
    );
    host.plugins.reload().await;
    assert_eq!((host.figures().calls, host.figures().failures), (1, 0));
    let error = host.gateway(plain()).charge(&charge("pay_1")).await;
    assert!(error.unwrap_err().outcome_unknown());
    assert_eq!(host.figures().failures, 1);
    let last = host.figures().last_failure.unwrap();
    assert!(last.what.contains("malformed"), "{}", last.what);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_whose_plugin_hangs_waits_behind_itself_and_slows_nobody_else() {
    for (at_once, in_all, under_way) in [(2, 128, 2), (100, 4, 3)] {
        let limits = Limits {
            calls_at_once: at_once,
            calls_in_all: in_all,
            ..patient()
        };
        let host = Host::limited(&guest::plugin(MANIFEST, &guest::FETCHES), limits).await;
        let silent = silent().await;
        let (answers, _) = answering(OK).await;
        let [noisy, calm] =
            ["bus_noisy", "bus_calm"].map(|id| Scope::new(id.parse().unwrap(), Mode::Test));
        let main = |scope: &Scope| (scope.clone(), "main".to_owned());
        host.plugins.configure(
            [
                (main(&noisy), config(&silent, true)),
                (main(&calm), config(&answers, true)),
            ]
            .into(),
        );
        let hanging: Vec<_> = (0..20)
            .map(|_| {
                let gateway = host.plugins.gateway(&noisy, "main").unwrap();
                let request = charge(&silent);
                tokio::spawn(async move { gateway.charge(&request).await })
            })
            .collect();
        until(|| host.figures().under_way == under_way).await;
        for _ in 0..10 {
            let gateway = host.plugins.gateway(&calm, "main").unwrap();
            let payment = gateway.charge(&charge(&answers)).await.unwrap();
            assert_eq!(payment.outcome, Outcome::Succeeded);
        }
        assert_eq!(host.figures().under_way, under_way);
        assert!(hanging.iter().all(|call| !call.is_finished()));
        for call in hanging {
            call.abort();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_turned_away_is_counted() {
    let limits = Limits {
        calls_at_once: 1,
        wait: Duration::ZERO,
        ..patient()
    };
    let host = Host::limited(&guest::plugin(MANIFEST, &guest::FETCHES), limits).await;
    let silent = silent().await;
    let gateway = host.gateway(config(&silent, true));
    let (first, request) = (gateway.clone(), charge(&silent));
    let hanging = tokio::spawn(async move { first.charge(&request).await });
    until(|| host.figures().under_way == 1).await;
    let error = gateway.charge(&charge(&silent)).await.unwrap_err();
    assert!(matches!(error, Error::NotExecuted { .. }), "{error}");
    assert_eq!(host.figures().turned_away, 1);
    hanging.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_comes_again_under_another_name_is_in_use_all_the_while() {
    let host = Host::limited(&guest::plugin(&version("1"), &guest::TRAPS), patient()).await;
    let scope = scope(Mode::Test);
    host.plugins
        .configure([((scope.clone(), "main".to_owned()), plain())].into());
    std::fs::remove_file(host.folder.path().join("guest.wasm")).unwrap();
    let succeeds = guest::plugin(&version("2"), &guest::OnCharge::Succeeds);
    put(&host.folder, "renamed.wasm", &succeeds);
    let plugins = std::sync::Arc::clone(&host.plugins);
    let reload = tokio::spawn(async move { plugins.reload().await });
    while !reload.is_finished() {
        assert!(host.plugins.gateway(&scope, "main").is_ok());
        tokio::task::yield_now().await;
    }
    reload.await.unwrap();
    assert!(host.is(Standing::InUse, "2"));
    assert_eq!(host.plugins.statuses().len(), 1);
}
