//! The one address that customers, the merchant and the processor know: it leads every
//! connection to some host that takes it, as a load balancer does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

pub(crate) struct Door {
    listener: TcpListener,
    url: String,
}

/// Takes a free port.
pub(crate) async fn listen() -> anyhow::Result<Door> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok(Door { listener, url })
}

impl Door {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Leads connections to the hosts at `ports` until `stop`.
    pub(crate) async fn serve(self, ports: Vec<u16>, stop: CancellationToken) {
        let turn = Arc::new(AtomicUsize::new(0));
        let ports: Arc<[u16]> = ports.into();
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            let Ok((client, _)) = accepted else { continue };
            let (ports, first) = (Arc::clone(&ports), turn.fetch_add(1, Ordering::Relaxed));
            tokio::spawn(async move { lead(client, &ports, first).await });
        }
    }
}

/// A host that is down refuses; the next one is tried. When all are, the line is cut.
async fn lead(mut client: TcpStream, ports: &[u16], first: usize) {
    for port in ports
        .iter()
        .cycle()
        .skip(first % ports.len())
        .take(ports.len())
    {
        if let Ok(mut host) = TcpStream::connect(("127.0.0.1", *port)).await {
            // Either side may be cut at any time; that is what this is for.
            let _ = copy_bidirectional(&mut client, &mut host).await;
            return;
        }
    }
}
