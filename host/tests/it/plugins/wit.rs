//! The published interfaces never change in a way that breaks a plugin built against them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wit_parser::{PackageId, Resolve};

const WIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");

/// In the order in which they use each other.
pub(super) const PACKAGES: [&str; 5] = ["types", "host", "gateway", "branding", "pages"];

#[test]
fn the_working_text_holds_what_was_released() {
    assert_eq!(problems(Path::new(WIT)), Vec::<String>::new());
}

#[test]
fn what_would_break_a_released_plugin_is_found() {
    let next_minor = |file: &str, from: &str, to: &str| {
        let root = next_minor(&[(file, from, to)]);
        problems(root.path()).len()
    };
    let (host, types) = ("host/v1/host.wit", "gateway/v1/types.wit");
    assert_eq!(next_minor(host, "", ""), 0);
    // Guests may be offered more functions than they know.
    let offered = "now: func() -> timestamp;\n today: func() -> string;";
    assert_eq!(next_minor(host, "now: func() -> timestamp;", offered), 0);
    // Everything else breaks those that were built before.
    assert_ne!(next_minor(host, "now: func() -> timestamp;", ""), 0);
    assert_ne!(next_minor(types, "cancelled,", "cancelled, paused,"), 0);
    assert_ne!(
        next_minor(types, "save: bool,", "save: bool, again: bool,"),
        0
    );
    let exported = "describe: func() -> descriptor;\n more: func();";
    let required = "gateway/v1/required.wit";
    assert_ne!(
        next_minor(required, "describe: func() -> descriptor;", exported),
        0
    );
}

/// The texts as a next minor version would have them: today's, with these changes, each a file, a
/// text in it and another in its place.
pub(super) fn next_minor(changes: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let root = tempfile::TempDir::new().unwrap();
    copy(Path::new(WIT), root.path());
    for package in PACKAGES {
        for (name, text) in texts(&root.path().join(package).join("v1")) {
            let path = root.path().join(package).join("v1").join(&name);
            let mut text = text.replace("@1.0.0", "@1.1.0");
            for (_, from, to) in changes.iter().filter(|(file, ..)| path.ends_with(file)) {
                assert!(text.contains(from), "{from}");
                text = text.replacen(from, to, 1);
            }
            std::fs::write(path, text).unwrap();
        }
    }
    root
}

/// What in the working text of `root` would break a plugin built against a released one.
pub(super) fn problems(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let mut working = Resolve::default();
    for package in PACKAGES {
        let folder = root.join(package).join("v1");
        let id = push(&mut working, &folder);
        let current = version(&working, id);
        for old in released(root, package) {
            if !old.ends_with(&current) {
                problems.extend(compare(root, package, &old));
            } else if texts(&folder) != texts(&old) {
                // Nothing may differ under the same version, not even a comment's promise.
                problems.push(format!("{package} {current} is not what was released"));
            }
        }
    }
    problems
}

/// Every world of the released text `old` must still be offered by the working one.
fn compare(root: &Path, package: &str, old: &Path) -> Vec<String> {
    let mut resolve = Resolve::default();
    let own = PACKAGES.iter().position(|name| *name == package).unwrap();
    let mut worlds = BTreeMap::new();
    for used in &PACKAGES[..=own] {
        let id = push(&mut resolve, &root.join(used).join("v1"));
        worlds = resolve.packages[id].worlds.clone().into_iter().collect();
        let current = version(&resolve, id);
        // What the released text itself uses.
        for earlier in released(root, used) {
            if *used != package && !earlier.ends_with(&current) {
                push(&mut resolve, &earlier);
            }
        }
    }
    let id = push(&mut resolve, old);
    let previous = resolve.packages[id].worlds.clone().into_iter();
    let problem = |(name, previous): (String, _)| match worlds.get(&name) {
        None => Some(format!("{package}: the world {name} is gone")),
        Some(new) => wit_component::semver_check(resolve.clone(), previous, *new)
            .err()
            .map(|error| format!("{package}, world {name}: {error:#}")),
    };
    previous.filter_map(problem).collect()
}

pub(super) fn push(resolve: &mut Resolve, folder: &Path) -> PackageId {
    resolve.push_path(folder).unwrap().0
}

fn version(resolve: &Resolve, package: PackageId) -> String {
    let version = resolve.packages[package].name.version.as_ref();
    version.unwrap().to_string()
}

/// The released versions of a package.
fn released(root: &Path, package: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join("released").join(package)).unwrap();
    let folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(!folders.is_empty(), "{package} was never released");
    folders
}

fn texts(folder: &Path) -> BTreeMap<PathBuf, String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_name().unwrap().into(), text)
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
