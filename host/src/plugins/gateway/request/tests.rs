//! What a gateway's plugin sees of a delivery.

use super::*;

#[test]
fn headers_of_a_delivery_are_seen_as_they_came_when_they_are_utf_8() {
    let mut headers = HeaderMap::new();
    for value in [&b"plain"[..], "Zoë 山田".as_bytes(), &[0xff, 0xfe]] {
        let value = HeaderValue::from_bytes(value).expect("a value");
        headers.append("X-Name", value);
    }
    let seen = Delivery::readable(&headers);
    let seen: Vec<_> = seen
        .iter()
        .map(|pair| (&*pair.name, &*pair.value))
        .collect();
    assert_eq!(seen, [("x-name", "plain"), ("x-name", "Zoë 山田")]);
}

#[test]
fn what_a_browser_keeps_for_the_portal_is_no_part_of_a_delivery() {
    let mut headers = HeaderMap::new();
    for name in ["Cookie", "Signature"] {
        headers.append(name, HeaderValue::from_static("session=1"));
    }
    let seen = Delivery::readable(&headers);
    let names: Vec<_> = seen.iter().map(|pair| &*pair.name).collect();
    assert_eq!(names, ["signature"]);
}

#[test]
fn the_query_of_a_delivery_is_decoded() {
    let seen = Delivery::decoded("id=a%20b&id=c&empty");
    let seen: Vec<_> = seen
        .iter()
        .map(|pair| (&*pair.name, &*pair.value))
        .collect();
    assert_eq!(seen, [("id", "a b"), ("id", "c"), ("empty", "")]);
}
