//! Small guests, written as text: each does one thing on `charge`, most of it hostile, and is
//! otherwise a well-behaved gateway.

mod charges;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Interface, Resolve, WorldId};

pub(crate) use self::charges::*;

/// The manifest of most guests: it may go where its setting `base_url` says.
pub(crate) const MANIFEST: &str = r#"
    id = "guest"
    version = "1.0.0"
    name = "Guest"
    kinds = ["gateway"]

    [permissions]
    http = ["setting:base_url"]
    secrets = ["api_key"]

    [settings.base_url]
    type = "url"
    description = "Where to go."
"#;

/// What guests import, when they call it.
const IMPORTS: [(&str, &str); 6] = [
    (
        "$now",
        r#"(import "vestibule:host/clock@1.0.0" "now" (func $now (result i64)))"#,
    ),
    (
        "$log",
        r#"(import "vestibule:host/log@1.0.0" "write" (func $log
            (param i32 i32 i32 i32 i32)))"#,
    ),
    (
        "$fetch",
        r#"(import "vestibule:host/http@1.0.0" "fetch" (func $fetch
            (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#,
    ),
    (
        "$secret",
        r#"(import "vestibule:host/secrets@1.0.0" "get" (func $secret (param i32 i32 i32)))"#,
    ),
    (
        "$reveal",
        r#"(import "vestibule:host/reveal@1.0.0" "text" (func $reveal (param i32 i32)))"#,
    ),
    (
        "$value",
        r#"(import "vestibule:pages/store@1.0.0" "get" (func $value (param i32 i32 i32)))"#,
    ),
];

/// A core module whose `charge` is `on_charge`. Memory: 1024 texts, 2048 the description,
/// 1200 a text with markup and controls, 4096 the answer of a charge (a success of 1.00 EUR), 6144 room for what imports return,
/// 8192 to 65535 free, 65536 on what the host passes in.
pub(crate) fn module(on_charge: &OnCharge) -> Vec<u8> {
    let charge = match on_charge {
        OnCharge::Succeeds => "(i32.const 4096)",
        OnCharge::Does(body) => *body,
    };
    built("(i32.const 2048)", charge, &[])
}

/// A plugin that describes itself by this body, which has the pointer to the answer as its result.
pub(crate) fn describing(body: &str) -> Vec<u8> {
    let module = built(body, "(i32.const 4096)", &[]);
    let package = vestibule::plugins::package::package(MANIFEST, &module);
    package.unwrap().bytes
}

/// A plugin that has every optional interface, and traps in every function but its description.
pub(crate) fn trapping_everywhere() -> Vec<u8> {
    let optional = ["setup", "refunds", "methods", "webhooks", "ledger"];
    let module = built("(i32.const 2048)", "(unreachable)", &optional);
    let package = vestibule::plugins::package::package(MANIFEST, &module);
    package.unwrap().bytes
}

/// A plugin that is charged at once, and that fetches the URL in the body of a delivery before it
/// says that the signature is wrong.
pub(crate) fn hearing() -> Vec<u8> {
    let (resolve, world) = gateway_world(&["webhooks"]);
    let parse = "(call $fetch
            (i32.const 0) (local.get 4) (local.get 5)
            (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0)
            (i32.const 6144))
         (i32.store8 (i32.const 4032) (i32.const 1))
         (i32.store8 (i32.const 4036) (i32.const 0))
         (i32.const 4032)";
    let webhooks = traps(&resolve, "gateway", "webhooks").replace("(unreachable)", parse);
    let module = module_of(
        "(i32.const 2048)",
        "(i32.const 4096)",
        &webhooks,
        &resolve,
        world,
    );
    let package = vestibule::plugins::package::package(MANIFEST, &module);
    package.unwrap().bytes
}

/// A module with these bodies, and with functions that trap for these optional interfaces.
fn built(describe: &str, charge: &str, optional: &[&str]) -> Vec<u8> {
    let (resolve, world) = gateway_world(optional);
    let more: String = optional
        .iter()
        .map(|interface| traps(&resolve, "gateway", interface))
        .collect();
    module_of(describe, charge, &more, &resolve, world)
}

