//! A whole host without its listener: configuration, database, the sandbox processor and the
//! component to it. A second [`World::process`] is another process on the same database.

use vestibule::config::{HostKeys, Settings, Sources};
use vestibule::cx::{Cx, random};
use vestibule::domain::customer::{BillingAddress, BuyerDetails, Customer};
use vestibule::domain::money::Money;
use vestibule::domain::period::{Interval, Unit};
use vestibule::domain::product::{LicenseTerms, Product, Recurring};
use vestibule::domain::{Mode, Scope};

use super::lossy::Lossy;
use super::plugin::folder;
use super::sandbox::{API_KEY, Sandbox, WEBHOOK_SECRET, plugin_folder};

/// The business of every test.
pub(crate) const BUSINESS: &str = "bus_lumen";

/// Compiled components, kept from one run of the tests to the next.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/plugins");

/// Everything a flow needs, and what stands around it.
pub(crate) struct World {
    pub(crate) cx: Cx,
    pub(crate) scope: Scope,
    pub(crate) sandbox: Sandbox,
    /// Of the database, for readers past the host.
    pub(crate) url: String,
    settings: Settings,
    plugins: tempfile::TempDir,
    _dir: tempfile::TempDir,
}

impl World {
    /// On a SQLite file of its own.
    pub(crate) async fn sqlite() -> Self {
        Self::start(None, &[]).await
    }

    /// The same with settings of the host that are not the defaults, as the environment would
    /// give them.
    pub(crate) async fn sqlite_with(settings: &[(&str, &str)]) -> Self {
        Self::start(None, settings).await
    }

    /// On a Postgres database of its own.
    pub(crate) async fn postgres() -> Self {
        Self::start(Some(super::postgres::database().await), &[]).await
    }

    /// On a Postgres database whose answers to commits can be lost.
    pub(crate) async fn over_a_lossy_line() -> (Self, Lossy) {
        let line = Lossy::to(&super::postgres::database().await).await;
        (Self::start(Some(line.url().to_owned()), &[]).await, line)
    }

    /// One of each.
    pub(crate) async fn each() -> [Self; 2] {
        [Self::sqlite().await, Self::postgres().await]
    }

    /// On a SQLite file, through another gateway than the sandbox's: the plugin, and its table in
    /// the business's file. Its secrets may be those of the sandbox, by their variables.
    pub(crate) async fn through(plugin: &'static str, table: &str) -> Self {
        Self::start_with(None, &[], Some((plugin, table))).await
    }

    async fn start(postgres: Option<String>, settings: &[(&str, &str)]) -> Self {
        Self::start_with(postgres, settings, None).await
    }

