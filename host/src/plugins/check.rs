//! `vestibule plugin check`: what a host would say about a plugin's file, with figures.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::conformance::{self, Bench, Finding};
use super::data::NoData;
use super::engine::{Engine, EngineError};
use super::gateway::answer::Description;
use super::gateway::config::GatewayConfig;
use super::gateway::exports::GatewayPart;
use super::limits::Limits;
use super::load::{self, LoadError, Loader, Uncompiled, Upload};
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
    /// What was found of its promises, or why they could not be tried; none where nobody asked.
    pub promises: Option<Result<Vec<Finding>, String>>,
}

/// A gateway in front of a test processor, to try its promises.
pub struct Trial {
    /// How the operator would configure it.
    pub config: GatewayConfig,
    /// What the suite works with.
    pub bench: Bench,
}

/// Checks a plugin's file as a host with these `limits` would. Compiled code is kept in
/// `cache`. With a `trial`, a gateway's promises are tried too, which moves money at its
/// processor.
pub async fn check(
    file: &Path,
    limits: Limits,
    cache: &Path,
    clock: HostClock,
    trial: Option<Trial>,
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
        promises: None,
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
    let loader = Loader::new(engine, limits, clock, Arc::new(NoData))
        .map_err(|error| EngineError::Wasmtime(error.into()))?;
    let begun = Instant::now();
    let upload = Upload::new(bytes, None);
    match loader.load(upload, Uncompiled::Compile).await {
        Ok(plugin) => {
            report.load_time = begun.elapsed();
            report.gateway = plugin.gateway.as_ref().map(GatewayPart::description);
            if let (Some(trial), true) = (trial, report.gateway.is_some()) {
                let tried = conformance::run(Arc::new(plugin), &trial.config, trial.bench);
                report.promises = Some(tried.await);
            }
        }
        Err(error) => {
            report.load_time = begun.elapsed();
            report.problem = Some(error);
        }
    }
    Ok(report)
}
