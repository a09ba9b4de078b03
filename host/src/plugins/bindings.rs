//! The Rust side of `wit/`, made by wasmtime: what guests import and what they export. Types
//! in here never leave the folder; `gateway::convert` turns them into the records of flows.
//!
//! A function called `lookup` stands last in its interface: the generated code has a local
//! variable of that name.

wasmtime::component::bindgen!({
    path: ["../wit/types/v1", "../wit/host/v1", "../wit/gateway/v1", "../wit/branding/v1", "../wit/pages/v1"],
    inline: "
        package vestibule:engine;

        // Not a world of any guest: all that this host can offer and call.
        world everything {
            include vestibule:host/imports@1.0.0;
            include vestibule:host/revealing@1.0.0;
            include vestibule:gateway/full-gateway@1.0.0;
            include vestibule:branding/branding@1.0.0;
            include vestibule:pages/full-pages@1.0.0;
        }
    ",
    imports: {
        "vestibule:host/http.fetch": async | trappable,
        "vestibule:pages/customer.profile": async | trappable,
        "vestibule:pages/customer.subscriptions": async | trappable,
        "vestibule:pages/customer.payments": async | trappable,
        "vestibule:pages/customer.licenses": async | trappable,
        "vestibule:pages/store.get": async | trappable,
        "vestibule:pages/store.put": async | trappable,
        "vestibule:pages/store.add": async | trappable,
        "vestibule:pages/store.delete": async | trappable,
        "vestibule:pages/store.scan": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "vestibule:host/secrets.secret": super::imports::Secret,
    },
});
