//! What a branding plugin said is kept for others: nothing in it is its first reader's, it lasts as
//! long as what it was made from, and its files are there wherever a browser asks for them.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule::invoices::Invoices;
use vestibule::plugins::config::PluginConfig;
use vestibule::plugins::grants::Grant;
use vestibule::themes::Themes;
use vestibule::web::{self, Web};

use super::branding::tokens;
use super::{Guest, House};

const PUPPET: &str = "host/tests/guests/puppet";
const PUPPETS: &str = "[test.branding]\nplugin = \"puppet\"\n";
const SEASONS: &str = "plugins/seasons";

impl House {
    /// How often its only plugin was called.
    fn calls(&self) -> u64 {
        let state = self.cx.plugins.states().remove(0);
        state.in_use.unwrap().figures.calls
    }

    /// The puppet answers this from now on.
    fn dress(&self, answer: &Value) {
        let config = PluginConfig {
            plugin: "puppet".to_owned(),
            settings: [("resolve".to_owned(), json!(answer.to_string()))].into(),
            secrets: [].into(),
            grant: Grant::default(),
        };
        self.cx.plugins.dress([(self.scope.clone(), config)].into());
    }
}

impl Guest<'_> {
    async fn place(&self, language: &str) -> Vec<String> {
        self.get_in(language, "/").await.all(".place")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_has_nothing_of_its_first_reader() {
    let house = House::furnished(PUPPETS, &[PUPPET]).await;
    let at = "2026-03-04T12:00:00Z";
    let block = json!({ "place.html": { "at": at } });
    house.dress(&json!({ "header": block, "lifetime": 3600 }));
    let guest = house.guest("Alex").await;
    let british = guest.place("en-GB").await;
    let american = guest.place("en-US").await;
    assert_eq!(british.len(), 1);
    assert_eq!(british, american);
    // The format is that of the words, whoever came first.
    assert!(british[0].contains("Mar"), "{british:?}");
    // The way around the portal is the page's, not the block's.
    let page = guest.get("/billing").await;
    assert_eq!(page.all("[aria-current=page]").len(), 1, "{}", page.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_configured_as_before_is_not_asked_again() {
    let house = House::furnished(PUPPETS, &[PUPPET]).await;
    let open = json!({ "header": { "text": "We are open" }, "lifetime": 3600 });
    let closed = json!({ "header": { "text": "We are closed" }, "lifetime": 3600 });
    house.dress(&open);
    let guest = house.guest("Alex").await;
    guest.get("/").await.says("We are open");
    let asked = house.calls();
    house.dress(&open);
    guest.get("/").await.says("We are open");
    assert_eq!(house.calls(), asked);
    // Another word of it, and the first page shows it.
    house.dress(&closed);
    guest.get("/").await.says("We are closed");
    assert_eq!(house.calls(), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_there_in_a_process_that_never_made_the_page() {
    let house = House::furnished("[test.branding]\nplugin = \"seasons\"\n", &[SEASONS]).await;
    house.to(1, 15);
    let page = house.fetch("/test/login/bus_lumen").await;
    let (_, rest) = page.html.split_once("/assets/plugin:seasons/").unwrap();
    let (name, _) = rest.split_once('"').unwrap();

    let themes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes");
    let themes = Arc::new(Themes::load(&themes).unwrap());
    let other = web::router(Web {
        cx: house.cx.clone(),
        invoices: Invoices::new(Arc::clone(&themes)),
        themes,
    });
    let get = async |path: String| {
        let request = axum::http::Request::get(path).header("host", "127.0.0.1:8080");
        let request = request.body(axum::body::Body::empty()).unwrap();
        other.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(get(format!("/assets/plugin:seasons/{name}")).await, 200);
    assert_eq!(get("/assets/plugin:seasons/none.svg".to_owned()).await, 404);
    assert_eq!(get(format!("/assets/plugin:other/{name}")).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_token_leaves_the_others_where_they_are() {
    for (wrong, value, says) in [
        ("light.glow", "#ffffff", "there is no token `light.glow`"),
        ("font", "x;}*{color:red", "one plain CSS value"),
        ("light.surface", "transparent", "must be opaque"),
    ] {
        let house = House::puppet(&json!({
            "tokens": { "light.accent": "#1f6fb2", wrong: value }, "lifetime": 60,
        }))
        .await;
        let page = house.guest("Alex").await.get("/").await;
        let sheet = tokens(&house, &page).await;
        assert!(sheet.contains("#1f6fb2"), "{wrong}: {sheet}");
        assert!(house.trouble().contains(says), "{}", house.trouble());
    }
    // Colours that nobody can read are left out all together; what is no colour stays.
    let house = House::puppet(&json!({
        "tokens": { "light.accent": "#1f6fb2", "light.ink": "#ffffff", "radius": "1.25rem" },
        "lifetime": 60,
    }))
    .await;
    let page = house.guest("Alex").await.get("/").await;
    let sheet = tokens(&house, &page).await;
    assert!(sheet.contains("--radius:1.25rem"), "{sheet}");
    assert!(
        sheet.contains("#3350c8") && !sheet.contains("#1f6fb2"),
        "{sheet}"
    );
    let trouble = house.trouble();
    assert!(
        trouble.contains("ink on page has a contrast of"),
        "{trouble}"
    );
}
