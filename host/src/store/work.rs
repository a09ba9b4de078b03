//! What may be ordered from the queue: the payload of every job, without secrets.

use serde::{Deserialize, Serialize};

use super::access_mail::AccessMail;
use crate::domain::Mode;
use crate::domain::id::{
    BusinessId, DunningId, EndpointId, EventId, InvoiceId, LoginRequestId, MethodId, PaymentId,
    PlanChangeId, RefundId, RoundId, SetupId, SubscriptionId,
};
use crate::domain::money::Money;
use crate::domain::plan::Bought;

/// A piece of work. Every kind can be done twice without harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "work")]
pub enum Work {
    /// Whatever is due at the end of a subscription's period: renewal, scheduled
    /// cancellation, expiry.
    Renew {
        /// Which.
        subscription: SubscriptionId,
    },
    /// Ask the gateway what became of a payment, or send it (again).
    Reconcile {
        /// Which.
        payment: PaymentId,
    },
    /// Ask the gateway what became of a refund, or send it (again).
    ReconcileRefund {
        /// Which.
        refund: RefundId,
    },
    /// Give back money that settled nothing.
    RefundUnapplied {
        /// What it came with.
        payment: PaymentId,
    },
    /// Compare a gateway's own books with ours.
    Balance {
        /// Whose gateway.
        business: BusinessId,
        /// In which mode.
        mode: Mode,
        /// The business's name for it.
        gateway: String,
    },
    /// Give up a first payment whose page has expired.
    ExpireBegin {
        /// Which.
        payment: PaymentId,
    },
    /// Go on with a round over all subscriptions of a customer.
    Round {
        /// Which.
        round: RoundId,
    },
    /// Go on with a subscription whose pause has an end.
    Resume {
        /// Which.
        subscription: SubscriptionId,
    },
    /// End the grace of a subscription that is past due.
    EndGrace {
        /// Which.
        subscription: SubscriptionId,
    },
    /// Try a declined renewal again.
    Retry {
        /// Of which.
        subscription: SubscriptionId,
    },
    /// Ask for what a subscription owes, on one of the dates for that.
    Remind {
        /// Which.
        subscription: SubscriptionId,
    },
    /// End the access that was lent while a bank moved money.
    EndLentAccess {
        /// To which.
        subscription: SubscriptionId,
    },
    /// Tell of a renewal, or the end of a trial, that comes.
    NoticeRenewal {
        /// Of which.
        subscription: SubscriptionId,
    },
    /// Tell of a card that expires.
    NoticeCard {
        /// Which.
        method: MethodId,
    },
    /// Give up a set-up that was left open.
    ExpireSetup {
        /// Which.
        setup: SetupId,
    },
    /// Make and store the bytes of an issued document.
    RenderInvoice {
        /// Which.
        invoice: InvoiceId,
    },
    /// Tell one endpoint of the merchant of a fact.
    DeliverEvent {
        /// Which fact.
        event: EventId,
        /// Whom.
        endpoint: EndpointId,
    },
    /// Tell a plugin of a fact.
    TellPlugin {
        /// Which fact.
        event: EventId,
        /// The plugin's name in the business's file.
        plugin: String,
    },
    /// Call a plugin by the clock.
    CallPlugin {
        /// Of which business.
        business: BusinessId,
        /// In which mode.
        mode: Mode,
        /// The plugin's name in the business's file.
        plugin: String,
        /// How often it is called.
        schedule: String,
        /// For which moment, in seconds since 1970 (host time).
        due: i64,
    },
    /// Let a test clock that is on its way make its next step.
    MoveClock {
        /// Whose clock in test mode.
        business: BusinessId,
    },
    /// Answer a request for a login link: look the address up, make link and code, mail them.
    AnswerLogin {
        /// Which.
        request: LoginRequestId,
    },
    /// The same for the console.
    AnswerStaffLogin {
        /// Which.
        request: LoginRequestId,
    },
    /// Mail somebody a way in, or about one.
    Access(AccessMail),
    /// Mail a customer about a fact.
    Mail(MailOrder),
}

