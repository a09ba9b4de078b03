//! Plugins: WebAssembly components that merchants and gateway vendors drop into a folder.
//!
//! This folder owns the engine, what guests may do, and one typed door per kind of plugin.
//! No other folder names a wasmtime type; this one knows no store, no flow and no page.

mod error;
pub mod gateway;
pub mod grants;

pub use self::error::{Error, FieldError, UnknownCause};
