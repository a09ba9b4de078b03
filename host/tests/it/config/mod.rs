//! Configuration: what is read from where, and what a mistake is answered with.

mod plugins;
mod reference;
mod reload;
mod sign_in;

use secrecy::ExposeSecret as _;
use vestibule::config::{Environment, Location, Problems, Settings, Sources};
use vestibule::domain::Mode;

/// A folder with a configuration that is good until a test changes it.
pub(crate) struct Folder {
    dir: tempfile::TempDir,
    environment: Environment,
}

const BUSINESS: &str = r#"
id = "bus_lumen"
name = "Lumen"
support_email = "help@lumen.example.com"

[seller]
name = "Lumen Software GmbH"
address = ["Lindenstraße 4", "10969 Berlin"]
country = "DE"
email = "billing@lumen.example.com"

[live.gateways.main]
plugin = "sandbox"
secrets.api_key = { secret_env = "LIVE_KEY" }

[test.gateways.main]
plugin = "sandbox"
secrets.api_key = { secret_env = "TEST_KEY" }
"#;

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = Self {
            dir,
            environment: Environment::new(),
        };
        folder.write("config/vestibule.toml", "");
        folder.write("config/businesses/lumen.toml", BUSINESS);
        folder.write("themes/default/theme.toml", "");
        folder.with("LIVE_KEY", "live").with("TEST_KEY", "test")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn sources(&self) -> Sources {
        Sources {
            dir: self.dir.path().join("config"),
            root: self.dir.path().to_owned(),
            environment: self.environment.clone(),
        }
    }

    fn load(&self) -> Result<Settings, Problems> {
        self.sources().load()
    }

    /// The report with the folder's own path left out.
    fn report(&self) -> String {
        let root = format!("{}/", self.dir.path().display());
        self.load()
            .expect_err("refused")
            .to_string()
            .replace(&root, "")
    }
}

#[test]
fn a_folder_with_an_empty_file_is_the_defaults() {
    let settings = Folder::new().load().unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert!(
        matches!(settings.database.location, Location::Sqlite(path) if path.ends_with("data/vestibule.db"))
    );
}

