//! `[database]`: which database holds everything.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::problem::Problem;
use super::secret::{SecretPlace, Vault};
use super::source::Source;

/// The database, ready to be opened.
#[derive(Debug, Clone)]
pub struct Database {
    /// Which one, and where.
    pub location: Location,
    /// The most connections to Postgres, or readers of SQLite, that one process opens. More than
    /// two readers for each processor are never opened.
    pub connections: u32,
}

/// Which database, and where it is.
#[derive(Debug, Clone)]
pub enum Location {
    /// The embedded default: one file, one `serve` process.
    Sqlite(PathBuf),
    /// For more than one host process. The URL may hold a password, so it is a secret as a whole.
    Postgres(SecretString),
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DatabaseFile {
    url: String,
    connections: u32,
    secret_env: Option<String>,
    secret_file: Option<PathBuf>,
}

impl Default for DatabaseFile {
    fn default() -> Self {
        Self {
            url: "sqlite:data/vestibule.db".into(),
            connections: 8,
            secret_env: None,
            secret_file: None,
        }
    }
}

impl DatabaseFile {
    pub(super) fn settle(self, source: &Source, vault: Vault<'_>) -> Result<Database, Problem> {
        if self.connections == 0 {
            return Err(source.problem("database.connections", "is 0", "Write at least 1."));
        }
        let place = SecretPlace {
            secret_env: self.secret_env,
            secret_file: self.secret_file,
        };
        let password = vault.open(&place, source, "database")?;
        let location = location(&self.url, password.as_ref(), vault.root)
            .map_err(|(what, mend)| source.problem("database.url", what, mend))?;
        Ok(Database {
            location,
            connections: self.connections,
        })
    }
}

fn location(
    url: &str,
    password: Option<&SecretString>,
    root: &Path,
) -> Result<Location, (&'static str, &'static str)> {
    use secrecy::ExposeSecret as _;

    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.trim_start_matches("//");
        if path.is_empty() || path.contains(['?', '#']) {
            return Err((
                "is not a path to a SQLite file",
                "Write \"sqlite:path/to/file.db\", without options.",
            ));
        }
        return Ok(Location::Sqlite(root.join(path)));
    }
    let mut url = Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "postgres" | "postgresql"))
        .ok_or((
            "is neither SQLite nor Postgres",
            "Write \"sqlite:path/to/file.db\" or \"postgres://user@host/database\".",
        ))?;
    if url.password().is_some() {
        return Err((
            "holds a password",
            "Take it out, and name its place with secret_env or secret_file beside the url.",
        ));
    }
    if let Some(password) = password {
        url.set_password(Some(password.expose_secret()))
            .map_err(|()| {
                (
                    "has no host to send a password to",
                    "Write \"postgres://user@host/database\".",
                )
            })?;
    }
    Ok(Location::Postgres(String::from(url).into()))
}
