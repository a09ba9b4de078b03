//! The promises about money and the list of hostile guests, each with the tests that show it: the
//! tables in ARCHITECTURE.md name tests that are there.

use std::path::{Path, PathBuf};

/// How many promises there are.
const PROMISES: usize = 11;

fn host() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of every test there is.
fn tests(dir: &Path, text: &mut String) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "node_modules" {
            tests(&path, text);
        } else if path
            .extension()
            .is_some_and(|kind| kind == "rs" || kind == "mjs")
        {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The guests that mean harm, each of which a row is about.
const GUESTS: [&str; 20] = [
    "endless loop",
    "endless recursion",
    "memory hog",
    "table hog",
    "gigabyte answer",
    "deeply nested answer",
    "log flood",
    "sleeping in a host call",
    "fork of requests",
    "invalid UTF-8",
    "HTML in every text",
    "template injection",
    "a template that doubles a string",
    "path traversal in every path",
    "a redirect to a metadata address",
    "DNS that changes its answer",
    "a gateway that lies: success without a charge",
    "a gateway that lies: a different amount",
    "a gateway that lies: another's id",
    "a trap in each export",
];

fn sources() -> String {
    let mut sources = String::new();
    for dir in ["src", "tests", "sandbox/tests", "torture"] {
        tests(&host().join(dir), &mut sources);
    }
    sources
}

/// Whether a function of this name is run as a test: an attribute above it says so.
fn is_a_test(sources: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    sources.match_indices(&function).any(|(at, _)| {
        let line = sources[..at].rfind('\n').map_or(0, |end| end + 1);
        let above = sources[..line].lines().rev().map(str::trim);
        above
            .take_while(|line| !line.is_empty() && *line != "}")
            .any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn only_what_is_run_as_a_test_shows_something() {
    let one = |above: &str| format!("#[test]\nfn other() {{\n}}\n{above}async fn one() {{\n}}\n");
    for above in [
        "#[test]\n",
        "\n    #[tokio::test(flavor = \"multi_thread\")]\n    ",
        "#[tokio::test]\n// Why.\n",
    ] {
        assert!(is_a_test(&one(above), "one"), "{above}");
    }
    for above in ["", "\n", "/// Says `#[test]`.\n", "#[cfg(test)]\n"] {
        assert!(!is_a_test(&one(above), "one"), "{above}");
    }
    assert!(!is_a_test(&one("#[test]\n"), "on"));
}

/// The names in backquotes.
fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_hostile_guest_names_tests_that_are_there() {
    let (sources, page) = (
        sources(),
        std::fs::read_to_string(host().join("ARCHITECTURE.md")).unwrap(),
    );
    for guest in GUESTS {
        let row = page.lines().find(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            cells.next() == Some(guest)
        });
        let row = row.unwrap_or_else(|| panic!("no row is about {guest}"));
        let names = named(row.split('|').nth(3).unwrap());
        assert!(!names.is_empty(), "{guest} names no test");
        for name in names {
            let there = is_a_test(&sources, name);
            assert!(there, "{guest}: there is no test {name}");
        }
    }
}

#[test]
fn every_promise_about_money_names_tests_that_are_there() {
    let sources = sources();
    let page = std::fs::read_to_string(host().join("ARCHITECTURE.md")).unwrap();
    let mut promises = 0;
    for line in page.lines() {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(number), Some(_), Some(names)) = (cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        if number.parse::<usize>() != Ok(promises + 1) {
            continue;
        }
        promises += 1;
        let named = named(names);
        assert!(!named.is_empty(), "promise {number} names no test");
        for name in named {
            let node = format!("it(\"{name}\"");
            assert!(
                is_a_test(&sources, name) || sources.contains(&node),
                "promise {number}: there is no test {name}"
            );
        }
    }
    assert_eq!(promises, PROMISES);
}
