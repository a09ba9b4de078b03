//! A webhook as a case writes it, signed with one of the case's secrets.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::Problem;
use super::file::Case;
use super::input::{whole, wrong};
use crate::plugins::bindings::vestibule::host::crypto::KeyEncoding;
use crate::plugins::gateway::request::{Delivery, Pair};
use crate::plugins::imports::crypto;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    query: BTreeMap<String, String>,
    json: Option<Json>,
    body: Option<String>,
    received_at: Option<Timestamp>,
    sign: Option<Sign>,
}

/// How the processor signs. `{time}` is the moment of signing in seconds, `{body}` the body,
/// `{signature}` the signature, and any other name in braces that header of the delivery.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    secret: String,
    #[serde(default)]
    key: Key,
    #[serde(default)]
    hash: Hash,
    #[serde(default)]
    written: Written,
    over: String,
    header: String,
    value: String,
    at: Option<Timestamp>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Key {
    #[default]
    Text,
    Base64,
    Hex,
    StandardWebhooks,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Hash {
    #[default]
    Sha256,
    Sha512,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Written {
    #[default]
    Hex,
    Base64,
}

/// The delivery of a case.
pub(super) fn of(
    case: &Case,
    secrets: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Delivery, Problem> {
    let text: Text = whole(case)?;
    let body = match (text.json, text.body) {
        (Some(json), None) => json.to_string(),
        (None, body) => body.unwrap_or_default(),
        (Some(_), Some(_)) => return Err(wrong(case, "it has a `json` or a `body`, not both")),
    };
    let at = text.sign.as_ref().and_then(|sign| sign.at).unwrap_or(now);
    let mut words: BTreeMap<String, String> = [
        ("time".to_owned(), at.as_second().to_string()),
        ("body".to_owned(), body.clone()),
    ]
    .into();
    let mut headers: BTreeMap<_, _> = text
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), filled(value, &words)))
        .collect();
    if let Some(sign) = text.sign {
        words.extend(headers.clone());
        let secret = secrets.get(&sign.secret);
        let none = || wrong(case, &format!("the case has no secret `{}`", sign.secret));
        let secret = secret.ok_or_else(none)?;
        let encoding = match sign.key {
            Key::Text => KeyEncoding::Text,
            Key::Base64 => KeyEncoding::Base64,
            Key::Hex => KeyEncoding::Hex,
            Key::StandardWebhooks => KeyEncoding::StandardWebhooks,
        };
        let signed = filled(&sign.over, &words);
        let long = sign.hash == Hash::Sha512;
        let signature = crypto::signature(secret, encoding, long, signed.as_bytes());
        let no_key = || {
            let what = format!("the text of the secret `{}` is no such key", sign.secret);
            wrong(case, &what)
        };
        let signature = signature.ok_or_else(no_key)?;
        let signature = match sign.written {
            Written::Hex => HEXLOWER.encode(&signature),
            Written::Base64 => BASE64.encode(&signature),
        };
        words.insert("signature".to_owned(), signature);
        headers.insert(
            sign.header.to_ascii_lowercase(),
            filled(&sign.value, &words),
        );
    }
    let pairs = |pairs: BTreeMap<String, String>| {
        let pairs = pairs.into_iter();
        pairs.map(|(name, value)| Pair { name, value }).collect()
    };
    Ok(Delivery {
        headers: pairs(headers),
        query: pairs(text.query),
        body: body.into_bytes(),
        received_at: text.received_at.unwrap_or(now),
    })
}

/// A text with its words in braces filled in, from the left and each once; a brace that begins no
/// word stands for itself.
fn filled(text: &str, words: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((word, after)) if words.contains_key(word) => {
                out.push_str(&words[word]);
                rest = after;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_braces_are_filled_in_and_nothing_else() {
        let words = [("time", "7"), ("body", "{\"a\": {time}}")];
        let words = words.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let filled = filled("{time}.{body}.{none}{", &words.into());
        assert_eq!(filled, "7.{\"a\": {time}}.{none}{");
    }
}