#[test]
fn the_environment_goes_over_the_file_and_over_a_business_file() {
    let folder = Folder::new()
        .with("VESTIBULE_SERVER__LISTEN", "127.0.0.1:9000")
        .with("VESTIBULE_LOGIN__CODE_TRIES", "3")
        .with("VESTIBULE_BUSINESS_LUMEN__NAME", "Lumen (staging)")
        .with("VESTIBULE_LOG", "debug");
    folder.write(
        "config/vestibule.toml",
        "[server]\nlisten = \"127.0.0.1:1\"\n",
    );
    let settings = folder.load().unwrap();
    assert_eq!(settings.server.listen.port(), 9000);
    assert_eq!(settings.login.code_tries, 3);
    assert_eq!(
        settings.businesses.values().next().unwrap().name,
        "Lumen (staging)"
    );
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_one_that_was_meant() {
    let folder = Folder::new();
    folder.write(
        "config/vestibule.toml",
        "[login]\ncode_tries = 4\n\nsesion_idle = \"2h\"\n",
    );
    insta::assert_snapshot!(folder.report(), @r#"
    config/vestibule.toml:4: login.sesion_idle: there is no key "sesion_idle" here
        Did you mean "session_idle"?
    "#);
}

#[test]
fn a_wrong_value_is_named_with_its_line_and_what_to_write() {
    let folder = Folder::new();
    folder.write(
        "config/vestibule.toml",
        "# start\n[login]\nsession_idle = \"an hour\"\n",
    );
    insta::assert_snapshot!(folder.report(), @r#"
    config/vestibule.toml:3: login.session_idle: is string "an hour"
        Write a duration such as "30s", "10m", "24h" or "7d".
    "#);
}

#[test]
fn numbers_of_documents_at_the_due_date_are_refused_with_what_to_write() {
    let folder = Folder::new();
    let file = "config/vestibule.toml";
    folder.write(file, "[invoices]\nissue = \"due-date\"\n");
    insta::assert_snapshot!(folder.report(), @r#"
    config/vestibule.toml:2: invoices.issue: is "due-date", which this version cannot do
        Write "settlement": a document gets its number when it is paid.
    "#);
    folder.write(file, "[invoices]\nissue = \"settlement\"\n");
    folder.load().unwrap();
}

#[test]
fn more_calls_of_plugins_than_a_process_has_addresses_for_are_refused() {
    let folder = Folder::new();
    folder.write(
        "config/vestibule.toml",
        "[plugins]\ncalls_in_all = 1000\nmemory_mib = 1024\n",
    );
    insta::assert_snapshot!(folder.report(), @r#"
    config/vestibule.toml:2: plugins.calls_in_all: is 1000, and with plugins.memory_mib = 1024 a process has room for 818
        Lower one of the two.
    "#);
}

#[test]
fn a_wrong_variable_is_named_instead_of_the_file() {
    let folder = Folder::new().with("VESTIBULE_JOBS__LEASE", "soon");
    insta::assert_snapshot!(folder.report(), @r#"
    environment VESTIBULE_JOBS__LEASE: jobs.lease: is string "soon"
        Write a duration such as "30s", "10m", "24h" or "7d".
    "#);
}

#[test]
fn a_file_that_is_not_toml_is_named_with_the_line() {
    let folder = Folder::new();
    folder.write("config/vestibule.toml", "[server]\nlisten = \n");
    let report = folder.report();
    assert!(
        report.starts_with("config/vestibule.toml:2: is not TOML:"),
        "{report}"
    );
}

#[test]
fn everything_wrong_in_a_business_is_reported_at_once() {
    let folder = Folder::new();
    folder.write(
        "config/businesses/lumen.toml",
        &BUSINESS
            .replace("country = \"DE\"", "country = \"Germany\"")
            .replace(
                "name = \"Lumen\"",
                "name = \"Lumen\"\ntime_zone = \"Berlin\"\ntheme = \"lumen\"",
            )
            .replace("\"LIVE_KEY\"", "\"NO_KEY\""),
    );
    let report = folder
        .report()
        .replace(&format!("{}", folder.dir.path().display()), "");
    insta::assert_snapshot!(report);
}

#[test]
fn a_gateway_is_chosen_where_there_are_several() {
    let folder = Folder::new();
    let second = "[live.gateways.other]\nplugin = \"sandbox\"\n";
    folder.write(
        "config/businesses/lumen.toml",
        &format!("{BUSINESS}\n{second}"),
    );
    let report = folder.report();
    assert!(
        report.contains("live.default_gateway: is missing"),
        "{report}"
    );
    assert!(report.contains("Choose one of: main, other."), "{report}");
}

#[test]
fn an_unknown_type_of_event_is_named_with_the_one_that_was_meant() {
    let folder = Folder::new();
    let webhook = "[live.webhook]\nurl = \"https://lumen.example.com/events\"\n\
                   filter_types = [\n\"payment.succeeded\",\n\"payment.suceeded\"]\n\
                   secret_env = \"LIVE_KEY\"\n";
    folder.write(
        "config/businesses/lumen.toml",
        &format!("{BUSINESS}{webhook}"),
    );
    let report = folder.report();
    assert!(
        report.contains(
            "live.webhook.filter_types.1: \"payment.suceeded\" is not a type of event\n    \
             Did you mean \"payment.succeeded\"?"
        ),
        "{report}"
    );
}

#[test]
fn a_replaced_secret_of_an_endpoint_is_named_beside_the_new_one() {
    let folder = Folder::new()
        .with("NEW", "whsec_bmV3")
        .with("OLD", "whsec_b2xk");
    let webhook = "[live]\nprivate_endpoints = [\"http://10.1.2.3:4000\"]\n\
                   [live.webhook]\nurl = \"https://lumen.example.com/events\"\n\
                   secret_env = \"NEW\"\nprevious_secret = { secret_env = \"OLD\" }\n";
    folder.write(
        "config/businesses/lumen.toml",
        &format!("{BUSINESS}{webhook}"),
    );
    let settings = folder.load().unwrap();
    let business = settings.businesses.values().next().unwrap();
    let found = business.live.webhook.as_ref().unwrap();
    let previous = found.previous_secret.as_ref().unwrap();
    assert_eq!(found.secret.expose_secret(), "whsec_bmV3");
    assert_eq!(previous.expose_secret(), "whsec_b2xk");
    assert_eq!(business.live.private_endpoints.len(), 1);

    let path = webhook.replace(":4000", ":4000/events");
    folder.write("config/businesses/lumen.toml", &format!("{BUSINESS}{path}"));
    let report = folder.report();
    let said = "live.private_endpoints.0: is not an origin";
    assert!(report.contains(said), "{report}");

    let both = "[test.webhook]\nurl = \"https://lumen.example.com/test\"\nsecret_env = \"OLD\"\n";
    folder.write(
        "config/businesses/lumen.toml",
        &format!("{BUSINESS}{webhook}{both}"),
    );
    let report = folder.report();
    assert!(report.contains("is the same secret"), "{report}");
}

#[test]
fn one_secret_in_both_modes_is_refused() {
    let folder = Folder::new().with("TEST_KEY", "live");
    let report = folder.report();
    assert!(
        report.contains("lumen.toml:18: test.gateways.main.secrets.api_key: is the same secret"),
        "{report}"
    );
}

#[test]
fn no_secret_shows_in_what_is_printed() {
    let folder = Folder::new()
        .with("LIVE_KEY", "sk-live-canary")
        .with("DB_PASSWORD", "database-canary");
    folder.write(
        "config/vestibule.toml",
        "[database]\nurl = \"postgres://vestibule@db/vestibule\"\nsecret_env = \"DB_PASSWORD\"\n",
    );
    let settings = folder.load().unwrap();
    let Location::Postgres(url) = &settings.database.location else {
        panic!("Postgres")
    };
    assert_eq!(
        url.expose_secret(),
        "postgres://vestibule:database-canary@db/vestibule"
    );
    let business = settings.businesses.values().next().unwrap();
    let gateway = &business.mode(Mode::Live).gateways["main"];
    assert_eq!(gateway.secrets["api_key"].expose_secret(), "sk-live-canary");
    assert!(!format!("{settings:?}").contains("canary"));
}

#[test]
fn a_password_in_the_database_url_is_refused_without_being_printed() {
    let folder = Folder::new();
    let file = "[database]\nurl = \"postgres://vestibule:canary@db/vestibule\"\n";
    folder.write("config/vestibule.toml", file);
    let report = folder.report();
    assert!(
        report.contains("config/vestibule.toml:2: database.url: holds a password"),
        "{report}"
    );
    assert!(!report.contains("canary"), "{report}");
}

#[test]
fn a_secret_file_is_read_without_its_newline() {
    let folder = Folder::new();
    folder.write("secrets/live", "from-a-file\n");
    folder.write(
        "config/businesses/lumen.toml",
        &BUSINESS.replace(
            "secret_env = \"LIVE_KEY\"",
            "secret_file = \"secrets/live\"",
        ),
    );
    let settings = folder.load().unwrap();
    let business = settings.businesses.values().next().unwrap();
    let gateway = &business.mode(Mode::Live).gateways["main"];
    assert_eq!(gateway.secrets["api_key"].expose_secret(), "from-a-file");
}

#[test]
fn away_from_loopback_the_console_needs_a_host_of_its_own_and_everything_https() {
    let folder = Folder::new();
    let check = |file: &str| {
        folder.write("config/vestibule.toml", file);
        folder
            .load()
            .map(drop)
            .map_err(|problems| problems.to_string())
    };
    let shared = check("[server]\npublic_url = \"https://billing.example.com\"\n").unwrap_err();
    assert!(
        shared.contains("server.console_url: must have a host of its own"),
        "{shared}"
    );
    let plain = check("[server]\npublic_url = \"http://billing.example.com\"\n").unwrap_err();
    assert!(plain.contains("server.public_url: is not https"), "{plain}");
    check(
        "[server]\npublic_url = \"https://billing.example.com\"\n\
         console_url = \"https://console.example.com\"\n",
    )
    .unwrap();
}

#[test]
fn a_test_gateway_in_live_mode_is_for_loopback_only() {
    let folder = Folder::new();
    folder.write(
        "config/vestibule.toml",
        "[server]\nlisten = \"0.0.0.0:80\"\nallow_test_gateway_in_live = true\n",
    );
    let report = folder.report();
    assert!(
        report.contains(":3: server.allow_test_gateway_in_live:"),
        "{report}"
    );
}

#[test]
fn two_businesses_cannot_have_one_id() {
    let folder = Folder::new();
    folder.write("config/businesses/second.toml", BUSINESS);
    let report = folder.report();
    assert!(
        report.starts_with("config/businesses/second.toml:2: id: is the id of"),
        "{report}"
    );
}
