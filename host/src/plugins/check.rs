//! `vestibule plugin check`: what a host would say about a plugin's file, with figures.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::engine::{Engine, EngineError};
use super::gateway::answer::Description;
use super::gateway::exports::GatewayPart;
use super::limits::Limits;
use super::load::{self, LoadError, Loader};
use super::manifest::Manifest;
use super::{HostClock, component};

/// What there is to say about a plugin's file.
#[derive(Debug)]
pub struct Report {
    /// Bytes of the file.
    pub bytes: usize,
    /// The manifest, if it could be read.
    pub manifest: Option<Manifest>,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    /// The interfaces it exports.
    pub exports: Vec<String>,
    /// What it is as a gateway, with origins as declared.
    pub gateway: Option<Description>,
    /// The limits that hold for it.
    pub limits: Limits,
    /// How long compiling and the first call took.
    pub load_time: Duration,
    /// Why a host would not load it; none when it would.
    pub problem: Option<LoadError>,
}

/// Checks a plugin's file as a host with these `limits` would. Compiled code is kept in
/// `cache`.
pub async fn check(
    file: &Path,
    limits: Limits,
    cache: &Path,
    clock: HostClock,
) -> Result<Report, EngineError> {
    let mut report = Report {
        bytes: 0,
        manifest: None,
        imports: Vec::new(),
        exports: Vec::new(),
        gateway: None,
        limits,
        load_time: Duration::ZERO,
        problem: None,
    };
    let bytes = match tokio::fs::read(file).await {
        Ok(bytes) => bytes,
        Err(error) => {
            report.problem = Some(error.into());
            return Ok(report);
        }
    };
    report.bytes = bytes.len();
    if let Ok(contents) = component::read(&bytes) {
        report.imports = contents.imports;
        report.exports = contents.exports;
    }
    match load::read(&bytes) {
        Ok((_, manifest)) => {
            report.limits = limits.lowered_by(manifest.limits);
            report.manifest = Some(manifest);
        }
        Err(error) => {
            report.problem = Some(error);
            return Ok(report);
        }
    }
    let engine = Engine::start(&limits, cache)?;
    let loader =
        Loader::new(engine, limits, clock).map_err(|error| EngineError::Wasmtime(error.into()))?;
    let begun = Instant::now();
    match Arc::new(loader).load(bytes).await {
        Ok(plugin) => report.gateway = plugin.gateway.map(GatewayPart::into_description),
        Err(error) => report.problem = Some(error),
    }
    report.load_time = begun.elapsed();
    Ok(report)
}
