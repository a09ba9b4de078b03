//! A host that starts with many plugins, some of which are not what their names say.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use serde_json::Value;

use super::guest::{self, MANIFEST, OnCharge};
use crate::commands::{Host, Running};

/// How many of them are good.
const GOOD: usize = 50;

fn named(id: &str) -> Vec<u8> {
    let manifest = MANIFEST.replace("id = \"guest\"", &format!("id = \"{id}\""));
    guest::plugin(&manifest, &OnCharge::Succeeds)
}

/// How the file stands, and why it is not in use as it is.
fn standing<'a>(plugins: &'a [Value], file: &str) -> (&'a str, &'a str) {
    let found = plugins.iter().find(|plugin| plugin["file"] == file);
    let found = found.unwrap_or_else(|| panic!("{file} is not listed"));
    let error = found["error"].as_str().unwrap_or_default();
    (found["state"].as_str().unwrap(), error)
}

#[test]
fn a_host_starts_among_broken_and_strange_files_says_what_and_serves() {
    let host = Host::new();
    let folder = host.dir.path().join("plugins");
    let file = |name: &str| folder.join(name);
    for number in 0..GOOD {
        let id = format!("guest-{number}");
        std::fs::write(file(&format!("{id}.wasm")), named(&id)).unwrap();
    }
    let whole = named("partial");
    std::fs::write(file("broken-1.wasm"), b"not wasm at all").unwrap();
    std::fs::write(file("broken-2.wasm"), b"").unwrap();
    std::fs::write(
        file("broken-3.wasm"),
        wat::parse_str("(component)").unwrap(),
    )
    .unwrap();
    std::fs::write(file("partial.wasm"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(file("hidden.wasm"), named("hidden")).unwrap();
    let closed = std::fs::Permissions::from_mode(0o0);
    std::fs::set_permissions(file("hidden.wasm"), closed).unwrap();
    std::fs::create_dir(file("folder.wasm")).unwrap();
    symlink("loop.wasm", file("loop.wasm")).unwrap();
    symlink("nowhere.wasm", file("dangling.wasm")).unwrap();
    symlink("/dev/zero", file("zero.wasm")).unwrap();
    let pipe = Command::new("mkfifo").arg(file("pipe.wasm")).status();
    assert!(pipe.unwrap().success());
    let elsewhere = host.dir.path().join("elsewhere.wasm");
    std::fs::write(&elsewhere, named("elsewhere")).unwrap();
    symlink(&elsewhere, file("link.wasm")).unwrap();
    std::fs::write(file("readme.txt"), b"not a plugin").unwrap();

    let (child, address) = host.serve();
    let _child = Running(child);
    let ready = crate::commands::get(&address, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    // Nobody has configured them, and so the start waits for none to be compiled.
    let listed = host.until(|listed| {
        let plugins = listed[0]["plugins"].as_array();
        plugins.is_some_and(|plugins| {
            let why = |plugin: &Value| plugin["error"].as_str().unwrap_or_default().to_owned();
            plugins.len() == GOOD + 11 && plugins.iter().all(|one| !why(one).contains("compiled"))
        })
    });
    let plugins = listed[0]["plugins"].as_array().unwrap();
    for number in 0..GOOD {
        let file = format!("guest-{number}.wasm");
        assert_eq!(standing(plugins, &file), ("in-use", ""));
    }
    for (file, why) in [
        ("broken-1.wasm", "not a valid WebAssembly file"),
        ("broken-2.wasm", "not a valid WebAssembly file"),
        ("broken-3.wasm", "holds no manifest"),
        ("partial.wasm", "not a valid WebAssembly file"),
        ("folder.wasm", "it is not a file"),
        ("pipe.wasm", "it is not a file"),
        ("zero.wasm", "it is not a file"),
        ("loop.wasm", "cannot be read"),
        ("dangling.wasm", "cannot be read"),
    ] {
        let (state, error) = standing(plugins, file);
        assert_eq!(state, "refused", "{file}");
        assert!(error.contains(why), "{file}: {error}");
    }
    // Whoever may read everything reads this one too.
    let (state, error) = standing(plugins, "hidden.wasm");
    assert!(
        state == "in-use" || error.contains("cannot be read"),
        "{state} {error}"
    );
    // A link is the operator's own choice: what it leads to is the plugin.
    assert_eq!(standing(plugins, "link.wasm"), ("in-use", ""));
    assert_eq!(plugins.len(), GOOD + 11);

    // What was being written is taken once it is whole.
    std::fs::write(file("partial.wasm"), &whole).unwrap();
    host.until(|listed| {
        let plugins = listed[0]["plugins"].as_array().unwrap();
        standing(plugins, "partial.wasm").0 == "in-use"
    });
    let (_, told) = host.says(&["plugin", "list"]);
    assert!(told.contains("folder.wasm  refused"), "{told}");
}
