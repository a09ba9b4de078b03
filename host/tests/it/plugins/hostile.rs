//! Guests that mean harm: each is stopped, the host goes on serving others, its memory comes back,
//! and the log says who it was.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use vestibule::domain::{Mode, Scope};
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::gateway::request::{
    Delivery, DetachRequest, RefundRequest, SentRequest, SetupRequest, StoredMethod,
};
use vestibule::plugins::limits::Limits;
use vestibule::plugins::{Error, UnknownCause};

use super::guest::{self, MANIFEST, OnCharge};
use super::servers::{OK, answering, silent};
use super::{Host, charge, config, limits, patient, plain, put, scope};
use crate::support::log::Log;

/// Calls itself, for ever.
const RECURSES: OnCharge = OnCharge::Does("(drop (call $down (i32.const 1))) (unreachable)");

/// Takes room in a table until there is no more.
const HOGS_TABLES: OnCharge = OnCharge::Does(
    "(loop $more (drop (table.grow $hoard (ref.null func) (i32.const 1000))) (br $more))
     (unreachable)",
);

/// Answers *not executed* with a reason of a gigabyte, which it does not even have.
const ANSWERS_A_GIGABYTE: OnCharge = OnCharge::Does(
    "(drop (call $refused (i32.const 0)))
     (i32.store (i32.const 4112) (i32.const 1000000000))
     (i32.const 4096)",
);

/// Answers *not executed* with a reason that is not UTF-8.
const ANSWERS_BYTES: OnCharge = OnCharge::Does(
    "(i32.store (i32.const 8192) (i32.const 0x80c0feff))
     (drop (call $refused (i32.const 0)))
     (i32.store (i32.const 4108) (i32.const 8192))
     (i32.store (i32.const 4112) (i32.const 4))
     (i32.const 4096)",
);

/// Says *not executed* with a reason full of markup, line ends and what terminals obey.
const ANSWERS_MARKUP: OnCharge = OnCharge::Does(
    "(drop (call $refused (i32.const 0)))
     (i32.store (i32.const 4108) (i32.const 1200))
     (i32.store (i32.const 4112) (i32.const 23))
     (i32.const 4096)",
);

