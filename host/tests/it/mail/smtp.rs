//! Sending through a real SMTP server: Debian's aiosmtpd, a process of its own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use vestibule::mail::transport::{Protection, Smtp, Transport};
use vestibule::mail::{Envelope, Error, Mailer, account};
use vestibule::themes::{Frame, Locale, Mail as _};

use super::{email, themes};

/// A running server that files what it takes into a maildir.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts one that refuses messages larger than `largest` bytes.
    pub(crate) fn start(maildir: &Path, largest: usize) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let process = Command::new("/usr/bin/python3")
            .args(["-m", "aiosmtpd", "-n", "-s", &largest.to_string()])
            .args(["-l", &format!("127.0.0.1:{port}")])
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(maildir)
            .stderr(Stdio::inherit())
            .spawn()
            .expect("python3 with aiosmtpd (Debian: python3-aiosmtpd)");
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the mail server does not answer");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Self { process, port }
    }

    /// The way to it.
    pub(crate) fn transport(&self) -> Transport {
        let transport = Transport::smtp(&Smtp {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            protection: Protection::None,
            credentials: None,
        });
        transport.expect("a transport")
    }

    fn mailer(&self) -> Mailer {
        Mailer::new(themes(), self.transport(), email("portal@example.com"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn send(mailer: &Mailer) -> Result<(), Error> {
    let envelope = Envelope {
        from_name: "Northwind Software".to_owned(),
        to: email("amelie@example.com"),
        reply_to: None,
        message_id: "mai_01k0sample".to_owned(),
    };
    let mail = account::Login::samples().remove(0);
    mailer
        .send(
            "default",
            &Frame::sample(Locale::of("es")),
            &envelope,
            &mail,
        )
        .await
}

#[tokio::test]
async fn a_server_takes_mails_with_the_id_they_were_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let maildir = folder.path().join("mail");
    let server = Server::start(&maildir, 1_000_000);
    send(&server.mailer()).await.expect("taken");
    let files: Vec<_> = std::fs::read_dir(maildir.join("new"))
        .expect("a maildir")
        .flatten()
        .collect();
    assert_eq!(files.len(), 1);
    let message = std::fs::read_to_string(files[0].path()).expect("a mail");
    assert!(
        message.contains("Message-ID: <mai_01k0sample@example.com>"),
        "{message}"
    );
    assert!(
        message.contains("From: \"Northwind Software\" <portal@example.com>"),
        "{message}"
    );
}

#[tokio::test]
async fn a_refusal_for_good_is_told_from_a_server_that_is_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("mail"), 100);
    let mailer = server.mailer();
    let refused = send(&mailer).await.expect_err("too large");
    assert!(!refused.may_pass_later(), "{refused:?}");
    drop(server);
    let away = send(&mailer).await.expect_err("nobody there");
    assert!(away.may_pass_later(), "{away:?}");
}
