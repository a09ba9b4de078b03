//! Whether a plugin keeps its promises: a finding for each. Pages and brandings are asked as they
//! are, with the data of a customer who does not exist; a gateway in front of a test processor. The
//! line to the processor is the host's own, so that it can break at the worst moment; what moved is
//! judged by what the gateway says later.

pub(super) mod branding;
mod charges;
mod expiry;
mod kinds;
mod line;
mod money_back;
pub(super) mod pages;
pub(super) mod sample;
pub mod shown;
mod trial;
mod trouble;
mod visits;
mod webhooks;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::expiry::Expiring;
use self::line::BreakingLine;
pub use self::shown::{Exhibit, Shown};
use super::HostClock;
use super::binding::Binding;
use super::gateway::Gateway;
use super::gateway::answer::{AmountRange, Lookup, Payment};
use super::gateway::config::GatewayConfig;
use super::gateway::request::{
    ChargeRequest, Customer, Delivery, Initiator, MethodChoice, SentRequest, StoredMethod,
};
use super::load::Loaded;
use crate::domain::money::{Currency, Money};

/// Plays the customer at a page: pays there with a method that works. The error says why not.
pub type Customers =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// The deliveries of the processor's webhooks, as they come.
pub type Deliveries = Arc<Mutex<Vec<Delivery>>>;

/// What the suite works with.
pub struct Bench {
    /// Who pays at the gateway's pages; without one the suite begins payments and ends none.
    pub customers: Option<Customers>,
    /// The same with a method that is declined.
    pub declining: Option<Customers>,
    /// Where the processor's webhooks arrive; without it none are judged.
    pub deliveries: Option<Deliveries>,
    /// The currency of most charges; the gateway's first one without it.
    pub currency: Option<Currency>,
    /// A start of every key, which no earlier run had.
    pub run: String,
    /// Host time.
    pub clock: HostClock,
}

/// What was found about one promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The promise, as a sentence.
    pub promise: &'static str,
    /// Whether it is kept.
    pub verdict: Verdict,
}

/// Whether a promise is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Kept,
    /// It is not, and why.
    Broken(String),
    /// It could not be tried, and what for.
    NotTried(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promise = self.promise;
        match &self.verdict {
            Verdict::Kept => write!(f, "kept       {promise}"),
            Verdict::Broken(why) => write!(f, "BROKEN     {promise}\n           {why}"),
            Verdict::NotTried(why) => write!(f, "not tried  {promise}\n           {why}"),
        }
    }
}

/// The suite at work.
struct Suite {
    gateway: Gateway,
    line: Arc<BreakingLine>,
    bench: Bench,
    findings: Vec<Finding>,
    range: AmountRange,
    /// The gateway's word for the customer, once it gave one.
    customer: Option<String>,
    /// A method that a payment saved.
    method: Option<StoredMethod>,
    /// Every payment that succeeded: its key and amount.
    paid: Vec<(String, Money)>,
    /// The payment whose end the suite waits for.
    expiring: Option<Expiring>,
}

/// A judgement: broken with the reason, or kept.
type Judged = Result<(), String>;

/// How long a lookup is repeated at most, and how often.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(200);

/// Runs the suite. The error says why it cannot even begin.
pub(super) async fn run(
    plugin: Arc<Loaded>,
    config: &GatewayConfig,
    bench: Bench,
) -> Result<Vec<Finding>, String> {
    let label = "conformance".to_owned();
    let (mut binding, findings) =
        Binding::new(label, None, &plugin.manifest, config, &plugin.limits)
            .map_err(|findings| findings.told())?;
    if !findings.errors.is_empty() {
        return Err(findings.told());
    }
    let line = Arc::new(BreakingLine::default());
    binding.line = Some(Arc::clone(&line) as _);
    let gateway = Gateway::new(plugin, Arc::new(binding));
    let amounts = gateway.description().amounts;
    let wanted = bench.currency;
    let range = amounts
        .into_iter()
        .find(|range| wanted.is_none_or(|currency| range.currency == currency))
        .ok_or("the gateway does not take this currency")?;
    let mut suite = Suite {
        gateway,
        line,
        bench,
        findings: Vec::new(),
        range,
        customer: None,
        method: None,
        paid: Vec::new(),
        expiring: None,
    };
    suite.begin_expiring().await;
    suite.visits().await;
    suite.charges().await;
    suite.kinds().await;
    suite.trouble().await;
    suite.money_back().await;
    suite.webhooks().await;
    suite.expiry().await;
    Ok(suite.findings)
}