/// Writes ten thousand lines, then answers as if nothing had been.
const FLOODS: OnCharge = OnCharge::Does(
    "(local $left i32)
     (local.set $left (i32.const 10000))
     (loop $again
        (call $log (i32.const 3) (i32.const 1024) (i32.const 5) (i32.const 0) (i32.const 0))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
     (i32.const 4096)",
);

/// Writes a line that is not UTF-8.
const LOGS_BYTES: OnCharge = OnCharge::Does(
    "(i32.store (i32.const 8192) (i32.const 0x80c0feff))
     (call $log (i32.const 3) (i32.const 8192) (i32.const 4) (i32.const 0) (i32.const 0))
     (i32.const 4096)",
);

/// Fetches the URL that the request's key is a thousand times, then answers that all is well.
const FORKS: OnCharge = OnCharge::Does(
    "(local $left i32)
     (local.set $left (i32.const 1000))
     (loop $again
        (call $fetch
            (i32.const 0)
            (i32.load (local.get $request)) (i32.load offset=4 (local.get $request))
            (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0)
            (i32.const 6144))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
     (i32.const 4096)",
);

impl Host {
    /// Puts one that behaves beside the hostile one, for another business.
    async fn beside(&self) -> vestibule::plugins::gateway::Gateway {
        let manifest = MANIFEST.replace("id = \"guest\"", "id = \"honest\"");
        let honest = guest::plugin(&manifest, &OnCharge::Succeeds);
        put(&self.folder, "honest.wasm", &honest);
        self.plugins.reload().await;
        let other = Scope::new("bus_other".parse().unwrap(), Mode::Test);
        let honest = GatewayConfig {
            plugin: "honest".to_owned(),
            ..plain()
        };
        let main = |scope: &Scope| (scope.clone(), "main".to_owned());
        let configs = [(main(&scope(Mode::Test)), plain()), (main(&other), honest)];
        self.plugins.configure(configs.into());
        self.plugins.gateway(&other, "main").unwrap()
    }
}

/// Charges with hostile guests, some at once, while another business's guest is charged beside
/// them; answers why the hostile one has no outcome.
async fn stopped(on_charge: &OnCharge) -> String {
    // What ends a loop is the guest's own limit; the others have all the time that they need.
    let manifest = format!("{MANIFEST}\n[limits]\ncpu_ms = 200\n");
    let host = Host::limited(&guest::plugin(&manifest, on_charge), patient()).await;
    let honest = host.beside().await;
    let gateway = host.plugins.gateway(&scope(Mode::Test), "main").unwrap();
    let attacks: Vec<_> = (0..4)
        .map(|_| {
            let gateway = gateway.clone();
            tokio::spawn(async move { gateway.charge(&charge("pay_1")).await })
        })
        .collect();
    for _ in 0..20 {
        let payment = honest.charge(&charge("pay_2")).await.unwrap();
        assert_eq!(payment.outcome, Outcome::Succeeded);
    }
    let mut why = String::new();
    for attack in attacks {
        let error = attack.await.unwrap().unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
        why = error.to_string();
    }
    // Nothing of it is left over.
    let figures = host.plugins.statuses()[0].plugin.clone().unwrap().figures;
    assert_eq!((figures.under_way, figures.failures), (0, 4));
    assert!(figures.memory_bytes <= limits().memory_bytes as u64);
    let failed = figures.last_failure.unwrap().operation;
    assert!(
        ["payments.charge", "answer"].contains(&failed.as_str()),
        "{failed}"
    );
    assert!(why.starts_with("plugin guest: "), "{why}");
    // It can be called again, is stopped again, and the log says whose it was.
    let (log, _guard) = Log::of_this_thread("vestibule=warn");
    let again = gateway.charge(&charge("pay_1")).await.unwrap_err();
    assert!(again.outcome_unknown(), "{again}");
    let text = log.text();
    let told = text.lines().find(|line| line.contains("a plugin failed"));
    let told = told.expect("it says that a plugin failed");
    assert!(told.contains("plugin=\"guest\""), "{told}");
    why
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attack_is_stopped_and_named_while_others_are_served() {
    for (attack, says) in [
        (guest::LOOPS, "it used up its processor time"),
        // The clock of these hosts stands still.
        (guest::WAITS_FOR_THE_CLOCK, "it used up its processor time"),
        (RECURSES, "call stack exhausted"),
        (guest::HOGS, "bytes of memory"),
        (HOGS_TABLES, "it wanted a table of"),
        (guest::ANSWERS_TOO_MUCH, "fuel allocated for hostcalls"),
        (ANSWERS_A_GIGABYTE, "out of bounds"),
        (ANSWERS_BYTES, "utf-8"),
        (LOGS_BYTES, "utf-8"),
        (guest::ANSWERS_GARBAGE, "it trapped"),
        (guest::ANSWERS_NONSENSE, "is not an ISO 4217 currency"),
        (guest::TRAPS, "it trapped"),
    ] {
        let why = stopped(&attack).await;
        assert!(why.to_lowercase().contains(&says.to_lowercase()), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_hogs_took_is_there_for_the_next() {
    // The pool has room for four calls: if a single one kept its memory, the fifth would find none.
    let few = Limits {
        calls_in_all: 4,
        calls_at_once: 4,
        ..patient()
    };
    for attack in [guest::HOGS, HOGS_TABLES, RECURSES, guest::TRAPS] {
        let host = Host::limited(&guest::plugin(MANIFEST, &attack), few).await;
        let gateway = host.gateway(plain());
        let calls = (0..50).map(|_| {
            let gateway = gateway.clone();
            tokio::spawn(async move { gateway.charge(&charge("pay_1")).await })
        });
        for call in calls.collect::<Vec<_>>() {
            let error = call.await.unwrap().unwrap_err();
            assert!(error.outcome_unknown(), "{error}");
        }
        let figures = host.plugins.statuses()[0].plugin.clone().unwrap().figures;
        assert_eq!((figures.failures, figures.under_way), (50, 0));
    }
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_off_and_says_whose_it_was() {
    let (log, _guard) = Log::of_this_thread("info");
    let host = Host::limited(&guest::plugin(MANIFEST, &FLOODS), patient()).await;
    let payment = host.gateway(plain()).charge(&charge("pay_1")).await;
    assert_eq!(payment.unwrap().outcome, Outcome::Succeeded);
    let text = log.text();
    let lines = text.lines().filter(|line| line.contains("ERROR"));
    let lines: Vec<_> = lines.filter(|line| line.contains("Guest")).collect();
    assert_eq!(lines.len(), limits().log_lines, "{text}");
    assert!(lines.iter().all(|line| line.contains("plugin=\"guest\"")));
    let dropped = text.lines().find(|line| line.contains("were dropped"));
    let dropped = dropped.expect("it says that lines were dropped");
    assert!(dropped.contains("plugin=\"guest\""), "{dropped}");
    let count = 10_000 - limits().log_lines;
    assert!(dropped.contains(&format!("lines={count}")), "{dropped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_of_requests_ends_at_the_limit_of_a_call() {
    let (origin, asked) = answering(OK).await;
    let host = Host::limited(&guest::plugin(MANIFEST, &FORKS), patient()).await;
    let gateway = host.gateway(config(&origin, true));
    let payment = gateway.charge(&charge(&origin)).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
    assert_eq!(asked.load(Ordering::SeqCst), patient().fetches);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_a_metadata_address_is_an_answer_and_leads_nowhere() {
    let (origin, asked) = answering(
        "HTTP/1.1 307 Temporary Redirect\r\ncontent-length: 0\r\n\
         location: http://169.254.169.254/latest/meta-data/\r\nconnection: close\r\n\r\n",
    )
    .await;
    let host = Host::limited(&guest::plugin(MANIFEST, &guest::FETCHES), patient()).await;
    let gateway = host.gateway(config(&origin, true));
    let payment = gateway.charge(&charge(&origin)).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // Following it by hand ends before a connection, whatever was granted.
    let metadata = "http://169.254.169.254";
    let error = host
        .gateway(config(metadata, true))
        .charge(&charge(&format!("{metadata}/latest/meta-data/")))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("no plugin may reach"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_and_control_characters_in_a_reason_are_told_as_plain_text() {
    let host = Host::with(&guest::plugin(MANIFEST, &ANSWERS_MARKUP)).await;
    let error = host.gateway(plain()).charge(&charge("pay_1")).await;
    let Error::NotExecuted { reason, .. } = error.unwrap_err() else {
        panic!("it said so")
    };
    assert!(reason.contains("<b>"), "{reason}");
    assert!(!reason.chars().any(char::is_control), "{reason:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_in_any_export_is_unknown_and_never_an_answer() {
    let host = Host::limited(&guest::trapping_everywhere(), patient()).await;
    let gateway = host.gateway(plain());
    let sent = SentRequest {
        key: "pay_1".to_owned(),
        reference: None,
        customer_reference: None,
        first_sent_at: jiff::Timestamp::UNIX_EPOCH,
        amount: None,
    };
    let trapped = |error: Error| {
        let trapped = matches!(
            &error,
            Error::Unknown {
                cause: UnknownCause::Trapped(_),
                ..
            }
        );
        assert!(trapped, "{error}");
    };
    trapped(gateway.charge(&charge("pay_1")).await.unwrap_err());
    trapped(gateway.resume(&sent, &[]).await.unwrap_err());
    trapped(gateway.lookup(&sent).await.unwrap_err());
    trapped(gateway.cancel(&sent).await.unwrap_err());
    let setup = SetupRequest {
        key: "set_1".to_owned(),
        customer: charge("pay_1").customer,
        kinds: Vec::new(),
        currency: "EUR".parse().unwrap(),
        return_url: "https://portal.example.com/return/x".to_owned(),
        expires_at: jiff::Timestamp::UNIX_EPOCH,
    };
    trapped(gateway.setup_begin(&setup).await.unwrap_err());
    trapped(gateway.setup_complete(&sent, &[]).await.unwrap_err());
    let refund = RefundRequest {
        key: "ref_1".to_owned(),
        payment: sent.clone(),
        amount: charge("pay_1").amount,
        reason: None,
    };
    trapped(gateway.refund(&refund).await.unwrap_err());
    trapped(gateway.refund_lookup(&sent).await.unwrap_err());
    let detach = DetachRequest {
        method: StoredMethod {
            reference: "pm_1".to_owned(),
            mandate: None,
            network: None,
        },
        customer_reference: None,
    };
    trapped(gateway.detach(&detach).await.unwrap_err());
    let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
    trapped(gateway.ledger_list(start, end, None).await.unwrap_err());
    let delivery = Delivery {
        headers: Vec::new(),
        query: Vec::new(),
        body: b"{}".to_vec(),
        received_at: start,
    };
    let error = gateway.parse_webhook(&delivery).await.unwrap_err();
    assert!(error.to_string().contains("it trapped"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_whose_description_traps_or_never_ends_is_not_loaded() {
    for (describe, says) in [
        ("(unreachable)", "it trapped"),
        ("(loop $again (br $again)) (unreachable)", "it used up"),
        (
            "(drop (call $down (i32.const 1))) (unreachable)",
            "call stack exhausted",
        ),
    ] {
        let limits = Limits {
            cpu: Duration::from_millis(300),
            ..patient()
        };
        let host = Host::limited(&guest::describing(describe), limits).await;
        let status = host.plugins.statuses().remove(0);
        assert!(status.plugin.is_none());
        let why = status.error.unwrap();
        assert!(
            why.contains("`info.describe`") && why.contains(says),
            "{why}"
        );
    }
    let host = Host::limited(&guest::trapping_pages(), patient()).await;
    let status = host.plugins.statuses().remove(0);
    assert!(status.plugin.is_none());
    let why = status.error.unwrap();
    assert!(
        why.contains("does not answer") && why.contains("it trapped"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_sleeps_in_a_host_call_ends_at_the_deadline_and_slows_nobody() {
    let silent = silent().await;
    let manifest = format!("{MANIFEST}\n[limits]\ndeadline_seconds = 5\n");
    let host = Host::limited(&guest::plugin(&manifest, &guest::FETCHES), patient()).await;
    let honest = host.beside().await;
    let main = (scope(Mode::Test), "main".to_owned());
    let other = Scope::new("bus_other".parse().unwrap(), Mode::Test);
    let well = GatewayConfig {
        plugin: "honest".to_owned(),
        ..plain()
    };
    let configs = [
        (main, config(&silent, true)),
        ((other, "main".to_owned()), well),
    ];
    host.plugins.configure(configs.into());
    let gateway = host.plugins.gateway(&scope(Mode::Test), "main").unwrap();
    let request = charge(&silent);
    let begun = Instant::now();
    let sleeping = tokio::spawn(async move { gateway.charge(&request).await });
    for _ in 0..20 {
        let payment = honest.charge(&charge("pay_2")).await.unwrap();
        assert_eq!(payment.outcome, Outcome::Succeeded);
    }
    let figures = host.plugins.statuses()[0].plugin.clone().unwrap().figures;
    assert_eq!(figures.under_way, 1, "nobody waited for its end");
    let error = sleeping.await.unwrap().unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    // By itself its request goes on for two minutes.
    assert!(begun.elapsed() < Duration::from_mins(1));
    let statuses = host.plugins.statuses();
    assert!(statuses.iter().all(|status| {
        let figures = &status.plugin.as_ref().unwrap().figures;
        figures.under_way == 0
    }));
}
