//! The retention plugin: an offer in the flow of cancelling, and a survey after it.

use vestibule::flows::plugin_calls::{self, Called};

use super::House;

const RETENTION: &str = "plugins/retention";

impl House {
    /// Lets the plugin hear of the cancellation, as the queue would.
    async fn hear(&self, name: &str, subscription: &str) {
        let (cx, scope) = (&self.cx, &self.scope);
        let mut tx = cx.store.read().await.unwrap();
        let jobs = tx.jobs(scope, 100).await.unwrap();
        drop(tx);
        let mut keys = jobs.iter().filter_map(|job| job.unique_key.as_deref());
        let event = keys
            .find_map(|key| {
                key.strip_prefix("tell-plugin:")?
                    .strip_suffix(&format!(":{name}"))
            })
            .unwrap_or_else(|| panic!("nothing to tell of {subscription}"));
        let event = event.parse().unwrap();
        let called = plugin_calls::tell(cx, scope, &event, name).await.unwrap();
        assert_eq!(called, Called::Done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_is_offered_a_pause_and_asked_a_question_afterwards() {
    let file = "[test.pages.offers]\nplugin = \"retention\"\n\
        settings.code = \"STAY20\"\n[test.pages.offers.grants]\n\
        data = [\"customer.subscriptions\"]\nstore = true\n\
        events = [\"subscription.cancelled\"]\n";
    let house = House::furnished(file, &[RETENTION]).await;
    let guest = house.guest("Alex").await;
    let subscription = guest.active().await;
    let cancel = format!("/subscriptions/{}/cancel", subscription.id);
    let below = |path: &str| format!("/x/offers/{path}?subscription={}", subscription.id);
    let page = guest.get(&cancel).await;
    page.says("Before you go");
    page.says("You can pause Lumen Pro instead");
    page.says("the code STAY20 is good for a change of plan");
    let paused = guest.press(&page, &below("pause"), &[]).await;
    paused.redirects_to(&format!("/subscriptions/{}/pause", subscription.id));
    let plans = guest.press(&page, &below("plan"), &[]).await;
    plans.redirects_to(&format!("/subscriptions/{}/plan", subscription.id));

    let done = guest.press(&page, &cancel, &[("when", "now")]).await;
    let done = done.location.strip_prefix("/test/bus_lumen").unwrap();
    let page = guest.get(done).await;
    page.says("What would bring you back to Lumen Pro?");
    // Two fields have to be mended; what was typed stays.
    let mend = guest
        .press(&page, &below("answer"), &[("reason", "no")])
        .await;
    assert_eq!(mend.status, 422);
    mend.says("Please write a few words.");
    mend.says("Please choose one.");
    let typed = &mend.all("textarea")[0];
    assert!(typed.contains(">no</textarea>"), "{typed}");
    // The overview asks as well, once the plugin has heard of it.
    assert!(!guest.get("/").await.text().contains("One question"));
    house.hear("offers", subscription.id.as_str()).await;
    let overview = guest.get("/").await;
    overview.says("What would bring you back to Lumen Pro?");
    overview.leads_to(&below("answer"));
    let fields = [("reason", "=1+1 was \"too\" much"), ("again", "yes")];
    let thanks = guest.press(&mend, &below("answer"), &fields).await;
    thanks.redirects_to("/x/offers/thanks");
    let thanks = guest.get("/x/offers/thanks").await;
    thanks.says("We read every one of them.");
    let thanks = guest.get_in("es", "/x/offers/thanks").await;
    thanks.says("Las leemos todas.");

    let overview = guest.get("/").await;
    overview.leads_to("/x/offers");
    overview.says("Feedback");
    guest.get_in("es", "/").await.says("Opiniones");
    guest.get("/x/offers").await.says("=1+1 was \"too\" much");
    // Whoever has answered is not asked again.
    let again = format!("/subscriptions/{}/cancelled", subscription.id);
    for page in [overview, guest.get(&again).await] {
        let asks = page.text().contains("What would bring you back");
        assert!(!asks, "{}", page.text());
    }
    let (headers, body) = guest.raw("/x/offers/answers.csv").await;
    let attached = "attachment; filename=\"feedback.csv\"";
    assert_eq!(headers["content-disposition"], attached);
    assert!(body.contains("\"'=1+1 was \"\"too\"\" much\""), "{body}");
    // Somebody else sees nothing of it, and cannot answer for others.
    let other = house.guest("Robin").await;
    let nothing = other.get("/x/offers").await;
    nothing.says("You have not told us anything yet.");
    assert_eq!(other.get(&cancel).await.status, 404);
    for path in ["pause", "answer"] {
        let sent = other.send_form(&below(path), &fields).await;
        assert_eq!(sent.status, 404, "{path}");
    }
    assert_eq!(house.failures(), "");
}
