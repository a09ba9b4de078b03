//! A throw-away Postgres from the installed binaries: one cluster, any number of databases. It
//! ends with the process that started it, however that ends, and leaves no files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use sqlx::{Connection as _, Executor as _, PgConnection};

/// What a commit is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commits {
    /// Nothing is written through to the disk: for tests, where only processes die.
    InMemory,
    /// As Postgres is delivered: a commit is on the disk when it is answered.
    OnDisk,
}

/// A server, reached over a socket in a folder of its own.
#[derive(Debug)]
pub struct Cluster {
    dir: PathBuf,
}

/// Runs the server as `$1…` and cleans up in `$DIR` when it ends or when the process that
/// started it does (`setpriv --pdeathsig` sends TERM then).
const KEEPER: &str = r#"
trap 'kill -QUIT "$server" 2>/dev/null' TERM
"$@" >"$DIR/log" 2>&1 &
server=$!
wait "$server"
wait "$server" 2>/dev/null
rm -rf "$DIR"
"#;

impl Cluster {
    /// Makes a cluster and starts its server; answers when it takes connections.
    pub fn start(commits: Commits) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("vestibule-pg-")
            .tempdir()?
            .keep();
        let binaries = binaries()?;
        let user = server_user()?;
        if let Some(user) = &user {
            let owned = Command::new("chown").arg(user).arg(&dir).status()?;
            if !owned.success() {
                bail!("cannot give {} to {user}", dir.display());
            }
        }
        let data = dir.join("data");
        let made = as_user(user.as_deref(), &binaries.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=vestibule",
                "--encoding=UTF8",
            ])
            .arg("--locale=C.UTF-8")
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null())
            .status()?;
        if !made.success() {
            bail!("initdb failed");
        }
        let cluster = Self { dir };
        let server = as_user(user.as_deref(), &binaries.join("postgres"));
        cluster.keep(&server, &data, commits);
        cluster.wait()?;
        Ok(cluster)
    }

    /// A parent's death is the death of the thread that started the child, so the server is
    /// started from a thread that lives as long as the process.
    fn keep(&self, server: &Command, data: &Path, commits: Commits) {
        let mut keeper = Command::new("setpriv");
        keeper
            .args(["--pdeathsig", "TERM", "sh", "-c", KEEPER, "keeper"])
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(data)
            .arg("-k")
            .arg(&self.dir)
            .args(["-c", "listen_addresses=", "-c", "max_connections=300"])
            .env("DIR", &self.dir)
            .stdin(Stdio::null());
        if commits == Commits::InMemory {
            for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
                keeper.arg("-c").arg(format!("{setting}=off"));
            }
        }
        // Whether it started is seen by waiting for it.
        std::thread::spawn(move || keeper.status());
    }

    fn wait(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_mins(1);
        // The socket is there before the server takes connections; this line is not.
        let state = self.dir.join("data/postmaster.pid");
        while !std::fs::read_to_string(&state).is_ok_and(|text| text.contains("ready")) {
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
                bail!("Postgres did not start: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Makes an empty database; answers its URL.
    pub async fn database(&self, name: &str) -> anyhow::Result<String> {
        let mut admin = PgConnection::connect(&self.url("postgres")).await?;
        let create = format!("CREATE DATABASE {name}");
        // A database's name cannot be a parameter; callers name them by constants and counters.
        admin.execute(sqlx::AssertSqlSafe(create)).await?;
        admin.close().await?;
        Ok(self.url(name))
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://vestibule@localhost/{database}?host={}",
            self.dir.display()
        )
    }
}

/// The newest installed server.
fn binaries() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, path)| path.join("initdb").is_file())
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, path)| path);
    let on_path = || {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).find(|path| path.join("initdb").is_file())
    };
    newest
        .or_else(on_path)
        .context("no Postgres is installed; `cargo xtask test` installs it")
}

/// Postgres refuses to run as root.
fn server_user() -> anyhow::Result<Option<String>> {
    let id = |argument: &[&str]| -> anyhow::Result<Option<String>> {
        let output = Command::new("id").args(argument).output()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(output.status.success().then_some(text))
    };
    if id(&["-u"])?.as_deref() != Some("0") {
        return Ok(None);
    }
    id(&["-u", "postgres"])?.context("Debian's postgresql package makes the user postgres")?;
    Ok(Some("postgres".to_owned()))
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={user}"))
        .arg("--init-groups")
        .arg(program)
        // The folder of the caller may be closed to that user.
        .current_dir("/");
    command
}
