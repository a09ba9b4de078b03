//! `vestibule plugin check`: what a host would say about a plugin's file, with figures.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::component::{Files, Opening};
use super::conformance::{self, Bench, Finding, Shown, sample};
use super::data::GuestData;
use super::engine::{Engine, EngineError};
use super::gateway::answer::Description;
use super::gateway::config::GatewayConfig;
use super::gateway::exports::GatewayPart;
use super::limits::Limits;
use super::load::{self, LoadError, Loaded, Loader, Uncompiled};
use super::manifest::Manifest;
use super::rehearsal::Rehearsal;
use super::upload::Upload;
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
    /// The files that it carries.
    pub files: Arc<Files>,
    /// What pages and brandings showed while their promises were tried.
    pub shown: Vec<Shown>,
}

/// A gateway in front of a test processor, to try its promises.
pub struct Trial {
    /// How the operator would configure it.
    pub config: GatewayConfig,
    /// What the suite works with.
    pub bench: Bench,
}

impl Report {
    /// Of so many bytes, of which nothing is known yet.
    fn of(bytes: usize, limits: Limits) -> Self {
        Self {
            bytes,
            manifest: None,
            imports: Vec::new(),
            exports: Vec::new(),
            gateway: None,
            limits,
            load_time: Duration::ZERO,
            problem: None,
            promises: None,
            files: Arc::default(),
            shown: Vec::new(),
        }
    }
}

/// Checks a plugin's file as a host with these `limits` would: see [`check_bytes`].
pub async fn check(
    file: &Path,
    limits: Limits,
    cache: &Path,
    clock: HostClock,
    opening: Opening,
    trial: Option<Trial>,
) -> Result<Report, EngineError> {
    match tokio::fs::read(file).await {
        Ok(bytes) => check_bytes(bytes, limits, cache, clock, opening, trial).await,
        Err(error) => Ok(Report {
            problem: Some(error.into()),
            ..Report::of(0, limits)
        }),
    }
}

/// Checks what was read of a plugin's file. Compiled code is kept in `cache`; `opening` tries what
/// the plugin carries. The promises of pages and brandings are tried, without any network; with a
/// `trial`, a gateway's promises are tried too, which moves money at its processor.
pub async fn check_bytes(
    bytes: Vec<u8>,
    limits: Limits,
    cache: &Path,
    clock: HostClock,
    opening: Opening,
    trial: Option<Trial>,
) -> Result<Report, EngineError> {
    let mut report = Report::of(bytes.len(), limits);
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
    let now = clock();
    let data = Arc::new(Rehearsal::default());
    data.begin(sample::owned(now));
    // Time stands still where nothing is waited for: what comes twice is the same then.
    let clock: HostClock = match &trial {
        Some(_) => clock,
        None => Arc::new(move || now),
    };
    let loader = Loader::new(
        engine,
        limits,
        clock,
        Arc::clone(&data) as Arc<dyn GuestData>,
    )
    .map_err(|error| EngineError::Wasmtime(error.into()))?
    .with_opening(opening);
    let begun = Instant::now();
    let upload = Upload::new(bytes, None);
    match loader.load(upload, Uncompiled::Compile).await {
        Ok(plugin) => {
            report.load_time = begun.elapsed();
            report.gateway = plugin.gateway.as_ref().map(GatewayPart::description);
            report.files = Arc::clone(&plugin.files);
            let plugin = Arc::new(plugin);
            report.promises =
                Box::pin(promises(&plugin, &data, now, trial, &mut report.shown)).await;
        }
        Err(error) => {
            report.load_time = begun.elapsed();
            report.problem = Some(error);
        }
    }
    Ok(report)
}

/// What is found of the promises of every kind that the plugin is; none where nothing was tried.
async fn promises(
    plugin: &Arc<Loaded>,
    data: &Rehearsal,
    now: Timestamp,
    trial: Option<Trial>,
    shown: &mut Vec<Shown>,
) -> Option<Result<Vec<Finding>, String>> {
    let mut findings = Vec::new();
    if plugin.pages.is_some() {
        let (found, exhibits) = conformance::pages::run(Arc::clone(plugin), data, now).await;
        findings.extend(found);
        shown.extend(exhibits);
    }
    if plugin.branding.is_some() {
        let (found, exhibits) = conformance::branding::run(Arc::clone(plugin)).await;
        findings.extend(found);
        shown.extend(exhibits);
    }
    if let (Some(trial), true) = (trial, plugin.gateway.is_some()) {
        let tried = conformance::run(Arc::clone(plugin), &trial.config, trial.bench);
        match tried.await {
            Ok(found) => findings.extend(found),
            Err(why) => return Some(Err(why)),
        }
    }
    (!findings.is_empty()).then_some(Ok(findings))
}
