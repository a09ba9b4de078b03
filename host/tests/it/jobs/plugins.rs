//! Plugins that are told of events by the worker: one that hangs holds up nobody, and what was given
//! up is taken up again.

use jiff::SignedDuration;
use vestibule::cx::Cx;
use vestibule::domain::Mode;
use vestibule::flows::plugin_calls::{self, Called};
use vestibule::flows::plugin_report;
use vestibule::plugins::PluginState;
use vestibule::plugins::config::{PagesConfigs, PluginConfig};

use super::endpoint::Endpoint;
use super::{Process, Workplace, eventually, tell};
use crate::support::dump::dump;
use crate::support::guests;
use crate::support::sample::{scope, subscribed};
use crate::support::{databases, sqlite};

/// The puppet hears of events under the name `strings`, and does this with them.
async fn place(database: crate::support::Database, endpoint: &str, does: &str) -> Workplace {
    let pages = format!(
        "[test.pages.strings]\nplugin = \"puppet\"\nsettings.handle = '{{ \"do\": \"{does}\" }}'\n\
         [test.pages.strings.grants]\nstore = true\nevents = [\"subscription.active\"]\n"
    );
    let place = Workplace::telling(database, endpoint, &pages);
    let file = place.settings.plugins.dir.join("puppet.wasm");
    let puppet = guests::built("host/tests/guests/puppet").await;
    std::fs::write(file, &**puppet).unwrap();
    place
}

impl Workplace {
    async fn of_kind(&self, kind: &str, state: &str) -> usize {
        let jobs = self.jobs().await.into_iter();
        jobs.filter(|job| job.kind == kind && job.state == state)
            .count()
    }

    /// How the operator configures the puppet, with this for `handle`.
    fn puppet(&self, handle: impl Into<serde_json::Value>) -> PagesConfigs {
        let business = self.settings.businesses.values().next().unwrap();
        let config = business.mode(Mode::Test).pages["strings"].clone();
        let settings = [("handle".to_owned(), handle.into())].into();
        let config = PluginConfig { settings, ..config };
        [((scope(), "strings".to_owned()), config)].into()
    }
}

