//! Behaviour of the whole, area by area, in one test binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod access;
mod api;
mod architecture;
mod authors;
mod cases;
mod commands;
mod config;
mod conformance;
mod flows;
mod invoices;
mod jobs;
mod mail;
mod plugin_commands;
mod plugins;
mod portal;
mod promises;
mod routes;
mod sandbox;
mod showing;
mod store;
mod stripe;
mod support;
mod themes;
