//! Files of cases: `tests/*.toml` beside a `plugin.toml`. `plugins/TESTS.md` documents every key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::given::Given;
use super::script::Script;
use super::tree::{Node, Wrong};

/// A file of cases that could be read.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// Where it stands.
    pub path: PathBuf,
    pub(super) cases: Vec<Case>,
}

/// A file that could not be read as cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {what}", path.display())]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// One call of a plugin, what it finds and what is expected of it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) call: String,
    pub(super) line: usize,
    pub(super) given: Given,
    pub(super) input: Json,
    pub(super) expect: Expect,
    /// The whole case with its lines.
    pub(super) node: Node,
}

/// What is expected besides the answer, whose lines are in the case's node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) answer: Option<Json>,
    pub(super) error: Option<Json>,
    pub(super) store: BTreeMap<String, Json>,
    pub(super) html: Option<Json>,
    pub(super) left_out: Vec<Json>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileText {
    given: Given,
    case: Vec<CaseText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseText {
    name: String,
    call: String,
    #[serde(default)]
    given: Given,
    #[serde(default)]
    input: Map<String, Json>,
    #[serde(default, rename = "http")]
    _http: Vec<Json>,
    #[serde(default)]
    expect: Expect,
}

/// Reads every `*.toml` of a folder, by name. A folder that is not there has none.
pub fn read_folder(folder: &Path) -> Result<Vec<CaseFile>, Vec<Mistake>> {
    let mistake = |path: &Path, what: String| Mistake {
        path: path.to_owned(),
        line: 1,
        what,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(vec![mistake(folder, error.to_string())]),
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    paths.sort();
    let (mut files, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        match text
            .map_err(|what| mistake(&path, what))
            .and_then(|text| read(&path, &text))
        {
            Ok(file) => files.push(file),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() {
        Ok(files)
    } else {
        Err(mistakes)
    }
}

/// Reads one file's text. Nothing is run, and no plugin is needed.
pub fn read(path: &Path, text: &str) -> Result<CaseFile, Mistake> {
    let cases = cases(text).map_err(|Wrong { line, what }| Mistake {
        path: path.to_owned(),
        line,
        what,
    })?;
    Ok(CaseFile {
        path: path.to_owned(),
        cases,
    })
}

fn cases(text: &str) -> Result<Vec<Case>, Wrong> {
    let tree = Node::read(text)?;
    let file: FileText = typed(&tree)?;
    let nodes = tree.get("case").map(Node::elements).unwrap_or_default();
    if nodes.is_empty() {
        return Err(Wrong {
            line: 1,
            what: "it has no [[case]]".to_owned(),
        });
    }
    let mut cases: Vec<Case> = Vec::new();
    for (case, node) in file.case.into_iter().zip(nodes) {
        let wrong = |key: &str, what: String| {
            Err(Wrong {
                line: node.get(key).unwrap_or(node).line,
                what,
            })
        };
        if !super::CALLS.contains(&case.call.as_str()) {
            let known = super::CALLS.join(", ");
            return wrong(
                "call",
                format!("there is no call `{}`; there are: {known}", case.call),
            );
        }
        if cases.iter().any(|other| other.name == case.name) {
            return wrong("name", format!("two cases are called \"{}\"", case.name));
        }
        let expect = node.get("expect");
        if expect.is_none() {
            return wrong(
                "name",
                "the case expects nothing: add [case.expect]".to_owned(),
            );
        }
        if case.expect.answer.is_some() && case.expect.error.is_some() {
            return wrong(
                "expect",
                "a call answers or fails: expect one of them".to_owned(),
            );
        }
        Script::of(node)?;
        cases.push(Case {
            line: node.line,
            given: file.given.clone().and(case.given),
            input: Json::Object(case.input),
            expect: case.expect,
            name: case.name,
            call: case.call,
            node: node.clone(),
        });
    }
    Ok(cases)
}

/// A node as what it must be; the error names the line of what it is not.
pub(super) fn typed<T: for<'de> Deserialize<'de>>(node: &Node) -> Result<T, Wrong> {
    let json = node.json();
    serde_path_to_error::deserialize(&json).map_err(|error| Wrong {
        line: node.line_of(error.path()),
        what: error.inner().to_string(),
    })
}

/// When cases happen that do not say when: no case depends on the day it is run.
pub(super) fn usual_time() -> Timestamp {
    Timestamp::from_second(1_768_478_400).expect("it is in the calendar")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let mistake = read(Path::new("tests/a.toml"), text).expect_err("it is wrong");
        mistake.to_string()
    }

    #[test]
    fn a_case_that_cannot_be_is_refused_with_its_line() {
        for (text, says) in [
            ("a = ", "a.toml:1: "),
            ("\n[given]\nseting.a = 1\n[[case]]", "a.toml:"),
            ("[given]\n", "a.toml:1: it has no [[case]]"),
            (
                "[[case]]\nname = 'a'\ncall = 'x.y'\n",
                "a.toml:3: there is no call `x.y`; there are: ",
            ),
            (
                "[[case]]\nname = 'a'\ncall = 'pages.render'\n",
                "a.toml:2: the case expects nothing",
            ),
            ("[[case]]\nname = 'a'\n", "missing field `call`"),
            (
                "[[case]]\nname='a'\ncall='pages.render'\n[case.expect]\nanser='x'\n",
                "unknown field `anser`",
            ),
            (
                "[[case]]\nname='a'\ncall='pages.render'\n[[case.http]]\nmethod='GET'\npath='/'\nfails='slowly'\n[case.expect]\n",
                "a.toml:7: unknown variant `slowly`",
            ),
        ] {
            let said = refused(text);
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
