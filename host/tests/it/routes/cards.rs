//! Card numbers are refused where they come in, and none stays anywhere: not in the database, the
//! log, a mail or a file.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use tracing_subscriber::layer::SubscriberExt as _;

use super::people::Person;
use super::table::{Kind, On, ROUTES};
use super::town::Town;

/// Test numbers of several networks, as people write them.
const CARDS: [&str; 6] = [
    "4242424242424242",
    "4000 0566 5566 5556",
    "5555-5555-5555-4444",
    "3782 822463 10005",
    "6011111111111117",
    "30569309025904",
];

/// The fields of the API that hold text, each with a body that would keep it.
pub(super) const FIELDS: &[(&str, &str, &str, &str)] = &[
    (
        "POST",
        "/customers",
        r#"{"email":"a@b.example","name":"CARD"}"#,
        "name",
    ),
    (
        "POST",
        "/customers",
        r#"{"email":"a@b.example","name":"A","phone_number":"CARD"}"#,
        "phone_number",
    ),
    (
        "POST",
        "/customers",
        r#"{"email":"a@b.example","name":"A","metadata":{"note":"my card CARD"}}"#,
        "metadata.note",
    ),
    (
        "POST",
        "/customers",
        r#"{"email":"a@b.example","name":"A","metadata":{"CARD":1}}"#,
        "metadata (a name in it)",
    ),
    (
        "PATCH",
        "/customers/{customer}",
        r#"{"name":"CARD"}"#,
        "name",
    ),
    (
        "PATCH",
        "/customers/{customer}",
        r#"{"metadata":{"a":"CARD"}}"#,
        "metadata.a",
    ),
    (
        "POST",
        "/customers/{customer}/customer-portal/session?return_url=https://shop.example/?c=CARD",
        "",
        "return_url",
    ),
    (
        "POST",
        "/products",
        r#"{"name":"CARD","tax_category":"saas","price":{"type":"one_time_price","currency":"EUR","price":1}}"#,
        "name",
    ),
    (
        "POST",
        "/products",
        r#"{"name":"A","description":"CARD","tax_category":"saas","price":{"type":"one_time_price","currency":"EUR","price":1}}"#,
        "description",
    ),
    (
        "POST",
        "/subscriptions",
        r#"{"billing":{"country":"DE","street":"CARD"},"customer":{"customer_id":"{customer}"},"product_id":"{product}","quantity":1}"#,
        "billing.street",
    ),
    (
        "POST",
        "/subscriptions",
        r#"{"billing":{"country":"DE"},"tax_id":"CARD","customer":{"customer_id":"{customer}"},"product_id":"{product}","quantity":1}"#,
        "tax_id",
    ),
    (
        "POST",
        "/subscriptions",
        r#"{"billing":{"country":"DE"},"return_url":"https://shop.example/CARD","customer":{"customer_id":"{customer}"},"product_id":"{product}","quantity":1}"#,
        "return_url",
    ),
    (
        "POST",
        "/payments",
        r#"{"billing":{"country":"DE"},"customer_business_name":"CARD","customer":{"customer_id":"{customer}"},"product_cart":[{"product_id":"{product}","quantity":1}]}"#,
        "customer_business_name",
    ),
    (
        "POST",
        "/payments",
        r#"{"billing":{"country":"DE"},"customer":{"customer_id":"{customer}"},"product_cart":[{"product_id":"CARD","quantity":1}]}"#,
        "product_cart[0].product_id",
    ),
    (
        "PATCH",
        "/subscriptions/{subscription}",
        r#"{"status":"cancelled","cancellation_comment":"CARD"}"#,
        "cancellation_comment",
    ),
    (
        "POST",
        "/subscriptions/{subscription}/update-payment-method",
        r#"{"type":"new","return_url":"https://shop.example/?x=CARD"}"#,
        "return_url",
    ),
    (
        "POST",
        "/licenses/activate",
        r#"{"license_key":"KEY-{license}","name":"CARD"}"#,
        "name",
    ),
    (
        "POST",
        "/licenses/validate",
        r#"{"license_key":"CARD"}"#,
        "license_key",
    ),
];

/// The fields of forms.
pub(super) const FORMS: &[(On, &str, &str)] = &[
    (On::Portal, "/profile", "name=CARD"),
    (On::Portal, "/profile", "name=Ada&phone=CARD"),
    (
        On::Portal,
        "/subscriptions/{subscription}/cancel",
        "when=now&comment=it+was+CARD",
    ),
    (
        On::Portal,
        "/login",
        "email=a@b.example&next=/payments/CARD",
    ),
    (On::Portal, "/login", "email=CARD@b.example"),
    (On::Console, "/login", "email=CARD"),
];

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) fn named(text: &str, person: &Person) -> String {
    let mut text = text.to_owned();
    for (kind, id) in &person.things {
        text = text.replace(&format!("{{{}}}", format!("{kind:?}").to_lowercase()), id);
    }
    text
}

/// A card as it stands in an address.
fn in_address(card: &str) -> String {
    card.replace(' ', "%20")
}

/// Fails if `text` holds one of the cards in some way of writing it.
fn has_none(text: &str, place: &str) {
    for card in CARDS {
        let digits: String = card.chars().filter(char::is_ascii_digit).collect();
        for form in [
            card.to_owned(),
            in_address(card),
            card.replace(' ', "+"),
            digits,
        ] {
            assert!(!text.contains(&form), "{form} is in {place}");
        }
    }
}

fn has_none_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            has_none_below(&path);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            has_none(&String::from_utf8_lossy(&bytes), &path.to_string_lossy());
        }
    }
}

