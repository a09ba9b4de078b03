//! Servers on loopback for guests that send requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An answer without anything in it.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// A server that answers every connection with these bytes, and how many there were.
pub(super) async fn answering(answer: &str) -> (String, Arc<AtomicUsize>) {
    let (answer, asked) = (answer.to_owned(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let (listener, origin) = listener().await;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = connection.read(&mut request).await;
            count.fetch_add(1, Ordering::SeqCst);
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    (origin, asked)
}

/// A server that answers one connection with these bytes, and whether all of them were taken.
pub(super) async fn answering_once(answer: String) -> (String, JoinHandle<bool>) {
    let (listener, origin) = listener().await;
    let taken = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = connection.read(&mut request).await;
        connection.write_all(answer.as_bytes()).await.is_ok()
    });
    (origin, taken)
}

/// A server that takes every connection and never says anything.
pub(super) async fn silent() -> String {
    let (listener, origin) = listener().await;
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
        }
    });
    origin
}

/// A port of this machine, and the origin that it is.
pub(super) async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    (listener, origin)
}