    async fn start_with(
        postgres: Option<String>,
        settings: &[(&str, &str)],
        other: Option<(&'static str, &str)>,
    ) -> Self {
        let sandbox = Sandbox::start(None).await;
        let (gateway, table) = other.unwrap_or(("sandbox", ""));
        let plugins = match other {
            Some((plugin, _)) => folder(&["sandbox", plugin]).await,
            None => plugin_folder().await,
        };
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let themes = concat!(env!("CARGO_MANIFEST_DIR"), "/../themes");
        let database =
            postgres.unwrap_or_else(|| format!("sqlite:{}/vestibule.db", root.display()));
        let host = format!(
            "[server]\nkey_file = \"{root}/host.key\"\n[database]\nurl = \"{database}\"\n\
             [plugins]\ndir = \"{plugins}\"\ncache = \"{cache}\"\n\
             [themes]\ndir = \"{themes}\"\n[mail]\nmailbox = \"{root}/mailbox\"\n",
            root = root.display(),
            plugins = plugins.path().display(),
            cache = CACHE,
        );
        let origin = sandbox.origin();
        let business = format!(
            r#"
id = "{BUSINESS}"
name = "Lumen"
support_email = "help@lumen.example"
invoice_prefix = "LUM-"
[seller]
name = "Lumen Software GmbH"
address = ["Example Street 1", "10115 Berlin"]
country = "DE"
tax_id = "DE123456789"
email = "billing@lumen.example"
[[tax]]
country = "DE"
category = "saas"
rate = "19"
from = "2020-01-01"
[test]
default_gateway = "{gateway}"
[test.gateways.sandbox]
plugin = "sandbox"
settings = {{ base_url = "{origin}" }}
secrets = {{ api_key = {{ secret_env = "SANDBOX_KEY" }}, webhook_secret = {{ secret_env = "SANDBOX_WEBHOOK" }} }}
grants = {{ http = [{{ origin = "{origin}", private = true }}], browser = ["{origin}"] }}
{table}
"#
        );
        std::fs::create_dir_all(root.join("businesses")).unwrap();
        std::fs::write(root.join("vestibule.toml"), host).unwrap();
        std::fs::write(root.join("businesses/lumen.toml"), business).unwrap();
        HostKeys::add(&root.join("host.key"), random()).unwrap();
        let sources = Sources {
            dir: root.to_owned(),
            root: root.to_owned(),
            environment: [
                ("SANDBOX_KEY".to_owned(), API_KEY.to_owned()),
                ("SANDBOX_WEBHOOK".to_owned(), WEBHOOK_SECRET.to_owned()),
            ]
            .into_iter()
            .chain(settings.iter().map(|(name, value)| {
                let name = format!("VESTIBULE_{name}");
                (name, (*value).to_owned())
            }))
            .collect(),
        };
        let settings = sources
            .load()
            .unwrap_or_else(|problems| panic!("{problems}"));
        let cx = vestibule::app::open(settings.clone()).await.unwrap();
        Self {
            cx,
            scope: Scope::new(BUSINESS.parse().unwrap(), Mode::Test),
            sandbox,
            url: database,
            settings,
            plugins,
            _dir: dir,
        }
    }

    /// Another process on the same database.
    pub(crate) async fn process(&self) -> Cx {
        vestibule::app::open(self.settings.clone()).await.unwrap()
    }

    /// A plugin's file comes, and the host notices.
    pub(crate) async fn have_plugin(&self, name: &str, bytes: &[u8]) {
        let file = self.plugins.path().join(name);
        vestibule::plugins::package::write(&file, bytes).unwrap();
        self.cx.plugins.reload().await;
    }

    /// The gateway's file goes, and the host notices.
    pub(crate) async fn take_the_plugin_away(&self) {
        std::fs::remove_file(self.plugins.path().join("sandbox.wasm")).unwrap();
        self.cx.plugins.reload().await;
    }

    /// A customer in Germany.
    pub(crate) async fn customer(&self) -> Customer {
        let now = self.cx.now();
        let customer = Customer {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            email: "alex@customer.example".parse().unwrap(),
            name: "Alex Example".to_owned(),
            phone: None,
            locale: None,
            metadata: "{}".to_owned(),
            created_at: now,
            updated_at: now,
            version: 0,
        };
        let mut tx = self.cx.store.begin().await.unwrap();
        tx.insert_customer(&customer).await.unwrap();
        tx.commit().await.unwrap();
        customer
    }

    /// 29.00 € a month with a license key for three devices, tax included.
    pub(crate) async fn product(&self) -> Product {
        let now = self.cx.now();
        let month = Interval {
            unit: Unit::Month,
            count: 1,
        };
        let product = Product {
            id: self.cx.new_id(),
            scope: self.scope.clone(),
            name: "Lumen Pro".to_owned(),
            description: None,
            price: Money::new(2900, "EUR".parse().unwrap()),
            tax_inclusive: true,
            tax_category: "saas".to_owned(),
            recurring: Some(Recurring {
                interval: month,
                term: Interval {
                    unit: Unit::Year,
                    count: 10,
                },
                trial_days: 0,
            }),
            license: Some(LicenseTerms {
                activations_limit: Some(3),
                duration: None,
                activation_message: None,
            }),
            metadata: "{}".to_owned(),
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.cx.store.begin().await.unwrap();
        tx.insert_product(&product).await.unwrap();
        tx.commit().await.unwrap();
        product
    }
}

/// A buyer in Germany.
pub(crate) fn buyer() -> BuyerDetails {
    BuyerDetails {
        billing: BillingAddress {
            country: "DE".to_owned(),
            city: Some("Berlin".to_owned()),
            state: None,
            street: Some("Example Street 2".to_owned()),
            zipcode: Some("10117".to_owned()),
        },
        tax_id: None,
        business_name: None,
    }
}
