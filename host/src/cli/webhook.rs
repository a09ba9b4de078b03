//! `vestibule webhook`: the endpoints that events are delivered to, what became of deliveries, and
//! sending again.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;

use crate::app;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::endpoint::{Attempt, Delivery, DeliveryState};
use crate::domain::id::{EndpointId, EventId};
use crate::flows::{delivery, endpoint};
use crate::store::{DeliveryFilter, Seek};

use super::{Place, ScopeArgs, block_on, print};

/// The most endpoints that are listed.
const ALL: u32 = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum Webhook {
    /// List the endpoints, with how far the deliveries of the last 24 hours are.
    #[command(after_help = "Example:\n  vestibule webhook list --business bus_lumen --mode test")]
    List {
        #[command(flatten)]
        scope: ScopeArgs,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show the newest deliveries of an endpoint and every try, or those of one event.
    ///
    /// A try without an end was cut off: its process died, and nobody knows whether it arrived.
    /// The next one had the same webhook-id. Kept for webhooks.keep_log.
    #[command(after_help = "\
Examples:
  vestibule webhook log whk_01k9z3v6e8q4w2r7t5y1p0s9d8 --state failed
  vestibule webhook log whk_01k9z3v6e8q4w2r7t5y1p0s9d8 --json")]
    Log {
        /// The endpoint's id.
        endpoint: EndpointId,
        /// Only deliveries that are so far: waiting, delivered, failed or dropped.
        #[arg(long)]
        state: Option<DeliveryState>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Send an event again, or everything of a time that was given up.
    ///
    /// Under the same webhook-id, and with the state of its object at that time. A running `serve`
    /// does the work.
    #[command(after_help = "\
Examples:
  vestibule webhook replay whk_01k9z3v6e8q4w2r7t5y1p0s9d8 --event evt_01k9z3v6e8q4w2r7t5y1p0s9d8
  vestibule webhook replay whk_01k9z3v6e8q4w2r7t5y1p0s9d8 --failed-since 2026-11-20T08:00:00Z
  vestibule webhook replay whk_01k9z3v6e8q4w2r7t5y1p0s9d8 --failed-for 3d")]
    Replay {
        /// The endpoint's id.
        endpoint: EndpointId,
        #[command(flatten)]
        what: What,
        /// With --failed-…: only what was ordered before this instant [default: now]
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Give an endpoint a new secret and print it.
    ///
    /// The old one signs beside it for webhooks.secret_overlap, so that receivers can change over.
    #[command(after_help = "\
Examples:
  vestibule webhook rotate whk_01k9z3v6e8q4w2r7t5y1p0s9d8
  vestibule webhook rotate whk_01k9z3v6e8q4w2r7t5y1p0s9d8 --at-once   # it has leaked")]
    Rotate {
        /// The endpoint's id.
        endpoint: EndpointId,
        /// The old secret signs no more.
        #[arg(long)]
        at_once: bool,
        #[command(flatten)]
        scope: ScopeArgs,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// This event.
    #[arg(long, value_name = "ID")]
    event: Option<EventId>,
    /// What was given up, as far as it was ordered from this instant on.
    #[arg(long, value_name = "TIME")]
    failed_since: Option<Timestamp>,
    /// What was given up, as far as it was ordered within this time, such as 36h or 3d.
    #[arg(long, value_name = "SPAN")]
    failed_for: Option<Span>,
}

impl Webhook {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        let (Self::List { scope, .. }
        | Self::Log { scope, .. }
        | Self::Replay { scope, .. }
        | Self::Rotate { scope, .. }) = &self;
        let scope = scope.among(&settings)?;
        block_on(async {
            let cx = app::open(settings).await?;
            match self {
                Self::List { json, .. } => list(&cx, &scope, json).await,
                Self::Log {
                    endpoint,
                    state,
                    limit,
                    json,
                    ..
                } => {
                    log(
                        &cx,
                        &scope,
                        &endpoint,
                        DeliveryFilter { state },
                        limit,
                        json,
                    )
                    .await
                }
                Self::Replay {
                    endpoint,
                    what,
                    until,
                    ..
                } => replay(&cx, &scope, &endpoint, what, until).await,
                Self::Rotate {
                    endpoint, at_once, ..
                } => {
                    let overlap = if at_once {
                        SignedDuration::ZERO
                    } else {
                        cx.settings.load().webhooks.secret_overlap
                    };
                    let secret = endpoint::rotate(&cx, &scope, &endpoint, overlap).await?;
                    print(secret.expose_secret())
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// An endpoint as it is printed.
#[derive(Serialize)]
struct Listed {
    id: EndpointId,
    url: String,
    disabled: bool,
    fixed_by_file: bool,
    filter_types: Option<Vec<String>>,
    rate_limit: Option<u32>,
    waiting: i64,
    delivered: i64,
    failed: i64,
    dropped: i64,
}

async fn list(cx: &Cx, scope: &Scope, json: bool) -> anyhow::Result<()> {
    let day = SignedDuration::from_hours(24);
    let since = cx.now().saturating_sub(day)?;
    let mut tx = cx.store.read().await?;
    let mut listed = Vec::new();
    for view in endpoint::list(cx, &mut tx, scope, None, ALL).await? {
        let counts = tx.delivery_counts(scope, &view.id, since).await?;
        let count = |state| {
            let found = counts.iter().find(|(known, _)| *known == state);
            found.map_or(0, |(_, number)| *number)
        };
        listed.push(Listed {
            waiting: count(DeliveryState::Waiting),
            delivered: count(DeliveryState::Delivered),
            failed: count(DeliveryState::Failed),
            dropped: count(DeliveryState::Dropped),
            id: view.id,
            url: view.url,
            disabled: view.disabled,
            fixed_by_file: view.fixed,
            filter_types: view.filter_types,
            rate_limit: view.rate_limit,
        });
    }
    if json {
        return print(&serde_json::to_string_pretty(&listed)?);
    }
    if listed.is_empty() {
        return print(
            "there is no endpoint; make one with POST /webhooks or in the business's file",
        );
    }
    for of in listed {
        let wants = match &of.filter_types {
            Some(types) => types.join(","),
            None => "all types".to_owned(),
        };
        let state = match (of.disabled, of.fixed_by_file) {
            (true, _) => "disabled",
            (false, true) => "of the file",
            (false, false) => "enabled",
        };
        print(&format!(
            "{}  {}  {state}  {wants}  24 h: {} delivered, {} waiting, {} failed, {} dropped",
            of.id, of.url, of.delivered, of.waiting, of.failed, of.dropped
        ))?;
    }
    Ok(())
}

async fn log(
    cx: &Cx,
    scope: &Scope,
    endpoint: &EndpointId,
    filter: DeliveryFilter,
    limit: u32,
    json: bool,
) -> anyhow::Result<()> {
    let mut tx = cx.store.read().await?;
    let page = tx
        .deliveries_page(scope, endpoint, filter, &Seek::Newest, limit)
        .await?;
    let mut entries = Vec::new();
    for delivery in page.rows {
        let tries = tx.attempts(scope, endpoint, &delivery.event).await?;
        let held_up = delivery::held_up(&mut tx, scope, &delivery, &tries).await?;
        if json {
            entries.push(as_json(&delivery, &tries, held_up.as_deref()));
            continue;
        }
        let Delivery {
            event,
            kind,
            object,
            state,
            created_at,
            ..
        } = &delivery;
        print(&format!(
            "{event}  {created_at:.0}  {kind}  {object}  {state}"
        ))?;
        for attempt in &tries {
            print(&format!("    {:.0}  {}", attempt.at, in_words(attempt)))?;
        }
        if let Some(why) = held_up {
            print(&format!("    held up: {why}"))?;
        }
    }
    if json {
        print(&serde_json::to_string_pretty(&entries)?)?;
    }
    Ok(())
}

fn in_words(attempt: &Attempt) -> String {
    let Some(end) = &attempt.end else {
        return "under way, or cut off".to_owned();
    };
    let took = end.took_us / 1000;
    match &end.error {
        Some(why) => format!("{why}, after {took} ms"),
        None => format!("{} after {took} ms", end.status.unwrap_or_default()),
    }
}

fn as_json(delivery: &Delivery, tries: &[Attempt], held_up: Option<&str>) -> serde_json::Value {
    let tries: Vec<_> = tries
        .iter()
        .map(|attempt| {
            let end = attempt.end.as_ref();
            json!({
                "at": attempt.at,
                "took_us": end.map(|end| end.took_us),
                "status": end.and_then(|end| end.status),
                "error": end.and_then(|end| end.error.as_deref()),
                "cut_off_or_under_way": end.is_none(),
            })
        })
        .collect();
    json!({
        "event": delivery.event,
        "type": delivery.kind,
        "object": delivery.object,
        "state": delivery.state,
        "failures": delivery.failures,
        "ordered_at": delivery.created_at,
        "ended_at": delivery.ended_at,
        "held_up": held_up,
        "tries": tries,
    })
}

async fn replay(
    cx: &Cx,
    scope: &Scope,
    endpoint: &EndpointId,
    what: What,
    until: Option<Timestamp>,
) -> anyhow::Result<()> {
    if let Some(event) = what.event {
        delivery::replay(cx, scope, endpoint, &event).await?;
        return print(&format!("{event} is sent again"));
    }
    let now = cx.now();
    let since = match (what.failed_since, what.failed_for) {
        (Some(since), _) => since,
        (None, Some(span)) => {
            let span = span.to_duration(SpanRelativeTo::days_are_24_hours());
            let span = span.context("--failed-for is a time such as 36h or 3d")?;
            now.saturating_sub(span)?
        }
        (None, None) => now,
    };
    let number = delivery::replay_failed(cx, scope, endpoint, since, until.unwrap_or(now)).await?;
    print(&format!("{number} events are sent again"))
}
