//! Forms come from our own pages: on every route of portal and console that changes something, what
//! another page sends is refused and changes nothing. And what every answer carries.

use axum::http::StatusCode;

use super::cards::named;
use super::people::Person;
use super::table::{On, ROUTES, Route, Takes};
use super::town::Town;

/// The path of a route with what is Ada's.
fn hers(route: &Route, ada: &Person) -> String {
    let kind = match route.takes {
        Takes::Own(kinds) | Takes::Alike(kinds, _) => format!("{:?}", kinds[0]),
        Takes::Secret(kind) => format!("{kind:?}"),
        Takes::Room => "Customer".to_owned(),
        Takes::Nothing(_) => String::new(),
    };
    let kind = format!("{{{}}}", kind.to_lowercase());
    let path = route
        .path
        .replace("{business}", "bus_lumen")
        .replace("{mode}", "live")
        .replace("{id}", &kind)
        .replace("{token}", &kind)
        .replace("{instance}", "{device}");
    named(&path, ada)
}

fn is_form(route: &Route) -> bool {
    route.verb == "POST" && matches!(route.on, On::Portal | On::Console)
}

#[tokio::test]
async fn no_route_takes_a_form_that_no_page_of_ours_has_sent() {
    for town in Town::each().await {
        let ada = &town.people[0];
        let before = town.everything().await;
        let mut tried = 0;
        for route in ROUTES.iter().filter(|route| is_form(route)) {
            let path = hers(route, ada);
            let body = named(route.body, ada);
            let csrf = town.csrf(ada, route.on);
            let signed = format!("{body}&csrf={csrf}");
            let ours = ("sec-fetch-site", "same-origin");
            let told: [(&str, &[(&str, &str)]); 7] = [
                (&body, &[ours]),
                (&format!("{body}&csrf=nonsense"), &[ours]),
                (&signed, &[]),
                (&signed, &[("sec-fetch-site", "cross-site")]),
                (&signed, &[("sec-fetch-site", "same-site")]),
                (&signed, &[("origin", "https://evil.example")]),
                (
                    &signed,
                    &[
                        ("sec-fetch-site", "cross-site"),
                        ("origin", "http://127.0.0.1:8080"),
                    ],
                ),
            ];
            for (body, headers) in told {
                let answer = town.forge(ada, route.on, &path, body, headers).await;
                assert_eq!(
                    answer.status,
                    StatusCode::FORBIDDEN,
                    "{:?} {path} {headers:?}",
                    route.on
                );
                tried += 1;
            }
        }
        assert!(tried > 7 * 10, "{tried} forms were tried");
        assert_eq!(town.everything().await, before, "{}", town.name);
    }
}

#[tokio::test]
async fn every_answer_carries_its_headers_documents_too() {
    let [town, _] = Town::each().await;
    let ada = &town.people[0];
    let mut documents = 0;
    for route in ROUTES.iter().filter(|route| route.verb == "GET") {
        let path = hers(route, ada);
        let answer = town.ask(ada, route.on, "GET", &path, "").await;
        let header = |name: &str| {
            let value = answer.headers.get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        let place = format!("{:?} {path} {}", route.on, answer.status);
        assert_eq!(header("x-content-type-options"), "nosniff", "{place}");
        assert_eq!(header("referrer-policy"), "same-origin", "{place}");
        assert!(!header("cache-control").is_empty(), "{place}");
        if header("content-type") == "application/pdf" {
            assert_eq!(answer.status, StatusCode::OK);
            assert!(header("cache-control").contains("no-store"), "{place}");
            documents += 1;
        }
    }
    assert!(documents > 0, "no document was asked for");
}
