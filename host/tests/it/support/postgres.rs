//! A throw-away Postgres from the installed binaries: one cluster for the test process, one
//! database for each test. It ends with the process, however that ends, and leaves no files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _, PgConnection};

/// The URL of an empty database that nobody else uses.
pub(crate) async fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);

    let cluster = CLUSTER.get_or_init(Cluster::start);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&cluster.url("postgres"))
        .await
        .unwrap();
    let create = format!("CREATE DATABASE {name}");
    // A database's name cannot be a parameter; this one is made two lines above.
    admin.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
    admin.close().await.unwrap();
    cluster.url(&name)
}

/// A connection to the database at `url`.
pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Whether no session of this database waits inside a transaction, now or soon.
pub(crate) async fn is_idle(observer: &mut PgConnection) -> bool {
    const INSIDE: &str = "SELECT COUNT(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'";

    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        let inside: i64 = sqlx::query_scalar(INSIDE)
            .fetch_one(&mut *observer)
            .await
            .unwrap();
        if inside == 0 {
            return true;
        }
    }
    false
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

struct Cluster {
    dir: PathBuf,
}

/// Runs the server as `$1…` and cleans up in `$DIR` when it ends or when the test process does
/// (`setpriv --pdeathsig` sends TERM then).
const KEEPER: &str = r#"
trap 'kill -QUIT "$server" 2>/dev/null' TERM
"$@" >"$DIR/log" 2>&1 &
server=$!
wait "$server"
wait "$server" 2>/dev/null
rm -rf "$DIR"
"#;

impl Cluster {
    fn start() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("vestibule-pg-")
            .tempdir()
            .unwrap()
            .keep();
        let binaries = binaries();
        let user = server_user();
        if let Some(user) = &user {
            let owned = Command::new("chown").arg(user).arg(&dir).status().unwrap();
            assert!(owned.success(), "cannot give {} to {user}", dir.display());
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
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");

        let cluster = Self { dir };
        let server = as_user(user.as_deref(), &binaries.join("postgres"));
        cluster.keep(&server, &data);
        cluster.wait();
        cluster
    }

    /// A parent's death is the death of the thread that started the child, so the server is
    /// started from a thread that lives as long as the process.
    fn keep(&self, server: &Command, data: &Path) {
        let mut keeper = Command::new("setpriv");
        keeper
            .args(["--pdeathsig", "TERM", "sh", "-c", KEEPER, "keeper"])
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(data)
            .arg("-k")
            .arg(&self.dir)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "synchronous_commit=off",
            ])
            .args(["-c", "full_page_writes=off", "-c", "max_connections=300"])
            .env("DIR", &self.dir)
            .stdin(Stdio::null());
        std::thread::spawn(move || keeper.spawn().unwrap().wait());
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        // The socket is there before the server takes connections; this line is not.
        let state = self.dir.join("data/postmaster.pid");
        while !std::fs::read_to_string(&state).is_ok_and(|text| text.contains("ready")) {
            assert!(
                Instant::now() < deadline,
                "Postgres did not start: {}",
                std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://vestibule@localhost/{database}?host={}",
            self.dir.display()
        )
    }
}

/// The newest installed server.
fn binaries() -> PathBuf {
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
        .expect("no Postgres is installed; `cargo xtask test` installs it")
}

/// Postgres refuses to run as root.
fn server_user() -> Option<String> {
    let id = |argument: &[&str]| {
        let output = Command::new("id").args(argument).output().unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    (id(&["-u"]).as_deref() == Some("0")).then(|| {
        id(&["-u", "postgres"]).expect("Debian's postgresql package makes the user postgres");
        "postgres".to_owned()
    })
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
        // The folder of the tests is closed to that user.
        .current_dir("/");
    command
}
