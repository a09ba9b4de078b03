//! What a process says of its plugins while it serves.

use std::net::SocketAddr;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cx::{Cx, random};
use crate::flows;
use crate::flows::plugin_report::{self, Process};

/// This process, which serves at `address`, as it is known to the others from now on. Before it works
/// on anything it knows what they are told.
pub(super) async fn begin(cx: &Cx, address: SocketAddr) -> Process {
    let process = Process {
        id: data_encoding::HEXLOWER.encode(&random::<16>()),
        label: format!("{address}, process {}", std::process::id()),
        started_at: cx.now(),
    };
    tell(cx, &process).await;
    process
}

async fn tell(cx: &Cx, process: &Process) {
    if let Err(error) = plugin_report::tell(cx, process).await {
        failed(&error);
    }
}

fn failed(error: &flows::Error) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "how the plugins stand was not written down");
}

/// Says how the plugins stand, at every change and every `plugins.report_every`, until `stop`.
pub(super) async fn report(cx: Cx, process: Process, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tell(&cx, &process).await;
        let every = cx.settings.load().plugins.report_every;
        let every = Duration::try_from(every).unwrap_or(Duration::from_secs(10));
        tokio::select! {
            () = stop.cancelled() => {}
            () = cx.plugins.changed() => {}
            () = tokio::time::sleep(every) => {}
        }
    }
    if let Err(error) = plugin_report::end(&cx, &process).await {
        failed(&error);
    }
}
