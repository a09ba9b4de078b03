//! One payment and what happened to it, step by step.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::reactivation::Item;
use super::sample;
use super::view::{Charge, Document};
use crate::domain::dispute::DisputeState;
use crate::domain::money::Money;
use crate::domain::payment::{Advice, Initiator, Payment, PaymentState};
use crate::domain::refund::{Refund, RefundState};
use crate::themes::Page;
use crate::web::{Error, Owned};

/// One payment.
#[derive(Debug, Serialize)]
pub struct PaymentPage {
    /// The payment.
    pub charge: Charge,
    /// What it is for.
    pub items: Vec<Item>,
    /// The subscription it belongs to.
    pub subscription: Option<String>,
    /// What happened, oldest first, and what happens next.
    pub steps: Vec<Step>,
    /// Whether the customer has something to do or to wait for.
    pub open: bool,
}

/// One step of a payment's way.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Step {
    /// It was started.
    Started {
        /// When.
        at: Timestamp,
        /// Whether the customer did it.
        by_customer: bool,
        /// Which retry of a renewal it is; 0 is the first try.
        retry: u32,
    },
    /// The customer has to confirm it.
    Confirm {
        /// Until when.
        until: Timestamp,
    },
    /// The bank is moving the money.
    Processing {
        /// When it should be done.
        expected_by: Option<Timestamp>,
    },
    /// Nobody knows yet.
    Unknown,
    /// The money moved.
    Paid {
        /// When.
        at: Timestamp,
    },
    /// The invoice was issued.
    Invoiced {
        /// When.
        at: Timestamp,
        /// Which.
        invoice: Document,
    },
    /// The gateway said no.
    Declined {
        /// When.
        at: Timestamp,
        /// Why: the ending of a message key.
        reason: &'static str,
        /// What to do next: the ending of a message key.
        advice: Advice,
    },
    /// Given up; nothing was charged.
    Cancelled {
        /// When.
        at: Timestamp,
    },
    /// The money settles nothing and goes back.
    Unapplied,
    /// The customer's bank decides who keeps the money.
    Disputed,
    /// The customer's bank took it back.
    TakenBack {
        /// When.
        at: Timestamp,
        /// How much.
        amount: Money,
    },
    /// Some of it, or all, is on its way back.
    RefundPending {
        /// How much.
        amount: Money,
    },
    /// Some of it, or all, went back.
    Refunded {
        /// When.
        at: Timestamp,
        /// How much.
        amount: Money,
        /// The document of it.
        credit_note: Option<Document>,
    },
}

/// `GET /payments/{id}`.
pub(super) async fn show(Owned { who, item }: Owned<Payment>) -> Result<Response, Error> {
    let mut records = who.records().await?;
    let charge = records.charge(&item).await?;
    let issued = records.invoice(&item).await?;
    let issued = issued.and_then(|invoice| invoice.issued_at.zip(Document::of(&invoice)));
    let debts = records.tx.debts_of_payment(&item.id).await?;
    let items = debts.iter().flat_map(|debt| Item::all(&debt.lines));
    let items = items.collect();
    let mut steps = Step::all(&item, issued);
    for refund in records.refunds(&item).await? {
        let note = match &refund.credit_note {
            Some(id) => records.tx.invoice(&item.scope, id).await?,
            None => None,
        };
        steps.extend(Step::back(&refund, note.as_ref().and_then(Document::of)));
    }
    for dispute in records.tx.disputes_of(&item.scope, &item.id).await? {
        steps.extend(match dispute.state {
            DisputeState::Opened => Some(Step::Disputed),
            DisputeState::Won => None,
            DisputeState::Lost => Some(Step::TakenBack {
                at: dispute.updated_at,
                amount: dispute.amount,
            }),
        });
    }
    who.render(&PaymentPage {
        items,
        subscription: item.subscription.as_ref().map(ToString::to_string),
        steps,
        open: item.state.is_open() && item.sent_at.is_some(),
        charge,
    })
}

