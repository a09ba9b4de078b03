//! A text with a null byte is refused at the door, on both databases alike.

use axum::http::StatusCode;

use super::cards::{FIELDS, FORMS, named, named_by_card, own};
use super::table::{On, ROUTES};
use super::town::Town;

#[tokio::test]
async fn a_null_byte_is_refused_by_the_name_of_its_field_on_both_databases() {
    for town in Town::each().await {
        let before = town.everything().await;
        let ada = &town.people[2];
        for (verb, path, body, field) in FIELDS {
            let path = named(path, ada).replace("CARD", "a%00b");
            let body = named(body, ada).replace("CARD", r"a\u0000b");
            let answer = town.ask(ada, On::Api, verb, &path, &body).await;
            let error: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{error}");
            let message = error["message"].as_str().unwrap();
            assert_eq!(
                message,
                format!("{field}: holds a null byte, which no text may")
            );
        }
        for (on, path, body) in FORMS {
            let body = body.replace("CARD", "a%00b");
            let answer = town.ask(ada, *on, "POST", &named(path, ada), &body).await;
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{path} {body}"
            );
        }
        assert_eq!(town.everything().await, before, "{}", town.name);
    }
}

#[tokio::test]
async fn no_route_fails_at_a_null_byte() {
    for town in Town::each().await {
        let ada = &town.people[2];
        // What comes from gateways is theirs to read.
        let ours = |path: &str| !path.starts_with("/hooks") && !path.starts_with("/return");
        for route in ROUTES.iter().filter(|route| ours(route.path)) {
            let (on, verb, path) = (route.on, route.verb, own(route.path, ada));
            let body = match on {
                On::Api => r#"{"name":"\u0000","email":"\u0000","metadata":{"a":"\u0000"}}"#,
                On::Portal | On::Console | On::Host => "name=%00&email=%00&code=%00&comment=%00",
            };
            let mut asked = vec![
                (format!("{path}?q=%00&email=%00"), ""),
                (path.clone(), body),
            ];
            let by_null = named_by_card(route.path, "a%00b");
            if by_null.contains("%00") {
                asked.push((by_null, ""));
            }
            for (path, body) in asked {
                let answer = town.ask(ada, on, verb, &path, body).await;
                assert!(
                    answer.status.is_client_error(),
                    "{}: {verb} {path} {body}: {}",
                    town.name,
                    answer.status
                );
            }
        }
    }
}

#[tokio::test]
async fn what_only_looks_like_a_null_byte_is_kept() {
    let [town, _] = Town::each().await;
    let ada = &town.people[2];
    let body = r#"{"email":"a@b.example","name":"A","metadata":{"path":"C:\\u0000","rate":"%00"}}"#;
    let answer = town.ask(ada, On::Api, "POST", "/customers", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}