impl Suite {
    fn judge(&mut self, promise: &'static str, judged: Judged) {
        let verdict = match judged {
            Ok(()) => Verdict::Kept,
            Err(why) => Verdict::Broken(why),
        };
        self.findings.push(Finding { promise, verdict });
    }

    fn not_tried(&mut self, promise: &'static str, why: &str) {
        self.findings.push(Finding {
            promise,
            verdict: Verdict::NotTried(why.to_owned()),
        });
    }

    fn now(&self) -> Timestamp {
        (self.bench.clock)()
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.bench.run)
    }

    /// An amount between the bounds that is no round one.
    fn amount(&self) -> Money {
        let wanted = self.range.least.saturating_mul(2).saturating_add(2911);
        let most = self.range.greatest.unwrap_or(i64::MAX);
        Money::new(wanted.min(most), self.range.currency)
    }

    fn customer(&self) -> Customer {
        Customer {
            id: format!("cus_{}", self.bench.run.trim_end_matches('-')),
            email: "conformance@example.com"
                .parse()
                .expect("it is an e-mail address"),
            name: Some("Alex Example".to_owned()),
            reference: self.customer.clone(),
            locale: "en".to_owned(),
            country: None,
        }
    }

    /// A payment with what the customer gives now.
    fn collecting(&self, name: &str) -> ChargeRequest {
        ChargeRequest {
            key: self.key(name),
            customer: self.customer(),
            amount: self.amount(),
            method: MethodChoice::Collect(Vec::new()),
            initiator: Initiator::CustomerPresent,
            save: true,
            return_url: "https://portal.example.com/return".to_owned(),
            description: "Conformance".to_owned(),
            expires_at: self.now() + SignedDuration::from_hours(1),
        }
    }

    /// A renewal with the saved method; with what the customer gives where none was saved.
    fn charging(&self, name: &str) -> ChargeRequest {
        let mut request = self.collecting(name);
        if let Some(method) = &self.method {
            request.method = MethodChoice::Stored(method.clone());
            request.initiator = Initiator::MerchantRecurring;
            request.save = false;
        }
        request
    }

    /// What the host knows of a request whose answer was lost.
    fn unanswered(&self, request: &ChargeRequest) -> SentRequest {
        SentRequest {
            key: request.key.clone(),
            reference: None,
            customer_reference: request.customer.reference.clone(),
            first_sent_at: self.now(),
            amount: Some(request.amount),
        }
    }

    /// What the host knows of a request that was answered.
    fn answered(&self, request: &ChargeRequest, payment: &Payment) -> SentRequest {
        SentRequest {
            reference: payment.reference.clone(),
            customer_reference: payment
                .customer_reference
                .clone()
                .or_else(|| self.customer.clone()),
            ..self.unanswered(request)
        }
    }

    /// Looks a charge up until it is found or the gateway's own lag is over.
    async fn find(&self, sent: &SentRequest) -> Result<Payment, String> {
        let lag = self.gateway.description().lookup_lag.min(PATIENCE);
        let begun = tokio::time::Instant::now();
        loop {
            match self.gateway.lookup(sent).await {
                Ok(Lookup::Found(payment)) => return Ok(payment),
                answer if begun.elapsed() >= lag => {
                    return Err(format!(
                        "lookup should find the charge {}, and says: {}",
                        sent.key,
                        told(&answer)
                    ));
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

/// An answer in a finding: its outcome, without the parts that are a customer's.
fn told(answer: &Result<Lookup<Payment>, super::Error>) -> String {
    match answer {
        Ok(Lookup::Found(payment)) => format!("found, {}", stand(payment)),
        Ok(Lookup::Absent) => "absent".to_owned(),
        Ok(Lookup::CannotTell) => "cannot tell".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn stand(payment: &Payment) -> String {
    use super::gateway::answer::Outcome;
    let outcome = match &payment.outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Processing { .. } => "processing",
        Outcome::RequiresAction { .. } => "requires action",
        Outcome::Declined(_) => "declined",
        Outcome::Cancelled => "cancelled",
    };
    format!(
        "{outcome}, {} {}",
        payment.amount.minor,
        payment.amount.currency.code()
    )
}

/// Fails unless the two are the same.
fn same<T: PartialEq + fmt::Debug>(what: &str, is: &T, should: &T) -> Judged {
    if is == should {
        return Ok(());
    }
    Err(format!("{what} is {is:?} and should be {should:?}"))
}
