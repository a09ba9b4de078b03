//! Headers of the merchant's own: which there may be, and which are never shown again.

use std::collections::BTreeMap;

use super::super::Error;

/// The most headers of one endpoint.
const MOST: usize = 32;
/// The longest name, in bytes.
const MAX_NAME: usize = 64;
/// The longest value, in bytes.
const MAX_VALUE: usize = 1024;

/// Whoever sends decides these: what verifies a delivery, what the body is, and how it travels.
const OURS: [&str; 13] = [
    "connection",
    "cookie2",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];
/// What the names of others of ours start with.
const OUR_PREFIXES: [&str; 5] = ["webhook-", "svix-", "content-", "proxy-", "accept"];

/// Parts of a name that say that the value opens something.
const SENSITIVE: [&str; 8] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "pass",
    "secret",
    "signature",
    "token",
];

/// Whether a header's value is kept to itself; its name is told.
pub fn is_sensitive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SENSITIVE.iter().any(|part| name.contains(part))
}

/// `headers` with `changes`: a value sets, none removes. Names are told apart by their letters
/// alone, as in HTTP, and kept in small ones.
pub(super) fn change(
    mut headers: BTreeMap<String, String>,
    changes: BTreeMap<String, Option<String>>,
) -> Result<BTreeMap<String, String>, Error> {
    for (name, value) in changes {
        let name = name.to_ascii_lowercase();
        check_name(&name)?;
        match value {
            Some(value) => {
                check_value(&name, &value)?;
                headers.insert(name, value);
            }
            None => drop(headers.remove(&name)),
        }
    }
    if headers.len() > MOST {
        return invalid(format!("there are more than {MOST}"));
    }
    Ok(headers)
}

fn check_name(name: &str) -> Result<(), Error> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
        return invalid(format!("{name:?} is not the name of a header"));
    }
    let ours = OURS.contains(&name) || OUR_PREFIXES.iter().any(|start| name.starts_with(start));
    if ours {
        return invalid(format!("{name} is set by the host"));
    }
    Ok(())
}

fn check_value(name: &str, value: &str) -> Result<(), Error> {
    let is_text = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if value.len() > MAX_VALUE || !value.bytes().all(is_text) || value.trim() != value {
        return invalid(format!(
            "the value of {name} has at most {MAX_VALUE} letters, digits and signs of ASCII"
        ));
    }
    Ok(())
}

fn invalid<T>(problem: String) -> Result<T, Error> {
    Err(Error::Invalid {
        field: "headers",
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: Option<&str>) -> Result<BTreeMap<String, String>, Error> {
        let known = BTreeMap::from([("x-tenant".to_owned(), "7".to_owned())]);
        let change_of = BTreeMap::from([(name.to_owned(), value.map(str::to_owned))]);
        change(known, change_of)
    }

    #[test]
    fn a_header_is_set_replaced_and_removed_whatever_its_case() {
        assert_eq!(set("X-Tenant", Some("8")).expect("fine")["x-tenant"], "8");
        assert!(set("X-TENANT", None).expect("fine").is_empty());
        assert_eq!(
            set("Authorization", Some("Bearer x")).expect("fine").len(),
            2
        );
    }

    #[test]
    fn what_the_host_sets_and_what_is_no_header_is_refused() {
        for name in [
            "webhook-id",
            "Webhook-Signature",
            "webhook-timestamp",
            "svix-id",
            "Content-Type",
            "content-length",
            "Host",
            "Transfer-Encoding",
            "User-Agent",
            "",
            "a b",
            "a:b",
            "ä",
        ] {
            assert!(set(name, Some("x")).is_err(), "{name}");
        }
        for value in ["a\r\nb: c", "ü", " x", "\0"] {
            assert!(set("x-a", Some(value)).is_err(), "{value:?}");
        }
    }
}
