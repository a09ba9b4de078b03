//! The promises of pages and brandings, tried by `vestibule plugin check`: kept by the plugins of
//! this repository (and by those that `plugin new` begins, see `authors`), and missed in plain words
//! where one is broken.

use std::path::Path;

use serde_json::{Value, json};

use crate::commands::Host;
use crate::support::guests::built;

/// What `plugin check` says of this file, and whether it is content.
fn checked(plugin: &[u8]) -> (bool, String) {
    let host = Host::new();
    let file = host.dir.path().join("tried.wasm");
    std::fs::write(&file, plugin).unwrap();
    let output = host.run(&["plugin", "check", file.to_str().unwrap()]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.success(), said)
}

/// The puppet that answers like this by itself: its manifest says so as defaults of its settings.
async fn puppet(answers: &[(&str, Value)]) -> Vec<u8> {
    const MARK: &[u8] = b"\x12vestibule:manifest";
    let plugin = built("host/tests/guests/puppet").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/puppet");
    let mut manifest = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
    for (name, answer) in answers {
        let (before, after) = manifest
            .split_once(&format!("[settings.{name}]"))
            .unwrap_or_else(|| panic!("{name}"));
        let after = after.replacen("default = \"{}\"", &format!("default = '{answer}'"), 1);
        manifest = format!("{before}[settings.{name}]{after}");
    }
    // The manifest is the last section: a zero, the size in two bytes, the name, the text.
    let at = plugin
        .windows(MARK.len())
        .rposition(|at| at == MARK)
        .unwrap();
    let mut plugin = plugin[..at - 3].to_vec();
    let section = wasm_encoder::CustomSection {
        name: "vestibule:manifest".into(),
        data: manifest.as_bytes().into(),
    };
    wasm_encoder::ComponentSection::append_to_component(&section, &mut plugin);
    plugin
}

