//! A plugin that fails again and again is left out of the portal for a while, and asked again then.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use vestibule::plugins::Figures;
use vestibule::plugins::status::PluginInUse;

use super::{Guest, House};

const PUPPET: &str = "host/tests/guests/puppet";

impl House {
    /// A host whose pages have a block of the puppet, which does this.
    pub(super) async fn with_a_block(
        does: &Value,
        grants: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let settings = [&RESTS, settings].concat();
        let file = format!(
            "[test.pages.strings]\nplugin = \"puppet\"\nsettings.block = '{does}'\n{grants}"
        );
        Self::arranged(&file, &[PUPPET], &settings).await
    }

    fn plugin(&self) -> PluginInUse {
        let status = self.cx.plugins.statuses().remove(0);
        status.plugin.unwrap()
    }

    pub(super) fn figures(&self) -> Figures {
        self.plugin().figures
    }

    fn wait(&self, minutes: i64) {
        self.cx.clock.advance(SignedDuration::from_mins(minutes));
    }
}

impl Guest<'_> {
    /// Looks at the overview; answers how many calls of the plugin that made, and whether its block
    /// is there.
    async fn looks(&self) -> (u64, bool) {
        let before = self.house.figures().calls;
        let page = self.get("/").await;
        assert_eq!(page.status, 200);
        page.says("Billing history");
        let shown = !page.all(".extra").is_empty();
        (self.house.figures().calls - before, shown)
    }
}

/// Rests of minutes, which no stall of a machine uses up.
const RESTS: [(&str, &str); 3] = [
    ("PLUGINS__BREAKER_WITHIN", "1h"),
    ("PLUGINS__BREAKER_FIRST", "10m"),
    ("PLUGINS__BREAKER_LONGEST", "1h"),
];

/// It says that it is ill until it finds a word in its memory.
fn ill() -> Value {
    json!({ "do": "ill", "content": { "text": "Well again" } })
}

const STORE: &str = "[test.pages.strings.grants]\nstore = true\n";

