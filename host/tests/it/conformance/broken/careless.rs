//! A gateway that breaks nearly every promise. No sin stands in the way of another.

use super::Sin;

pub(super) const CARELESS: &[Sin] = &[
    // A payment at its page.
    Sin {
        exchanged: &[(
            "lib.rs",
            "Some(charge) => convert::payment(charge),",
            r#"Some(charge) => convert::payment(charge).map(|payment| types::Payment {
                outcome: if _returned.iter().any(|pair| pair.value == "succeeded") {
                    types::Outcome::Succeeded
                } else {
                    payment.outcome
                },
                ..payment
            }),"#,
        )],
        breaks: &[(
            "what a browser brings back pays nothing",
            "it believed a forged address",
        )],
    },
    // Cancelled without a word to the processor.
    Sin {
        exchanged: &[(
            "lib.rs",
            r#"let path = format!("/v1/charges/{}/cancel", segment(&charge.id));"#,
            r#"if matches!(charge.status, wire::Status::RequiresAction) {
            return Ok(payments::CancelAnswer::Cancelled);
        }
        let path = format!("/v1/charges/{}/cancel", segment(&charge.id));"#,
        )],
        breaks: &[(
            "a payment that is cancelled cannot succeed",
            "cancelled, and then requires action",
        )],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            "Ok(Some(payment)) => Ok(payments::LookupAnswer::Found(payment)),",
            "Ok(Some(mut payment)) => {
                if matches!(payment.outcome, types::Outcome::Succeeded) {
                    payment.outcome = types::Outcome::Processing(sent.first_sent_at);
                }
                Ok(payments::LookupAnswer::Found(payment))
            }",
        )],
        breaks: &[(
            "a customer who paid has paid, the amount that was asked",
            "the outcome is Processing",
        )],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            "convert::payment(answer.object).map(payments::CancelAnswer::TooLate)",
            "Ok(payments::CancelAnswer::Cancelled)",
        )],
        breaks: &[(
            "a paid payment cannot be cancelled",
            "a payment is cancelled which has succeeded",
        )],
    },
    Sin {
        exchanged: &[(
            "convert.rs",
            r#"Outcome::Declined(refused(decline.ok_or_else(|| unreadable("no reason"))?))"#,
            "decline.map_or(Outcome::Cancelled, |_| Outcome::Processing(intent.created_at))",
        )],
        breaks: &[(
            "a method that is declined pays nothing, and is not said to have paid",
            "it is processing",
        )],
    },
    // It lives for an hour longer than it says.
    Sin {
        exchanged: &[
            (
                "convert.rs",
                "expires_at: request.expires_at,\n        description:",
                "expires_at: request.expires_at + 3_600_000_000,\n        description:",
            ),
            (
                "lib.rs",
                "convert::ours(charge, &request.key).and_then(convert::payment)",
                "let mut payment = convert::ours(charge, &request.key).and_then(convert::payment)?;
        if let types::Outcome::RequiresAction(needed) = &mut payment.outcome {
            needed.until = request.expires_at;
        }
        Ok(payment)",
            ),
        ],
        breaks: &[(
            "a payment that nobody made in time cannot be made any more",
            "after its end it is processing",
        )],
    },
    // Keys and amounts.
    Sin {
        exchanged: &[(
            "convert.rs",
            "reference: Some(charge.id),",
            "reference: Some(charge.method.as_ref().map_or(charge.id, |m| m.id.clone())),",
        )],
        breaks: &[("another key is another charge", "two keys are one charge")],
    },
    Sin {
        exchanged: &[(
            "api.rs",
            "return GatewayError::UnknownOutcome(",
            "return GatewayError::NotExecuted(",
        )],
        breaks: &[(
            "a key that was used does not charge another amount",
            "not executed: the key was used before",
        )],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            "let Some(charge) = find(&sent, Kind::Charge)? else {",
            "let Some(charge) = find(&sent, Kind::Charge)? else {
            return Ok(payments::CancelAnswer::Cancelled);",
        )],
        breaks: &[(
            "what was never sent is not confirmed as cancelled",
            "it confirms as cancelled what may still be on its way",
        )],
    },
    Sin {
        exchanged: &[("lib.rs", "least: LEAST,", "least: LEAST * 2,")],
        breaks: &[(
            "what it says it does not take is refused",
            "99 EUR is taken: succeeded",
        )],
    },
    // Everything is in hundredths.
    Sin {
        exchanged: &[(
            "convert.rs",
            "minor: money.minor,\n        currency: money.currency.clone(),",
            r#"minor: match money.currency.as_str() {
            "CLP" | "JPY" | "KRW" => money.minor * 100,
            "BHD" | "KWD" | "TND" => money.minor / 10,
            _ => money.minor,
        },
        currency: money.currency.clone(),"#,
        )],
        breaks: &[
            (
                "money without decimals is the amount that was asked",
                "the amount is Money",
            ),
            (
                "money with three decimals is the amount that was asked",
                "the amount is Money",
            ),
        ],
    },
    Sin {
        exchanged: &[(
            "convert.rs",
            "(true, true) => Ok(None),",
            "(true, true) | (false, false) => Ok(None),",
        )],
        breaks: &[(
            "a kind of method that it does not take is refused",
            "it begins with another one: requires action",
        )],
    },
    // What it says when the line breaks: a request that left is taken for one that did not, and
    // the other way round.
    Sin {
        exchanged: &[(
            "api.rs",
            "request.send(WHOM)",
            "request.send(WHOM).map_err(|error| match error {
        GatewayError::NotExecuted(why) => GatewayError::UnknownOutcome(why),
        GatewayError::UnknownOutcome(why) => GatewayError::NotExecuted(why),
        error => error,
    })",
        )],
        breaks: &[
            (
                "a lost answer is an unknown outcome, and lookup finds the one charge",
                "not executed: the connection broke",
            ),
            (
                "a request that was lost on its way is an unknown outcome, and can be sent again",
                "not executed: the connection broke",
            ),
            (
                "a request that never left is not executed, and can be sent again",
                "outcome unknown: the plugin said so: the line is broken",
            ),
        ],
    },
    Sin {
        exchanged: &[(
            "api.rs",
            "response.json(WHOM).map(Some),",
            r#"response
            .json(WHOM)
            .map(Some)
            .map_err(|_| GatewayError::NotExecuted("it is no JSON".to_owned())),"#,
        )],
        breaks: &[(
            "an unreadable answer is an unknown outcome, and lookup finds the one charge",
            "not executed: it is no JSON",
        )],
    },
    Sin {
        exchanged: &[(
            "api.rs",
            "_ => Err(response.trouble(WHOM)),",
            r#"500 => Err(GatewayError::NotExecuted("it failed".to_owned())),
        _ => Err(response.trouble(WHOM)),"#,
        )],
        breaks: &[(
            "an answer of 500 is an unknown outcome, and can be sent again",
            "not executed: it failed",
        )],
    },
    Sin {
        exchanged: &[(
            "api.rs",
            "400 | 409 | 413 | 422 => Err(refusal(response)),",
            r#"400 | 409 | 413 | 422 => Err(refusal(response)),
        429 => Err(GatewayError::UnknownOutcome("it is busy".to_owned())),"#,
        )],
        breaks: &[(
            "an answer of 429 is not an outcome, and can be sent again",
            "outcome unknown: the plugin said so: it is busy",
        )],
    },
    // Silence is absence.
    Sin {
        exchanged: &[(
            "lib.rs",
            "Ok(payments::LookupAnswer::CannotTell)",
            "Ok(payments::LookupAnswer::Absent)",
        )],
        breaks: &[
            (
                "a lookup without an answer cannot tell",
                "(NotSent) it says: absent",
            ),
            (
                "what another server answers tells a lookup nothing",
                "(Stranger) it says: absent",
            ),
        ],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            "Ok(refunds::RefundLookupAnswer::CannotTell)",
            "Ok(refunds::RefundLookupAnswer::Absent)",
        )],
        breaks: &[(
            "a lookup of a refund without an answer cannot tell",
            "(NotSent) it says: Absent",
        )],
    },
    // The optional operations.
    Sin {
        exchanged: &[
            (
                "lib.rs",
                r#""/v1/setups", &request.key"#,
                r#""/v1/setups",
            &format!("{}-{}", request.key, vestibule_plugin::host::clock::now())"#,
            ),
            (
                "lib.rs",
                "convert::ours(made, &request.key).and_then(convert::setup_state)",
                "convert::setup_state(made)",
            ),
        ],
        breaks: &[(
            "a method is set up at a page, once per key",
            "the reference is",
        )],
    },
    // The books without the fee.
    Sin {
        exchanged: &[(
            "convert.rs",
            "minor: entry.amount,",
            "minor: entry.amount - 30,",
        )],
        breaks: &[(
            "the books have every charge once, and no other amount",
            "an amount in the books is",
        )],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            r#"api::order("/v1/refunds", &request.key, &order).map(convert::refund_state)"#,
            r#"match api::order("/v1/refunds", &request.key, &order).map(convert::refund_state) {
            Err(GatewayError::InvalidRequest(_)) => Ok(types::RefundState {
                outcome: types::RefundOutcome::Succeeded,
                amount: request.amount,
                reference: None,
                extra: Vec::new(),
            }),
            answer => answer,
        }"#,
        )],
        breaks: &[(
            "money goes back once per key, and never more than was taken",
            "it gives back more than was taken, at once",
        )],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            "api::post_if_known::<wire::Method>(&path, &wire::Empty {}).map(|_| ())",
            "Ok(drop(path))",
        )],
        breaks: &[(
            "a forgotten method cannot be charged, and can be forgotten again",
            "it charged a method that was forgotten",
        )],
    },
    // News of a kind that it has no word for is nobody's harm.
    Sin {
        exchanged: &[(
            "webhook.rs",
            "pub(crate) fn parse(delivery: &Delivery) -> Result<Parsed, ParseError> {",
            r#"pub(crate) fn parse(delivery: &Delivery) -> Result<Parsed, ParseError> {
    let told: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    if told["type"].as_str().is_some_and(|kind| kind.starts_with("payment.")) {
        return Ok(Parsed {
            events: Vec::new(),
            ack: Acknowledgement {
                status: 204,
                body: String::new(),
            },
        });
    }"#,
        )],
        breaks: &[(
            "a delivery without a signature is refused",
            "it believed a delivery without a signature",
        )],
    },
    Sin {
        exchanged: &[(
            "webhook.rs",
            r#"delivery.standard_id("webhook_secret")?.to_owned();"#,
            r#"match delivery.standard_id("webhook_secret") {
        Err(ParseError::Stale) => delivery.header("webhook-id")?,
        known => known?,
    }
    .to_owned();"#,
        )],
        breaks: &[(
            "a genuine delivery is read, a repeat is the same event, a forgery is refused",
            "it takes a delivery that is two days old",
        )],
    },
];