/// A module with these bodies, and with `more` functions.
fn module_of(
    describe: &str,
    charge: &str,
    more: &str,
    resolve: &Resolve,
    world: WorldId,
) -> Vec<u8> {
    let calls = |name: &str| charge.contains(name) || more.contains(name);
    let called = IMPORTS.iter().filter(|(name, _)| calls(name));
    let imports: String = called.map(|(_, import)| *import).collect();
    let sent = "i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i32 i32 i32 i32";
    let text = format!(
        r#"(module
            {imports}
            (memory (export "memory") 2)
            (table $hoard 1 funcref)
            (global $free (mut i32) (i32.const 65536))
            (data (i32.const 1024) "Guest")
            (data (i32.const 1056) "EUR")
            (data (i32.const 1088) "???")
            (data (i32.const 1100) "denied")
            (data (i32.const 1116) "missing")
            (data (i32.const 1240) "api_key\00x-key")
            (data (i32.const 1200) "<b>x</b>\0a\1b[2J\0d{{{{ 7*7 }}}}")
            ;; One method (a card), one range: from 0.01 EUR on.
            (data (i32.const 1152) "\20\04\00\00\03\00\00\00\01")
            ;; name, methods, amounts, lookup-lag, key-lifetime, no origins, no extra
            (data (i32.const 2048) "\00\04\00\00\05\00\00\00\00\05\00\00\01\00\00\00"
                "\80\04\00\00\01\00\00\00\3c\00\00\00\80\51\01\00")
            ;; ok, succeeded, 100, "EUR"
            (data (i32.const 4168) "\64\00\00\00\00\00\00\00\20\04\00\00\03")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and
                    (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.set $free (i32.add (local.get $at) (local.get 3)))
                (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
                    (then (drop (memory.grow (i32.add (i32.const 1)
                        (i32.shr_u (local.get 3) (i32.const 16)))))))
                (local.get $at))
            ;; *Not executed*, with the name of a `secret-error`.
            (func $refused (param $why i32) (result i32)
                (i32.store (i32.const 4096) (i32.const 1))
                (i32.store (i32.const 4104) (i32.const 0))
                (i32.store (i32.const 4108) (i32.add (i32.const 1100)
                    (i32.mul (local.get $why) (i32.const 16))))
                (i32.store (i32.const 4112) (i32.add (i32.const 6) (local.get $why)))
                (i32.const 4096))
            (func $down (param i32) (result i32)
                (i32.add (i32.const 1) (call $down (i32.add (local.get 0) (i32.const 1)))))
            (func (export "vestibule:gateway/info@1.0.0#describe") (result i32)
                {describe})
            (func (export "vestibule:gateway/payments@1.0.0#charge")
                (param $request i32) (result i32)
                {charge})
            (func (export "vestibule:gateway/payments@1.0.0#resume") (param i32) (result i32)
                (unreachable))
            (func (export "vestibule:gateway/payments@1.0.0#lookup")
                (param {sent}) (result i32) (unreachable))
            (func (export "vestibule:gateway/payments@1.0.0#cancel")
                (param {sent}) (result i32) (unreachable))
            {more})"#
    );
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false).unwrap();
    module
}

/// A plugin of pages and branding that traps in every function, the description of itself as well.
pub(crate) fn trapping_pages() -> Vec<u8> {
    let resolve = resolve_of(&["types", "host", "branding", "pages"]);
    let (resolve, world) = world_of(
        resolve,
        "include vestibule:branding/branding@1.0.0;
         include vestibule:pages/pages-plugin@1.0.0;
         include vestibule:pages/with-blocks@1.0.0;
         include vestibule:pages/with-events@1.0.0;",
    );
    let exports = [
        ("branding", "looks"),
        ("pages", "pages"),
        ("pages", "blocks"),
        ("pages", "events"),
    ];
    let texts = exports.map(|(package, interface)| traps(&resolve, package, interface));
    let text = format!(
        r#"(module
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (unreachable))
            {})"#,
        texts.concat()
    );
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let manifest =
        "id = \"guest\"\nversion = \"1\"\nname = \"Guest\"\nkinds = [\"branding\", \"pages\"]\n";
    vestibule::plugins::package::package(manifest, &module)
        .unwrap()
        .bytes
}

/// Functions that trap, for everything in this interface.
fn traps(resolve: &Resolve, package: &str, interface: &str) -> String {
    let of = |(_, found): &(_, &Interface)| {
        let package = found
            .package
            .map(|id| resolve.packages[id].name.name == package);
        found.name.as_deref() == Some(interface) && package == Some(true)
    };
    let (_, found) = resolve.interfaces.iter().find(of).unwrap();
    let texts = found.functions.iter().map(|(name, function)| {
        let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
        let types = |types: &[WasmType]| -> String {
            let names = types.iter().map(|of| match of {
                WasmType::I64 | WasmType::PointerOrI64 => " i64",
                WasmType::F32 => " f32",
                WasmType::F64 => " f64",
                WasmType::I32 | WasmType::Pointer | WasmType::Length => " i32",
            });
            names.collect()
        };
        let (params, results) = (types(&signature.params), types(&signature.results));
        format!(
            r#"(func (export "vestibule:{package}/{interface}@1.0.0#{name}")
                (param{params}) (result{results}) (unreachable))"#
        )
    });
    texts.collect()
}

fn gateway_world(optional: &[&str]) -> (Resolve, WorldId) {
    let exports: Vec<_> = optional
        .iter()
        .map(|interface| format!("export vestibule:gateway/{interface}@1.0.0;"))
        .collect();
    let exports = exports.join("\n");
    world_of(
        resolve_of(&["types", "host", "gateway", "pages"]),
        &format!(
            "include vestibule:gateway/gateway@1.0.0;
             import vestibule:host/reveal@1.0.0;
             import vestibule:pages/store@1.0.0;
             {exports}"
        ),
    )
}

/// The interfaces of these packages.
fn resolve_of(packages: &[&str]) -> Resolve {
    let mut resolve = Resolve::default();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    for package in packages {
        resolve.push_path(format!("{root}/{package}/v1")).unwrap();
    }
    resolve
}

/// A world of what `items` says.
fn world_of(mut resolve: Resolve, items: &str) -> (Resolve, WorldId) {
    let world = format!("package test:guest; world guest {{ {items} }}");
    let package = resolve.push_str("guest.wit", &world).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    (resolve, world)
}

/// A plugin's file.
pub(crate) fn plugin(manifest: &str, on_charge: &OnCharge) -> Vec<u8> {
    let package = vestibule::plugins::package::package(manifest, &module(on_charge));
    package.unwrap().bytes
}

/// A component of this text, with a manifest that a host reads.
pub(crate) fn component(text: &str, manifest: &str) -> Vec<u8> {
    let mut component = wat::parse_str(text).unwrap();
    let section = wasm_encoder::CustomSection {
        name: "vestibule:manifest".into(),
        data: manifest.as_bytes().into(),
    };
    wasm_encoder::ComponentSection::append_to_component(&section, &mut component);
    component
}
