//! What authors of plugins do: begin one, build it with the tools of their language, look at it.

mod secrets;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use vestibule::domain::branding::{BrandContext, Surface};
use vestibule::domain::content::Content;
use vestibule::domain::extra_page::{PageAnswer, PageRequest, Reader, Submission};
use vestibule::domain::{Mode, Scope};
use vestibule::plugins::config::PluginConfig;
use vestibule::plugins::grants::Grant;
use vestibule::plugins::signature::Signing;
use vestibule::plugins::{PluginSettings, Plugins};

use crate::conformance::{all_broken, tried_at_the_sandbox};
use crate::sandbox::now;
use crate::support::{guests, plugin};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// An author's folder, with nothing but the commands.
pub(crate) struct Author {
    pub(crate) dir: tempfile::TempDir,
}

impl Author {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Components in JavaScript and Python are compiled once for all tests.
        std::fs::create_dir(dir.path().join("config")).unwrap();
        let settings = format!(
            "[plugins]\ncompile = \"30m\"\ncache = \"{}\"\n",
            plugin::cache().display()
        );
        std::fs::write(dir.path().join("config/vestibule.toml"), settings).unwrap();
        Self { dir }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            // What was compiled for the plugins of the repository is compiled.
            .env("CARGO_TARGET_DIR", guests::target_dir());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Begins a plugin, builds it, has it checked, and answers its file.
    fn begin(&self, id: &str, lang: &str, kind: &str) -> PathBuf {
        told(&self.run(&["plugin", "new", id, "--lang", lang, "--kind", kind]));
        self.build(id, lang)
    }

    /// Builds a plugin that was begun, and answers the name of its file.
    pub(crate) fn compile(&self, id: &str, lang: &str) -> String {
        let folder = self.dir.path().join(id);
        if lang == "js" {
            // In the place of `npm install`.
            let installed = Path::new(ROOT).join("plugins/examples/javascript/node_modules");
            assert!(installed.exists(), "run `cargo xtask plugins`");
            std::os::unix::fs::symlink(installed, folder.join("node_modules")).unwrap();
        }
        let mut build = self.command(&["plugin", "build", id]);
        if lang == "rust" && !guests::has_target() {
            build.arg("--wasm").arg(guests::by_debian(&folder));
        }
        told(&build.output().unwrap());
        format!("{id}.wasm")
    }

    /// Builds a plugin that was begun, has it checked, runs its cases, and answers its file.
    fn build(&self, id: &str, lang: &str) -> PathBuf {
        let file = self.compile(id, lang);
        let said = told(&self.run(&["plugin", "check", &file]));
        assert!(said.contains(&format!("{file} is good")), "{said}");
        assert!(!said.contains("wasi:"), "{said}");
        // Its cases, which are those that it begins with.
        let said = told(&self.run(&["plugin", "test", id, "--plugin", &file]));
        assert!(said.contains(" passed, 0 failed"), "{said}");
        self.dir.path().join(file)
    }

    /// A gateway as it is begun keeps every promise that it makes.
    async fn begins_a_gateway(&self, lang: &str) {
        let id = "first-pay";
        let file = self.begin(id, lang, "gateway");
        let findings = tried_at_the_sandbox(id, &file).await;
        let broken = all_broken(&findings);
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        let kept = findings.len();
        assert!(kept > 10, "only {kept} promises: {findings:#?}");
    }

    /// A branding as it is begun changes the look in December, and only then.
    async fn begins_a_branding(&self, lang: &str) {
        let (plugins, scope, config, _folder) = self.installed("winter", lang, "branding").await;
        plugins.dress([(scope.clone(), config)].into());
        let branding = plugins.branding(&scope).unwrap().unwrap();
        let on = |date: &str| BrandContext {
            scope: scope.clone(),
            segment: None,
            locale: "en".to_owned(),
            date: date.to_owned(),
            surface: Surface::Portal,
        };
        let look = branding.resolve(&on("2026-12-24")).await.unwrap();
        let accent = ("light.accent".to_owned(), "#1f6fb2".to_owned());
        assert_eq!(look.tokens, [accent]);
        assert!(look.footer.is_some());
        let look = branding.resolve(&on("2026-11-24")).await.unwrap();
        assert_eq!(look.tokens, []);
        assert!(look.footer.is_none());
    }

