//! What `wit-bindgen` makes of the WIT texts: one module for all that a plugin imports, and one for
//! each interface that it may export, so that a plugin exports what it has and nothing else.

/// Everything that a plugin may import.
pub mod imported {
    wit_bindgen::generate!({
        path: ["wit/types/v1", "wit/host/v1", "wit/gateway/v1", "wit/pages/v1"],
        inline: "
            package vestibule:plugin;
            world imported {
                include vestibule:host/imports@1.0.0;
                include vestibule:host/revealing@1.0.0;
                include vestibule:pages/reading-customer@1.0.0;
                include vestibule:pages/keeping@1.0.0;
                import vestibule:gateway/types@1.0.0;
                import vestibule:pages/types@1.0.0;
            }
        ",
        world: "vestibule:plugin/imported",
        generate_all,
        pub_export_macro: true,
    });
}

/// A module with the bindings of a helper world that exports interfaces. `$used` are the types
/// interfaces that they use, which are those of [`imported`].
macro_rules! exported {
    ($module:ident, $package:tt, $world:tt, $used:tt) => {
        #[doc = concat!("What a plugin of the world `", $world, "` exports.")]
        pub mod $module {
            wit_bindgen::generate!({
                path: ["wit/types/v1", "wit/host/v1", $package],
                world: $world,
                pub_export_macro: true,
                with: $used,
            });
        }
    };
}

exported!(payments, "wit/gateway/v1", "vestibule:gateway/gateway", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:host/log@1.0.0": crate::bindings::imported::vestibule::host::log,
    "vestibule:host/clock@1.0.0": crate::bindings::imported::vestibule::host::clock,
    "vestibule:host/random@1.0.0": crate::bindings::imported::vestibule::host::random,
    "vestibule:host/settings@1.0.0": crate::bindings::imported::vestibule::host::settings,
    "vestibule:host/secrets@1.0.0": crate::bindings::imported::vestibule::host::secrets,
    "vestibule:host/crypto@1.0.0": crate::bindings::imported::vestibule::host::crypto,
    "vestibule:host/http@1.0.0": crate::bindings::imported::vestibule::host::http,
    "vestibule:gateway/types@1.0.0": crate::bindings::imported::vestibule::gateway::types
});
exported!(setup, "wit/gateway/v1", "vestibule:gateway/with-setup", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:gateway/types@1.0.0": crate::bindings::imported::vestibule::gateway::types
});
exported!(refunds, "wit/gateway/v1", "vestibule:gateway/with-refunds", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:gateway/types@1.0.0": crate::bindings::imported::vestibule::gateway::types
});
exported!(methods, "wit/gateway/v1", "vestibule:gateway/with-methods", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:gateway/types@1.0.0": crate::bindings::imported::vestibule::gateway::types
});
exported!(webhooks, "wit/gateway/v1", "vestibule:gateway/with-webhooks", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:gateway/types@1.0.0": crate::bindings::imported::vestibule::gateway::types
});
exported!(ledger, "wit/gateway/v1", "vestibule:gateway/with-ledger", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:gateway/types@1.0.0": crate::bindings::imported::vestibule::gateway::types
});
exported!(branding, "wit/branding/v1", "vestibule:branding/branding", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:host/log@1.0.0": crate::bindings::imported::vestibule::host::log,
    "vestibule:host/clock@1.0.0": crate::bindings::imported::vestibule::host::clock,
    "vestibule:host/random@1.0.0": crate::bindings::imported::vestibule::host::random,
    "vestibule:host/settings@1.0.0": crate::bindings::imported::vestibule::host::settings,
    "vestibule:host/secrets@1.0.0": crate::bindings::imported::vestibule::host::secrets,
    "vestibule:host/crypto@1.0.0": crate::bindings::imported::vestibule::host::crypto,
    "vestibule:host/http@1.0.0": crate::bindings::imported::vestibule::host::http
});
exported!(pages, "wit/pages/v1", "vestibule:pages/pages-plugin", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:host/log@1.0.0": crate::bindings::imported::vestibule::host::log,
    "vestibule:host/clock@1.0.0": crate::bindings::imported::vestibule::host::clock,
    "vestibule:host/random@1.0.0": crate::bindings::imported::vestibule::host::random,
    "vestibule:host/settings@1.0.0": crate::bindings::imported::vestibule::host::settings,
    "vestibule:host/secrets@1.0.0": crate::bindings::imported::vestibule::host::secrets,
    "vestibule:host/crypto@1.0.0": crate::bindings::imported::vestibule::host::crypto,
    "vestibule:host/http@1.0.0": crate::bindings::imported::vestibule::host::http,
    "vestibule:pages/types@1.0.0": crate::bindings::imported::vestibule::pages::types
});
exported!(blocks, "wit/pages/v1", "vestibule:pages/with-blocks", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:pages/types@1.0.0": crate::bindings::imported::vestibule::pages::types
});
exported!(events, "wit/pages/v1", "vestibule:pages/with-events", {
    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
    "vestibule:pages/types@1.0.0": crate::bindings::imported::vestibule::pages::types
});
