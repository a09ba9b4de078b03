//! What a call is made with: a plain request, and over it what the case says.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::Problem;
use super::file::Case;

/// The plain `usual` with what the case says over it, key by key.
pub(super) fn over<T: Serialize + DeserializeOwned>(case: &Case, usual: &T) -> Result<T, Problem> {
    let usual = serde_json::to_value(usual).map_err(|error| wrong(case, &error.to_string()))?;
    let json = merged(usual, &case.input, "").map_err(|what| wrong(case, &what))?;
    read(case, json)
}

/// What the case says, as a whole.
pub(super) fn whole<T: DeserializeOwned>(case: &Case) -> Result<T, Problem> {
    read(case, case.input.clone())
}

fn read<T: DeserializeOwned>(case: &Case, json: Json) -> Result<T, Problem> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let line = match case.node.get("input") {
            Some(input) => input.line_of(error.path()),
            None => case.line,
        };
        let what = format!("input.{}: {}", error.path(), error.inner());
        Problem::new(line, "input", "an input of this call".to_owned(), what)
    })
}

pub(super) fn wrong(case: &Case, what: &str) -> Problem {
    let line = case.node.get("input").map_or(case.line, |input| input.line);
    let expected = format!("an input of {}", case.call);
    Problem::new(line, "input", expected, what.to_owned())
}

/// A table of the case goes into the usual one; what is no table there takes its place. The choice
/// of a method is one of several shapes, and is taken whole.
fn merged(usual: Json, given: &Json, at: &str) -> Result<Json, String> {
    let (Json::Object(mut usual), Json::Object(given)) = (usual, given) else {
        return Ok(given.clone());
    };
    for (key, value) in given {
        let Some(own) = usual.get_mut(key) else {
            let known: Vec<_> = usual.keys().map(String::as_str).collect();
            return Err(format!(
                "there is no `{at}{key}`; there are: {}",
                known.join(", ")
            ));
        };
        *own = match key.as_str() {
            "method" => value.clone(),
            _ => merged(own.take(), value, &format!("{at}{key}."))?,
        };
    }
    Ok(Json::Object(usual))
}
