//! `config/reference.toml` documents every key with its default: held true in both directions.

use std::collections::BTreeSet;
use std::path::PathBuf;

use toml_edit::{DocumentMut, Item, Table};
use vestibule::config::{Environment, Sources};

use super::{BUSINESS, Folder};

fn reference() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/reference.toml");
    std::fs::read_to_string(path).unwrap()
}

/// The reference with its commented-out keys and tables uncommented.
fn with_examples() -> DocumentMut {
    let uncommented: Vec<String> = reference()
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(code) if is_toml(code) => code.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    uncommented.join("\n").parse().unwrap()
}

fn is_toml(text: &str) -> bool {
    let is_table = text.starts_with('[') && text.ends_with(']');
    let is_key = text.split_once(" = ").is_some_and(|(key, _)| {
        key.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte == b'_' || byte == b'.' || byte.is_ascii_digit()
        })
    });
    is_table || is_key
}

/// The two parts of the page: what stands in `vestibule.toml`, what in a business's file.
fn parts(mut page: DocumentMut) -> (DocumentMut, DocumentMut) {
    let business = page.remove("business").unwrap();
    (page, business.into_table().unwrap().into())
}

#[test]
fn the_reference_states_the_defaults() {
    let (host, business) = parts(reference().parse().unwrap());
    let folder = Folder::new();
    let defaults = format!("{:?}", folder.load().unwrap());

    folder.write("config/vestibule.toml", &host.to_string());
    let mut file: DocumentMut = BUSINESS.parse().unwrap();
    merge(file.as_table_mut(), business.as_table());
    folder.write("config/businesses/lumen.toml", &file.to_string());
    assert_eq!(format!("{:?}", folder.load().unwrap()), defaults);
}

#[test]
fn every_key_of_the_reference_exists_and_every_key_is_in_the_reference() {
    let (host, business) = parts(with_examples());
    check("config/vestibule.toml", &host);
    check("config/businesses/lumen.toml", &business);
}

/// Puts an unknown key into each table in turn. The answer lists the keys that are known there,
/// and it is the only complaint if all others are known.
fn check(file: &str, page: &DocumentMut) {
    for path in tables(page.as_table(), &[]) {
        let name = path.join(".");
        // The names of gateways, pages, signers and secrets are the operator's own.
        if matches!(
            name.as_str(),
            "live.gateways" | "live.pages" | "plugins.signers"
        ) || name.ends_with(".secrets")
        {
            continue;
        }
        let mut page = page.clone();
        let table = descend(page.as_table_mut(), &path);
        let documented: BTreeSet<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        table.insert("zzz", toml_edit::value(true));
        let folder = Folder::new();
        folder.write(file, &page.to_string());
        let report = folder.report();
        let known = report.split("Possible here: ").nth(1);
        let mut known: BTreeSet<String> = known
            .unwrap_or_else(|| panic!("[{name}]: {report}"))
            .trim_end_matches('.')
            .split(", ")
            .map(String::from)
            .collect();
        // One struct reads both modes; what they share is documented under live. Another reads the
        // grants of all kinds; what one kind alone can use is documented there.
        match name.as_str() {
            "live.gateways.main.grants" => {
                known.retain(|key| ["http", "browser", "reveal"].contains(&key.as_str()));
            }
            "live.branding.grants" => known.retain(|key| key == "http" || key == "reveal"),
            "live.pages.offers.grants" => drop(known.remove("browser")),
            "live" => drop(known.remove("mail_to")),
            "test" => known.retain(|key| key == "mail_to"),
            _ => {}
        }
        assert_eq!(
            documented, known,
            "the keys of [{name}] in config/reference.toml"
        );
    }
}

fn tables(table: &Table, path: &[String]) -> Vec<Vec<String>> {
    let mut paths = vec![path.to_vec()];
    for (key, item) in table {
        let mut path = path.to_vec();
        path.push(key.to_owned());
        match item {
            Item::Table(inner) => paths.extend(tables(inner, &path)),
            Item::ArrayOfTables(array) => {
                path.push("0".into());
                paths.extend(tables(array.get(0).unwrap(), &path));
            }
            _ => {}
        }
    }
    paths
}

fn descend<'a>(table: &'a mut Table, path: &[String]) -> &'a mut Table {
    let mut item = table;
    let mut names = path.iter();
    while let Some(name) = names.next() {
        item = match item.get_mut(name).unwrap() {
            Item::Table(inner) => inner,
            Item::ArrayOfTables(array) => array
                .get_mut(names.next().unwrap().parse().unwrap())
                .unwrap(),
            other => panic!("{name} is no table: {other}"),
        };
    }
    item
}

fn merge(into: &mut Table, from: &Table) {
    for (key, item) in from {
        match (into.get_mut(key), item) {
            (Some(Item::Table(into)), Item::Table(from)) => merge(into, from),
            _ => drop(into.insert(key, item.clone())),
        }
    }
}

#[test]
fn the_file_to_start_from_is_good() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = Sources {
        dir: root.join("config"),
        root,
        environment: Environment::new(),
    };
    sources.load().unwrap();
}
