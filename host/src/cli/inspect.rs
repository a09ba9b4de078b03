//! `vestibule plugin inspect`: what a plugin wants, in plain words, before anybody grants it.

use serde_json::{Value, json};

use crate::plain;
use crate::plugins::grants::{ANY, Wishes};
use crate::plugins::inspect::Inspection;
use crate::plugins::manifest::Kind;
use crate::plugins::setting::{Setting, SettingKind};
use crate::plugins::signature::Vouched;

/// The same as told, for programs.
pub(super) fn listed(found: &Inspection) -> Value {
    let manifest = &found.manifest;
    let kinds: Vec<_> = manifest.kinds.iter().map(|kind| kind.as_str()).collect();
    let files = found.files.iter();
    let files: Vec<_> = files
        .map(|(path, bytes)| json!({ "path": path, "bytes": bytes }))
        .collect();
    json!({
        "id": manifest.id,
        "name": manifest.name,
        "version": manifest.version,
        "bytes": found.bytes,
        "test_only": manifest.test_only,
        "kinds": kinds,
        "interfaces": found.exports,
        "permissions": manifest.permissions,
        "wishes": wishes(&manifest.permissions),
        "settings": manifest.settings,
        "files": files,
        "signature": found.signature,
        "signed": match &found.vouched {
            Vouched::ByNobody => "no",
            Vouched::By(_) => "yes",
            Vouched::ByStranger => "by-a-stranger",
            Vouched::Wrongly(_) => "wrongly",
            Vouched::Unreadably => "unreadably",
        },
        "signed_by": match &found.vouched {
            Vouched::By(signer) => Some(signer),
            _ => None,
        },
        "must_be_signed": found.must_be_signed.is_some(),
    })
}

/// The whole report, in words. What the plugin says of itself cannot play with the terminal.
pub(super) fn told(found: &Inspection) -> String {
    let manifest = &found.manifest;
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(&plain::line(words));
        text.push('\n');
    };
    let (name, version, id) = (&manifest.name, &manifest.version, &manifest.id);
    line(&format!("{name} {version} ({id}), {}", size(found.bytes)));
    if manifest.test_only {
        line("For test mode only: a host refuses it where money is real.");
    }
    line("");
    line("What it is:");
    for kind in &manifest.kinds {
        line(&format!("  - {}", what(*kind)));
    }
    for (interface, words) in PARTS {
        let exported = |export: &String| export.starts_with(&format!("vestibule:{interface}@"));
        if found.exports.iter().any(exported) {
            line(&format!("    it {words}"));
        }
    }
    line("");
    let wishes = wishes(&manifest.permissions);
    if wishes.is_empty() {
        line("It wishes nothing: it reaches no network, and is told of nobody.");
    } else {
        line("What it wishes; nothing of it holds until a business's file grants it:");
        for wish in wishes {
            line(&format!("  - {wish}"));
        }
    }
    line("");
    if manifest.settings.is_empty() {
        line("It takes no settings.");
    } else {
        line("Its settings:");
        for (name, setting) in &manifest.settings {
            line(&format!("  {name}: {}", setting_words(setting)));
            line(&format!("    {}", setting.description));
        }
    }
    line("");
    if found.files.is_empty() {
        line("It carries no files.");
    } else {
        line("The files that it carries:");
        for (path, bytes) in &found.files {
            line(&format!("  {path}, {}", size(*bytes)));
        }
    }
    line("");
    for words in signed(found) {
        line(&words);
    }
    text
}

/// Who vouches for the file, and what there is to do about it.
fn signed(found: &Inspection) -> Vec<String> {
    let key = "its author's public key, which you have from them and not from where the file came \
               from, as a line under [plugins.signers] of vestibule.toml";
    let mut words = match &found.vouched {
        Vouched::ByNobody => {
            vec!["It is not signed: nobody vouches for what is in the file.".to_owned()]
        }
        Vouched::By(signer) => vec![format!(
            "Signed by {signer}, one of plugins.signers: every byte of the file, so also what it \
             wishes and carries, is as {signer} signed it."
        )],
        Vouched::ByStranger => vec![
            "Signed by somebody whom this host does not know, which is worth no more than no \
             signature."
                .to_owned(),
            format!("To believe it, write {key}."),
        ],
        Vouched::Wrongly(signer) => vec![
            format!(
                "DO NOT USE IT: a signature by {signer} stands beside it, and is for other bytes. One \
                 of the two files was changed or is of another version."
            ),
            "Get both again from their author; no host that knows this signer takes it.".to_owned(),
        ],
        Vouched::Unreadably => vec![
            "What stands beside it as a signature is none: get it again from the plugin's author."
                .to_owned(),
        ],
    };
    if let Some(kind) = found.must_be_signed
        && !matches!(found.vouched, Vouched::By(_) | Vouched::Wrongly(_))
    {
        words.push(format!(
            "This host takes no {kind} without a signature that it believes (plugins.signed)."
        ));
        if !matches!(found.vouched, Vouched::ByStranger) {
            words.push(
                "Ask its author for the .minisig file that belongs to it; or, if you have read or \
                 built it yourself, sign it with `vestibule plugin sign FILE --key KEY`."
                    .to_owned(),
            );
        }
    }
    words
}

