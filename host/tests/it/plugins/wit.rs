//! The published interfaces never change in a way that breaks a plugin built against them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wit_parser::{PackageId, Resolve};

const WIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");

/// In the order in which they use each other.
const PACKAGES: [&str; 3] = ["types", "host", "gateway"];

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

fn push(resolve: &mut Resolve, folder: &Path) -> PackageId {
    resolve.push_path(folder).unwrap().0
}

fn version(resolve: &Resolve, package: PackageId) -> String {
    let version = resolve.packages[package].name.version.as_ref();
    version.unwrap().to_string()
}

/// The released versions of a package, oldest first.
fn released(package: &str) -> Vec<PathBuf> {
    let folder = Path::new(WIT).join("released").join(package);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{package} was never released");
    folders
}

#[test]
fn the_working_text_holds_what_was_released() {
    let mut working = Resolve::default();
    for package in PACKAGES {
        let folder = Path::new(WIT).join(package).join("v1");
        let id = push(&mut working, &folder);
        let current = version(&working, id);
        for old in released(package) {
            if old.ends_with(&current) {
                // Nothing may differ under the same version, not even a comment's promise.
                assert_eq!(texts(&folder), texts(&old), "{package} {current}");
            } else {
                compare(package, &old);
            }
        }
    }
}

/// Every world of the released text must still be offered by the working one.
fn compare(package: &str, old: &Path) {
    let mut resolve = Resolve::default();
    let own = PACKAGES.iter().position(|name| *name == package).unwrap();
    let mut worlds = BTreeMap::new();
    for used in &PACKAGES[..=own] {
        let id = push(&mut resolve, &Path::new(WIT).join(used).join("v1"));
        worlds = resolve.packages[id].worlds.clone().into_iter().collect();
        let current = version(&resolve, id);
        // What the released text itself uses.
        for earlier in released(used) {
            if *used != package && !earlier.ends_with(&current) {
                push(&mut resolve, &earlier);
            }
        }
    }
    let id = push(&mut resolve, old);
    for (name, previous) in resolve.packages[id].worlds.clone() {
        let new = worlds.get(&name).copied();
        let new = new.unwrap_or_else(|| panic!("the world {name} is gone"));
        wit_component::semver_check(resolve.clone(), previous, new)
            .unwrap_or_else(|error| panic!("{package}, world {name}: {error:#}"));
    }
}
