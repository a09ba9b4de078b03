//! What a gateway's plugin sees of a delivery.

use axum::http::HeaderValue;

use super::*;

#[test]
fn headers_of_a_delivery_are_seen_as_they_came_when_they_are_utf_8() {
    let mut headers = HeaderMap::new();
    for value in [&b"plain"[..], "Zoë 山田".as_bytes(), &[0xff, 0xfe]] {
        let value = HeaderValue::from_bytes(value).expect("a value");
        headers.append("X-Name", value);
    }
    let seen = readable(&headers);
    let seen: Vec<_> = seen
        .iter()
        .map(|pair| (&*pair.name, &*pair.value))
        .collect();
    assert_eq!(seen, [("x-name", "plain"), ("x-name", "Zoë 山田")]);
}
