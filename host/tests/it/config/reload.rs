//! Business files that change while the host runs.

use std::os::unix::fs::symlink;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use arc_swap::ArcSwap;
use vestibule::config::Settings;

use super::{BUSINESS, Folder};

/// How long a change may take to be seen.
const WAIT: Duration = Duration::from_secs(20);

fn names(settings: &Settings) -> Vec<&str> {
    settings
        .businesses
        .values()
        .map(|business| business.name.as_str())
        .collect()
}

#[test]
fn a_good_change_is_taken_and_a_bad_one_keeps_the_last_good_version() {
    let folder = Folder::new();
    let first = folder.load().unwrap();

    folder.write(
        "config/businesses/lumen.toml",
        &BUSINESS.replace("\"Lumen\"", "\"Lumen Two\""),
    );
    let second = folder.sources().reload(&first);
    assert_eq!(names(&second), ["Lumen Two"]);

    folder.write("config/businesses/lumen.toml", "name = [");
    folder.write(
        "config/businesses/moss.toml",
        &BUSINESS
            .replace("bus_lumen", "bus_moss")
            .replace("\"Lumen\"", "\"Moss\""),
    );
    let third = folder.sources().reload(&second);
    assert_eq!(names(&third), ["Lumen Two", "Moss"]);
    assert_eq!(third.problems.len(), 1);
}

#[test]
fn a_business_whose_file_goes_away_is_gone_from_the_settings() {
    let folder = Folder::new();
    let first = folder.load().unwrap();
    std::fs::remove_file(folder.dir.path().join("config/businesses/lumen.toml")).unwrap();
    assert!(folder.sources().reload(&first).businesses.is_empty());
}

#[test]
fn a_running_host_sees_the_change_of_a_file() {
    let folder = Folder::new();
    let live = Arc::new(ArcSwap::from_pointee(folder.load().unwrap()));
    let (sender, changes) = mpsc::channel();
    let _watch = folder
        .sources()
        .watch(Arc::clone(&live), move |settings| {
            let names = names(settings)
                .into_iter()
                .map(String::from)
                .collect::<Vec<_>>();
            sender.send(names).ok();
        })
        .unwrap();
    folder.write(
        "config/businesses/lumen.toml",
        &BUSINESS.replace("\"Lumen\"", "\"Lumen Two\""),
    );
    // The first look finds what was known.
    while changes.recv_timeout(WAIT).unwrap() != ["Lumen Two"] {}
    assert_eq!(names(&live.load()), ["Lumen Two"]);
}

#[test]
fn a_change_between_reading_and_watching_is_taken() {
    let folder = Folder::new();
    let live = Arc::new(ArcSwap::from_pointee(folder.load().unwrap()));
    folder.write(
        "config/businesses/lumen.toml",
        &BUSINESS.replace("\"Lumen\"", "\"Lumen Two\""),
    );
    let (sender, changes) = mpsc::channel();
    let _watch = folder
        .sources()
        .watch(Arc::clone(&live), move |settings| {
            sender.send(settings.businesses.len()).ok();
        })
        .unwrap();
    assert_eq!(changes.recv_timeout(WAIT).unwrap(), 1);
    assert_eq!(names(&live.load()), ["Lumen Two"]);
}

#[test]
fn files_that_are_published_by_exchanging_a_link_are_seen() {
    let folder = Folder::new();
    let config = folder.dir.path().join("config");
    std::fs::remove_dir_all(config.join("businesses")).unwrap();
    let two = BUSINESS.replace("\"Lumen\"", "\"Lumen Two\"");
    for (version, text) in [("..1", BUSINESS), ("..2", two.as_str())] {
        std::fs::create_dir_all(config.join(version).join("businesses")).unwrap();
        folder.write(&format!("config/{version}/businesses/lumen.toml"), text);
    }
    symlink("..1", config.join("..data")).unwrap();
    symlink("..data/businesses", config.join("businesses")).unwrap();
    let live = Arc::new(ArcSwap::from_pointee(folder.load().unwrap()));
    let (sender, changes) = mpsc::channel();
    let _watch = folder
        .sources()
        .watch(Arc::clone(&live), move |settings| {
            let first = names(settings).first().map(|name| (*name).to_owned());
            sender.send(first).ok();
        })
        .unwrap();
    let first = changes.recv_timeout(WAIT).unwrap();
    assert_eq!(first.as_deref(), Some("Lumen"));
    symlink("..2", config.join("..new")).unwrap();
    std::fs::rename(config.join("..new"), config.join("..data")).unwrap();
    while changes.recv_timeout(WAIT).unwrap().as_deref() != Some("Lumen Two") {}
}

#[test]
fn a_folder_of_businesses_that_is_made_after_the_start_is_seen() {
    let folder = Folder::new();
    let businesses = folder.dir.path().join("config/businesses");
    std::fs::remove_dir_all(&businesses).unwrap();
    let live = Arc::new(ArcSwap::from_pointee(folder.load().unwrap()));
    let (sender, changes) = mpsc::channel();
    let _watch = folder
        .sources()
        .watch(Arc::clone(&live), move |settings| {
            sender.send(settings.businesses.len()).ok();
        })
        .unwrap();
    std::fs::create_dir(&businesses).unwrap();
    folder.write("config/businesses/lumen.toml", BUSINESS);
    while changes.recv_timeout(WAIT).unwrap() == 0 {}
    assert_eq!(names(&live.load()), ["Lumen"]);
}

#[test]
fn the_host_of_a_business_whose_file_went_away_is_remembered_until_somebody_has_it() {
    let folder = Folder::new();
    folder.write(
        "config/businesses/lumen.toml",
        &format!("{BUSINESS}\n[test]\nhost = \"https://pay.lumen.example\"\n"),
    );
    let first = folder.load().unwrap();
    assert!(first.gone.is_empty());
    let file = folder.dir.path().join("config/businesses/lumen.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let second = folder.sources().reload(&first);
    let gone = |settings: &Settings| -> Vec<String> {
        let hosts = settings.gone.iter();
        hosts
            .map(|(url, scope)| format!("{url} {}", scope.mode))
            .collect()
    };
    assert_eq!(gone(&second), ["https://pay.lumen.example/ test"]);
    let third = folder.sources().reload(&second);
    assert_eq!(gone(&third), gone(&second));

    let other = text.replace("bus_lumen", "bus_moss");
    folder.write("config/businesses/moss.toml", &other);
    assert!(folder.sources().reload(&third).gone.is_empty());
    std::fs::remove_file(folder.dir.path().join("config/businesses/moss.toml")).unwrap();
    folder.write("config/businesses/lumen.toml", &text);
    assert!(folder.sources().reload(&third).gone.is_empty());
}
