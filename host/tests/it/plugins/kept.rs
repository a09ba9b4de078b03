//! The last good versions of files belong to one plugin folder, whatever stands in its place.

use tempfile::TempDir;
use vestibule::plugins::status::Standing;
use vestibule::plugins::{PluginSettings, Plugins};

use super::guest::{self, MANIFEST, OnCharge};
use super::last_good::{is, stand};
use super::{patient, settings};

fn guest(id: &str) -> Vec<u8> {
    let manifest = MANIFEST.replace("id = \"guest\"", &format!("id = {id:?}"));
    guest::plugin(&manifest, &OnCharge::Succeeds)
}

/// A host starts over the folder of this name in `place`; answers how its files stand.
async fn stand_over(place: &TempDir, plugins: &str) -> Vec<(String, Standing, Option<String>)> {
    let settings = PluginSettings {
        folder: place.path().join(plugins),
        ..settings(place.path(), patient())
    };
    stand(&Plugins::open(settings).await.unwrap())
}

fn put_into(place: &TempDir, file: &str, bytes: &[u8]) {
    let file = place.path().join(file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_where_the_disk_is_not_mounted_takes_no_kept_version_away() {
    let place = TempDir::new().unwrap();
    let [plugins, disk] = ["plugins", "disk"].map(|name| place.path().join(name));
    put_into(&place, "plugins/guest.wasm", &guest("guest"));
    stand_over(&place, "plugins").await;
    std::fs::rename(&plugins, &disk).unwrap();
    assert_eq!(stand_over(&place, "plugins").await, [], "nothing is there");
    std::fs::create_dir(&plugins).unwrap();
    assert_eq!(stand_over(&place, "plugins").await, [], "it is empty");
    std::fs::remove_dir(&plugins).unwrap();
    std::fs::rename(&disk, &plugins).unwrap();
    put_into(&place, "plugins/guest.wasm", b"broken");
    assert_eq!(
        stand_over(&place, "plugins").await,
        [is("guest.wasm", Standing::LastGood, "guest 1.0.0")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_another_host_has_kept_versions_of_its_own() {
    let place = TempDir::new().unwrap();
    put_into(&place, "one/guest.wasm", &guest("guest"));
    put_into(&place, "two/guest.wasm", b"broken");
    put_into(&place, "two/other.wasm", &guest("other"));
    stand_over(&place, "one").await;
    let two = [
        is("guest.wasm", Standing::Refused, ""),
        is("other.wasm", Standing::InUse, "other 1.0.0"),
    ];
    assert_eq!(stand_over(&place, "two").await, two);
    std::fs::remove_file(place.path().join("two/guest.wasm")).unwrap();
    stand_over(&place, "two").await;
    put_into(&place, "one/guest.wasm", b"broken");
    assert_eq!(
        stand_over(&place, "one").await,
        [is("guest.wasm", Standing::LastGood, "guest 1.0.0")]
    );
}
