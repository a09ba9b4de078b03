//! A branding plugin changes portal and mails by day and segment; nothing else that is unchecked.

use jiff::Timestamp;
use serde_json::{Value, json};
use vestibule::branding;
use vestibule::domain::branding::Surface;
use vestibule::mail::billing::SubscriptionReactivated;
use vestibule::themes::{Frame, Mail as _};

use super::{Guest, House, Page};

const SEASONS: &str = "plugins/seasons";
const PUPPET: &str = "host/tests/guests/puppet";

impl House {
    /// Moves the host's clock on to the next noon of this month and day.
    pub(super) fn to(&self, month: i8, day: i8) {
        let now = self.now().to_zoned(jiff::tz::TimeZone::UTC);
        let noon = |year| jiff::civil::date(year, month, day).at(12, 0, 0, 0);
        let at = (now.year()..=now.year() + 1)
            .map(|year| noon(year).in_tz("UTC").unwrap().timestamp())
            .find(|at: &Timestamp| *at > self.now())
            .unwrap();
        self.cx.clock.advance(at.duration_since(self.now()));
    }

    /// A host whose branding is the puppet that answers this.
    pub(super) async fn puppet(answer: &Value) -> Self {
        let file = format!("[test.branding]\nplugin = \"puppet\"\nsettings.resolve = '{answer}'\n");
        Self::furnished(&file, &[PUPPET]).await
    }

    pub(super) fn trouble(&self) -> String {
        let troubles = self.cx.plugins.troubles();
        troubles.into_iter().map(|trouble| trouble.what).collect()
    }
}

impl Guest<'_> {
    async fn is(&self, segment: &str) {
        let mut customer = self.customer.clone();
        customer.metadata = json!({ "tier": segment }).to_string();
        self.house
            .write(async |tx| tx.save_customer(&customer).await.unwrap())
            .await;
    }
}

