//! The promises about money, each with the tests that show it: the table in ARCHITECTURE.md
//! names tests that are there.

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

#[test]
fn every_promise_about_money_names_tests_that_are_there() {
    let mut sources = String::new();
    for dir in ["src", "tests", "sandbox/tests", "torture"] {
        tests(&host().join(dir), &mut sources);
    }
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
        let named: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "promise {number} names no test");
        for name in named {
            let rust = format!("fn {name}(");
            let node = format!("it(\"{name}\"");
            assert!(
                sources.contains(&rust) || sources.contains(&node),
                "promise {number}: there is no test {name}"
            );
        }
    }
    assert_eq!(promises, PROMISES);
}