/// What each optional interface means.
const PARTS: [(&str, &str); 7] = [
    ("gateway/setup", "saves payment methods without a charge"),
    ("gateway/refunds", "gives money back"),
    ("gateway/methods", "forgets saved payment methods"),
    ("gateway/webhooks", "takes news from the payment provider"),
    ("gateway/ledger", "lets its books be compared"),
    ("pages/blocks", "puts blocks into pages of the portal"),
    (
        "pages/events",
        "can be told of events and called by the clock",
    ),
];

fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Gateway => "a payment gateway: it charges customers on the host's word",
        Kind::Branding => "a branding: it says how the portal and its mails look",
        Kind::Pages => "pages: customers who are signed in find them below /x/NAME/",
    }
}

fn wishes(wishes: &Wishes) -> Vec<String> {
    let mut all = Vec::new();
    for origin in &wishes.http {
        all.push(match origin.strip_prefix("setting:") {
            Some(name) => format!("to reach the address that its setting `{name}` says"),
            None => format!("to reach {origin}"),
        });
    }
    for page in &wishes.browser {
        all.push(match page.strip_prefix("setting:") {
            Some(name) => {
                format!("to send customers to pages at the address that its setting `{name}` says")
            }
            None if page == ANY => {
                "to send customers to any https page, such as those of banks, whatever stands \
                 there (`any`)"
                    .to_owned()
            }
            None => format!("to send customers to pages of {page}"),
        });
    }
    for name in &wishes.secrets {
        let place = destination(wishes, name);
        all.push(if wishes.reveal.contains(name) {
            format!("to read the text of the secret `{name}`, and send it wherever it may reach")
        } else {
            format!("to use the secret `{name}`, which the host keeps from it and {place}")
        });
    }
    for kind in &wishes.data {
        let words = match kind.as_str() {
            "customer.profile" => "the name and e-mail address",
            "customer.subscriptions" => "the subscriptions",
            "customer.payments" => "the payments",
            "customer.licenses" => "the license keys, without the keys themselves,",
            other => other,
        };
        all.push(format!(
            "to be told {words} of the customer who is signed in (`{kind}`)"
        ));
    }
    if wishes.store {
        all.push("to keep small things in the database (`store`)".to_owned());
    }
    for event in &wishes.events {
        all.push(format!(
            "to be told of `{event}`, of every customer, by ids only"
        ));
    }
    for schedule in &wishes.schedules {
        all.push(format!("to be called by the clock: {schedule}"));
    }
    for origin in &wishes.redirect {
        all.push(format!("to send the customer's browser to {origin}"));
    }
    all
}

/// Where the host sends a secret for the plugin.
fn destination(wishes: &Wishes, secret: &str) -> String {
    let words = |origin: &String| match origin.strip_prefix("setting:") {
        Some(name) => format!("the address that its setting `{name}` says"),
        None => origin.clone(),
    };
    let origins = match wishes.secrets_for.get(secret) {
        Some(origins) => origins,
        None if wishes.http.len() > 1 => {
            return "sends nowhere, unless a single origin is granted".to_owned();
        }
        None => &wishes.http,
    };
    if origins.is_empty() {
        return "sends nowhere".to_owned();
    }
    let origins: Vec<_> = origins.iter().map(words).collect();
    format!("sends to {} only", origins.join(" and "))
}

fn setting_words(setting: &Setting) -> String {
    let kind = match setting.kind {
        SettingKind::Text => "a text".to_owned(),
        SettingKind::Url => "an address".to_owned(),
        SettingKind::Choice => format!("one of {}", setting.choices.join(", ")),
        SettingKind::Integer => match (setting.least, setting.greatest) {
            (Some(least), Some(greatest)) => format!("a number from {least} to {greatest}"),
            (Some(least), None) => format!("a number of at least {least}"),
            (None, Some(greatest)) => format!("a number of at most {greatest}"),
            (None, None) => "a number".to_owned(),
        },
        SettingKind::Boolean => "true or false".to_owned(),
        SettingKind::List => "a list of texts".to_owned(),
    };
    match (&setting.default, setting.required) {
        (_, true) => format!("{kind}, required"),
        (Some(default), false) => format!("{kind}, {default} if it is left out"),
        (None, false) => format!("{kind}, may be left out"),
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ => format!("{} KiB", bytes.div_ceil(1024)),
    }
}
