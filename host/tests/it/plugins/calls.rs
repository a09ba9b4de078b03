//! What becomes of a call: done, certainly not executed, or unknown; never declined.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::time::timeout;
use vestibule::domain::customer::Customer;
use vestibule::domain::id::CustomerId;
use vestibule::domain::license::License;
use vestibule::domain::payment::Payment;
use vestibule::domain::subscription::Subscription;
use vestibule::domain::{Mode, Scope};
use vestibule::plugins::data::{Answer, GuestData, Kept};
use vestibule::plugins::gateway::Gateway;
use vestibule::plugins::gateway::answer::Outcome;
use vestibule::plugins::gateway::config::GatewayConfig;
use vestibule::plugins::gateway::request::SentRequest;
use vestibule::plugins::grants::Grant;
use vestibule::plugins::limits::Limits;
use vestibule::plugins::{Error, Plugins, UnknownCause};

use super::guest::{self, MANIFEST, OnCharge};
use super::{Host, charge, limits, patient, plain, put, scope, settings};

/// Limits of calls that may compute for much longer than they may take.
fn short() -> Limits {
    Limits {
        deadline: Duration::from_secs(2),
        ..patient()
    }
}

/// Charges, and sees the call end at its deadline.
async fn ends_at_its_deadline(gateway: &Gateway) {
    let ended = timeout(Duration::from_mins(1), gateway.charge(&charge("pay_1"))).await;
    let error = ended.expect("it ends").unwrap_err();
    let is_late = matches!(
        error,
        Error::Unknown {
            cause: UnknownCause::Deadline(_),
            ..
        }
    );
    assert!(is_late, "{error}");
}

/// Data that never comes.
struct Never;

impl GuestData for Never {
    fn customer<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Option<Customer>> {
        Box::pin(pending())
    }

    fn subscriptions<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a CustomerId,
    ) -> Answer<'a, Vec<(Subscription, String)>> {
        Box::pin(pending())
    }

    fn payments<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<Payment>> {
        Box::pin(pending())
    }

    fn licenses<'a>(&'a self, _: &'a Scope, _: &'a CustomerId) -> Answer<'a, Vec<License>> {
        Box::pin(pending())
    }

    fn value<'a>(&'a self, _: &'a Scope, _: &'a str, _: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(pending())
    }

    fn keep<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        _: &'a str,
        _: Vec<u8>,
        _: bool,
    ) -> Answer<'a, Kept> {
        Box::pin(pending())
    }

    fn forget<'a>(&'a self, _: &'a Scope, _: &'a str, _: &'a str) -> Answer<'a, ()> {
        Box::pin(pending())
    }

    fn scan<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> Answer<'a, Vec<(String, Vec<u8>)>> {
        Box::pin(pending())
    }
}

