//! Names that change their answers.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::plugins::imports::http;
use crate::plugins::limits::Limits;

fn addresses(of: &[&str]) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    let parsed = of.iter().map(|text| {
        let ip: std::net::IpAddr = text.parse().expect("an address");
        SocketAddr::new(ip, 0)
    });
    Box::pin(std::future::ready(Ok(parsed.collect())))
}

async fn resolved(private: bool, lookup: Lookup) -> Result<Vec<String>, String> {
    let resolver = CheckedResolver {
        private,
        plain: false,
        lookup,
    };
    let name = "api.example.com".parse().expect("a name");
    let found = resolver.resolve(name).await;
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.map(|address| address.ip().to_string()).collect())
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_checked_every_time() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    /// Public for the one who checks, then what the guest is after.
    fn rebinds(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        match ASKED.fetch_add(1, Ordering::SeqCst) {
            0 => addresses(&["93.184.216.34"]),
            1 => addresses(&["169.254.169.254"]),
            2 => addresses(&["::ffff:127.0.0.1", "10.0.0.7"]),
            3 => addresses(&[]),
            _ => addresses(&["127.0.0.1", "93.184.216.34", "169.254.169.254"]),
        }
    }
    let public = Ok(vec!["93.184.216.34".to_owned()]);
    assert_eq!(resolved(false, rebinds).await, public);
    let refused = resolved(false, rebinds).await.expect_err("metadata");
    assert!(refused.contains("no plugin may reach"), "{refused}");
    let refused = resolved(false, rebinds).await.expect_err("private");
    assert!(refused.contains("private network"), "{refused}");
    let refused = resolved(false, rebinds).await.expect_err("nothing");
    assert!(refused.contains("no address"), "{refused}");
    // Among good addresses the bad ones are not there to be connected to.
    assert_eq!(resolved(false, rebinds).await, public);
}

/// A server on loopback that says how often it was connected to.
async fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 1024];
            let _ = connection.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let _ = connection.write_all(answer).await;
        }
    });
    (port, connections)
}

/// The client of guests, which looks names up like this.
fn client(private: bool, lookup: Lookup) -> reqwest::Client {
    // main does this for the binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let class = http::Class {
        private,
        plain: true,
    };
    http::client(class, &Limits::default(), lookup).expect("a client")
}

/// Why the client of guests did not connect, as far as the resolver refused it.
fn refusal(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(refused.to_string());
        }
        cause = error.source();
    }
    None
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_connected_to() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    /// What was granted at first; then metadata, then nothing but trouble.
    fn rebinds(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        match ASKED.fetch_add(1, Ordering::SeqCst) {
            0 => addresses(&["127.0.0.1"]),
            1 => addresses(&["169.254.169.254", "fd00:ec2::254"]),
            _ => addresses(&["169.254.169.254", "127.0.0.1"]),
        }
    }
    let (port, connections) = server().await;
    let client = client(true, rebinds);
    let url = format!("http://api.example.com:{port}/");
    let answer = client.get(&url).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    // One question for the one connection: there is no second answer to be connected to.
    assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    let error = client.get(&url).send().await.expect_err("metadata");
    let refused = refusal(&error).expect("refused by the resolver");
    assert!(refused.contains("no plugin may reach"), "{refused}");
    assert_eq!(ASKED.load(Ordering::SeqCst), 2);
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    // The good address of a mixed answer is all that there is of it.
    let answer = client.get(&url).send().await.expect("an answer");
    assert_eq!(answer.remote_addr().map(|at| at.port()), Some(port));
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_name_that_turns_to_this_machine_is_not_connected_to_without_the_grant() {
    fn loopback(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        addresses(&["127.0.0.1", "::1"])
    }
    let (port, connections) = server().await;
    let url = format!("http://api.example.com:{port}/");
    let answer = client(false, loopback).get(&url).send().await;
    let refused = refusal(&answer.expect_err("loopback")).expect("refused by the resolver");
    assert!(refused.contains("private network"), "{refused}");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_of_ones_own_that_turns_to_the_internet_is_not_told_secrets_without_tls() {
    fn moved(_: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        addresses(&["93.184.216.34", "2606:4700::1111"])
    }
    let url = "http://psp.example.com:8081/";
    let answer = client(true, moved).get(url).send().await;
    let refused = refusal(&answer.expect_err("public")).expect("refused by the resolver");
    assert!(refused.contains("plain http does not go"), "{refused}");
    // With TLS the server has to prove who it is.
    let with_tls = resolved(true, moved).await;
    assert_eq!(with_tls.map(|found| found.len()), Ok(2));
}
