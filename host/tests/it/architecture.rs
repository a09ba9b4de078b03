//! Rules that prose could not keep: who may use whom, how long a file may be, what every file
//! says of itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each folder of `host/src` and what of ours it may use. `app` and `cli` wire everything.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("plain", &[]),
    ("config", &["domain", "plugins::config", "plugins::grants"]),
    ("store", &["domain"]),
    ("plugins", &["domain", "plain"]),
    ("themes", &["domain"]),
    ("invoices", &["domain", "themes"]),
    ("mail", &["domain", "themes"]),
    ("branding", &["config", "cx", "domain", "plugins", "themes"]),
    ("cx", &["config", "domain", "plugins", "store"]),
    ("flows", &["config", "cx", "domain", "plugins", "store"]),
    (
        "jobs",
        &[
            "branding",
            "config",
            "cx",
            "domain",
            "flows",
            "invoices",
            "mail",
            "plugins::addresses",
            "store",
            "themes",
            "wire",
        ],
    ),
    ("wire", &["config", "cx", "domain", "flows", "store"]),
    (
        "web",
        &[
            "branding",
            "config",
            "cx",
            "domain",
            "flows",
            "invoices",
            "mail::mailbox",
            "plugins",
            "store",
            "themes",
            "wire",
        ],
    ),
];

const LONGEST: usize = 400;

struct Source {
    path: PathBuf,
    text: String,
}

fn host() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(dir: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources.extend(self::sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push(Source { path, text });
        }
    }
    sources
}

fn everything() -> Vec<Source> {
    [
        "src",
        "benches",
        "tests",
        "postgres/src",
        "torture/src",
        "torture/tests",
        "sandbox/src",
        "sandbox/tests",
        "xtask/src",
    ]
    .iter()
    .map(|dir| host().join(dir))
    .filter(|dir| dir.is_dir())
    .flat_map(|dir| sources(&dir))
    .collect()
}

/// The code of a file without its comments and its unit tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The paths that a line names below `crate::`, as far as they are folders or modules.
fn uses(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest
            .find(|letter: char| !(letter.is_ascii_lowercase() || letter == '_' || letter == ':'))
            .unwrap_or(rest.len());
        rest[..end].trim_end_matches(':')
    })
}

#[test]
fn folders_use_only_what_they_may() {
    let mut wrong = Vec::new();
    for (folder, allowed) in MAY_USE {
        let dir = host().join("src").join(folder);
        let files = if dir.is_dir() {
            sources(&dir)
        } else {
            let path = dir.with_extension("rs");
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            vec![Source { path, text }]
        };
        for file in files {
            for used in code(&file.text).flat_map(uses) {
                let may = used.starts_with(folder)
                    || allowed
                        .iter()
                        .any(|name| used == *name || used.starts_with(&format!("{name}::")));
                if !may {
                    wrong.push(format!("{}: crate::{used}", file.path.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not allowed by MAY_USE:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_folder_has_its_rule() {
    let known: BTreeSet<&str> = MAY_USE.iter().map(|(folder, _)| *folder).collect();
    let free = ["app", "cli", "demo", "lib", "main", "telemetry"];
    for entry in std::fs::read_dir(host().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            known.contains(name.as_str()) || free.contains(&name.as_str()),
            "{name}"
        );
    }
}

/// `every_query_prepares_on_both_databases` prepares what is listed; this keeps everything that
/// is run on the list.
#[test]
fn a_statement_is_run_only_if_it_is_listed() {
    let home = ["macros.rs", "dialect.rs", "mod.rs", "statements.rs"];
    for file in sources(&host().join("src/store")) {
        if home.iter().any(|name| file.path.ends_with(name)) {
            continue;
        }
        for line in code(&file.text) {
            let makes = line.contains("sqlx::query") || line.contains("raw_sql");
            let lists = line.contains("Statement {");
            assert!(!makes && !lists, "{}: {line}", file.path.display());
        }
    }
}

#[test]
fn what_is_absent_stays_absent() {
    // Words that a folder must not contain, so that the reason for each stays in one place.
    const ABSENT: [(&str, &[&str]); 9] = [
        (
            "domain",
            &["async ", ".await", "tracing::", "sqlx", "axum", "std::fs"],
        ),
        ("store", &["axum", "minijinja", "wasmtime", "reqwest"]),
        (
            "flows",
            &["axum", "minijinja", "sqlx", "wasmtime", "reqwest"],
        ),
        ("jobs", &["axum", "sqlx", "wasmtime"]),
        ("themes", &["axum", "sqlx", "wasmtime"]),
        ("mail", &["axum", "sqlx", "wasmtime"]),
        ("invoices", &["axum", "sqlx", "wasmtime"]),
        ("web", &["sqlx", "wasmtime", ".begin()"]),
        ("plugins", &["axum", "sqlx", "minijinja"]),
    ];

    let mut wrong = Vec::new();
    for (folder, words) in ABSENT {
        let dir = host().join("src").join(folder);
        for file in if dir.is_dir() {
            sources(&dir)
        } else {
            Vec::new()
        } {
            for line in code(&file.text) {
                for word in words.iter().filter(|word| line.contains(**word)) {
                    wrong.push(format!("{}: {word}: {}", file.path.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "must not be there:\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_own() {
    let mut wrong = Vec::new();
    for file in everything() {
        let lines = file
            .text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        if lines > LONGEST {
            wrong.push(format!(
                "{}: {lines} lines, {LONGEST} at most",
                file.path.display()
            ));
        }
        if !file.text.starts_with("//!") {
            wrong.push(format!("{}: does not open with //!", file.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_context_reads_the_clock_and_draws_random_numbers() {
    let mut wrong = Vec::new();
    for file in sources(&host().join("src")) {
        if file.path.ends_with("src/cx.rs") {
            continue;
        }
        for line in code(&file.text) {
            for word in [
                "Timestamp::now",
                "Zoned::now",
                "SystemTime::now",
                "rand::rng()",
                "rand::random",
            ] {
                if line.contains(word) {
                    wrong.push(format!("{}: {}", file.path.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "only in cx.rs:\n{}", wrong.join("\n"));
}

#[test]
fn migrations_have_the_same_names_on_both_databases() {
    let names = |database: &str| -> BTreeSet<String> {
        std::fs::read_dir(host().join("migrations").join(database))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
