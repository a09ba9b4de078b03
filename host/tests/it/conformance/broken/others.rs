//! Gateways that break fewer promises, each in another way than the careless one, or such as would
//! hide what the careless one does.

use super::Sin;

/// A gateway that saves no method: every charge is one at a page.
pub(super) const HASTY: &[Sin] = &[
    Sin {
        exchanged: &[(
            "convert.rs",
            "    .filter(|method| method.saved)",
            "    .filter(|_| false)",
        )],
        breaks: &[(
            "a method that can be charged again was saved",
            "it says that a method is reusable, and saved none",
        )],
    },
    // What is not there was given up.
    Sin {
        exchanged: &[(
            "lib.rs",
            "Ok(None) => Ok(payments::LookupAnswer::Absent),",
            "Ok(None) => match sent.amount {
                Some(amount) => Ok(payments::LookupAnswer::Found(types::Payment {
                    outcome: types::Outcome::Cancelled,
                    amount,
                    reference: None,
                    customer_reference: None,
                    method: None,
                    extra: Vec::new(),
                })),
                None => Ok(payments::LookupAnswer::Absent),
            },",
        )],
        breaks: &[
            (
                "a key that was never sent is not found",
                "never sent says: found, cancelled",
            ),
            (
                "a request that was lost on its way is an unknown outcome, and can be sent again",
                NEVER_DONE,
            ),
            (
                "an answer of 500 is an unknown outcome, and can be sent again",
                NEVER_DONE,
            ),
            (
                "a request that never left is not executed, and can be sent again",
                NEVER_DONE,
            ),
            (
                "an answer of 429 is not an outcome, and can be sent again",
                NEVER_DONE,
            ),
        ],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            "greatest: Some(GREATEST),",
            "greatest: Some(GREATEST - 1),",
        )],
        breaks: &[(
            "what it says it does not take is refused",
            "99999999 EUR is taken: requires action",
        )],
    },
    // The first entry of a page is taken for the last of the one before.
    Sin {
        exchanged: &[(
            "convert.rs",
            ".map(|entry| ledger::Entry {",
            ".skip(1)\n            .map(|entry| ledger::Entry {",
        )],
        breaks: &[(
            "the books have every charge once, and no other amount",
            "the charge run-visit is not in the books",
        )],
    },
    Sin {
        exchanged: &[(
            "lib.rs",
            r#""/v1/refunds", &request.key"#,
            r#""/v1/refunds",
            &format!("{}-{}", request.key, vestibule_plugin::host::clock::now())"#,
        )],
        breaks: &[(
            "money goes back once per key, and never more than was taken",
            "the reference is",
        )],
    },
    Sin {
        exchanged: &[(
            "webhook.rs",
            r#"delivery.standard_id("webhook_secret")?"#,
            r#"delivery.header("webhook-id")?"#,
        )],
        breaks: &[(
            "a genuine delivery is read, a repeat is the same event, a forgery is refused",
            "of a delivery with a changed body it says",
        )],
    },
];

const NEVER_DONE: &str = "lookup finds what was never done: cancelled";

/// A gateway that says something new each time.
pub(super) const RESTLESS: &[Sin] = &[
    Sin {
        exchanged: &[(
            "webhook.rs",
            r#"delivery.standard_id("webhook_secret")?.to_owned();"#,
            r#"format!(
        "{}-{}",
        delivery.standard_id("webhook_secret")?,
        vestibule_plugin::host::clock::now()
    );"#,
        )],
        breaks: &[(
            "a genuine delivery is read, a repeat is the same event, a forgery is refused",
            "the same delivery has another id the second time",
        )],
    },
    // It looks at what was taken, and not at what was given back before.
    Sin {
        exchanged: &[(
            "lib.rs",
            r#"api::order("/v1/refunds", &request.key, &order).map(convert::refund_state)"#,
            r#"let taken = request.payment.amount.map_or(0, |taken| taken.minor);
        match api::order("/v1/refunds", &request.key, &order).map(convert::refund_state) {
            Err(GatewayError::InvalidRequest(_)) if request.amount.minor <= taken => {
                Ok(types::RefundState {
                    outcome: types::RefundOutcome::Succeeded,
                    amount: request.amount,
                    reference: None,
                    extra: Vec::new(),
                })
            }
            answer => answer,
        }"#,
        )],
        breaks: &[(
            "money goes back once per key, and never more than was taken",
            "it gives back more than was taken, in two parts",
        )],
    },
];

/// The sandbox's gateway as it is, in front of a processor that does not honour its keys.
pub(super) const FORGETFUL: &[Sin] = &[Sin {
    exchanged: &[],
    breaks: &[
        ("the same key again is the same payment", "the reference is"),
        (
            "a key charges once, however often it is sent",
            "the reference of the second charge with the same key",
        ),
        (
            "a key that was used does not charge another amount",
            "it says succeeded, 50 EUR",
        ),
        (
            "a lost answer is an unknown outcome, and lookup finds the one charge",
            "sent again, it is a second charge",
        ),
        (
            "an unreadable answer is an unknown outcome, and lookup finds the one charge",
            "sent again, it is a second charge",
        ),
        (
            "a method is set up at a page, once per key",
            "the reference is",
        ),
        (
            "the books have every charge once, and no other amount",
            "the charge run-twice is 3 times there",
        ),
        (
            "money goes back once per key, and never more than was taken",
            "the reference is",
        ),
    ],
}];

/// A guest that says at once that a euro was paid, and traps in everything else.
pub(super) const LIAR: &[Sin] = &[Sin {
    exchanged: &[],
    breaks: &[(
        "a payment begins with a page for the customer",
        "the amount is Money",
    )],
}];
