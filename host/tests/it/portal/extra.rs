//! Pages, forms and calls of plugins, and what they are told and keep, by a guest that answers
//! whatever a test wants.

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule::domain::{Mode, Scope};
use vestibule::flows::plugin_calls::{self, Called};
use vestibule::store::{Event, PluginEntry, PluginUsage};

use super::{Guest, House};

const PUPPET: &str = "host/tests/guests/puppet";

/// Everything that the puppet wishes.
pub(super) const ALL: &str = "data = [\"customer.profile\", \"customer.subscriptions\", \"customer.payments\", \
    \"customer.licenses\"]\nstore = true\nevents = [\"subscription.active\"]\n\
    schedules = [\"hourly\"]\nredirect = [\"https://survey.example.com\"]\n";

impl House {
    /// A host with the puppet under `/x/strings`, with these grants, that answers like this.
    pub(super) async fn strings(grants: &str, answers: &Value) -> Self {
        let settings = answers.as_object().unwrap().iter();
        let settings: Vec<_> = settings
            .map(|(name, answer)| format!("settings.{name} = '{answer}'\n"))
            .collect();
        let settings = settings.concat();
        let file = format!(
            "[test.pages.strings]\nplugin = \"puppet\"\n{settings}[test.pages.strings.grants]\n{grants}"
        );
        Self::furnished(&file, &[PUPPET]).await
    }

    async fn jobs(&self, kind: &str) -> usize {
        let mut tx = self.cx.store.read().await.unwrap();
        let jobs = tx.jobs(&self.scope, u32::MAX).await.unwrap();
        jobs.iter().filter(|job| job.kind == kind).count()
    }

    pub(super) fn failures(&self) -> String {
        let troubles = self.cx.plugins.troubles();
        troubles.into_iter().map(|trouble| trouble.what).collect()
    }
}

