//! A self-hosted, white-label customer portal engine.
//!
//! `domain` holds the rules, `flows` writes, `store` keeps, `plugins` and `themes` load what
//! merchants drop in, `web` and `jobs` are the entries. `ARCHITECTURE.md` has the map.

pub mod app;
pub mod branding;
pub mod cli;
pub mod config;
pub mod cx;
mod demo;
pub mod domain;
pub mod flows;
pub mod invoices;
pub mod jobs;
pub mod mail;
pub mod plain;
pub mod plugins;
pub mod store;
mod telemetry;
pub mod themes;
pub mod web;
pub mod wire;