impl Town {
    /// Sends `card` to every route: in the path, the query, every header that may be read, and in
    /// bodies of both kinds.
    async fn spray(&self, person: &Person, card: &str) {
        let address = in_address(card);
        let headers = [
            ("user-agent", card),
            ("idempotency-key", card),
            ("accept-language", card),
            ("x-forwarded-for", card),
            ("x-stainless-retry-count", card),
            ("x-request-id", card),
            ("referer", card),
        ];
        let json = format!(
            "{{\"name\":\"{card}\",\"email\":\"{card}@b.example\",\"metadata\":{{\"{card}\":\"{card}\"}},\
             \"type\":\"{card}\",\"license_key\":\"{card}\",\"return_url\":\"https://b.example/{card}\"}}"
        );
        let form = format!(
            "name={card}&email={card}&comment={card}&choice={card}&quote={card}&code={card}\
             &account={card}&wish={card}&next=/{card}&{card}=1"
        );
        for route in ROUTES {
            let (on, verb) = (route.on, route.verb);
            let path = named_by_card(route.path, &address);
            let body = if on == On::Api { &json } else { &form };
            let query = format!("q={address}&next=/{address}&lang={address}&return_url={address}");
            for (path, body) in [
                (path.clone(), String::new()),
                (path.clone(), body.clone()),
                (format!("{path}?{query}"), body.clone()),
                (own(route.path, person), body.clone()),
                // Neither JSON nor a form.
                (own(route.path, person), format!("\u{0}{card}\u{0}{{")),
            ] {
                self.ask(person, on, verb, &path, &body).await;
                self.ask_with(person, on, verb, &path, "", &headers).await;
            }
        }
    }
}

pub(super) fn named_by_card(path: &str, card: &str) -> String {
    let part = |part: &str| {
        if part.starts_with('{') {
            card.to_owned()
        } else {
            part.to_owned()
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

pub(super) fn own(path: &str, person: &Person) -> String {
    let path = path
        .replace("{business}", "bus_lumen")
        .replace("{mode}", "live");
    let path = path
        .replace("{gateway}", "sandbox")
        .replace("{id}", "{subscription}");
    let path = named(&path, person);
    named_by_card(&path, "something")
}

#[tokio::test]
async fn no_card_number_that_is_sent_to_any_route_stays_anywhere() {
    let log = Log::default();
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .with_ansi(false);
    // Everything of everybody, at every level; this test runs on one thread.
    let filter = tracing_subscriber::EnvFilter::new("trace");
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    // A second dispatcher makes every thread ask both.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);

    for town in Town::each().await {
        let before = town.everything().await;
        let ada = &town.people[2];
        for card in CARDS {
            town.spray(ada, card).await;
        }
        for card in CARDS {
            for (verb, path, body, _) in FIELDS {
                let path = named(path, ada).replace("CARD", &in_address(card));
                let body = named(body, ada).replace("CARD", card);
                town.ask(ada, On::Api, verb, &path, &body).await;
            }
            for (on, path, body) in FORMS {
                let body = body.replace("CARD", card);
                town.ask(ada, *on, "POST", &named(path, ada), &body).await;
            }
        }
        let after = town.whole().await;
        for (table, rows) in &after {
            has_none(&rows.join("\n"), table);
        }
        // What a route without a field for it did, such as a link that was made, is no harm.
        for table in [
            "customers",
            "products",
            "subscriptions",
            "payments",
            "licenses",
        ] {
            assert_eq!(after[table].len(), before[table].len(), "{table}");
        }
        town.work().await;
        has_none_below(town.folder());
    }
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("answered"), "something is logged");
    has_none(&text, "the log");
}

#[tokio::test]
async fn a_card_number_is_refused_by_the_name_of_its_field_with_what_to_do() {
    let [town, _] = Town::each().await;
    let before = town.everything().await;
    let ada = &town.people[2];
    for card in CARDS {
        for (verb, path, body, field) in FIELDS {
            let path = named(path, ada).replace("CARD", &in_address(card));
            let body = named(body, ada).replace("CARD", card);
            let answer = town.ask(ada, On::Api, verb, &path, &body).await;
            let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{error}");
            assert_eq!(error["code"], "CARD_NUMBER_REFUSED");
            let message = error["message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!("{field}: ")),
                "{field}: {message}"
            );
            assert!(message.contains("payment_link"), "{message}");
        }
        for (on, path, body) in FORMS {
            let body = body.replace("CARD", card);
            let answer = town.ask(ada, *on, "POST", &named(path, ada), &body).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{path} {body}"
            );
            assert!(answer.body.contains("never take card numbers"));
        }
    }
    let escaped = r#"{"email":"a@b.example","name":"\u0034242424242424242"}"#;
    let number = r#"{"email":"a@b.example","name":"A","metadata":{"n":4.242424242424242e15}}"#;
    for (body, field) in [(escaped, "name: "), (number, "metadata.n: ")] {
        let answer = town.ask(ada, On::Api, "POST", "/customers", body).await;
        assert!(answer.body.contains(field), "{}", answer.body);
    }
    assert_eq!(town.everything().await, before);
}

#[tokio::test]
async fn numbers_that_are_no_cards_are_kept_as_they_are() {
    let [town, _] = Town::each().await;
    let ada = &town.people[2];
    let body = r#"{"email":"a@b.example","name":"A","phone_number":"+49 1512 3456789","metadata":
        {"order":"A4242424242424242","at":1732270000000000,"iban":"DE12 4242 4242 4242 4242 00"}}"#;
    let answer = town.ask(ada, On::Api, "POST", "/customers", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let key = [("idempotency-key", "4242424242424241")];
    let body = format!("{{\"customer\":\"{}\"}}", ada.things[&Kind::Customer]);
    let path = format!("/customers/{}", ada.things[&Kind::Customer]);
    let answer = town
        .ask_with(ada, On::Api, "PATCH", &path, &body, &key)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}
