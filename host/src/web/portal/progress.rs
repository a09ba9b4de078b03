//! Where a payment or set-up stands while it has no happy end: confirm it, wait for it, or try
//! again. Waiting pages update themselves, with and without a script.

use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::reactivation::needs_support;
use super::sample;
use super::view::{Method, decline_word};
use crate::cx::Cx;
use crate::domain::id::SubscriptionId;
use crate::domain::money::Money;
use crate::domain::payment::{Advice, CustomerAction, Decline, Payment, PaymentState, Purpose};
use crate::domain::subscription::SubscriptionState;
use crate::flows::{Attempt, AttemptOf, Ending, settlement};
use crate::store::{Setup, SetupState};
use crate::themes::Page;
use crate::web::{Error, Owned, Posted, SignedIn, leaving};

/// A payment or set-up that is under way or did not work.
#[derive(Clone, Debug, Serialize)]
pub struct ProgressPage {
    /// The number to quote.
    pub number: String,
    /// The product's name.
    pub product: String,
    /// How much; none when nothing is charged.
    pub amount: Option<Money>,
    /// With what.
    pub method: Option<Method>,
    /// Where it stands.
    pub stage: Stage,
    /// The path of the form that starts another try.
    pub again: Option<String>,
    /// Whether only the merchant's support can help to pay.
    pub by_support: bool,
    /// The path that gives this try up, to use another method.
    pub give_up: Option<String>,
    /// Whether the subscription is on hold meanwhile.
    pub on_hold: bool,
}

/// Where it stands.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Stage {
    /// To be confirmed or entered at the bank or the gateway.
    Confirm {
        /// Where.
        url: String,
        /// Whether a method is to be entered there.
        collects: bool,
    },
    /// To be approved elsewhere, such as in the bank's app.
    Approve,
    /// The bank is moving the money.
    Processing {
        /// When it should be done.
        expected_by: Option<Timestamp>,
        /// Whether there is access meanwhile.
        access: bool,
    },
    /// Nobody knows yet.
    Unknown,
    /// The gateway said no.
    Declined {
        /// Why: the ending of a message key.
        reason: &'static str,
        /// Whether the same method may work later.
        later: bool,
    },
    /// Given up; nothing was charged.
    Cancelled,
}

/// A form without fields of its own.
#[derive(Debug, Deserialize)]
pub struct Pressed {}

/// `GET /payments/{id}/progress`.
pub(super) async fn payment(Owned { who, item }: Owned<Payment>) -> Result<Response, Error> {
    let Some(stage) = Stage::of(&who.web.cx, &item) else {
        return Ok(who.redirect(&format!("/payments/{}/done", item.id)));
    };
    let mut records = who.records().await?;
    let subscription = records.subscription_of(&item).await?;
    let charge = records.charge(&item).await?;
    let payable = subscription
        .as_ref()
        .filter(|s| s.state.has_dues() || matches!(s.state, SubscriptionState::Cancelled { .. }));
    let can_pay = who.frame.can_pay;
    // Whoever gives up what is due and may not pay it otherwise would have nowhere to go.
    let chooses = can_pay || item.subscription.is_none() || item.purpose == Purpose::PlanChange;
    who.render(&ProgressPage {
        number: charge.id,
        product: charge.what,
        amount: Some(item.amount),
        method: charge.method,
        give_up: (chooses && matches!(stage, Stage::Confirm { .. } | Stage::Approve))
            .then(|| format!("/payments/{}/give-up", item.id)),
        stage,
        by_support: match payable {
            Some(due) => needs_support(&who, &mut records.tx, &due.id).await?,
            None => false,
        },
        again: match (payable, &item.subscription) {
            (Some(due), _) => can_pay.then(|| format!("/subscriptions/{}/reactivate", due.id)),
            (None, Some(id)) if item.purpose == Purpose::PlanChange => {
                Some(format!("/subscriptions/{id}/plan"))
            }
            _ => None,
        },
        on_hold: payable.is_some_and(|s| matches!(s.state, SubscriptionState::OnHold { .. })),
    })
}

/// `POST /payments/{id}/give-up`: another method is wanted. Only what the gateway confirms
/// counts, so this may as well end on the page of a payment that succeeded.
pub(super) async fn give_up(
    Owned { who, item }: Owned<Payment>,
    Posted(Pressed {}): Posted<Pressed>,
) -> Result<Response, Error> {
    let (cx, scope, id) = (who.cx(), who.scope().clone(), item.id.clone());
    let flow = async move { settlement::give_up(&cx, &scope, &id).await };
    let ending = who.web.perform(flow).await?;
    let free = matches!(ending, Ending::Cancelled | Ending::Declined(_));
    Ok(match &item.subscription {
        Some(id) if free && item.purpose == Purpose::PlanChange => {
            who.redirect(&format!("/subscriptions/{id}/plan"))
        }
        Some(id) if free && who.frame.can_pay => {
            who.redirect(&format!("/subscriptions/{id}/reactivate?choice=new"))
        }
        _ => who.redirect(&format!("/payments/{}/progress", item.id)),
    })
}

