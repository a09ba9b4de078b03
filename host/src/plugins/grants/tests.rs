//! What holds of wishes and grants, and what is an origin.

use super::*;

fn origins(wishes: &[&str], grants: &[(&str, bool)]) -> (Vec<String>, usize) {
    let wishes = Wishes {
        http: wishes.iter().map(ToString::to_string).collect(),
        ..Wishes::default()
    };
    let grant = Grant {
        http: grants
            .iter()
            .map(|&(origin, private)| OriginGrant {
                origin: origin.to_owned(),
                private,
            })
            .collect(),
        ..Grant::default()
    };
    let settings = |name: &str| match name {
        "base_url" => Some("http://127.0.0.1:8081/api/v1".to_owned()),
        "bad" => Some("not a url".to_owned()),
        _ => None,
    };
    let answer = effective(&wishes, &grant, settings);
    let origins = answer
        .permissions
        .origins
        .iter()
        .map(|(origin, private)| format!("{origin}{}", if *private { " private" } else { "" }))
        .collect();
    (origins, answer.remarks.len())
}

#[test]
fn what_holds_is_wished_and_granted() {
    let none: Vec<String> = vec![];
    let api = "https://api.example.com";
    assert_eq!(origins(&[], &[]), (none.clone(), 0));
    assert_eq!(origins(&[api], &[]), (none.clone(), 1));
    assert_eq!(origins(&[], &[(api, false)]), (none.clone(), 1));
    assert_eq!(origins(&[api], &[(api, false)]), (vec![api.into()], 0));
    // The same origin in another spelling.
    assert_eq!(
        origins(&[api], &[("HTTPS://API.example.com:443/", false)]),
        (vec![api.into()], 0)
    );
    // Another scheme, port or host is another origin.
    for other in [
        "http://api.example.com",
        "https://api.example.com:8443",
        "https://example.com",
        "https://api.example.com.evil.example",
    ] {
        assert_eq!(
            origins(&[api], &[(other, false)]),
            (none.clone(), 2),
            "{other}"
        );
    }
}

#[test]
fn a_setting_can_name_the_origin_and_still_needs_the_grant() {
    let local = ("http://127.0.0.1:8081", true);
    assert_eq!(
        origins(&["setting:base_url"], &[local]),
        (vec!["http://127.0.0.1:8081 private".into()], 0)
    );
    assert_eq!(origins(&["setting:base_url"], &[]).1, 1);
    assert_eq!(origins(&["setting:bad"], &[local]), (vec![], 2));
    assert_eq!(origins(&["setting:unset"], &[local]), (vec![], 1));
}

#[test]
fn an_origin_is_neither_a_pattern_nor_a_url() {
    for bad in [
        "https://*.example.com",
        "https://example.com/path",
        "https://example.com?x",
        "https://user@example.com",
        "ftp://example.com",
        "example.com",
        "https://",
        "https://example.com./",
        "",
    ] {
        assert!(bad.parse::<Origin>().is_err(), "{bad}");
    }
    assert_eq!(
        "http://0x7f.1:80"
            .parse::<Origin>()
            .expect("an origin")
            .to_string(),
        "http://127.0.0.1"
    );
}

#[test]
fn reading_a_secret_needs_its_own_grant() {
    let wishes = Wishes {
        secrets: ["a".to_owned(), "b".to_owned()].into(),
        reveal: ["a".to_owned(), "b".to_owned()].into(),
        ..Wishes::default()
    };
    let grant = Grant {
        reveal: vec!["b".to_owned(), "c".to_owned()],
        ..Grant::default()
    };
    let answer = effective(&wishes, &grant, |_| None);
    assert_eq!(answer.permissions.reveal, ["b".to_owned()].into());
    let keys: Vec<_> = answer.remarks.iter().map(|remark| &remark.key).collect();
    assert_eq!(keys, ["grants.reveal", "grants.reveal.1"]);
}
