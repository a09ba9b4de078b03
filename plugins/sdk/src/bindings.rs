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

/// A module with the bindings of a helper world that exports interfaces. The types that it uses are
/// those of [`imported`]: the shared ones, and the `more` that stand here; of a `whole` world also
/// those of all that a host offers.
macro_rules! exported {
    (whole $module:ident, $package:tt, $world:tt, { $($more:tt)* }) => {
        exported!($module, $package, $world, {
            "vestibule:host/log@1.0.0": crate::bindings::imported::vestibule::host::log,
            "vestibule:host/clock@1.0.0": crate::bindings::imported::vestibule::host::clock,
            "vestibule:host/random@1.0.0": crate::bindings::imported::vestibule::host::random,
            "vestibule:host/settings@1.0.0": crate::bindings::imported::vestibule::host::settings,
            "vestibule:host/secrets@1.0.0": crate::bindings::imported::vestibule::host::secrets,
            "vestibule:host/crypto@1.0.0": crate::bindings::imported::vestibule::host::crypto,
            "vestibule:host/http@1.0.0": crate::bindings::imported::vestibule::host::http,
            $($more)*
        });
    };
    ($module:ident, $package:tt, $world:tt, { $($more:tt)* }) => {
        #[doc = concat!("What a plugin of the world `", $world, "` exports.")]
        pub mod $module {
            wit_bindgen::generate!({
                path: ["wit/types/v1", "wit/host/v1", $package],
                world: $world,
                pub_export_macro: true,
                with: {
                    "vestibule:types/types@1.0.0": crate::bindings::imported::vestibule::types::types,
                    $($more)*
                },
            });
        }
    };
}

/// One that exports a part of a gateway.
macro_rules! of_gateways {
    ($($whole:ident)? => $module:ident, $world:tt) => {
        exported!($($whole)? $module, "wit/gateway/v1", $world, {
            "vestibule:gateway/types@1.0.0": crate::bindings::imported::vestibule::gateway::types,
        });
    };
}

/// One that exports a part of pages.
macro_rules! of_pages {
    ($($whole:ident)? => $module:ident, $world:tt) => {
        exported!($($whole)? $module, "wit/pages/v1", $world, {
            "vestibule:pages/types@1.0.0": crate::bindings::imported::vestibule::pages::types,
        });
    };
}

of_gateways!(whole => payments, "vestibule:gateway/gateway");
of_gateways!(=> setup, "vestibule:gateway/with-setup");
of_gateways!(=> refunds, "vestibule:gateway/with-refunds");
of_gateways!(=> methods, "vestibule:gateway/with-methods");
of_gateways!(=> webhooks, "vestibule:gateway/with-webhooks");
of_gateways!(=> ledger, "vestibule:gateway/with-ledger");
exported!(whole branding, "wit/branding/v1", "vestibule:branding/branding", {});
of_pages!(whole => pages, "vestibule:pages/pages-plugin");
of_pages!(=> blocks, "vestibule:pages/with-blocks");
of_pages!(=> events, "vestibule:pages/with-events");