impl Process {
    fn calls(&self) -> u64 {
        let states: Vec<PluginState> = self.cx.plugins.states();
        let used = states.into_iter().find_map(|state| state.in_use);
        used.unwrap().figures.calls
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_for_a_plugin_that_hangs_hold_up_no_endpoint() {
    let endpoint = Endpoint::start().await;
    let mut place = place(sqlite().await, &endpoint.url, "loop").await;
    place.settings.webhooks.at_once = 4;
    // It does not end before the test does.
    place.settings.plugins.cpu = SignedDuration::from_mins(10);
    place.settings.plugins.deadline = SignedDuration::from_mins(10);
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let before = process.calls();
    for _ in 0..30 {
        tell(&process.cx, "subscription.active", subscription.id.as_str()).await;
    }
    eventually("all endpoints are told", async || {
        endpoint.deliveries().len() == 30
    })
    .await;
    assert_eq!(process.calls(), before, "it still hangs");
    let jobs = place.jobs().await;
    let waiting = jobs.iter().filter(|job| job.kind == "tell-plugin");
    assert_eq!(waiting.count(), 30, "none was given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_given_up_is_told_again_when_the_operator_says_so() {
    for database in databases().await {
        let endpoint = Endpoint::start().await;
        let url = database.url();
        let place = place(database, &endpoint.url, "not now").await;
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        for _ in 0..3 {
            tell(cx, "subscription.active", subscription.id.as_str()).await;
        }
        eventually("it is given up", async || {
            place.advance(SignedDuration::from_mins(10));
            place.of_kind("tell-plugin", "failed").await == 3
        })
        .await;
        cx.plugins.furnish(place.puppet("{}"));
        // Under another name there is nothing, and nobody of that name.
        assert!(plugin_calls::replay(cx, &scope(), "others").await.is_err());
        let number = plugin_calls::replay(cx, &scope(), "strings").await;
        assert_eq!(number.unwrap(), 3);
        eventually("it is told", async || place.jobs().await.is_empty()).await;
        assert_eq!(
            plugin_calls::replay(cx, &scope(), "strings").await.unwrap(),
            0
        );
        let audit = dump(&url).await.remove("audit").unwrap();
        let replayed = audit.iter().filter(|row| row.contains("plugin.replay"));
        assert_eq!(replayed.count(), 1, "{}", place.database.name);
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_for_a_plugin_that_never_comes_is_given_up_at_last() {
    let endpoint = Endpoint::start().await;
    let place = place(sqlite().await, &endpoint.url, "not now").await;
    std::fs::remove_file(place.settings.plugins.dir.join("puppet.wasm")).unwrap();
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    tell(&process.cx, "subscription.active", subscription.id.as_str()).await;
    eventually("it waits", async || {
        let jobs = place.jobs().await;
        jobs.iter().any(|job| job.last_error.is_some())
    })
    .await;
    assert_eq!(place.of_kind("tell-plugin", "failed").await, 0);
    // Samples are of the year 2027.
    place.advance(SignedDuration::from_hours(24 * 365));
    eventually("it is given up", async || {
        place.of_kind("tell-plugin", "failed").await == 1
    })
    .await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_pages_whose_settings_are_refused_waits_with_its_reason() {
    for database in databases().await {
        let endpoint = Endpoint::start().await;
        let place = place(database, &endpoint.url, "not now").await;
        let name = place.database.name;
        let subscription = subscribed(&place.database.store).await;
        let process = place.start().await;
        let cx = &process.cx;
        // Where something worked before, it would stand in.
        cx.plugins.furnish(PagesConfigs::new());
        cx.plugins.furnish(place.puppet(5));
        let here = report(cx, "here").await;
        let event = tell(cx, "subscription.active", subscription.id.as_str()).await;
        eventually("it waits, and why is written down", async || {
            let jobs = place.jobs().await.into_iter();
            let mut why = jobs.filter_map(|job| job.last_error);
            why.any(|why| why.contains("`handle` must be"))
        })
        .await;
        // The others have nothing to leave to this process, and do not call done what waits for it.
        let behind = place.open().await;
        behind.plugins.furnish(PagesConfigs::new());
        let told = plugin_calls::tell(&behind, &scope(), &event, "strings").await;
        let why = "another process has these pages and cannot call them yet";
        assert_eq!(told.unwrap(), Called::NotThere(why.to_owned()), "{name}");
        // What they cause themselves waits as well.
        report(&behind, "behind").await;
        tell(&behind, "subscription.active", subscription.id.as_str()).await;
        let jobs = place.jobs().await.into_iter();
        let waiting = jobs.filter(|job| job.kind == "tell-plugin").count();
        assert_eq!(waiting, 2, "{name}");
        // Mended, it is heard here again, and is told.
        cx.plugins.furnish(place.puppet("{}"));
        plugin_report::tell(cx, &here).await.unwrap();
        let told = plugin_calls::tell(&behind, &scope(), &event, "strings").await;
        assert_eq!(told.unwrap(), Called::Elsewhere, "{name}");
        place.advance(SignedDuration::from_mins(10));
        eventually("it is told", async || place.jobs().await.is_empty()).await;
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_pages_elsewhere_are_for_is_given_up_in_the_end_and_never_called_done() {
    for database in databases().await {
        let endpoint = Endpoint::start().await;
        let place = place(database, &endpoint.url, "not now").await;
        let subscription = subscribed(&place.database.store).await;
        let (here, behind) = (place.open().await, place.open().await);
        behind.plugins.furnish(PagesConfigs::new());
        here.plugins.furnish(PagesConfigs::new());
        here.plugins.furnish(place.puppet(5));
        let process = report(&here, "here").await;
        let event = tell(&here, "subscription.active", subscription.id.as_str()).await;
        // The samples are of years to come.
        place.advance(SignedDuration::from_hours(24 * 365 * 3));
        for mended in [false, true] {
            if mended {
                here.plugins.furnish(place.puppet("{}"));
            }
            plugin_report::tell(&here, &process).await.unwrap();
            let told = plugin_calls::tell(&behind, &scope(), &event, "strings").await;
            assert!(matches!(told, Ok(Called::GivenUp(_))), "{mended}: {told:?}");
        }
    }
}

/// The process says how its plugins stand, and learns what those of the others are told.
async fn report(cx: &Cx, id: &str) -> plugin_report::Process {
    let process = plugin_report::Process {
        id: id.to_owned(),
        label: id.to_owned(),
        started_at: cx.now(),
    };
    plugin_report::tell(cx, &process).await.unwrap();
    process
}

fn calls(cx: &Cx) -> u64 {
    let in_use = cx.plugins.states().remove(0).in_use;
    in_use.unwrap().figures.calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_that_is_behind_cannot_tell_is_left_to_the_one_that_can() {
    for database in databases().await {
        let name = database.name;
        let endpoint = Endpoint::start().await;
        let place = place(database, &endpoint.url, "not now").await;
        let subscription = subscribed(&place.database.store).await;
        let ahead = place.open().await;
        ahead.plugins.furnish(place.puppet("{}"));
        let mut less = place.puppet("{}");
        for config in less.values_mut() {
            config.grant.events.clear();
        }
        // The file of the business is not there yet, or does not grant the event yet.
        for (number, behind_with) in [PagesConfigs::new(), less].into_iter().enumerate() {
            let behind = place.open().await;
            behind.plugins.furnish(behind_with);
            let process = report(&ahead, "ahead").await;
            report(&behind, "behind").await;
            let event = tell(&behind, "subscription.active", subscription.id.as_str()).await;
            let ordered = place.of_kind("tell-plugin", "queued").await;
            assert_eq!(ordered, number + 1, "{name}");
            let told = async |cx: &Cx| plugin_calls::tell(cx, &scope(), &event, "strings").await;
            let before = calls(&ahead);
            assert_eq!(told(&behind).await.unwrap(), Called::Elsewhere, "{name}");
            assert_eq!(told(&ahead).await.unwrap(), Called::Done, "{name}");
            assert_eq!(calls(&ahead), before + 1, "{name}");
            // Nobody waits for a process that has ended.
            plugin_report::end(&ahead, &process).await.unwrap();
            assert_eq!(told(&behind).await.unwrap(), Called::Done, "{name}");
            report(&behind, "behind").await;
            tell(&behind, "subscription.active", subscription.id.as_str()).await;
            let ordered = place.of_kind("tell-plugin", "queued").await;
            assert_eq!(ordered, number + 1, "nobody hears it, {name}");
        }
        // It is configured, and its file is not there yet.
        let behind = place.open().await;
        let mut missing = place.puppet("{}");
        for config in missing.values_mut() {
            config.plugin = "missing".to_owned();
        }
        behind.plugins.furnish(missing);
        let process = report(&ahead, "ahead").await;
        let event = tell(&behind, "subscription.active", subscription.id.as_str()).await;
        let told = async || plugin_calls::tell(&behind, &scope(), &event, "strings").await;
        assert_eq!(told().await.unwrap(), Called::Elsewhere, "{name}");
        plugin_report::end(&ahead, &process).await.unwrap();
        let called = told().await.unwrap();
        assert!(matches!(called, Called::NotThere(_)), "{name}: {called:?}");
    }
}