/// The first line under a promise that is broken.
fn broken(said: &str, promise: &str) -> String {
    let lines: Vec<_> = said.lines().collect();
    let wanted = format!("  BROKEN     {promise}");
    let at = lines.iter().position(|line| *line == wanted);
    let at = at.unwrap_or_else(|| panic!("{promise} is not broken: {said}"));
    lines[at + 1].trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_and_the_branding_of_this_repository_keep_every_promise() {
    for (plugin, promises) in [
        (
            "plugins/retention",
            &[
                "the description is the same at every call",
                "every entry of the navigation leads to something",
                "a page that is asked for changes nothing",
                "a path that is none is not found",
                "every place on a page gets a block or nothing",
                "odd requests are answered, and bring nothing down",
                "odd forms are answered, and bring nothing down",
                "what comes twice does no harm",
                "what was not granted is borne: it answers, or says in words that it cannot",
                "its templates, words and pictures can be opened",
                "what it shows can be shown",
            ][..],
        ),
        (
            "plugins/seasons",
            &[
                "there is a look on every day, in every language and on every surface",
                "the look is the same for all who are shown it",
                "the look may be kept for ten seconds at least",
                "odd contexts are answered, and bring nothing down",
                "its templates, words and pictures can be opened",
                "what it shows can be shown",
            ],
        ),
    ] {
        let (good, said) = checked(&built(plugin).await);
        assert!(good, "{said}");
        assert!(!said.contains("BROKEN"), "{said}");
        assert!(!said.contains("not tried"), "{said}");
        for promise in promises {
            assert!(
                said.contains(&format!("  kept       {promise}\n")),
                "{promise}: {said}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_of_pages_or_of_a_branding_that_is_broken_is_named_with_the_reason() {
    let page = json!({ "content": { "text": "Hello" } });
    let look = json!({ "lifetime": 600 });
    for (answers, promise, why) in [
        (
            vec![("resolve", look.clone()), ("render", page.clone())],
            "a path that is none is not found",
            "is there; answer not-found",
        ),
        (
            vec![
                ("resolve", look.clone()),
                (
                    "render",
                    json!({ "content": { "endless.html": { "list": vec![0; 200] } } }),
                ),
            ],
            "what it shows can be shown",
            "endless.html",
        ),
        (
            vec![
                ("resolve", look.clone()),
                ("render", json!({ "content": { "absent.html": {} } })),
            ],
            "what it shows can be shown",
            "absent.html",
        ),
        (
            // It writes down what the address asks for, as no page may.
            vec![
                ("resolve", look.clone()),
                (
                    "render",
                    json!({ "content": { "text": "Hello" }, "notes": true }),
                ),
            ],
            "a page that is asked for changes nothing",
            "what it keeps is something else after a page was shown",
        ),
        (
            vec![
                ("resolve", look.clone()),
                ("render", json!({ "do": "trap" })),
            ],
            "odd requests are answered, and bring nothing down",
            "it trapped",
        ),
        (
            vec![
                ("resolve", look.clone()),
                ("render", page.clone()),
                ("submit", json!({ "do": "loop" })),
            ],
            "odd forms are answered, and bring nothing down",
            "it used up its processor time",
        ),
        (
            vec![("resolve", json!({ "lifetime": 1 }))],
            "the look may be kept for ten seconds at least",
            "it holds for 1 seconds only",
        ),
        (
            vec![(
                "resolve",
                json!({ "lifetime": 600, "tokens": { "light.glow": "#fff" } }),
            )],
            "what it shows can be shown",
            "there is no token `light.glow`",
        ),
        (
            vec![(
                "resolve",
                json!({ "lifetime": 600, "tokens": { "light.accent": "banana" } }),
            )],
            "what it shows can be shown",
            "the token `light.accent` cannot be `banana`",
        ),
        (
            vec![("resolve", json!({ "lifetime": 600, "logo": "absent.svg" }))],
            "what it shows can be shown",
            "there is no picture static/absent.svg",
        ),
    ] {
        let (good, said) = checked(&puppet(&answers).await);
        assert!(!good, "{answers:?}: {said}");
        let reason = broken(&said, promise);
        assert!(reason.contains(why), "{promise}: {reason}");
        assert!(said.contains("promises are broken"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_need_the_network_is_not_called_broken() {
    let look = json!({ "lifetime": 600 });
    for (answers, promise, why) in [
        (
            vec![("resolve", look.clone())],
            "every entry of the navigation leads to something",
            "/ is offered and not found",
        ),
        (
            vec![
                ("resolve", look.clone()),
                ("block", json!({ "do": "not today" })),
            ],
            "every place on a page gets a block or nothing",
            "not today",
        ),
        (
            vec![("resolve", look), ("handle", json!({ "do": "no" }))],
            "what comes twice does no harm",
            "subscription.active",
        ),
        (
            vec![("resolve", json!({ "do": "not today" }))],
            "there is a look on every day, in every language and on every surface",
            "not today",
        ),
    ] {
        let (_, said) = checked(&puppet(&answers).await);
        assert!(
            said.contains(&format!("  not tried  {promise}\n")),
            "{said}"
        );
        let reason = said.lines().find(|line| line.contains(why));
        let reason = reason.unwrap_or_else(|| panic!("{why}: {said}"));
        assert!(reason.contains("it may need the network"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_excused_by_no_wish_for_the_network() {
    let look = json!({ "lifetime": 600 });
    let trap = json!({ "do": "trap" });
    for (export, promise) in [
        (
            "resolve",
            "there is a look on every day, in every language and on every surface",
        ),
        ("render", "every entry of the navigation leads to something"),
        ("block", "every place on a page gets a block or nothing"),
        ("handle", "what comes twice does no harm"),
    ] {
        let answers = match export {
            "resolve" => vec![(export, trap.clone())],
            _ => vec![("resolve", look.clone()), (export, trap.clone())],
        };
        let (_, said) = checked(&puppet(&answers).await);
        assert!(
            said.contains(&format!("  BROKEN     {promise}\n")),
            "{said}"
        );
        assert!(!said.contains("may need the network: it trapped"), "{said}");
    }
}
