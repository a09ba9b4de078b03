//! Plugins that were built against 1.0, on a host that has 1.1: today's texts with a function and an
//! interface more, a linker of that text, and every kept guest in it. There is no 1.1 yet; this is
//! what will be asked of it.

use std::path::Path;

use wasmtime::component::{Component, ComponentExportIndex, Instance, Linker, ResourceType, Val};
use wasmtime::{Engine, Store};
use wit_parser::{Resolve, WorldItem, WorldKey};

use super::wit::{self, PACKAGES};

/// What the host of 1.1 has besides: a function in an interface that guests import, a whole interface
/// that nobody knew before, and one that gateways may export.
const MORE: [(&str, &str, &str); 4] = [
    (
        "host/v1/host.wit",
        "now: func() -> timestamp;",
        "now: func() -> timestamp;\n today: func() -> string;",
    ),
    (
        "host/v1/host.wit",
        "world imports {",
        "interface weather {\n today: func(place: string) -> string;\n}\n\nworld imports {\n \
         import weather;",
    ),
    (
        "gateway/v1/optional.wit",
        "interface setup {",
        "interface payouts {\n all: func() -> list<string>;\n}\n\ninterface setup {",
    ),
    (
        "gateway/v1/worlds.wit",
        "world full-gateway {",
        "world with-payouts {\n export payouts;\n}\n\nworld full-gateway {",
    ),
];

/// The kind of handles that guests get.
struct Secret;

/// A kept guest in a host of 1.1.
struct Guest {
    component: Component,
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn of(file: &str) -> Self {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/released");
        let engine = Engine::default();
        let component = Component::from_file(&engine, kept.join(file)).unwrap();
        let mut store = Store::new(&engine, ());
        let linker = linker(&engine);
        let instance = linker.instantiate(&mut store, &component).unwrap();
        Self {
            component,
            store,
            instance,
        }
    }

    /// Calls an export by the name that a host of 1.1 has for it.
    fn call(&mut self, interface: &str, function: &str, arguments: &[Val]) -> Val {
        let interface = format!("{interface}@1.1.0");
        let find = |of: Option<&ComponentExportIndex>, name: &str| {
            self.component
                .get_export_index(of, name)
                .unwrap_or_else(|| panic!("no {name} in {interface}"))
        };
        let found = find(Some(&find(None, &interface)), function);
        let function = self.instance.get_func(&mut self.store, found).unwrap();
        let mut results = [Val::Bool(false)];
        function
            .call(&mut self.store, arguments, &mut results)
            .unwrap();
        let [result] = results;
        result
    }
}

/// Everything that the world of 1.1 imports, under the names of 1.1 and no others.
fn linker(engine: &Engine) -> Linker<()> {
    let root = wit::next_minor(&MORE);
    let mut resolve = Resolve::default();
    for package in PACKAGES {
        wit::push(&mut resolve, &root.path().join(package).join("v1"));
    }
    let everything = "package test:host;
        world everything {
            include vestibule:host/imports@1.1.0;
            include vestibule:host/revealing@1.1.0;
            include vestibule:pages/full-pages@1.1.0;
        }";
    let package = resolve.push_str("host.wit", everything).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut linker = Linker::new(engine);
    for (key, item) in &resolve.worlds[world].imports {
        let (WorldKey::Interface(id), WorldItem::Interface { .. }) = (key, item) else {
            panic!("{key:?}");
        };
        let name = resolve.id_of(*id).unwrap();
        assert!(name.ends_with("@1.1.0"), "{name}");
        let mut offered = linker.instance(&name).unwrap();
        if name.starts_with("vestibule:host/secrets@") {
            let kind = ResourceType::host::<Secret>();
            offered.resource("secret", kind, |_, _| Ok(())).unwrap();
        }
        for (function, _) in &resolve.interfaces[*id].functions {
            let called = format!("{name}.{function}");
            offered
                .func_new(function, move |_, _, _, results| {
                    if let Some(result) = results.first_mut() {
                        *result = answer(&called)?;
                    }
                    Ok(())
                })
                .unwrap();
        }
    }
    linker
}