impl Guest<'_> {
    pub(super) async fn raw(&self, path: &str) -> (axum::http::HeaderMap, String) {
        let request = self.request(path).body(Body::empty()).unwrap();
        let response = self.house.router.clone().oneshot(request).await.unwrap();
        let headers = response.headers().clone();
        let body = to_bytes(response.into_body(), 16 << 20).await.unwrap();
        (headers, String::from_utf8_lossy(&body).into_owned())
    }

    /// Posts to `path` with the token of a page of ours.
    pub(super) async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> super::Page {
        let token = self.get("/profile").await;
        let token = token.elements("input[name=csrf]").remove(0).1;
        self.post(path, &[&[("csrf", token.as_str())], fields].concat())
            .await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> super::Page {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request: Request<Body> = self
            .request(path)
            .method("POST")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.finish()))
            .unwrap();
        self.house.send(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_told_what_was_granted_about_the_one_who_is_signed_in() {
    let house = House::strings(ALL, &json!({})).await;
    let guest = house.guest("Alex").await;
    guest.active().await;
    let other = house.guest("Robin").await;
    let page = guest.get("/x/strings/all?a=1&b=%3Cb%3E").await;
    page.says("path \"/all\"");
    page.says("profile Ok(\"alex@customer.example.com\")");
    page.says("subscriptions Ok([\"Lumen Pro\"])");
    page.says("payments Ok(0)");
    page.says("store Ok([])");
    other
        .get("/x/strings/all")
        .await
        .says("subscriptions Ok([])");
    // Nothing is told without its own grant.
    for (grants, told, denied) in [
        (
            "data = [\"customer.payments\"]",
            "payments Ok(0)",
            "profile Err",
        ),
        (
            "data = [\"customer.profile\"]",
            "profile Ok(",
            "subscriptions Err",
        ),
        ("store = true", "store Ok([])", "licenses Err"),
        ("", "path", "store Err(StoreError::Denied)"),
    ] {
        let house = House::strings(grants, &json!({})).await;
        let guest = house.guest("Alex").await;
        let page = guest.get("/x/strings/all").await;
        page.says(told);
        page.says(denied);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_keeps_stays_in_its_business_and_mode_and_within_bounds() {
    let house = House::strings(ALL, &json!({ "submit": { "redirect": "/x/strings/all" } })).await;
    let guest = house.guest("Alex").await;
    let kept = guest
        .send_form("/x/strings/keep", &[("b", "2"), ("a", "1"), ("a", "3")])
        .await;
    kept.redirects_to("/x/strings/all");
    guest
        .get("/x/strings/all")
        .await
        .says("store Ok([\"a=3\", \"b=2\"])");
    // Another mode and another business have a memory of their own.
    for (business, mode) in [("bus_lumen", Mode::Live), ("bus_other", Mode::Test)] {
        let elsewhere = Scope::new(business.parse().unwrap(), mode);
        let mut tx = house.cx.store.read().await.unwrap();
        let found = tx.plugin_values(&elsewhere, "puppet", "", "", 10).await;
        assert_eq!(found.unwrap(), [], "{elsewhere}");
    }
    let long = "x".repeat(200);
    let large = "x".repeat(17 << 10);
    for (key, value, says) in [
        (long.as_str(), "1", "StoreError::InvalidKey"),
        ("with space", "1", "StoreError::InvalidKey"),
        ("large", large.as_str(), "StoreError::Full"),
    ] {
        let refused = guest.send_form("/x/strings/keep", &[(key, value)]).await;
        assert_eq!(refused.status, 503, "{says}");
        assert!(house.failures().contains(says), "{}", house.failures());
    }
    // Ten thousand keys are all that there may be; those that are there can still be written.
    house
        .write(async |tx| {
            for number in 2..10_000 {
                let entry = PluginEntry {
                    key: format!("key/{number}"),
                    value: b"x".to_vec(),
                };
                let at = house.now();
                let most = PluginUsage {
                    entries: 10_000,
                    bytes: 8 << 20,
                };
                tx.keep_plugin_value(&house.scope, "puppet", &entry, true, most, at)
                    .await
                    .unwrap();
            }
        })
        .await;
    let more = guest.send_form("/x/strings/keep", &[("c", "1")]).await;
    assert_eq!(more.status, 503);
    let same = guest.send_form("/x/strings/keep", &[("a", "4")]).await;
    same.redirects_to("/x/strings/all");
    assert_eq!(house.failures(), "", "it is well again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_a_plugin_is_a_form_of_ours() {
    let house = House::strings(
        ALL,
        &json!({
            "render": { "title": "Form", "content": { "form.html": {} } },
            "submit": { "errors": { "name": "<b>Not</b> a name" } },
        }),
    )
    .await;
    let guest = house.guest("Alex").await;
    let page = guest.get("/x/strings/form").await;
    let mend = guest
        .press(&page, "/x/strings/send", &[("name", "\"><script>")])
        .await;
    assert_eq!(mend.status, 422);
    mend.says("<b>Not</b> a name");
    assert_eq!(mend.elements("#name")[0].1, "\"><script>");
    // Without the token, or from elsewhere, it does not come as far as the plugin.
    assert_eq!(
        guest.post("/x/strings/send", &[("name", "a")]).await.status,
        403
    );
    // A card number neither.
    let card = guest
        .send_form("/x/strings/send", &[("name", "4242424242424242")])
        .await;
    assert!(card.status.is_client_error(), "{}", card.status);
    assert!(!card.html.contains("Not"), "{}", card.html);
    // Whoever is not signed in signs in first.
    let anybody = Request::get("/test/bus_lumen/x/strings").header(header::HOST, "127.0.0.1:8080");
    let anybody = house.send(anybody.body(Body::empty()).unwrap()).await;
    assert!(
        anybody.location.starts_with("/test/login/bus_lumen"),
        "{}",
        anybody.location
    );
    for nothing in ["/x/nobody", "/x/strings/%2e%2e/secret", "/x/strings/a%5cb"] {
        assert_eq!(guest.get(nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_one_job_for_each_plugin_that_may_hear_it_and_comes_again_until_it_is_taken() {
    for (grants, answers, ends) in [
        (ALL, json!({}), Some(Called::Done)),
        (ALL, json!({ "handle": { "do": "not now" } }), None),
        ("store = true", json!({}), Some(Called::Done)),
    ] {
        let house = House::strings(grants, &answers).await;
        let guest = house.guest("Alex").await;
        let event = Event {
            id: house.cx.new_id(),
            kind: "subscription.active".to_owned(),
            object: "sub_1".to_owned(),
            occurred_at: house.now(),
        };
        let (cx, scope) = (&house.cx, &house.scope);
        house
            .write(async |tx| {
                for kind in ["subscription.active", "payment.failed"] {
                    let event = Event {
                        id: if kind == event.kind {
                            event.id.clone()
                        } else {
                            cx.new_id()
                        },
                        kind: kind.to_owned(),
                        ..event.clone()
                    };
                    vestibule::flows::delivery::tell(cx, tx, scope, &event)
                        .await
                        .unwrap();
                }
            })
            .await;
        let jobs = house.jobs("tell-plugin").await;
        assert_eq!(jobs, usize::from(grants == ALL), "{grants}");
        // Twice: at least once means that it can come again.
        for _ in 0..2 {
            let called = plugin_calls::tell(cx, scope, &event.id, "strings")
                .await
                .unwrap();
            match &ends {
                Some(ends) => assert_eq!(called, *ends),
                None => assert!(matches!(called, Called::Failed(why) if why.contains("not now"))),
            }
        }
        let heard = guest.get("/x/strings/all").await.text();
        let count = heard.matches("=subscription.active sub_1").count();
        assert_eq!(count, usize::from(grants == ALL), "{heard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_waits_for_a_plugin_that_is_not_there() {
    let house = House::strings(ALL, &json!({})).await;
    let guest = house.guest("Alex").await;
    let file = house.dir.path().join("plugins/0.wasm");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    house.cx.plugins.reload().await;
    let event = Event {
        id: house.cx.new_id(),
        kind: "subscription.active".to_owned(),
        object: "sub_1".to_owned(),
        occurred_at: house.now(),
    };
    let (cx, scope) = (&house.cx, &house.scope);
    house
        .write(async |tx| {
            let told = vestibule::flows::delivery::tell(cx, tx, scope, &event).await;
            told.unwrap();
        })
        .await;
    assert_eq!(house.jobs("tell-plugin").await, 1);
    let tell = async || plugin_calls::tell(cx, scope, &event.id, "strings").await;
    let called = tell().await.unwrap();
    assert!(matches!(called, Called::NotThere(_)), "{called:?}");
    // The portal is as it was without it.
    guest.get("/").await.says("Billing history");
    assert_eq!(guest.get("/x/strings").await.status, 503);
    std::fs::write(&file, bytes).unwrap();
    house.cx.plugins.reload().await;
    assert_eq!(tell().await.unwrap(), Called::Done);
    let heard = guest.get("/x/strings/all").await;
    heard.says("=subscription.active sub_1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_the_clock_orders_the_next_one_first() {
    let house = House::strings(ALL, &json!({})).await;
    let guest = house.guest("Alex").await;
    let (cx, scope) = (&house.cx, &house.scope);
    for _ in 0..3 {
        plugin_calls::order_all(cx).await.unwrap();
    }
    let jobs = house.jobs("call-plugin").await;
    // The hour may have ended between two of them.
    assert!((1..=2).contains(&jobs), "{jobs}");
    let called = plugin_calls::tick(cx, scope, "strings", "hourly", 3600)
        .await
        .unwrap();
    assert_eq!(called, Called::Done);
    guest
        .get("/x/strings/all")
        .await
        .says("tick/hourly=3600000000");
    // What was not granted is not called, and not ordered.
    let called = plugin_calls::tick(cx, scope, "strings", "daily", 0)
        .await
        .unwrap();
    assert_eq!(called, Called::Done);
    assert!(
        !guest
            .get("/x/strings/all")
            .await
            .text()
            .contains("tick/daily")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_four_places_has_its_block_and_is_whole_without_it() {
    for (does, blocks) in [(json!({ "place": true }), 1), (json!({ "do": "trap" }), 0)] {
        // Without rests: who failed in three places would not be asked in the fourth.
        let settings = [("PLUGINS__BREAKER_FAILURES", "0")];
        let house = House::with_a_block(&does, "", &settings).await;
        let guest = house.guest("Alex").await;
        let subscription = guest.active().await;
        let here = format!("/subscriptions/{}", subscription.id);
        let (cancel, cancelled) = (format!("{here}/cancel"), format!("{here}/cancelled"));
        let of_it = format!("of Some({:?})", subscription.id.as_str());
        let look = async |path: &str, place: String| {
            let before = house.figures().calls;
            let page = guest.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert_eq!(house.figures().calls - before, 1, "{path}");
            assert_eq!(page.all(".extra").len(), blocks, "{path}");
            assert_eq!(page.text().contains(&place), blocks == 1, "{path}");
            page.says("Lumen Pro");
            page
        };
        look("/", "Slot::Overview of None".to_owned()).await;
        look(&here, format!("Slot::Subscription {of_it}")).await;
        let page = look(&cancel, format!("Slot::Cancel {of_it}")).await;
        let ended = guest.press(&page, &cancel, &[("when", "now")]).await;
        ended.redirects_to(&cancelled);
        let page = look(&cancelled, format!("Slot::Confirmation {of_it}")).await;
        page.says("Your Lumen Pro subscription has ended");
    }
}
