//! Pages, blocks and calls of plugins: a retention offer in the flow of cancelling with a survey
//! after it, and a guest that answers whatever a test wants, hostile things above all.

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule::flows::plugin_calls::{self, Called};
use vestibule::store::Event;

use super::{Guest, House};

const RETENTION: &str = "plugins/retention";
const PUPPET: &str = "host/tests/guests/puppet";

/// Everything that the puppet wishes.
pub(super) const ALL: &str = "data = [\"customer.profile\", \"customer.subscriptions\", \"customer.payments\", \
    \"customer.licenses\"]\nstore = true\nevents = [\"subscription.active\"]\n\
    schedules = [\"hourly\"]\nredirect = [\"https://survey.example.com\"]\n";

impl House {
    /// A host with the puppet under `/x/strings`, with these grants, that answers like this.
    pub(super) async fn strings(grants: &str, answers: &Value) -> Self {
        let settings = answers.as_object().unwrap().iter();
        let settings: String = settings
            .map(|(name, answer)| format!("settings.{name} = '{answer}'\n"))
            .collect();
        let file = format!(
            "[test.pages.strings]\nplugin = \"puppet\"\n{settings}[test.pages.strings.grants]\n{grants}"
        );
        Self::furnished(&file, &[PUPPET]).await
    }

    async fn jobs(&self, kind: &str) -> usize {
        let mut tx = self.cx.store.read().await.unwrap();
        let jobs = tx.jobs(&self.scope, 100).await.unwrap();
        jobs.iter().filter(|job| job.kind == kind).count()
    }

    pub(super) fn failures(&self) -> String {
        let troubles = self.cx.plugins.troubles();
        troubles.into_iter().map(|trouble| trouble.what).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_is_offered_a_pause_and_asked_a_question_afterwards() {
    let file = "[test.pages.offers]\nplugin = \"retention\"\n\
        settings.code = \"STAY20\"\n[test.pages.offers.grants]\n\
        data = [\"customer.subscriptions\"]\nstore = true\n";
    let house = House::furnished(file, &[RETENTION]).await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let cancel = format!("/subscriptions/{}/cancel", subscription.id);
    let page = guest.get(&cancel).await;
    page.says("Before you go");
    page.says("You can pause Lumen Pro instead");
    page.says("use the code STAY20");
    let paused = guest.press(&page, "/x/offers/pause", &[]).await;
    paused.redirects_to(&format!("/subscriptions/{}/pause", subscription.id));

    let done = guest.press(&page, &cancel, &[("when", "now")]).await;
    let page = guest
        .get(done.location.strip_prefix("/test/bus_lumen").unwrap())
        .await;
    page.says("What could we have done better with Lumen Pro?");
    // Two fields have to be mended; what was typed stays.
    let mend = guest
        .press(&page, "/x/offers/answer", &[("reason", "no")])
        .await;
    assert_eq!(mend.status, 422);
    mend.says("Please write a few words.");
    mend.says("Please choose one.");
    assert!(
        mend.all("textarea")[0].contains(">no</textarea>"),
        "{}",
        mend.html
    );
    let fields = [("reason", "=1+1 was \"too\" much"), ("again", "yes")];
    let thanks = guest.press(&page, "/x/offers/answer", &fields).await;
    thanks.redirects_to("/x/offers/thanks");
    guest
        .get("/x/offers/thanks")
        .await
        .says("We read every answer.");
    guest
        .get_in("es", "/x/offers/thanks")
        .await
        .says("Leemos todas las respuestas.");

    let overview = guest.get("/").await;
    overview.leads_to("/x/offers");
    overview.says("Feedback");
    guest.get_in("es", "/").await.says("Opiniones");
    guest.get("/x/offers").await.says("=1+1 was \"too\" much");
    // The same page is asked for once: whoever has answered is not asked again.
    let again = guest
        .get(&format!("/subscriptions/{}/cancelled", subscription.id))
        .await;
    assert!(!again.text().contains("What could we have done better"));
    let (headers, body) = guest.raw("/x/offers/answers.csv").await;
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"feedback.csv\""
    );
    assert!(body.contains("\"'=1+1 was \"\"too\"\" much\""), "{body}");
    // Somebody else sees nothing of it.
    let other = house.guest("Robin").await;
    other
        .get("/x/offers")
        .await
        .says("You have not told us anything yet.");
    let foreign = [("subscription", subscription.id.as_str())];
    let page = other.get(&cancel).await;
    assert_eq!(page.status, 404);
    let sent = other.send_form("/x/offers/pause", &foreign).await;
    assert_eq!(sent.status, 404);
    assert_eq!(house.failures(), "");
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
    async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> super::Page {
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