    /// A page as it is begun shows what it was set to, and takes a form that says something.
    async fn begins_pages(&self, lang: &str) {
        let (plugins, scope, config, _folder) = self.installed("news", lang, "pages").await;
        plugins.furnish([((scope.clone(), "news".to_owned()), config)].into());
        let pages = plugins.pages(&scope, "news").unwrap().unwrap();
        assert_eq!(pages.navigation()[0].label, "nav-news");
        let at = |path: &str| PageRequest {
            reader: Reader {
                scope: scope.clone(),
                customer: "cus_01k0000000000000000000000a".parse().unwrap(),
                home: "/x/news".to_owned(),
                locale: "es".to_owned(),
                now: now(),
            },
            path: path.to_owned(),
            query: Vec::new(),
        };
        let PageAnswer::Page { title, content } = pages.render(&at("/")).await.unwrap() else {
            panic!("it is a page")
        };
        assert_eq!(title, "Novedades");
        let Content::Template { name, data } = content else {
            panic!("it is a template")
        };
        assert_eq!(name, "news.html");
        assert!(data["notice"].as_str().unwrap().contains("every format"));
        let wish = |text: &str| [("wish".to_owned(), text.to_owned())];
        let told = pages.submit(&at("/wish"), &wish(" ")).await.unwrap();
        let mend = ("wish".to_owned(), "Escribe algo.".to_owned());
        assert_eq!(told, Submission::Invalid(vec![mend]));
        let told = pages.submit(&at("/wish"), &wish("Snow")).await.unwrap();
        let thanks = PageAnswer::Redirect("/x/news/thanks".to_owned());
        assert_eq!(told, Submission::Taken(thanks));
        assert_eq!(
            pages.render(&at("/none")).await.unwrap(),
            PageAnswer::NotFound
        );
    }

    /// Begins a plugin and puts it into a host's folder, which is kept with it.
    async fn installed(
        &self,
        id: &str,
        lang: &str,
        kind: &str,
    ) -> (Arc<Plugins>, Scope, PluginConfig, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(self.begin(id, lang, kind), folder.path().join("one.wasm")).unwrap();
        let plugins = Plugins::open(PluginSettings {
            folder: folder.path().to_owned(),
            cache: plugin::cache(),
            kept: folder.path().join("kept"),
            limits: plugin::patient(),
            test_only_in_live: false,
            signing: Signing::default(),
            opening: vestibule::app::opening(),
            clock: Arc::new(now),
        });
        let plugins = plugins.await.unwrap();
        let scope = Scope::new("bus_example".parse().unwrap(), Mode::Test);
        let config = PluginConfig {
            plugin: id.to_owned(),
            settings: [].into(),
            secrets: [].into(),
            grant: Grant::default(),
        };
        (plugins, scope, config, folder)
    }
}

/// What a command that went well said.
pub(crate) fn told(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{problem}");
    said
}