/// A mail about a fact; what it says is read when it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "mail")]
pub enum MailOrder {
    /// A subscription came to life.
    SubscriptionStarted {
        /// Which.
        subscription: SubscriptionId,
        /// What paid for it; none for a trial.
        payment: Option<PaymentId>,
    },
    /// A payment arrived.
    PaymentReceived {
        /// Which.
        payment: PaymentId,
    },
    /// A subscription on hold came back.
    SubscriptionReactivated {
        /// Which.
        subscription: SubscriptionId,
        /// What paid its dues; none when nothing was due.
        payment: Option<PaymentId>,
        /// Tells those without a payment apart.
        #[serde(default)]
        nonce: Option<String>,
    },
    /// A renewal was declined.
    PaymentFailed {
        /// Which.
        payment: PaymentId,
    },
    /// Money went back.
    RefundIssued {
        /// Which refund.
        refund: RefundId,
    },
    /// Money that went back could not be taken there, and came back.
    RefundReturned {
        /// Which refund.
        refund: RefundId,
    },
    /// The bank took a payment back.
    PaymentReversed {
        /// Which.
        payment: PaymentId,
        /// Tells another time from the first.
        #[serde(default)]
        nonce: Option<String>,
    },
    /// What a subscription owes is asked for.
    PaymentDue {
        /// By which asking.
        dunning: DunningId,
        /// Tells its mails apart.
        nonce: String,
    },
    /// A renewal, or the end of a trial, comes.
    RenewalSoon {
        /// Of which.
        subscription: SubscriptionId,
        /// Tells dates apart.
        nonce: String,
    },
    /// A card that pays for something expires.
    CardExpiring {
        /// Which.
        method: MethodId,
        /// Tells dates apart.
        nonce: String,
    },
    /// A method that pays for something can no longer be charged.
    MethodGone {
        /// Which.
        method: MethodId,
        /// Tells two losses of one method apart.
        nonce: String,
    },
    /// The method that pays for a subscription was changed.
    PaymentMethodUpdated {
        /// Which.
        subscription: SubscriptionId,
        /// Tells the changes of one subscription apart.
        nonce: String,
    },
    /// The plan of a subscription was changed, or will be at its next billing date.
    PlanChanged {
        /// By which change.
        change: PlanChangeId,
        /// What the subscription was for before.
        before: Vec<Bought>,
        /// Whether the change waits for the next billing date.
        scheduled: bool,
        /// What of the old plan is kept as credit.
        kept: Option<Money>,
    },
    /// A subscription was paused.
    SubscriptionPaused {
        /// Which.
        subscription: SubscriptionId,
        /// Tells the pauses of one subscription apart.
        nonce: String,
    },
    /// A paused subscription goes on.
    SubscriptionResumed {
        /// Which.
        subscription: SubscriptionId,
        /// Tells the pauses of one subscription apart.
        nonce: String,
    },
    /// A subscription was cancelled, or will be at the end of its period.
    SubscriptionCancelled {
        /// Which.
        subscription: SubscriptionId,
        /// Tells two cancellations of one subscription apart.
        nonce: String,
    },
}