/// Waits for calls that have been begun to be counted.
async fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_mins(1), "it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_fails_again_and_again_is_left_out_for_a_growing_while() {
    let house = House::with_a_block(&ill(), STORE, &[]).await;
    let guest = house.guest("Alex").await;
    for _ in 0..3 {
        assert_eq!(guest.looks().await, (1, false));
    }
    assert!(
        house.failures().contains("it is ill"),
        "{}",
        house.failures()
    );
    // Nobody asks it now, and the operator can see that.
    for _ in 0..5 {
        assert_eq!(guest.looks().await, (0, false));
    }
    assert_eq!(house.figures().left_out, 5);
    let left_out = house.plugin().left_out;
    assert_eq!(left_out.len(), 1);
    assert_eq!(left_out[0].at, "bus_lumen/test/strings");
    assert_eq!(left_out[0].calls, 5);
    let until = left_out[0].until;
    // When its rest is over one page asks; it is still ill, and rests for twice as long.
    house.wait(10);
    assert!(until <= house.now());
    assert_eq!(guest.looks().await, (1, false));
    house.wait(15);
    assert_eq!(guest.looks().await, (0, false));
    house.wait(5);
    assert_eq!(guest.looks().await, (1, false));
    house.wait(35);
    assert_eq!(guest.looks().await, (0, false));
    // Its own pages and forms are never left out: this one makes it well.
    let kept = guest.send_form("/x/strings/keep", &[("well", "yes")]).await;
    assert_eq!(kept.status, 404, "it was asked, and has no page to show");
    assert_eq!(guest.looks().await, (0, false));
    house.wait(5);
    assert_eq!(guest.looks().await, (1, true));
    assert_eq!(guest.looks().await, (1, true));
    assert_eq!(house.plugin().left_out, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_hangs_holds_up_three_pages_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let grants = format!(
        "settings.silent = \"{origin}\"\n[test.pages.strings.grants]\n\
         http = [{{ origin = \"{origin}\", private = true }}]\n"
    );
    // Whether a call is there yet when its time is over does not matter: it never answers.
    let settings = [
        ("PLUGINS__BLOCK_DEADLINE", "200ms"),
        ("PLUGINS__FETCH_DEADLINE", "10m"),
        ("PLUGINS__DEADLINE", "10m"),
    ];
    let house = House::with_a_block(&json!({ "do": "hang" }), &grants, &settings).await;
    let guest = house.guest("Alex").await;
    for _ in 0..3 {
        assert_eq!(guest.looks().await, (0, false));
    }
    assert!(house.failures().contains("in time"), "{}", house.failures());
    assert_eq!(house.figures().left_out, 0);
    for _ in 0..20 {
        assert_eq!(guest.looks().await, (0, false));
    }
    assert_eq!(house.figures().left_out, 20);
    until(|| house.figures().under_way == 3).await;
    // One more waits when the rest is over, and no other beside it.
    house.wait(10);
    for _ in 0..5 {
        assert_eq!(guest.looks().await, (0, false));
    }
    assert_eq!(house.figures().left_out, 24);
    until(|| house.figures().under_way == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_fails_again_and_again_is_not_asked_for_by_every_language_and_customer() {
    let file = "[test.branding]\nplugin = \"puppet\"\nsettings.resolve = '{\"do\":\"trap\"}'\n";
    let house = House::arranged(file, &[PUPPET], &RESTS).await;
    let before = house.figures().calls;
    for tier in 0..20 {
        let guest = house.guest("Alex").await;
        let mut customer = guest.customer.clone();
        customer.metadata = json!({ "segment": format!("tier-{tier}") }).to_string();
        house
            .write(async |tx| tx.save_customer(&customer).await.unwrap())
            .await;
        guest.get("/").await.says("Billing history");
    }
    assert_eq!(house.figures().calls - before, 3);
    assert_eq!(house.figures().left_out, 17);
    let left_out = house.plugin().left_out;
    assert_eq!(left_out[0].at, "bus_lumen/test/branding");
    // Another configuration is another matter.
    house.cx.plugins.dress([].into());
    assert_eq!(house.plugin().left_out, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_may_have_everybody_asked_always() {
    let settings = [("PLUGINS__BREAKER_FAILURES", "0")];
    let house = House::with_a_block(&ill(), STORE, &settings).await;
    let guest = house.guest("Alex").await;
    for _ in 0..10 {
        assert_eq!(guest.looks().await, (1, false));
    }
    assert_eq!(house.figures().left_out, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_hangs_holds_up_three_pages_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let file = format!(
        "[test.branding]\nplugin = \"puppet\"\nsettings.resolve = '{{\"do\":\"hang\"}}'\n\
         settings.silent = \"{origin}\"\n[test.branding.grants]\n\
         http = [{{ origin = \"{origin}\", private = true }}]\n"
    );
    let settings = [
        ("PLUGINS__BRANDING_WAIT", "200ms"),
        ("PLUGINS__FETCH_DEADLINE", "10m"),
        ("PLUGINS__DEADLINE", "10m"),
    ];
    let house = House::arranged(&file, &[PUPPET], &[&RESTS[..], &settings].concat()).await;
    let look = async |tier: usize| {
        let guest = house.guest("Alex").await;
        let mut customer = guest.customer.clone();
        customer.metadata = json!({ "segment": format!("tier-{tier}") }).to_string();
        house
            .write(async |tx| tx.save_customer(&customer).await.unwrap())
            .await;
        guest.get("/").await.says("Billing history");
    };
    let failed = || {
        let troubles = house.plugin().troubles;
        troubles.first().map_or(0, |trouble| trouble.count)
    };
    // Its calls are under way for ten minutes; it has failed when pages stopped waiting.
    for tier in 1..=3 {
        assert_eq!(house.plugin().left_out, []);
        look(tier).await;
        until(|| failed() == tier as u64).await;
    }
    let trouble = house.plugin().troubles.remove(0);
    assert!(trouble.what.contains("in time"), "{}", trouble.what);
    assert_eq!(trouble.scope, "bus_lumen/test");
    assert!(trouble.at <= house.now());
    assert_eq!(house.plugin().left_out[0].at, "bus_lumen/test/branding");
    for tier in 4..20 {
        look(tier).await;
    }
    assert_eq!(house.figures().left_out, 16);
    until(|| house.figures().under_way == 3).await;
    // What nobody is asked for any more is no trouble.
    house.cx.plugins.dress([].into());
    assert_eq!(house.plugin().troubles, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_hang_keep_three_customers_waiting_and_come_back_when_they_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let file = format!(
        "[test.pages.strings]\nplugin = \"puppet\"\nsettings.render = '{{\"do\":\"hang\"}}'\n\
         settings.silent = \"{origin}\"\n[test.pages.strings.grants]\n\
         http = [{{ origin = \"{origin}\", private = true }}]\n"
    );
    let settings = [
        ("PLUGINS__PAGE_DEADLINE", "200ms"),
        ("PLUGINS__FETCH_DEADLINE", "10m"),
        ("PLUGINS__DEADLINE", "10m"),
    ];
    let house = House::arranged(&file, &[PUPPET], &[&RESTS[..], &settings].concat()).await;
    let guest = house.guest("Alex").await;
    let visit = async || {
        let page = guest.get("/x/strings").await;
        assert_eq!(page.status, 503);
        page.says("This page cannot be shown right now");
    };
    for _ in 0..3 {
        visit().await;
    }
    until(|| house.figures().under_way == 3).await;
    assert!(house.failures().contains("in time"), "{}", house.failures());
    // Nobody waits for it now, with a form neither; the portal and its blocks are asked as always.
    for _ in 0..5 {
        visit().await;
    }
    let sent = guest.send_form("/x/strings/send", &[("a", "1")]).await;
    assert_eq!(sent.status, 503);
    assert_eq!(house.figures().left_out, 6);
    assert_eq!(house.figures().under_way, 3);
    assert_eq!(guest.looks().await, (1, false));
    let left_out = house.plugin().left_out;
    assert_eq!(left_out.len(), 1);
    assert_eq!(left_out[0].at, "bus_lumen/test/strings, pages of its own");
    // When its rest is over one customer tries. It says what is wrong, and says it at once; where the
    // machine is too slow for that, the next one does.
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let read = connection.read(&mut request).await.unwrap_or(0);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                if read > 0 {
                    let _ = connection.write_all(answer).await;
                }
            });
        }
    });
    until(|| house.figures().under_way == 0).await;
    visit().await;
    assert_eq!(house.figures().left_out, 7, "its rest is not over");
    let begun = Instant::now();
    while !house.plugin().left_out.is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1), "it is left out");
        house.wait(30);
        visit().await;
    }
    let before = house.figures().left_out;
    visit().await;
    assert_eq!(house.figures().left_out, before, "it is asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_does_well_hides_nothing_of_what_it_fails_at() {
    let house = House::with_a_block(&ill(), STORE, &[]).await;
    let guest = house.guest("Alex").await;
    for _ in 0..3 {
        guest.looks().await;
    }
    let tasks = || {
        let troubles = house.plugin().troubles;
        let told = troubles.into_iter();
        told.map(|trouble| (trouble.task.as_str(), trouble.count))
            .collect::<Vec<_>>()
    };
    assert_eq!(tasks(), [("block", 3)]);
    // A page of its own is there, and its blocks are left out all the same.
    assert_eq!(guest.get("/x/strings/all").await.status, 200);
    assert_eq!(tasks(), [("block", 3)]);
    assert_eq!(house.plugin().left_out.len(), 1);
    guest.send_form("/x/strings/keep", &[("well", "yes")]).await;
    house.wait(10);
    assert_eq!(guest.looks().await, (1, true));
    assert_eq!(house.plugin().left_out, []);
    assert_eq!(tasks(), []);
}
