//! Which imports a host has, and which the manifest must speak of.

use super::*;

#[test]
fn an_import_is_had_and_declared_or_refused_by_name() {
    let none = Wishes::default();
    let all = Wishes {
        http: vec!["https://api.example.com".to_owned()],
        secrets: ["key".to_owned()].into(),
        reveal: ["key".to_owned()].into(),
        data: ["customer.profile".to_owned()].into(),
        store: true,
        ..Wishes::default()
    };
    for import in ["vestibule:host/log@1.0.0", "vestibule:types/types@1.0.0"] {
        assert!(check_import(import, &none).is_ok(), "{import}");
    }
    for import in [
        "vestibule:host/http@1.0.0",
        "vestibule:host/reveal@1.2.0",
        "vestibule:pages/customer@1.0.0",
        "vestibule:pages/store@1.0.0",
    ] {
        assert!(check_import(import, &all).is_ok(), "{import}");
        let error = check_import(import, &none).expect_err(import).to_string();
        assert!(error.contains(import), "{error}");
    }
    for import in [
        "vestibule:host/http@2.0.0",
        "vestibule:host/files@1.0.0",
        "other:host/log@1.0.0",
        "vestibule:host/log",
        "log",
    ] {
        assert!(
            matches!(check_import(import, &all), Err(LoadError::UnknownImport(_))),
            "{import}"
        );
    }
    let wasi = check_import("wasi:http/types@0.2.0", &all).expect_err("WASI");
    assert!(wasi.to_string().contains("--stub-wasi"), "{wasi}");
}
