//! A whole host in a folder of its own: configuration, key, plugin, database. It is served by
//! the built binary, as an operator does.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use tempfile::TempDir;
use vestibule::config::HostKeys;
use vestibule::cx::random;
use vestibule::domain::{Mode, Scope};

use crate::process::Running;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The one business.
const BUSINESS: &str = "bus_lumen";

pub(crate) struct Host {
    dir: TempDir,
    address: SocketAddr,
}

impl Host {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Self::with("", &[])
    }

    /// The same with more in the business's file, and plugins besides the gateway.
    pub(crate) fn with(more: &str, plugins: &[&Path]) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let address = free_address()?;
        let root = dir.path();
        std::fs::create_dir_all(root.join("config/businesses"))?;
        std::fs::create_dir(root.join("plugins"))?;
        std::fs::copy(plugin_file(), root.join("plugins/sandbox.wasm"))
            .context("plugins/sandbox.wasm is missing; `cargo xtask bench` builds it")?;
        for plugin in plugins {
            let name = plugin.file_name().unwrap_or_default();
            std::fs::copy(plugin, root.join("plugins").join(name))
                .with_context(|| format!("{} is missing", plugin.display()))?;
        }
        let settings = format!(
            "[server]\nlisten = \"{address}\"\npublic_url = \"http://{address}\"\n\
             [themes]\ndir = \"{ROOT}/themes\"\n"
        );
        std::fs::write(root.join("config/vestibule.toml"), settings)?;
        std::fs::write(
            root.join("config/businesses/lumen.toml"),
            business(BUSINESS, more),
        )?;
        std::fs::create_dir(root.join("data"))?;
        HostKeys::add(&root.join("data/host.key"), random())?;
        Ok(Self { dir, address })
    }

    /// Adds to the host's own settings. Who serves already goes on with those before.
    pub(crate) fn set(&self, more: &str) -> anyhow::Result<()> {
        let path = self.dir.path().join("config/vestibule.toml");
        let settings = std::fs::read_to_string(&path)? + more;
        std::fs::write(path, settings)?;
        Ok(())
    }

    /// Another business on the same host, with more in its file.
    pub(crate) fn neighbour(&self, id: &str, more: &str) -> anyhow::Result<()> {
        let folder = self.dir.path().join("config/businesses");
        std::fs::write(folder.join(format!("{id}.toml")), business(id, more))?;
        Ok(())
    }

    pub(crate) fn scope() -> Scope {
        Self::scope_of(BUSINESS)
    }

    pub(crate) fn scope_of(business: &str) -> Scope {
        Scope::new(business.parse().expect("an id"), Mode::Test)
    }

    /// The SQLite file.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("data/vestibule.db")
    }

    /// Forgets the machine code of plugins.
    pub(crate) fn forget_code(&self) -> anyhow::Result<()> {
        let cache = self.dir.path().join("data/cache/plugins");
        if cache.exists() {
            std::fs::remove_dir_all(cache)?;
        }
        Ok(())
    }

    /// How many plugins have compiled code.
    pub(crate) fn compiled(&self) -> anyhow::Result<usize> {
        let cache = self.dir.path().join("data/cache/plugins");
        if !cache.exists() {
            return Ok(0);
        }
        let mut compiled = 0;
        for entry in std::fs::read_dir(cache)? {
            compiled += usize::from(entry?.path().extension().is_some_and(|end| end == "cwasm"));
        }
        Ok(compiled)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sign-in page.
    pub(crate) fn login() -> String {
        format!("/test/login/{BUSINESS}")
    }

    /// The page that is measured.
    pub(crate) fn subscriptions() -> String {
        format!("/test/{BUSINESS}/subscriptions")
    }

    /// The first page of whoever is signed in.
    pub(crate) fn overview() -> String {
        format!("/test/{BUSINESS}/")
    }

    /// The cookie of a session.
    pub(crate) fn cookie(token: &str) -> String {
        Self::cookie_of(BUSINESS, token)
    }

    /// The same at another business.
    pub(crate) fn cookie_of(business: &str, token: &str) -> String {
        format!("vestibule-session-test-{business}={token}")
    }

    /// Starts the built binary. What it logs goes to a file, as at an operator's.
    pub(crate) fn serve(&self) -> anyhow::Result<Running> {
        let log = File::create(self.dir.path().join("log"))?;
        let child = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .arg("serve")
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot run vestibule")?;
        Ok(Running::new(child))
    }
}

/// The file of a business with a gateway that nobody is behind.
fn business(id: &str, more: &str) -> String {
    format!(
        r#"
id = "{id}"
name = "Lumen"
support_email = "help@lumen.example"
[seller]
name = "Lumen Software GmbH"
address = ["Example Street 1", "10115 Berlin"]
country = "DE"
email = "billing@lumen.example"
[test]
default_gateway = "sandbox"
[test.gateways.sandbox]
plugin = "sandbox"
settings = {{ base_url = "http://127.0.0.1:9" }}
grants = {{ http = [{{ origin = "http://127.0.0.1:9", private = true }}], browser = ["http://127.0.0.1:9"] }}
{more}
"#
    )
}

/// The top of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(ROOT)
}

/// The built gateway component.
pub(crate) fn plugin_file() -> PathBuf {
    Path::new(ROOT).join("plugins/sandbox.wasm")
}

/// The guest of the tests that answers what its settings say.
pub(crate) fn puppet_file() -> PathBuf {
    Path::new(ROOT).join("host/tests/guests/puppet.wasm")
}

/// A port that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
