//! The calls of a gateway, and its answers in the words of a case.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::file::Case;
use super::input::{over, whole, wrong};
use super::{Came, Problem, delivery, failed};
use crate::domain::money::{Currency, Money};
use crate::plugins::Error;
use crate::plugins::gateway::Gateway;
use crate::plugins::gateway::answer::{Cancellation, Description, LedgerKind, LedgerPage, Lookup};
use crate::plugins::gateway::news::{About, News, Parsed, ReversalStage, WebhookError};
use crate::plugins::gateway::request::{
    ChargeRequest, Customer, DetachRequest, Initiator, MethodChoice, Pair, RefundRequest,
    SentRequest, SetupRequest, StoredMethod,
};

/// Makes the call of a case.
pub(super) async fn call(
    gateway: &Gateway,
    case: &Case,
    secrets: &BTreeMap<String, String>,
) -> Result<Came, Problem> {
    let now = case.given.now();
    Ok(match case.call.as_str() {
        "info.describe" => Ok(described(&gateway.description())),
        "payments.charge" => {
            let request = over(case, &charge(now))?;
            of(gateway.charge(&request).await)
        }
        "payments.resume" => {
            let (sent, returned) = with_return(case, now)?;
            of(gateway.resume(&sent, &returned).await)
        }
        "payments.lookup" => {
            let sent = over(case, &sent("payment-1", now))?;
            gateway.lookup(&sent).await.map(found).map_err(failed)
        }
        "payments.cancel" => {
            let sent = over(case, &sent("payment-1", now))?;
            let answer = gateway.cancel(&sent).await.map_err(failed);
            answer.map(|answer| match answer {
                Cancellation::Cancelled => json!("cancelled"),
                Cancellation::TooLate(payment) => json!({ "too-late": payment }),
                Cancellation::Unsupported => json!("unsupported"),
            })
        }
        "setup.begin" => {
            let request = over(case, &setup(now))?;
            of(gateway.setup_begin(&request).await)
        }
        "setup.complete" => {
            let (sent, returned) = with_return(case, now)?;
            of(gateway.setup_complete(&sent, &returned).await)
        }
        "refunds.refund" => {
            let request = over(case, &refund(now))?;
            of(gateway.refund(&request).await)
        }
        "refunds.lookup" => {
            let sent = over(case, &sent("refund-1", now))?;
            let answer = gateway.refund_lookup(&sent).await;
            answer.map(found).map_err(failed)
        }
        "methods.detach" => {
            let usual = DetachRequest {
                method: method(),
                customer_reference: None,
            };
            let request = over(case, &usual)?;
            let answer = gateway.detach(&request).await;
            answer.map(|()| json!("done")).map_err(failed)
        }
        "webhooks.parse" => {
            let delivery = delivery::of(case, secrets, now)?;
            match gateway.parse_webhook(&delivery).await {
                Ok(parsed) => Ok(told(&parsed)),
                Err(WebhookError::BadSignature) => Err(json!("bad-signature")),
                Err(WebhookError::Stale) => Err(json!("stale")),
                Err(WebhookError::Malformed(why)) => Err(json!({ "malformed": why })),
                Err(WebhookError::Plugin(error)) => Err(failed(error)),
            }
        }
        "ledger.list" => {
            let asked: Asked = whole(case)?;
            let start = asked.start.unwrap_or(now - SignedDuration::from_hours(24));
            let end = asked.end.unwrap_or(now);
            let page = gateway.ledger_list(start, end, asked.cursor.as_deref());
            page.await.map(|page| books(&page)).map_err(failed)
        }
        other => return Err(wrong(case, &format!("`{other}` is no call of a gateway"))),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    cursor: Option<String>,
}

fn euros() -> Currency {
    "EUR".parse().expect("it is a currency")
}

fn customer() -> Customer {
    Customer {
        id: "cus_example".to_owned(),
        email: "alex@example.com".parse().expect("it is an address"),
        name: Some("Alex Example".to_owned()),
        reference: None,
        locale: "en".to_owned(),
        country: None,
    }
}

fn method() -> StoredMethod {
    StoredMethod {
        reference: "method-1".to_owned(),
        mandate: None,
        network: None,
    }
}

fn charge(now: Timestamp) -> ChargeRequest {
    ChargeRequest {
        key: "payment-1".to_owned(),
        customer: customer(),
        amount: Money::new(1900, euros()),
        method: MethodChoice::Collect(Vec::new()),
        initiator: Initiator::CustomerPresent,
        save: false,
        return_url: "https://portal.example.com/return".to_owned(),
        description: "An example".to_owned(),
        expires_at: now + SignedDuration::from_hours(1),
    }
}

fn setup(now: Timestamp) -> SetupRequest {
    SetupRequest {
        key: "setup-1".to_owned(),
        customer: customer(),
        kinds: Vec::new(),
        currency: euros(),
        return_url: "https://portal.example.com/return".to_owned(),
        expires_at: now + SignedDuration::from_hours(1),
    }
}

fn sent(key: &str, now: Timestamp) -> SentRequest {
    SentRequest {
        key: key.to_owned(),
        reference: None,
        customer_reference: None,
        first_sent_at: now,
        amount: Some(Money::new(1900, euros())),
    }
}

fn refund(now: Timestamp) -> RefundRequest {
    RefundRequest {
        key: "refund-1".to_owned(),
        payment: sent("payment-1", now),
        amount: Money::new(1900, euros()),
        reason: None,
    }
}

/// What was sent before, and what the browser brings back as `returned`.
fn with_return(case: &Case, now: Timestamp) -> Result<(SentRequest, Vec<Pair>), Problem> {
    let mut case = case.clone();
    let returned = case.input.as_object_mut();
    let returned = returned.and_then(|input| input.remove("returned"));
    let returned: BTreeMap<String, String> = match returned {
        Some(pairs) => serde_json::from_value(pairs)
            .map_err(|error| wrong(&case, &format!("returned: {error}")))?,
        None => BTreeMap::new(),
    };
    let returned = returned.into_iter();
    let pairs = returned.map(|(name, value)| Pair { name, value });
    Ok((over(&case, &sent("payment-1", now))?, pairs.collect()))
}

/// An answer that is told as the host keeps it.
fn of<T: serde::Serialize>(answer: Result<T, Error>) -> Came {
    answer.map(|told| json!(told)).map_err(failed)
}

fn found<T: serde::Serialize>(answer: Lookup<T>) -> Json {
    match answer {
        Lookup::Found(found) => json!({ "found": found }),
        Lookup::Absent => json!("absent"),
        Lookup::CannotTell => json!("cannot-tell"),
    }
}

fn described(described: &Description) -> Json {
    let methods = described.methods.iter().map(|method| {
        json!({ "kind": method.kind, "reusable": method.reusable, "delayed": method.delayed })
    });
    let amounts = described.amounts.iter().map(|range| {
        let bounds = json!({ "least": range.least, "greatest": range.greatest });
        (range.currency.code().to_owned(), bounds)
    });
    let has = described.capabilities;
    let parts = [
        ("setup", has.setup),
        ("refunds", has.refunds),
        ("methods", has.methods),
        ("webhooks", has.webhooks),
        ("ledger", has.ledger),
    ];
    let parts = parts.iter().filter(|(_, has)| *has).map(|(part, _)| *part);
    json!({
        "name": described.name,
        "methods": methods.collect::<Vec<_>>(),
        "amounts": amounts.collect::<BTreeMap<_, _>>(),
        "lookup_lag": described.lookup_lag.as_secs(),
        "key_lifetime": described.key_lifetime.as_secs(),
        "browser_origins": described.browser_origins,
        "interfaces": parts.collect::<Vec<_>>(),
    })
}

fn about(about: &About) -> Json {
    json!({ "key": about.key, "reference": about.reference })
}

fn told(parsed: &Parsed) -> Json {
    let events = parsed.events.iter().map(|event| {
        let news = match &event.news {
            News::Payment(of, state) => {
                json!({ "payment": { "about": about(of), "state": state } })
            }
            News::Setup(of, state) => json!({ "setup": { "about": about(of), "state": state } }),
            News::Refund(of, state) => json!({ "refund": { "about": about(of), "state": state } }),
            News::Reversal(reversal) => json!({ "reversal": {
                "about": about(&reversal.about),
                "reference": reversal.reference,
                "stage": match reversal.stage {
                    ReversalStage::DisputeOpened => "dispute-opened",
                    ReversalStage::DisputeWon => "dispute-won",
                    ReversalStage::DisputeLost => "dispute-lost",
                    ReversalStage::DebitReturned => "debit-returned",
                },
                "amount": reversal.amount,
                "reason": reversal.reason,
            } }),
            News::MethodGone(method) => json!({ "method-gone": method }),
            News::Other(kind) => json!({ "other": kind }),
        };
        json!({ "id": event.id, "occurred_at": event.occurred_at, "news": news })
    });
    json!({
        "events": events.collect::<Vec<_>>(),
        "ack": { "status": parsed.ack_status, "body": parsed.ack_body },
    })
}

fn books(page: &LedgerPage) -> Json {
    let entries = page.entries.iter().map(|entry| {
        let kind = match &entry.kind {
            LedgerKind::Charge => json!("charge"),
            LedgerKind::Refund => json!("refund"),
            LedgerKind::Reversal => json!("reversal"),
            LedgerKind::Other(kind) => json!({ "other": kind }),
        };
        json!({
            "kind": kind,
            "reference": entry.reference,
            "key": entry.key,
            "amount": entry.amount,
            "at": entry.at,
        })
    });
    json!({ "entries": entries.collect::<Vec<_>>(), "next": page.next })
}