/// The address of the element's attribute.
fn address(page: &Page, selector: &str, attribute: &str) -> String {
    let element = page.all(selector).into_iter().next().unwrap();
    let rest = element.split(&format!("{attribute}=\"")).nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// The stylesheet of the page's tokens.
pub(super) async fn tokens(house: &House, page: &Page) -> String {
    let href = address(page, "link[rel=stylesheet]", "href");
    house.fetch(&href).await.html
}

impl House {
    pub(super) async fn fetch(&self, path: &str) -> Page {
        let request = axum::http::Request::get(path).header("host", "127.0.0.1:8080");
        let request = request.body(axum::body::Body::empty()).unwrap();
        self.send(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_and_the_segment_change_colours_logo_words_and_blocks() {
    let file = "[test.branding]\nplugin = \"seasons\"\nsegment = \"tier\"\n";
    let house = House::furnished(file, &[SEASONS]).await;
    house.to(1, 15);
    let guest = house.guest("Alex").await;
    guest.active().await;
    let page = guest.get("/").await;
    page.says("All is paid. Stay warm.");
    let css = tokens(&house, &page).await;
    assert!(
        css.contains("--accent:light-dark(#1f6fb2,#8fc7f5)"),
        "{css}"
    );
    assert!(css.contains("--radius:0.75rem"), "{css}");
    let logo = address(&page, ".brand img", "src");
    assert!(logo.starts_with("/assets/plugin:seasons/winter."), "{logo}");
    assert!(house.fetch(&logo).await.html.starts_with("<svg"));
    let spanish = guest.get_in("es", "/").await;
    spanish.says("Todo está pagado. Abrígate.");
    // What the customer is decides as well.
    guest.is("partner").await;
    let page = guest.get("/").await;
    page.says("Thank you for being our partner.");
    assert!(tokens(&house, &page).await.contains("--radius:1.25rem"));
    // Whoever is not signed in has no segment.
    let page = house.fetch("/test/login/bus_lumen").await;
    assert!(!page.text().contains("partner"), "{}", page.text());
    assert!(tokens(&house, &page).await.contains("#1f6fb2"));
    assert_eq!(house.trouble(), "");

    let house = House::furnished(file, &[SEASONS]).await;
    house.to(7, 15);
    let guest = house.guest("Alex").await;
    guest.active().await;
    let page = guest.get("/").await;
    page.says("All is paid. Enjoy the sun.");
    assert!(tokens(&house, &page).await.contains("#a3480a"));
    assert!(page.all(".brand img").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_day_is_another_look() {
    // Which year it will be then is found out by the host.
    let year = House::open().await.now().strftime("%Y").to_string();
    let year: i32 = year.parse().unwrap();
    let days = [0, 1, 2].map(|years| format!("\"{}-03-03\"", year + years));
    let closed = days.join(", ");
    let file = format!("[test.branding]\nplugin = \"seasons\"\nsettings.closed = [{closed}]\n");
    let house = House::furnished(&file, &[SEASONS]).await;
    house.to(3, 2);
    let sign_in = async || house.fetch("/test/login/bus_lumen").await.text();
    assert!(!sign_in().await.contains("closed"));
    house.cx.clock.advance(super::days(1));
    // The first one of the day sees it, though yesterday's is still kept.
    assert!(sign_in().await.contains("Our support is closed today"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_sees_the_look_of_the_day_that_a_moved_test_clock_says() {
    let year = House::open().await.now().strftime("%Y").to_string();
    let year: i32 = year.parse().unwrap();
    let days = [0, 1, 2].map(|years| format!("\"{}-03-03\"", year + years));
    let closed = days.join(", ");
    let file = format!("[test.branding]\nplugin = \"seasons\"\nsettings.closed = [{closed}]\n");
    let house = House::furnished(&file, &[SEASONS]).await;
    house.to(3, 2);
    let sign_in = async || house.fetch("/test/login/bus_lumen").await.text();
    assert!(!sign_in().await.contains("closed"));
    let mut tx = house.cx.store.begin().await.unwrap();
    let offset = super::days(1).as_micros();
    tx.aim_clock(&house.scope, house.now() + super::days(1))
        .await
        .unwrap();
    tx.move_clock(&house.scope, i64::try_from(offset).unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(sign_in().await.contains("Our support is closed today"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_dressed_as_the_portal_is() {
    let house = House::puppet(&json!({
        "tokens": { "light.accent": "#7a1fb2" },
        "header": { "markdown": "**Moved:** we are at *Lindenstraße 5* now." },
        "footer": { "hello.html": { "name": "<Ada>" } },
    }))
    .await;
    let guest = house.guest("Alex").await;
    let themes = vestibule::themes::Themes::load(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes"),
    );
    let themes = std::sync::Arc::new(themes.unwrap());
    let mut frame = Frame::sample(themes.negotiate("default", &["en"]));
    let customer = Some(&guest.customer);
    let (cx, scope) = (&house.cx, &house.scope);
    frame.look = branding::look(cx, &themes, scope, customer, Surface::Mail, &frame).await;
    let mail = SubscriptionReactivated::samples().remove(0);
    let parts = themes.render_mail("default", &frame, &mail).unwrap();
    assert!(
        parts.html.contains("<strong>Moved:</strong>"),
        "{}",
        parts.html
    );
    assert!(parts.html.contains("Hello, &lt;Ada&gt;"), "{}", parts.html);
    assert!(parts.html.contains("#7a1fb2"), "{}", parts.html);
    assert!(
        parts.text.contains("**Moved:** we are at"),
        "{}",
        parts.text
    );
    assert!(parts.text.contains("Hello, <Ada>"), "{}", parts.text);
    // Where money is taken, nobody but the host puts words around it.
    let look = branding::look(cx, &themes, scope, customer, Surface::Payment, &frame).await;
    frame.look = look;
    let parts = themes.render_mail("default", &frame, &mail).unwrap();
    assert!(!parts.html.contains("Moved"), "{}", parts.html);
    assert_eq!(house.trouble(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_money_is_taken_a_plugin_gives_colours_and_no_words() {
    let house = House::puppet(&json!({
        "tokens": { "light.accent": "#7a1fb2" },
        "wording": { "nav-billing": "Papers", "pay-today": "A gift of" },
    }))
    .await;
    let guest = house.guest("Alex").await;
    guest.get("/").await.says("Papers");
    let (_, payment) = guest.pending(0).await;
    let token = vestibule::flows::token::pay(&house.cx, &house.scope, &payment.id);
    let page = house.fetch(&format!("/pay/{token}")).await;
    page.says("To pay now €29.00");
    assert!(tokens(&house, &page).await.contains("#7a1fb2"));
    assert_eq!(house.trouble(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_value_is_left_out_and_named_and_the_rest_holds() {
    let good = json!({ "text": "We are <b>open</b> & well." });
    for (part, value, says) in [
        (
            "tokens",
            json!({ "light.accent": "red;}body{display:none" }),
            "is not a CSS colour",
        ),
        (
            "tokens",
            json!({ "light.accent": "url(https://evil.example)" }),
            "is not a CSS colour",
        ),
        (
            "tokens",
            json!({ "light.accent": "rgba(0,0,0,.5)" }),
            "must be opaque",
        ),
        (
            "tokens",
            json!({ "light.glow": "#fff" }),
            "there is no token `light.glow`",
        ),
        (
            "tokens",
            json!({ "font": "x;}*{color:red" }),
            "one plain CSS value",
        ),
        ("tokens", json!({ "font": "a/*" }), "one plain CSS value"),
        (
            "tokens",
            json!({ "radius": "calc(100vw)" }),
            "one plain CSS value",
        ),
        (
            "tokens",
            json!({ "light.ink": "#ffffff" }),
            "ink on page has a contrast of",
        ),
        ("logo", json!("../../etc/passwd"), "there is no picture"),
        (
            "logo",
            json!("https://evil.example/x.svg"),
            "there is no picture",
        ),
        (
            "wording",
            json!({ "no-such-key": "x" }),
            "a key that the theme does not have",
        ),
        (
            "wording",
            json!({ "nav-billing": "a\nnav-profile = b" }),
            "one line of plain text",
        ),
        (
            "wording",
            json!({ "nav-billing": "{ nav-profile }" }),
            "the theme's message has not",
        ),
        (
            "wording",
            json!({ "nav-billing": "{ $secret }" }),
            "the theme's message has not",
        ),
        (
            "wording",
            json!({ "nav-billing": "{ NUMBER(1) }" }),
            "the theme's message has not",
        ),
        (
            "wording",
            json!({ "nav-billing": { "repeat": "x", "times": 600 } }),
            "too long",
        ),
        (
            "footer",
            json!({ "no-such.html": {} }),
            "template not found",
        ),
        (
            "footer",
            json!({ "../hello.html": {} }),
            "template not found",
        ),
        ("footer", json!({ "broken.html": {} }), "undefined value"),
        ("footer", json!({ "text": "" }), "its footer: it is empty"),
        (
            "footer",
            json!({ "text": { "repeat": "x", "times": 17_000 } }),
            "its footer: a text is too long: it has 17000 bytes, and 16384 are taken",
        ),
        (
            "footer",
            json!({ "hello.html": "no json" }),
            "its footer: a template's data is not JSON",
        ),
        (
            "wording",
            json!({ "nav-billing": { "repeat": "x", "times": 1001 } }),
            "its message `nav-billing` is too long: it has 1001 bytes",
        ),
        (
            "logo",
            json!("x".repeat(2000)),
            "its logo's name is too long",
        ),
        (
            "footer",
            json!({ "endless.html": { "list": vec![0; 200] } }),
            "fuel",
        ),
    ] {
        let mut answer = json!({ "header": good, "lifetime": 60 });
        answer[part] = value;
        let house = House::puppet(&answer).await;
        let guest = house.guest("Alex").await;
        let page = guest.get("/").await;
        page.says("We are <b>open</b> & well.");
        page.says("Billing history");
        assert!(tokens(&house, &page).await.contains("#3350c8"), "{answer}");
        let trouble = house.trouble();
        assert!(trouble.contains(says), "{answer}: {trouble}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_in_what_a_plugin_says_does_nothing() {
    let house = House::puppet(&json!({
        "wording": { "nav-billing": "<script>alert(1)</script>" },
        "header": { "markdown": "Hi <script>alert(1)</script> [x](javascript:alert(1)) ![y](https://evil.example/y)" },
        "footer": { "hostile.html": { "name": "<script>alert(1)</script>" } },
    }))
    .await;
    let guest = house.guest("Alex").await;
    let page = guest.get("/").await;
    assert_eq!(house.trouble(), "");
    assert!(
        page.all("script")
            .iter()
            .all(|script| script.contains("nonce="))
    );
    assert!(!page.html.contains("onclick"), "{}", page.html);
    assert!(!page.html.contains("javascript:") && !page.html.contains("evil.example"));
    assert!(page.all("form[action='/cancel']").is_empty());
    // It is all there to be read.
    page.says("<script>alert(1)</script>");
    assert_eq!(page.all(".raw").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fails_leaves_the_theme_as_it_is_and_is_named() {
    for (answer, says) in [
        (json!({ "do": "loop" }), "processor time"),
        (json!({ "do": "trap" }), "it trapped"),
        (json!({ "do": "hog" }), "it trapped"),
        (json!({ "do": "no look today" }), "no look today"),
        (
            json!({ "header": { "text": { "repeat": "x", "times": 3_000_000 } } }),
            "it trapped",
        ),
        (
            json!({ "header": { "text": { "repeat": "x", "times": 20_000 } } }),
            "a text is too long",
        ),
        (
            json!({ "header": { "hello.html": "{\"name\":" } }),
            "data is not JSON",
        ),
        (
            json!({ "header": { "hello.html": { "repeat": "[", "times": 1 } } }),
            "its header: ",
        ),
        (
            json!({ "tokens": { "font": { "repeat": "x", "times": 2000 } } }),
            "is too long",
        ),
    ] {
        let house = House::puppet(&answer).await;
        let guest = house.guest("Alex").await;
        let page = guest.get("/").await;
        assert_eq!(page.status, 200, "{answer}");
        page.says("Billing history");
        let trouble = house.trouble();
        assert!(trouble.contains(says), "{answer}: {trouble}");
    }
    let missing = "[test.branding]\nplugin = \"nobody\"\n";
    let house = House::with(missing).await;
    let guest = house.guest("Alex").await;
    guest.get("/").await.says("Billing history");
    assert!(house.trouble().contains("no plugin with this id is loaded"));
}
