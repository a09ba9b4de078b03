//! Files of a theme that only name pieces of the host, such as `partials/ui.html`. Importing one
//! anew for each page would cost as much as five cards; a theme does it once, when it is loaded.

use std::collections::BTreeMap;

use minijinja::Value;

/// The name under which templates find the modules.
pub(super) const MODULES: &str = "modules";

const IMPORT: &str = "{% import '";

/// The modules of a theme: by the name of the file, what it calls its pieces.
pub(super) struct Modules(BTreeMap<String, BTreeMap<String, Value>>);

impl Modules {
    /// Those of `templates`, given by name and source, that name nothing but `pieces`.
    pub(super) fn of<'a>(
        templates: impl Iterator<Item = (&'a str, &'a str)>,
        pieces: &BTreeMap<&'static str, Value>,
    ) -> Self {
        let modules = templates.filter_map(|(name, source)| {
            let named = names(source)?.into_iter();
            let named: Option<BTreeMap<String, Value>> = named
                .map(|(name, piece)| Some((name.to_owned(), pieces.get(piece)?.clone())))
                .collect();
            Some((name.to_owned(), named?))
        });
        Self(modules.collect())
    }

    /// `source` with the modules themselves in the place of their imports.
    pub(super) fn placed(&self, source: &str) -> String {
        let mut placed = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(at) = rest.find(IMPORT) {
            let (before, import) = rest.split_at(at);
            placed.push_str(before);
            let parts = import[IMPORT.len()..].split_once("' as ");
            let parts = parts.and_then(|(file, rest)| Some((file, rest.split_once(" %}")?)));
            match parts {
                Some((file, (name, after))) if self.0.contains_key(file) => {
                    let set = ["{% set ", name, " = ", MODULES, "['", file, "'] %}"];
                    placed.extend(set);
                    rest = after;
                }
                _ => {
                    placed.push_str(IMPORT);
                    rest = &import[IMPORT.len()..];
                }
            }
        }
        placed.push_str(rest);
        placed
    }

    /// What stands in templates as [`MODULES`].
    pub(super) fn value(self) -> Value {
        let modules = self.0.into_iter();
        let modules = modules.map(|(file, names)| (file, Value::from(names)));
        Value::from(modules.collect::<BTreeMap<String, Value>>())
    }
}

/// The names that a template gives to pieces; none if it does anything else.
fn names(source: &str) -> Option<Vec<(&str, &str)>> {
    let mut names = Vec::new();
    let mut rest = source.trim_start();
    while !rest.is_empty() {
        if rest.starts_with("{#") {
            rest = rest.split_once("#}")?.1.trim_start();
            continue;
        }
        let (set, after) = rest.strip_prefix("{% set ")?.split_once(" %}")?;
        names.push(set.split_once(" = pieces.")?);
        rest = after.trim_start();
    }
    Some(names)
}
