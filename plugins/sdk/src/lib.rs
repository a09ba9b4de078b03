//! What a Vestibule plugin in Rust is made with: the traits of the interfaces that it exports, the
//! host's functions that it calls, and what every plugin would otherwise write again.
//!
//! ```ignore
//! use vestibule_plugin::gateway::{info, payments};
//!
//! struct ExamplePay;
//! vestibule_plugin::gateway!(ExamplePay);
//!
//! impl info::Guest for ExamplePay { /* describe */ }
//! impl payments::Guest for ExamplePay { /* charge, resume, lookup, cancel */ }
//! ```
//!
//! An optional interface is exported by naming it, and exporting it is the capability:
//! `vestibule_plugin::gateway!(ExamplePay, refunds, webhooks)`.

pub mod api;
pub mod branding;
pub mod gateway;
pub mod operator;
pub mod pages;
mod webhook;

#[doc(hidden)]
#[expect(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated"
)]
pub mod bindings;

pub use bindings::imported::vestibule::types::types::{
    ClientAction, Extension, HostedFields, Kv, Locale, Money, Redirect, Timestamp,
};
pub use webhook::TOLERANCE;

/// What the host offers, as the WIT texts say it. A plugin imports what it calls and nothing else;
/// calling `reveal` needs a wish of that name.
pub mod host {
    pub use crate::bindings::imported::vestibule::host::{
        clock, crypto, http, log, random, reveal, secrets, settings,
    };
}

/// Exports a type as a gateway: `info` and `payments`, and the optional interfaces that are named
/// after it (`setup`, `refunds`, `methods`, `webhooks`, `ledger`).
#[macro_export]
macro_rules! gateway {
    ($plugin:ident $(, $interface:ident)* $(,)?) => {
        $crate::bindings::payments::export!($plugin with_types_in $crate::bindings::payments);
        $(
            $crate::bindings::$interface::export!(
                $plugin with_types_in $crate::bindings::$interface
            );
        )*
    };
}

/// Exports a type as a branding.
#[macro_export]
macro_rules! branding {
    ($plugin:ident) => {
        $crate::bindings::branding::export!($plugin with_types_in $crate::bindings::branding);
    };
}

/// Exports a type as a plugin with pages: `pages`, and the optional interfaces that are named after it
/// (`blocks`, `events`).
#[macro_export]
macro_rules! pages {
    ($plugin:ident $(, $interface:ident)* $(,)?) => {
        $crate::bindings::pages::export!($plugin with_types_in $crate::bindings::pages);
        $(
            $crate::bindings::$interface::export!(
                $plugin with_types_in $crate::bindings::$interface
            );
        )*
    };
}