impl Step {
    /// The way of `payment` so far.
    pub fn all(payment: &Payment, invoice: Option<(Timestamp, Document)>) -> Vec<Self> {
        let mut steps = vec![Self::Started {
            at: payment.created_at,
            by_customer: payment.initiator == Initiator::Customer,
            retry: payment.attempt,
        }];
        steps.push(match payment.standing() {
            PaymentState::AwaitingCustomer { expires_at, .. } => {
                Self::Confirm { until: expires_at }
            }
            PaymentState::Processing { expected_by } => Self::Processing { expected_by },
            PaymentState::Created | PaymentState::Unknown { .. } => Self::Unknown,
            PaymentState::Succeeded { at } => Self::Paid { at },
            PaymentState::Declined { decline, at } => Self::Declined {
                at,
                reason: super::view::decline_word(decline.code),
                advice: decline.advice,
            },
            PaymentState::Cancelled { at } => Self::Cancelled { at },
        });
        steps.extend(invoice.map(|(at, invoice)| Self::Invoiced { at, invoice }));
        steps.extend(payment.unapplied.then_some(Self::Unapplied));
        steps
    }

    /// What a refund means to the customer; nothing when it failed, which the merchant mends.
    fn back(refund: &Refund, credit_note: Option<Document>) -> Option<Self> {
        let amount = refund.total();
        match refund.state {
            RefundState::Succeeded { at } => Some(Self::Refunded {
                at,
                amount,
                credit_note,
            }),
            RefundState::Failed { .. } => None,
            _ => Some(Self::RefundPending { amount }),
        }
    }
}

impl Page for PaymentPage {
    const TEMPLATE: &'static str = "pages/payment.html";

    fn samples() -> Vec<Self> {
        let at = sample::at("2026-11-01");
        let started = |by_customer, retry| Step::Started {
            at,
            by_customer,
            retry,
        };
        let page = |charge: Charge, steps| Self {
            open: ["unknown", "processing", "awaiting-customer", "created"].contains(&charge.state),
            charge,
            items: super::reactivation::Bill::long_sample().lines,
            subscription: Some("sub_sample".to_owned()),
            steps,
        };
        let last = [
            Step::Paid { at },
            Step::Declined {
                at,
                reason: "insufficient-funds",
                advice: Advice::Later,
            },
            Step::Processing {
                expected_by: Some(sample::at("2026-11-27")),
            },
            Step::Unknown,
            Step::Confirm { until: at },
            Step::Unknown,
            Step::Cancelled { at },
            Step::Paid { at },
            Step::Paid { at },
        ];
        let mut samples: Vec<Self> = sample::charges()
            .into_iter()
            .zip(last)
            .enumerate()
            .map(|(index, (charge, step))| {
                let retry = u32::try_from(index).unwrap_or_default();
                page(charge, vec![started(index % 2 == 0, retry), step])
            })
            .collect();
        samples[0].steps.push(Step::Invoiced {
            at,
            invoice: sample::document(),
        });
        for advice in Advice::ALL {
            let declined = Step::Declined {
                at,
                reason: "generic",
                advice: *advice,
            };
            let charge = sample::charges().remove(1);
            samples.push(page(charge, vec![started(false, 0), declined]));
        }
        let back = |credit_note| Step::Refunded {
            at,
            amount: sample::money(1050, "EUR"),
            credit_note,
        };
        let pending = Step::RefundPending {
            amount: sample::money(1850, "EUR"),
        };
        for step in [
            Step::Disputed,
            Step::TakenBack {
                at,
                amount: sample::money(2900, "EUR"),
            },
        ] {
            let steps = vec![started(true, 0), Step::Paid { at }, step];
            samples.push(page(sample::charges().remove(0), steps));
        }
        let partly = sample::charges().pop();
        samples.extend(partly.map(|charge| {
            let steps = vec![
                started(true, 0),
                Step::Paid { at },
                back(Some(sample::document())),
                back(None),
                pending,
            ];
            page(charge, steps)
        }));
        samples.push(Self {
            subscription: None,
            items: Vec::new(),
            ..page(
                sample::charges().remove(0),
                vec![
                    started(true, 0),
                    Step::Processing { expected_by: None },
                    Step::Unapplied,
                ],
            )
        });
        samples
    }
}
