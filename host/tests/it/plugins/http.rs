//! `http.fetch` from inside a guest: where it may go, and what it learns when it may not.

use std::time::{Duration, Instant};

use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::limits::Limits;
use vestibule::plugins::{Error, UnknownCause};

use super::guest::{self, MANIFEST};
use super::servers::{answering, answering_once, listener, silent};
use super::{Host, charge, config, limits, patient, plain};

async fn fetcher() -> Host {
    Host::with(&guest::plugin(MANIFEST, &guest::FETCHES)).await
}

/// What the host tells a guest that fetches `url`: the reason for *not sent*.
async fn refusal(host: &Host, config: GatewayConfig, url: &str) -> String {
    match host.gateway(config).charge(&charge(url)).await {
        Err(Error::NotExecuted { reason, .. }) => reason,
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_private_origin_is_reached() {
    let (origin, _) = answering("HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\nno").await;
    let host = fetcher().await;
    let gateway = host.gateway(config(&origin, true));
    let payment = gateway
        .charge(&charge(&format!("{origin}/x?y=z")))
        .await
        .unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_answers_and_not_followed() {
    let target = silent().await;
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let (origin, _) = answering(&answer).await;
    let host = fetcher().await;
    let gateway = host.gateway(config(&origin, true));
    let payment = gateway.charge(&charge(&origin)).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_denied_and_was_not_sent() {
    let host = fetcher().await;
    let origin = silent().await;
    let reason = refusal(&host, plain(), &origin).await;
    assert_eq!(reason, format!("{origin} is not permitted to this plugin"));
    // Another port of the granted host is another origin.
    let other = config("http://127.0.0.1:9", true);
    assert!(
        refusal(&host, other, &origin)
            .await
            .contains("is not permitted")
    );
    let invalid = refusal(&host, config(&origin, true), "file:///etc/passwd").await;
    assert_eq!(invalid, "not an http or https URL");
    let user_info = origin.replace("http://", "http://user:pass@");
    let invalid = refusal(&host, config(&origin, true), &user_info).await;
    assert_eq!(invalid, "a URL with user info or a fragment");
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_by_name_and_in_every_spelling() {
    let host = fetcher().await;
    for origin in [
        "http://127.0.0.1:8081",
        "http://2130706433",
        "http://0x7f.1",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:a00:1]",
        "http://10.0.0.1",
        // Resolved, and refused when it would be connected to.
        "http://localhost:8081",
    ] {
        let reason = refusal(&host, config(origin, false), origin).await;
        assert!(reason.contains("a private network"), "{origin}: {reason}");
    }
    for origin in ["http://93.184.216.34", "http://[2606:4700::1111]:8081"] {
        let reason = refusal(&host, config(origin, true), origin).await;
        assert!(reason.contains("plain http"), "{origin}: {reason}");
    }
    for origin in ["http://169.254.169.254", "http://[::ffff:169.254.169.254]"] {
        let reason = refusal(&host, config(origin, true), origin).await;
        assert!(reason.contains("no plugin may reach"), "{origin}: {reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_was_not_sent_and_a_lost_one_may_have_been() {
    let host = fetcher().await;
    let (listener, closed) = listener().await;
    drop(listener);
    let error = host
        .gateway(config(&closed, true))
        .charge(&charge(&closed))
        .await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::NotExecuted { .. }), "{error}");

    let (nonsense, _) = answering("this is not HTTP\r\n\r\n").await;
    let error = host
        .gateway(config(&nonsense, true))
        .charge(&charge(&nonsense))
        .await;
    let error = error.unwrap_err();
    let said = matches!(
        error,
        Error::Unknown {
            cause: UnknownCause::Said(_),
            ..
        }
    );
    assert!(said, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_larger_than_the_limit_is_not_read_and_may_have_been_sent() {
    let host = Host::limited(&guest::plugin(MANIFEST, &guest::FETCHES), patient()).await;
    let most = patient().fetch_bytes;
    let answer = |bytes: usize| {
        let body = "x".repeat(bytes);
        format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{body}")
    };
    let (origin, _) = answering(&answer(most)).await;
    let gateway = host.gateway(config(&origin, true));
    let payment = gateway.charge(&charge(&origin)).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
    // One byte more, and more than all buffers on the way hold.
    for (bytes, may_be_taken) in [(most + 1, true), (64 * most, false)] {
        let (origin, taken) = answering_once(answer(bytes)).await;
        let gateway = host.gateway(config(&origin, true));
        let error = gateway.charge(&charge(&origin)).await.unwrap_err();
        let said = matches!(
            error,
            Error::Unknown {
                cause: UnknownCause::Said(_),
                ..
            }
        );
        assert!(said, "{bytes} bytes: {error}");
        assert!(may_be_taken || !taken.await.unwrap(), "it was read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_larger_than_the_limit_is_not_sent() {
    // Nobody listens there: what may be sent ends for want of a connection, which the guest has no
    // words for.
    let (listener, closed) = listener().await;
    drop(listener);
    let most = limits().fetch_bytes;
    let refused = format!("a body of {most} bytes");
    for (bytes, says) in [(most, "???"), (most + 1, refused.as_str())] {
        let sends = guest::plugin(MANIFEST, &guest::sends_a_body(bytes));
        let host = Host::limited(&sends, patient()).await;
        let reason = refusal(&host, config(&closed, true), &closed).await;
        assert_eq!(reason, says, "{bytes} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_ends_the_request_and_then_the_call() {
    let silent = silent().await;
    let host = fetcher().await;
    let begun = Instant::now();
    let error = host
        .gateway(config(&silent, true))
        .charge(&charge(&silent))
        .await;
    assert!(error.unwrap_err().outcome_unknown());
    assert!(begun.elapsed() >= Duration::from_millis(600));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_finds_no_turn_was_not_executed() {
    let silent = silent().await;
    let limits = Limits {
        calls_at_once: 1,
        ..limits()
    };
    let host = Host::limited(&guest::plugin(MANIFEST, &guest::FETCHES), limits).await;
    let gateway = host.gateway(config(&silent, true));
    let request = charge(&silent);
    let (one, other) = tokio::join!(gateway.charge(&request), gateway.charge(&request));
    let unknown = [&one, &other].map(|r| r.as_ref().unwrap_err().outcome_unknown());
    assert!(unknown[0] != unknown[1], "{one:?} {other:?}");
}
