//! Business files that change while the host runs.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use arc_swap::ArcSwap;
use vestibule::config::Settings;

use super::{BUSINESS, Folder};

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
    assert_eq!(
        changes.recv_timeout(Duration::from_secs(20)).unwrap(),
        ["Lumen Two"]
    );
    assert_eq!(names(&live.load()), ["Lumen Two"]);
}
