//! What a guest sees of an answer.

use super::*;

#[test]
fn headers_are_seen_as_they_came_when_they_are_utf_8() {
    let mut headers = HeaderMap::new();
    for value in [&b"plain"[..], "Zoë 山田".as_bytes(), &[0xff, 0xfe]] {
        let value = HeaderValue::from_bytes(value).expect("a value");
        headers.append("x-name", value);
    }
    let seen = readable(&headers);
    let seen: Vec<_> = seen.iter().map(|kv| (&*kv.name, &*kv.value)).collect();
    assert_eq!(seen, [("x-name", "plain"), ("x-name", "Zoë 山田")]);
}