impl Work {
    /// The name of the kind, for people and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Renew { .. } => "renew",
            Self::Reconcile { .. } => "reconcile",
            Self::ReconcileRefund { .. } => "reconcile-refund",
            Self::RefundUnapplied { .. } => "refund-unapplied",
            Self::Balance { .. } => "balance",
            Self::ExpireBegin { .. } => "expire-begin",
            Self::Round { .. } => "round",
            Self::Resume { .. } => "resume",
            Self::EndGrace { .. } => "end-grace",
            Self::Retry { .. } => "retry",
            Self::Remind { .. } => "remind",
            Self::EndLentAccess { .. } => "end-lent-access",
            Self::NoticeRenewal { .. } => "notice-renewal",
            Self::NoticeCard { .. } => "notice-card",
            Self::ExpireSetup { .. } => "expire-setup",
            Self::RenderInvoice { .. } => "render-invoice",
            Self::DeliverEvent { .. } => "deliver-event",
            Self::TellPlugin { .. } => "tell-plugin",
            Self::CallPlugin { .. } => "call-plugin",
            Self::MoveClock { .. } => "move-clock",
            Self::AnswerLogin { .. } => "answer-login",
            Self::AnswerStaffLogin { .. } => "answer-staff-login",
            Self::Access(_) => "access-mail",
            Self::Mail(_) => "mail",
        }
    }

    /// The payload of the job's row.
    pub fn payload(&self) -> String {
        super::row::json(self)
    }

    /// The key under which it is queued once.
    pub fn unique_key(&self) -> Option<String> {
        let object = match self {
            Self::Renew { subscription }
            | Self::Resume { subscription }
            | Self::EndGrace { subscription }
            | Self::Retry { subscription }
            | Self::Remind { subscription }
            | Self::EndLentAccess { subscription }
            | Self::NoticeRenewal { subscription } => subscription.as_str(),
            Self::NoticeCard { method } => method.as_str(),
            Self::Reconcile { payment }
            | Self::ExpireBegin { payment }
            | Self::RefundUnapplied { payment } => payment.as_str(),
            Self::ReconcileRefund { refund } => refund.as_str(),
            Self::ExpireSetup { setup } => setup.as_str(),
            Self::Round { round } => round.as_str(),
            Self::RenderInvoice { invoice } => invoice.as_str(),
            Self::DeliverEvent { event, endpoint } => {
                return Some(format!("{}:{event}:{endpoint}", self.kind()));
            }
            Self::TellPlugin { event, plugin } => {
                return Some(format!("{}:{event}:{plugin}", self.kind()));
            }
            Self::CallPlugin {
                business,
                mode,
                plugin,
                schedule,
                due,
            } => {
                let kind = self.kind();
                return Some(format!(
                    "{kind}:{business}:{mode}:{plugin}:{schedule}:{due}"
                ));
            }
            Self::MoveClock { business } => business.as_str(),
            Self::AnswerLogin { request } | Self::AnswerStaffLogin { request } => request.as_str(),
            Self::Balance {
                business,
                mode,
                gateway,
            } => return Some(format!("balance:{business}:{mode}:{gateway}")),
            Self::Access(mail) => return Some(mail.message_key()),
            Self::Mail(order) => return Some(order.message_key()),
        };
        Some(format!("{}:{object}", self.kind()))
    }
}

impl MailOrder {
    /// The same for every repeat of one mail; the Message-ID is made of it.
    pub fn message_key(&self) -> String {
        let (name, object) = match self {
            Self::SubscriptionStarted { subscription, .. } => ("started", subscription.as_str()),
            Self::PaymentReceived { payment } => ("received", payment.as_str()),
            Self::SubscriptionReactivated {
                subscription,
                payment,
                nonce,
            } => (
                "reactivated",
                match (payment, nonce) {
                    (Some(payment), _) => payment.as_str(),
                    (None, Some(nonce)) => nonce.as_str(),
                    (None, None) => subscription.as_str(),
                },
            ),
            Self::PaymentFailed { payment } => ("failed", payment.as_str()),
            Self::RefundIssued { refund } => ("refunded", refund.as_str()),
            Self::RefundReturned { refund } => ("refund-returned", refund.as_str()),
            Self::PaymentReversed { payment, nonce } => (
                "reversed",
                nonce.as_deref().unwrap_or_else(|| payment.as_str()),
            ),
            Self::PaymentDue { nonce, .. } => ("due", nonce.as_str()),
            Self::RenewalSoon { nonce, .. } => ("renewal", nonce.as_str()),
            Self::CardExpiring { nonce, .. } => ("card", nonce.as_str()),
            Self::MethodGone { nonce, .. } => ("method-gone", nonce.as_str()),
            Self::PaymentMethodUpdated { nonce, .. } => ("method", nonce.as_str()),
            Self::SubscriptionCancelled { nonce, .. } => ("cancelled", nonce.as_str()),
            Self::PlanChanged {
                change, scheduled, ..
            } => match scheduled {
                true => ("plan-scheduled", change.as_str()),
                false => ("plan-changed", change.as_str()),
            },
            Self::SubscriptionPaused { nonce, .. } => ("paused", nonce.as_str()),
            Self::SubscriptionResumed { nonce, .. } => ("resumed", nonce.as_str()),
        };
        format!("mail:{name}:{object}")
    }
}