/// Charges with a guest that does this, and answers why there is no outcome.
async fn failure(on_charge: &OnCharge) -> UnknownCause {
    let host = Host::with(&guest::plugin(MANIFEST, on_charge)).await;
    let gateway = host.gateway(plain());
    let begun = Instant::now();
    let error = gateway.charge(&charge("pay_1")).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(error.outcome_unknown(), "{error}");
    match error {
        Error::Unknown { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_behaves_charges_and_describes_itself() {
    let host = Host::with(&guest::plugin(MANIFEST, &OnCharge::Succeeds)).await;
    let gateway = host.gateway(plain());
    let payment = gateway.charge(&charge("pay_1")).await.unwrap();
    assert_eq!(payment.outcome, Outcome::Succeeded);
    assert_eq!(payment.amount, charge("pay_1").amount);
    let description = gateway.description();
    assert_eq!(description.name, "Guest");
    assert_eq!(description.lookup_lag, Duration::from_mins(1));
    assert_eq!(description.key_lifetime, Duration::from_hours(24));
    let range = description.amounts_in("EUR".parse().unwrap()).unwrap();
    assert_eq!((range.least, range.greatest), (1, None));
    assert!(description.amounts_in("USD".parse().unwrap()).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_ends_and_is_unknown() {
    let cause = failure(&guest::LOOPS).await;
    assert!(matches!(cause, UnknownCause::CpuBudget(_)), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_at_its_deadline_however_much_processor_time_is_left() {
    let host = Host::limited(&guest::plugin(MANIFEST, &guest::LOOPS), short()).await;
    ends_at_its_deadline(&host.gateway(plain())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_the_hosts_data_ends_at_its_deadline() {
    let keeps = MANIFEST.replace("[permissions]", "[permissions]\nstore = true");
    let folder = tempfile::TempDir::new().unwrap();
    let asks = guest::plugin(&keeps, &guest::ASKS_FOR_A_VALUE);
    put(&folder, "guest.wasm", &asks);
    let settings = settings(folder.path(), short());
    let plugins = Plugins::open_with(settings, Arc::new(Never)).await.unwrap();
    let grant = Grant {
        store: true,
        ..Grant::default()
    };
    let gateway = Host { folder, plugins }.gateway(GatewayConfig { grant, ..plain() });
    ends_at_its_deadline(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_computes_for_long_leaves_the_threads_that_answer_requests() {
    // The clock goes on only for whoever looks at it from a thread for long calls.
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let looked = Arc::clone(&seen);
    let clock = move || {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default().to_owned();
        let long = name == "plugin-long";
        looked.lock().unwrap().insert(name);
        Timestamp::from_second(i64::from(long)).unwrap()
    };
    let patient = Limits {
        deadline: Duration::from_mins(5),
        cpu: Duration::from_mins(5),
        ..limits()
    };
    for (does, long) in [
        (&guest::LOOKS_AT_THE_CLOCK, false),
        (&guest::WAITS_FOR_THE_CLOCK, true),
    ] {
        let folder = tempfile::TempDir::new().unwrap();
        put(&folder, "guest.wasm", &guest::plugin(MANIFEST, does));
        let mut settings = settings(folder.path(), patient);
        settings.clock = Arc::new(clock.clone());
        let plugins = Plugins::open(settings).await.unwrap();
        let gateway = Host { folder, plugins }.gateway(plain());
        seen.lock().unwrap().clear();
        let payment = gateway.charge(&charge("pay_1")).await.unwrap();
        assert_eq!(payment.outcome, Outcome::Succeeded);
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.contains("plugin-long"), long, "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_unknown() {
    let cause = failure(&guest::TRAPS).await;
    assert!(matches!(cause, UnknownCause::Trapped(_)), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_takes_all_memory_is_stopped() {
    let cause = failure(&guest::HOGS).await.to_string();
    assert!(cause.contains("bytes of memory"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_or_makes_no_sense_is_unknown() {
    let cause = failure(&guest::ANSWERS_TOO_MUCH).await.to_string();
    assert!(cause.contains("fuel allocated for hostcalls"), "{cause}");
    let cause = failure(&guest::ANSWERS_GARBAGE).await;
    assert!(matches!(cause, UnknownCause::Trapped(_)), "{cause}");
    let cause = failure(&guest::ANSWERS_NONSENSE).await.to_string();
    assert!(
        cause.contains("`???` is not an ISO 4217 currency"),
        "{cause}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_failed_once_is_fresh_the_next_time() {
    let host = Host::with(&guest::plugin(MANIFEST, &guest::TRAPS)).await;
    let gateway = host.gateway(plain());
    for _ in 0..20 {
        let error = gateway.charge(&charge("pay_1")).await.unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_leaves_in_memory_no_other_call_finds() {
    // There is room for one call: each is in the place of the one before.
    let narrow = Limits {
        calls_in_all: 1,
        calls_at_once: 1,
        ..patient()
    };
    let host = Host::limited(&guest::plugin(MANIFEST, &guest::REMEMBERS), narrow).await;
    let gateway = host.gateway(plain());
    for _ in 0..50 {
        let payment = gateway.charge(&charge("pay_1")).await.unwrap();
        assert_eq!(payment.outcome, Outcome::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_before_the_function_is_entered_was_not_executed() {
    let tiny = Limits {
        memory_bytes: 64 << 10,
        ..limits()
    };
    // It is loaded under usual limits; under tiny ones it does not even instantiate, so
    // nothing of it is in use.
    let host = Host::limited(&guest::plugin(MANIFEST, &OnCharge::Succeeds), tiny).await;
    let states = host.plugins.states();
    assert!(states[0].in_use.is_none());
    let key = (scope(Mode::Test), "main".to_owned());
    host.plugins.configure([(key, plain())].into());
    let error = host.plugins.gateway(&scope(Mode::Test), "main");
    let error = error.err().unwrap();
    assert!(matches!(error, Error::Misconfigured { .. }), "{error}");
    assert!(!error.outcome_unknown());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_the_gateway_does_not_have_is_unsupported() {
    let host = Host::with(&guest::plugin(MANIFEST, &OnCharge::Succeeds)).await;
    let gateway = host.gateway(plain());
    assert!(!gateway.capabilities().refunds);
    let sent = SentRequest {
        key: "ref_1".to_owned(),
        reference: None,
        customer_reference: None,
        first_sent_at: jiff::Timestamp::UNIX_EPOCH,
        amount: None,
    };
    let error = gateway.refund_lookup(&sent).await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(!error.outcome_unknown());
}
