//! The routes as the sources of `web` name them, so that the table cannot forget one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::table::{On, ROUTES, Takes};

type Routes = BTreeSet<(On, String, String)>;

/// The folders and files of `web` and the surface that their routes stand on.
const PLACES: [(&str, On); 8] = [
    ("portal", On::Portal),
    ("access", On::Portal),
    ("console", On::Console),
    ("api", On::Api),
    ("pay", On::Host),
    ("hooks.rs", On::Host),
    ("mailbox.rs", On::Host),
    ("mod.rs", On::Host),
];

const VERBS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

#[test]
fn the_table_has_every_route_and_no_other() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut found = Routes::new();
    for file in files(&web) {
        // `theme dev`: a program of its own, without a portal behind it.
        if file.ends_with("gallery.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let place = file.strip_prefix(&web).unwrap().to_str().unwrap();
        let place = PLACES.iter().find(|(start, _)| place.starts_with(start));
        let routes = text.matches(".route(").count();
        assert!(
            routes == 0 || place.is_some(),
            "{} has routes on no surface",
            file.display()
        );
        if let Some((_, on)) = place {
            read(&text, *on, &mut found);
        }
    }
    let known: Routes = ROUTES
        .iter()
        .map(|route| (route.on, route.verb.to_owned(), route.path.to_owned()))
        .collect();
    let missing: Vec<_> = found.difference(&known).collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "only in the table: {gone:#?}");
    assert_eq!(known.len(), ROUTES.len(), "a route is in the table twice");
    for route in ROUTES {
        if let Takes::Alike(_, why) | Takes::Nothing(why) = route.takes {
            assert!(!why.is_empty(), "{route:?} says no reason");
        }
    }
}

/// Adds the routes of one file. A function that is nested stands under its prefix.
fn read(text: &str, on: On, found: &mut Routes) {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut prefixes: BTreeMap<String, String> = BTreeMap::new();
    for call in calls(&code, ".nest(") {
        let (prefix, nested) = (literal(call), call.rsplit(", ").next().unwrap());
        let name = nested.trim().trim_end_matches("()");
        prefixes.insert(name.to_owned(), prefix);
    }
    for function in code.split("\nfn ").flat_map(|part| part.split(" fn ")) {
        let name = function.split('(').next().unwrap_or_default();
        let prefix = prefixes.get(name).map_or("", String::as_str);
        for call in calls(function, ".route(") {
            let path = literal(call);
            let path = match (prefix, path.as_str()) {
                ("", path) => path.to_owned(),
                (prefix, "/") => prefix.to_owned(),
                (prefix, path) => format!("{prefix}{path}"),
            };
            let verbs: Vec<_> = VERBS
                .iter()
                .filter(|verb| {
                    let first = call.contains(&format!(" {verb}("));
                    first || call.contains(&format!(".{verb}("))
                })
                .collect();
            assert!(!verbs.is_empty(), "a verb that is not known: {call}");
            for verb in verbs {
                found.insert((on, verb.to_ascii_uppercase(), path.clone()));
            }
        }
    }
}

/// What stands in the parentheses of every call of `name`.
fn calls<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let starts = text.match_indices(name).map(|(at, _)| at + name.len());
    starts
        .map(|start| {
            let mut depth = 1;
            let end = text[start..].find(|letter| {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                depth == 0
            });
            &text[start..start + end.unwrap()]
        })
        .collect()
}

fn literal(call: &str) -> String {
    call.split('"').nth(1).unwrap().to_owned()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
