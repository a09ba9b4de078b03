//! Changing themes while the host runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vestibule::themes::{Page as _, Themes, trial};

use super::{Folder, Probe, frame};

fn rendered(themes: &Themes) -> String {
    let page = Probe::samples().remove(0);
    themes.render("probe", &frame(), &page).expect("renders")
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_changed_file_is_taken_up_and_a_broken_one_is_not() {
    let path = "templates/pages/probe.html";
    let folder = Folder::with_theme("probe", &[(path, "one")]);
    let themes = Arc::new(folder.load());
    let _watch = themes.watch(Arc::new(|_| Ok(()))).expect("watches");
    assert_eq!(rendered(&themes), "one");

    folder.write("probe", path, "two");
    until("the change is seen", || rendered(&themes) == "two");

    folder.write("probe", path, "{% if %}");
    until("the mistake is reported", || {
        themes.problems().contains_key("probe")
    });
    assert_eq!(rendered(&themes), "two", "the last good version stays");

    folder.write("probe", path, "three");
    until("the mend is seen", || rendered(&themes) == "three");
    assert!(themes.problems().is_empty());
}

#[test]
fn a_theme_that_fails_its_trial_is_not_taken() {
    let path = "templates/pages/probe.html";
    let folder = Folder::with_theme("probe", &[(path, "one")]);
    let themes = folder.load();
    folder.write("probe", path, "two");
    themes.take_changes(&|folder| {
        if folder.ends_with("probe") {
            Err("it eats memory".to_owned())
        } else {
            Ok(())
        }
    });
    assert_eq!(rendered(&themes), "one");
    assert!(themes.problems()["probe"].contains("it eats memory"));
}

#[test]
fn a_greedy_template_fails_its_trial() {
    let greedy = "{{ 'x' * 3000000000 }}";
    let folder = Folder::with_theme("greedy", &[("templates/mails/login.txt", greedy)]);
    folder.write(
        "modest",
        "theme.toml",
        "name = \"M\"\nextends = \"default\"\n",
    );
    let trial = trial::by_command(env!("CARGO_BIN_EXE_vestibule").into());
    assert_eq!(trial(&folder.path().join("modest")), Ok(()));
    let refused = trial(&folder.path().join("greedy")).expect_err("refused");
    assert!(refused.contains("theme check"), "{refused}");
}

#[test]
fn a_new_business_starts_with_the_default_theme_when_its_own_never_loaded() {
    let folder = Folder::with_theme("probe", &[("theme.toml", "nonsense = [")]);
    let themes = folder.load();
    assert_eq!(themes.theme("probe").name(), "default");
    assert!(themes.problems()["probe"].contains("not a valid theme.toml"));
    assert_eq!(themes.theme("no-such-theme").name(), "default");
}
