//! A line to a Postgres that loses the answer to a commit: the server has done it, the client
//! never hears.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// The line.
pub(crate) struct Lossy {
    /// Commits that are still answered; none is lost below zero.
    answered: Arc<AtomicI64>,
    url: String,
}

impl Lossy {
    /// A line to the database at `url`, which names a folder with a socket.
    pub(crate) async fn to(url: &str) -> Self {
        let (front, folder) = url.split_once("?host=").unwrap();
        let (_, database) = front.rsplit_once('/').unwrap();
        let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answered = Arc::new(AtomicI64::new(-1));
        let count = Arc::clone(&answered);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&count)));
            }
        });
        Self {
            answered,
            url: format!("postgres://vestibule@127.0.0.1:{port}/{database}"),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Loses the answer to the commit after the next `answered`.
    pub(crate) fn lose_after(&self, answered: i64) {
        self.answered.store(answered, Ordering::SeqCst);
    }

    /// Whether the answer was lost.
    pub(crate) fn has_lost(&self) -> bool {
        self.answered.load(Ordering::SeqCst) < 0
    }
}

async fn carry(mut client: TcpStream, mut server: UnixStream, answered: Arc<AtomicI64>) {
    let (mut from_client, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(length @ 1..) = read else { return };
                let sent = &from_client[..length];
                if server.write_all(sent).await.is_err() {
                    return;
                }
                let commits = sent.windows(7).any(|bytes| bytes == b"COMMIT\0");
                let armed = answered.load(Ordering::SeqCst) >= 0;
                if commits && armed && answered.fetch_sub(1, Ordering::SeqCst) == 0 {
                    // It is done when the server says so; then the line is cut.
                    let _done = server.read(&mut from_server).await;
                    return;
                }
            }
            read = server.read(&mut from_server) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&from_server[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
