//! A payment gateway. As it stands it speaks to the sandbox processor (`vestibule sandbox`): customers
//! pay on its page, nothing is saved. Put your own processor in its place; the interfaces and their
//! promises are documented in `vestibule-plugin/wit/gateway/v1`.

use serde::Deserialize;
use serde_json::{Value, json};
use vestibule_plugin::api::{self, Method, Request, segment};
use vestibule_plugin::gateway::{
    self, ActionNeeded, Advice, ChargeRequest, Decline, DeclineCode, GatewayError, MethodChoice,
    MethodKind, Outcome, Payment, SentRequest, info, payments,
};
use vestibule_plugin::{ClientAction, Kv, Money, Redirect, operator};

struct Plugin;

// Optional interfaces are named after it, such as `Plugin, refunds, webhooks`.
vestibule_plugin::gateway!(Plugin);

/// The processor's name in messages for the operator.
const WHOM: &str = "the processor";

impl info::Guest for Plugin {
    fn describe() -> info::Descriptor {
        info::Descriptor {
            name: "Example Pay".to_owned(),
            methods: vec![info::AcceptedMethod {
                kind: MethodKind::Card,
                reusable: false,
                delayed: false,
            }],
            amounts: ["EUR", "GBP", "USD"]
                .map(|currency| info::AmountRange {
                    currency: currency.to_owned(),
                    least: 50,
                    greatest: Some(99_999_999),
                })
                .to_vec(),
            lookup_lag: 60,
            key_lifetime: 24 * 60 * 60,
            browser_origins: vec!["setting:base_url".to_owned()],
            extra: Vec::new(),
        }
    }
}

impl payments::Guest for Plugin {
    fn charge(request: ChargeRequest) -> Result<Payment, GatewayError> {
        match &request.method {
            MethodChoice::Collect(kinds)
                if kinds.is_empty() || kinds.iter().any(|k| matches!(k, MethodKind::Card)) => {}
            MethodChoice::Collect(_) => return Err(gateway::invalid("kinds", "only cards are taken")),
            MethodChoice::Stored(_) => {
                return Err(GatewayError::Unsupported("saved methods".to_owned()));
            }
        }
        let order = json!({
            "customer": { "reference": request.customer.id, "name": request.customer.name },
            "amount": { "minor": request.amount.minor, "currency": request.amount.currency },
            "source": "collect",
            "only_kind": "card",
            "initiator": "customer_present",
            "save_method": false,
            "return_url": request.return_url,
            "expires_at": request.expires_at,
            "description": request.description,
        });
        // The host's key is the processor's idempotency key: the same key twice is one charge.
        call(Method::Post, "/v1/charges", Some((&request.key, &order))).and_then(payment)
    }

    fn resume(sent: SentRequest, _returned: Vec<Kv>) -> Result<Payment, GatewayError> {
        // What the browser brought may be forged: only the processor's own word counts.
        match find(&sent)? {
            Some(charge) => payment(charge),
            None => Err(GatewayError::UnknownOutcome(
                "the processor does not know this key yet".to_owned(),
            )),
        }
    }

    fn lookup(sent: SentRequest) -> Result<payments::LookupAnswer, GatewayError> {
        match find(&sent).and_then(|charge| charge.map(payment).transpose()) {
            Ok(Some(payment)) => Ok(payments::LookupAnswer::Found(payment)),
            Ok(None) => Ok(payments::LookupAnswer::Absent),
            Err(error) if gateway::is_silence(&error) => Ok(payments::LookupAnswer::CannotTell),
            Err(error) => Err(error),
        }
    }

    fn cancel(sent: SentRequest) -> Result<payments::CancelAnswer, GatewayError> {
        let Some(charge) = find(&sent)? else {
            return Err(GatewayError::NotExecuted(
                "the processor does not know the charge, so there is nothing to cancel yet".to_owned(),
            ));
        };
        let path = format!("/v1/charges/{}/cancel", segment(&charge.id));
        let answer: Cancelled = call(Method::Post, &path, Some(("", &json!({}))))?;
        match answer.result.as_str() {
            "cancelled" => Ok(payments::CancelAnswer::Cancelled),
            _ => payment(answer.object).map(payments::CancelAnswer::TooLate),
        }
    }
}

/// A charge, as the processor tells of it.
#[derive(Deserialize)]
struct Charge {
    id: String,
    status: String,
    amount: Amount,
    decline: Option<Refusal>,
    action: Option<Action>,
}

#[derive(Deserialize)]
struct Amount {
    minor: i64,
    currency: String,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Action {
    url: String,
    expires_at: i64,
}

#[derive(Deserialize)]
struct Found {
    data: Vec<Charge>,
}

#[derive(Deserialize)]
struct Cancelled {
    result: String,
    object: Charge,
}

/// How a charge stands, in the host's words.
fn payment(charge: Charge) -> Result<Payment, GatewayError> {
    let outcome = match (charge.status.as_str(), charge.action, charge.decline) {
        ("succeeded", _, _) => Outcome::Succeeded,
        ("cancelled", _, _) => Outcome::Cancelled,
        ("requires_action", Some(action), _) => Outcome::RequiresAction(ActionNeeded {
            action: ClientAction::Redirect(Redirect { url: action.url }),
            until: action.expires_at,
        }),
        ("declined", _, Some(refusal)) => Outcome::Declined(Decline {
            code: match refusal.code.as_str() {
                "insufficient_funds" => DeclineCode::InsufficientFunds,
                "expired_card" => DeclineCode::Expired,
                _ => DeclineCode::Refused,
            },
            advice: Advice::NewMethod,
            not_before: None,
            gateway_code: Some(refusal.code),
            message: Some(refusal.message),
        }),
        (other, _, _) => return Err(api::unreadable(WHOM, &format!("a charge that is {other}"))),
    };
    Ok(Payment {
        outcome,
        amount: Money {
            minor: charge.amount.minor,
            currency: charge.amount.currency,
        },
        reference: Some(charge.id),
        customer_reference: None,
        method: None,
        extra: Vec::new(),
    })
}

/// What the processor knows of an earlier request, by the host's key: a lost answer left nothing
/// else. Only its own empty list says that there is none: a 404 may as well come from a proxy, or
/// from another server at a wrong address.
fn find(sent: &SentRequest) -> Result<Option<Charge>, GatewayError> {
    let path = format!("/v1/charges?key={}", segment(&sent.key));
    let mut found: Found = call(Method::Get, &path, None)?;
    Ok(found.data.pop())
}

/// One request, and the object that the processor answers.
fn call<T: serde::de::DeserializeOwned>(
    method: Method,
    path: &str,
    order: Option<(&str, &Value)>,
) -> Result<T, GatewayError> {
    let key = operator::secret("api_key")?;
    let mut request = Request::new(method, &operator::required("base_url")?, path).bearer(&key);
    if let Some((key, body)) = order {
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        request = request.body("application/json", api::json(body)?);
    }
    let response = request.send(WHOM)?;
    match response.status {
        200..=299 => response.json(WHOM),
        // Another request was done under this key: what became of it is for a lookup to say.
        409 => Err(GatewayError::UnknownOutcome("the key was used before".to_owned())),
        400 | 422 => Err(gateway::invalid("request", String::from_utf8_lossy(&response.body))),
        _ => Err(response.trouble(WHOM)),
    }
}
