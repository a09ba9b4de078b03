//! Every promise of a gateway is seen broken: of a judge that always finds it kept, no gateway that
//! keeps it would tell.

mod careless;
mod others;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use vestibule::plugins::conformance::{Finding, Verdict};

use self::careless::CARELESS;
use self::others::{FORGETFUL, HASTY, LIAR, RESTLESS};
use super::{tried_at_a_sandbox, tried_at_the_sandbox, tried_where_it_lies};
use crate::authors::{Author, told};
use crate::support::plugin::folder;

/// The id of the gateways that are written here.
const ID: &str = "careless-pay";
const SANDBOX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/sandbox");

/// What a gateway does wrong, and what comes of it.
struct Sin {
    /// What is exchanged in the sandbox's gateway: the file, the careful text, and the careless.
    exchanged: &'static [(&'static str, &'static str, &'static str)],
    /// The promises that it breaks, each with a part of the reason.
    breaks: &'static [(&'static str, &'static str)],
}

/// A gateway with its sins, and what the suite found.
struct Tried {
    name: &'static str,
    sins: &'static [Sin],
    findings: Vec<Finding>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_promise_was_seen_broken() {
    let author = Author::new();
    told(&author.run(&["plugin", "new", ID, "--lang", "rust", "--kind", "gateway"]));
    let careless = written(&author, "careless", CARELESS);
    let hasty = written(&author, "hasty", HASTY);
    let restless = written(&author, "restless", RESTLESS);
    let sandbox = folder(&["sandbox"]).await;
    let sandbox = sandbox.path().join("sandbox.wasm");
    let (careless, hasty, restless, forgetful, liar) = tokio::join!(
        tried_at_the_sandbox(ID, &careless),
        tried_at_the_sandbox(ID, &hasty),
        tried_at_the_sandbox(ID, &restless),
        tried_at_a_sandbox("sandbox", &sandbox, false),
        tried_where_it_lies(),
    );
    let exact = [
        Tried::new("the careless one", CARELESS, careless),
        Tried::new("the hasty one", HASTY, hasty),
        Tried::new("the restless one", RESTLESS, restless),
        Tried::new("a forgetful processor", FORGETFUL, forgetful),
    ];
    // It traps wherever it is asked, and so breaks more than is its own sin.
    let liar = Tried::new("the liar", LIAR, liar);

    let wrong = exact.iter().flat_map(Tried::beside);
    let wrong: Vec<_> = wrong.chain(exact.iter().flat_map(Tried::unseen)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unseen = liar.unseen();
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));

    let all = exact.iter().chain([&liar]);
    let promises: BTreeSet<_> = all
        .clone()
        .flat_map(|tried| tried.findings.iter().map(|finding| finding.promise))
        .collect();
    let broken: BTreeSet<_> = all.flat_map(Tried::broken).map(|(of, _)| of).collect();
    let never: Vec<_> = promises.difference(&broken).collect();
    assert!(never.is_empty(), "no sin breaks {never:#?}");
}

impl Tried {
    fn new(name: &'static str, sins: &'static [Sin], findings: Vec<Finding>) -> Self {
        Self {
            name,
            sins,
            findings,
        }
    }

    /// The promises that it should be seen to break, and why.
    fn broken(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.sins.iter().flat_map(|sin| sin.breaks).copied()
    }

    /// The sins that the suite has no word of, or another word than theirs.
    fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for (promise, reason) in self.broken() {
            let found = self.findings.iter().find(|found| found.promise == promise);
            match found.map(|found| &found.verdict) {
                Some(Verdict::Broken(why)) if why.contains(reason) => {}
                other => unseen.push(format!("{}: {promise}: {other:?}", self.name)),
            }
        }
        unseen
    }

    /// What is said to be broken besides.
    fn beside(&self) -> Vec<String> {
        let meant: BTreeSet<_> = self.broken().map(|(promise, _)| promise).collect();
        let broken = self.findings.iter().filter(|found| {
            matches!(found.verdict, Verdict::Broken(_)) && !meant.contains(found.promise)
        });
        broken
            .map(|found| format!("{}, besides: {found}", self.name))
            .collect()
    }
}

/// The file of the sandbox's gateway with these sins, as its author would have built it.
fn written(author: &Author, name: &str, sins: &[Sin]) -> PathBuf {
    let folder = author.dir.path().join(ID);
    let manifest = std::fs::read_to_string(Path::new(SANDBOX).join("plugin.toml")).unwrap();
    let manifest = manifest.replace("id = \"sandbox\"", &format!("id = \"{ID}\""));
    std::fs::write(folder.join("plugin.toml"), manifest).unwrap();
    for entry in std::fs::read_dir(Path::new(SANDBOX).join("src")).unwrap() {
        let entry = entry.unwrap();
        let mut text = std::fs::read_to_string(entry.path()).unwrap();
        for &(file, careful, careless) in sins.iter().flat_map(|sin| sin.exchanged) {
            if entry.file_name() == file {
                assert_eq!(text.matches(careful).count(), 1, "{file}: {careful}");
                text = text.replace(careful, careless);
            }
        }
        std::fs::write(folder.join("src").join(entry.file_name()), text).unwrap();
    }
    let built = author.dir.path().join(author.compile(ID, "rust"));
    let file = built.with_file_name(name).with_extension("wasm");
    std::fs::rename(built, &file).unwrap();
    file
}