/// What a command that went wrong said.
fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_begun_in_rust_keeps_its_promises() {
    Author::new().begins_a_gateway("rust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_begun_in_javascript_keeps_its_promises() {
    Author::new().begins_a_gateway("js").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_begun_in_python_keeps_its_promises() {
    Author::new().begins_a_gateway("python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_takes_the_404_of_anybody_for_absent_is_found_out() {
    let (author, id) = (Author::new(), "hasty-pay");
    told(&author.run(&["plugin", "new", id, "--lang", "rust", "--kind", "gateway"]));
    let source = author.dir.path().join(id).join("src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    let careful = "let mut found: Found = call(Method::Get, &path, None)?;";
    let hasty = "let mut found: Found = match call(Method::Get, &path, None) {
        Err(GatewayError::UnknownOutcome(why)) if why.ends_with(\"404\") => return Ok(None),
        answer => answer?,
    };";
    assert!(text.contains(careful), "{text}");
    std::fs::write(&source, text.replace(careful, hasty)).unwrap();
    let file = author.dir.path().join(author.compile(id, "rust"));
    let broken = all_broken(&tried_at_the_sandbox(id, &file).await);
    assert_eq!(broken.len(), 1, "{broken:#?}");
    let promise = "what another server answers tells a lookup nothing";
    assert!(broken[0].contains(promise), "{}", broken[0]);
    assert!(broken[0].contains("it says: absent"), "{}", broken[0]);
    // Its cases find it, too.
    let file = format!("{id}.wasm");
    let tested = author.run(&["plugin", "test", id, "--plugin", &file]);
    assert!(!tested.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branding_begun_in_rust_changes_the_look_in_december() {
    Author::new().begins_a_branding("rust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branding_begun_in_javascript_changes_the_look_in_december() {
    Author::new().begins_a_branding("js").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branding_begun_in_python_changes_the_look_in_december() {
    Author::new().begins_a_branding("python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_begun_in_rust_show_a_page_and_take_its_form() {
    Author::new().begins_pages("rust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_begun_in_javascript_show_a_page_and_take_its_form() {
    Author::new().begins_pages("js").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_begun_in_python_show_a_page_and_take_its_form() {
    Author::new().begins_pages("python").await;
}

#[test]
fn a_plugin_is_checked_where_no_host_is_configured() {
    let author = Author::new();
    std::fs::remove_dir_all(author.dir.path().join("config")).unwrap();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/guests/released/branding-1.0.0.wasm"
    );
    let mut check = author.command(&["plugin", "check", file]);
    let said = told(
        &check
            .env("XDG_CACHE_HOME", author.dir.path())
            .output()
            .unwrap(),
    );
    assert!(said.contains("is good"), "{said}");
    assert!(author.dir.path().join("vestibule/plugins").is_dir());
}

#[test]
fn what_a_build_needs_and_does_not_find_is_told_with_the_way_to_get_it() {
    let author = Author::new();
    for (lang, way) in [
        (
            "js",
            "componentize-js is not installed; run `npm install` in",
        ),
        (
            "python",
            "componentize-py is not installed; run `python3 -m venv .venv",
        ),
    ] {
        told(&author.run(&["plugin", "new", lang, "--lang", lang, "--kind", "branding"]));
        let mut build = author.command(&["plugin", "build", lang]);
        let said = refused(&build.env("PATH", author.dir.path()).output().unwrap());
        assert!(said.contains(way), "{said}");
    }
    // An old Node is told before its tool fails in the middle.
    let tool = author
        .dir
        .path()
        .join("js/node_modules/@bytecodealliance/componentize-js/src");
    std::fs::create_dir_all(&tool).unwrap();
    std::fs::write(tool.join("cli.js"), "").unwrap();
    let node = author.dir.path().join("node");
    std::fs::write(&node, "#!/bin/sh\necho v18.19.0\n").unwrap();
    let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&node, runs).unwrap();
    let mut build = author.command(&["plugin", "build", "js"]);
    let said = refused(&build.env("PATH", author.dir.path()).output().unwrap());
    assert!(
        said.contains("node is v18.19.0 here; Node 20 or newer is needed"),
        "{said}"
    );
    // A slip in the manifest is told before any tool is looked for.
    let manifest = author.dir.path().join("python/plugin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("version =", "versoin =")).unwrap();
    let said = refused(&author.run(&["plugin", "build", "python"]));
    assert!(said.contains("unknown field `versoin`"), "{said}");
    let said = refused(&author.run(&["plugin", "new", "js", "--lang", "js", "--kind", "pages"]));
    assert!(
        said.contains("begin the plugin under another name"),
        "{said}"
    );
    for command in ["check", "inspect", "add"] {
        let said = refused(&author.run(&["plugin", command, "none.wasm"]));
        let way = "there is no none.wasm; `vestibule plugin build DIR --output none.wasm` makes it";
        assert!(said.contains(way), "{said}");
    }
    std::fs::write(author.dir.path().join("some.wasm"), "x").unwrap();
    let said = refused(&author.run(&["plugin", "sign", "some.wasm", "--key", "no.key"]));
    assert!(
        said.contains("`vestibule key signer no.key` makes one"),
        "{said}"
    );
    std::fs::remove_dir_all(author.dir.path().join("config")).unwrap();
    let said = refused(&author.run(&["plugin", "add", "some.wasm"]));
    assert!(said.contains("there is no host here"), "{said}");
    let empty = author.dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let said = refused(&author.run(&["plugin", "build", "empty"]));
    assert!(said.contains("plugin.toml"), "{said}");
    std::fs::copy(
        author.dir.path().join("js/plugin.toml"),
        empty.join("plugin.toml"),
    )
    .unwrap();
    let said = refused(&author.run(&["plugin", "build", "empty"]));
    assert!(
        said.contains("no Cargo.toml, package.json or pyproject.toml"),
        "{said}"
    );
    std::fs::write(empty.join("pyproject.toml"), "").unwrap();
    let said = refused(&author.run(&["plugin", "build", "empty"]));
    assert!(said.contains("wit/world.wit is not there"), "{said}");
}
