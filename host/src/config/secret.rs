//! How a secret is named in a file: never by its value, always by a file or a variable that
//! holds it.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::problem::Problem;
use super::source::{Environment, Source};

/// Names the place of one secret. Exactly one of the two keys is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table with secret_env or secret_file"
)]
pub(super) struct SecretPlace {
    /// The name of an environment variable.
    pub secret_env: Option<String>,
    /// A file that holds the secret and nothing else; relative to the working directory.
    pub secret_file: Option<PathBuf>,
}

/// What reading secrets needs besides their names.
#[derive(Clone, Copy)]
pub(super) struct Vault<'a> {
    pub root: &'a Path,
    pub environment: &'a Environment,
}

impl Vault<'_> {
    /// The secret at `place`, or `None` where no place is named. `key` is the table that holds
    /// `secret_env` or `secret_file`.
    pub(super) fn open(
        &self,
        place: &SecretPlace,
        source: &Source,
        key: &str,
    ) -> Result<Option<SecretString>, Problem> {
        match (&place.secret_env, &place.secret_file) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(source.problem(
                format!("{key}.secret_file"),
                "is given beside secret_env",
                "Keep one of the two.",
            )),
            (Some(name), None) => match self.environment.get(name) {
                Some(value) if !value.is_empty() => Ok(Some(SecretString::from(value.as_str()))),
                _ => Err(source.problem(
                    format!("{key}.secret_env"),
                    format!("names the variable {name}, which is not set"),
                    format!("Set {name} in the environment of the host, or use secret_file."),
                )),
            },
            (None, Some(path)) => {
                let path = self.root.join(path);
                let key = format!("{key}.secret_file");
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    source.problem(&key, format!("cannot read {}: {error}", path.display()), "")
                })?;
                match text.trim() {
                    "" => Err(source.problem(
                        &key,
                        format!("{} is empty", path.display()),
                        "Put the secret into it, on one line.",
                    )),
                    secret => Ok(Some(SecretString::from(secret))),
                }
            }
        }
    }

    /// As `open`, where the secret must be there.
    pub(super) fn demand(
        &self,
        place: &SecretPlace,
        source: &Source,
        key: &str,
    ) -> Result<SecretString, Problem> {
        self.open(place, source, key)?.ok_or_else(|| {
            source.problem(
                key,
                "names no secret",
                "Add secret_env = \"NAME_OF_A_VARIABLE\" or secret_file = \"path\".",
            )
        })
    }
}