/// A host that grants nothing.
fn answer(called: &str) -> wasmtime::Result<Val> {
    let denied = || Val::Variant("denied".to_owned(), None);
    let error = |what| Val::Result(Err(Some(Box::new(what))));
    let (interface, function) = called.rsplit_once('.').unwrap();
    let (interface, _) = interface.split_once('@').unwrap();
    Ok(match (interface, function) {
        ("vestibule:host/clock", "now") => Val::S64(0),
        ("vestibule:host/settings", "get") => Val::Option(None),
        ("vestibule:host/secrets", "get")
        | ("vestibule:pages/store" | "vestibule:pages/customer", _) => error(denied()),
        ("vestibule:host/http", "fetch") => {
            let reason = Val::Variant("dns".to_owned(), None);
            error(Val::Variant("not-sent".to_owned(), Some(Box::new(reason))))
        }
        _ => wasmtime::bail!("no guest of this test calls {called}"),
    })
}

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn word(case: &str) -> Val {
    Val::Enum(case.to_owned())
}

fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

/// A field of a record.
fn field(of: &Val, name: &str) -> Val {
    let Val::Record(fields) = of else {
        panic!("{of:?}");
    };
    let found = fields.iter().find(|(field, _)| field == name);
    found.unwrap_or_else(|| panic!("{name}: {of:?}")).1.clone()
}

/// What a function that went well answered.
fn well(answer: Val) -> Val {
    match answer {
        Val::Result(Ok(Some(value))) => *value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_next_minor_version_with_more_to_call_breaks_nothing_that_was_released() {
    let root = wit::next_minor(&MORE);
    assert_eq!(wit::problems(root.path()), Vec::<String>::new());
}

#[test]
fn every_kept_guest_is_tried_on_a_next_minor_version() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/released");
    let mut guests: Vec<_> = std::fs::read_dir(kept)
        .unwrap()
        .map(|guest| guest.unwrap().file_name().into_string().unwrap())
        .collect();
    guests.sort();
    for guest in &guests {
        Guest::of(guest);
    }
    assert!(guests.len() >= 3, "{guests:?}");
}

#[test]
fn a_gateway_built_against_1_0_answers_a_host_of_1_1() {
    let mut guest = Guest::of("gateway-1.0.0.wasm");
    let described = guest.call("vestibule:gateway/info", "describe", &[]);
    assert_eq!(field(&described, "name"), text("Sandbox"));
    let sent = record([
        ("key", text("pay_1")),
        ("reference", Val::Option(None)),
        ("customer-reference", Val::Option(None)),
        ("first-sent-at", Val::S64(0)),
        (
            "amount",
            Val::Option(Some(Box::new(record([
                ("minor", Val::S64(2_900)),
                ("currency", text("EUR")),
            ])))),
        ),
        ("extra", Val::List(Vec::new())),
    ]);
    let mut guest = Guest::of("gateway-1.0.0.wasm");
    // It asks the host of 1.1 for its settings, finds none, and says so in the words of 1.0.
    let Val::Result(Err(Some(error))) = guest.call("vestibule:gateway/payments", "lookup", &[sent])
    else {
        panic!("nothing is set, and it has an answer");
    };
    let Val::Variant(case, _) = *error else {
        panic!("{error:?}");
    };
    assert_eq!(case, "misconfigured");
}

#[test]
fn a_branding_built_against_1_0_answers_a_host_of_1_1() {
    let context = record([
        ("business", text("bus_1")),
        ("mode", word("live")),
        ("segment", Val::Option(None)),
        ("locale", text("en")),
        ("date", text("2026-12-24")),
        ("surface", Val::Variant("portal".to_owned(), None)),
        ("extra", Val::List(Vec::new())),
    ]);
    let mut guest = Guest::of("branding-1.0.0.wasm");
    let overrides = well(guest.call("vestibule:branding/looks", "resolve", &[context]));
    let logo = Val::Option(Some(Box::new(text("winter.svg"))));
    assert_eq!(field(&overrides, "logo"), logo);
}

#[test]
fn pages_built_against_1_0_answer_a_host_of_1_1() {
    let mut guest = Guest::of("pages-1.0.0.wasm");
    let described = guest.call("vestibule:pages/pages", "describe", &[]);
    let Val::List(entries) = field(&described, "navigation") else {
        panic!("{described:?}");
    };
    assert_eq!(field(&entries[0], "label"), text("nav-feedback"));
    let context = record([
        ("business", text("bus_1")),
        ("mode", word("live")),
        ("customer", text("cus_1")),
        ("home", text("/x/offers")),
        ("locale", text("en")),
        ("now", Val::S64(0)),
        ("extra", Val::List(Vec::new())),
    ]);
    let request = record([
        ("context", context),
        ("path", text("/thanks")),
        ("query", Val::List(Vec::new())),
    ]);
    let mut guest = Guest::of("pages-1.0.0.wasm");
    let answer = well(guest.call("vestibule:pages/pages", "render", &[request]));
    let Val::Variant(case, Some(page)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(case, "page");
    assert_eq!(field(&page, "title"), text("Thank you"));
}