/// `GET /setups/{id}`.
pub(super) async fn setup(Owned { who, item }: Owned<Setup>) -> Result<Response, Error> {
    let here = format!("/subscriptions/{}/payment-method", item.subscription);
    let Some(stage) = Stage::of_setup(&item) else {
        return Ok(who.redirect(&format!("{here}/done")));
    };
    let mut records = who.records().await?;
    let subscription = records
        .tx
        .subscription(who.scope(), &item.subscription)
        .await?
        .ok_or_else(Error::not_found)?;
    let by_support = needs_support(&who, &mut records.tx, &subscription.id).await?;
    who.render(&ProgressPage {
        number: item.id.to_string(),
        product: records.product(&subscription.product).await?,
        amount: None,
        method: records.method(item.method.as_ref()).await?,
        stage,
        again: (who.frame.can_choose && !by_support).then_some(here),
        by_support,
        give_up: None,
        on_hold: matches!(subscription.state, SubscriptionState::OnHold { .. }),
    })
}

/// Where the browser goes after an attempt: to the gateway, or to the attempt's page.
pub(super) fn follow(who: &SignedIn, subscription: &SubscriptionId, made: &Attempt) -> Response {
    if let Ending::Action(CustomerAction::Redirect { url }) = &made.ending
        && leaving::is_allowed(&who.web, who.scope(), url)
    {
        return who.redirect_to(url);
    }
    match &made.of {
        AttemptOf::Payment(id) => who.redirect(&format!("/payments/{id}/progress")),
        AttemptOf::Setup(id) => who.redirect(&format!("/setups/{id}")),
        AttemptOf::Nothing => who.redirect(&format!(
            "/subscriptions/{subscription}/payment-method/done"
        )),
    }
}

impl Stage {
    /// Where `payment` stands; none when it is paid.
    pub fn of(cx: &Cx, payment: &Payment) -> Option<Self> {
        match payment.standing() {
            PaymentState::Succeeded { .. } => None,
            PaymentState::AwaitingCustomer { action, .. } => {
                Some(Self::asking(action, payment.method.is_none()))
            }
            PaymentState::Processing { expected_by } => Some(Self::Processing {
                expected_by,
                // It is lent to what is on hold, and what is past due still has it.
                access: payment.purpose == Purpose::Reactivation
                    && cx.settings.load().billing.access_while_processing,
            }),
            PaymentState::Created | PaymentState::Unknown { .. } => Some(Self::Unknown),
            PaymentState::Declined { decline, .. } => Some(Self::declined(&decline)),
            PaymentState::Cancelled { .. } => Some(Self::Cancelled),
        }
    }

    /// Where `setup` stands; none when the method is saved.
    pub fn of_setup(setup: &Setup) -> Option<Self> {
        match (setup.state, &setup.action, &setup.decline) {
            (SetupState::Succeeded, _, _) => None,
            (SetupState::AwaitingCustomer, Some(action), _) => {
                Some(Self::asking(action.clone(), true))
            }
            (SetupState::Declined, _, Some(decline)) => Some(Self::declined(decline)),
            (SetupState::Cancelled, _, _) => Some(Self::Cancelled),
            _ => Some(Self::Unknown),
        }
    }

    fn asking(action: CustomerAction, collects: bool) -> Self {
        match action {
            CustomerAction::Redirect { url } => Self::Confirm { url, collects },
            CustomerAction::Wait => Self::Approve,
        }
    }

    fn declined(decline: &Decline) -> Self {
        Self::Declined {
            reason: decline_word(decline.code),
            later: matches!(decline.advice, Advice::Later | Advice::Authenticate),
        }
    }

    /// One of each.
    pub(crate) fn samples() -> Vec<Self> {
        let mut stages = vec![
            Self::Confirm {
                url: "https://bank.example.com/confirm".to_owned(),
                collects: false,
            },
            Self::Confirm {
                url: "https://bank.example.com/card".to_owned(),
                collects: true,
            },
            Self::Approve,
            Self::Processing {
                expected_by: Some(sample::at("2026-11-27")),
                access: false,
            },
            Self::Processing {
                expected_by: None,
                access: true,
            },
            Self::Unknown,
            Self::Cancelled,
        ];
        let codes = crate::domain::payment::DeclineCode::ALL;
        stages.extend(
            codes
                .iter()
                .enumerate()
                .map(|(index, code)| Self::Declined {
                    reason: decline_word(*code),
                    later: index % 2 == 0,
                }),
        );
        stages
    }
}

impl Page for ProgressPage {
    const TEMPLATE: &'static str = "pages/progress.html";

    fn samples() -> Vec<Self> {
        let charge = |stage| Self {
            number: "pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            product: "Pro".to_owned(),
            amount: Some(sample::money(2900, "EUR")),
            method: Some(sample::visa()),
            stage,
            again: Some("/subscriptions/sub_sample/reactivate".to_owned()),
            by_support: false,
            give_up: Some("/payments/pay_sample/give-up".to_owned()),
            on_hold: true,
        };
        let mut samples: Vec<Self> = Stage::samples().into_iter().map(charge).collect();
        let setups: Vec<Self> = samples[..8]
            .iter()
            .cloned()
            .map(|page| Self {
                amount: None,
                method: None,
                again: None,
                give_up: None,
                on_hold: false,
                ..page
            })
            .collect();
        samples.extend(setups);
        let failed = |stage: &Stage| matches!(stage, Stage::Declined { .. } | Stage::Cancelled);
        let failed = Stage::samples().into_iter().filter(failed);
        samples.extend(failed.map(|stage| Self {
            again: None,
            by_support: true,
            ..charge(stage)
        }));
        samples
    }
}
