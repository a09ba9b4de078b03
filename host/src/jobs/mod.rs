//! What the queue does: one file per kind of work that is more than a call of a flow, and the
//! worker that runs them.
//!
//! Every job can be done twice without harm: it is repeated whenever its process died, or its
//! end could not be written down. Nothing here decides about money; flows do.

mod access;
mod call_plugin;
mod couriers;
mod deliver_event;
mod endpoint;
mod mail;
mod patience;
mod plan;
mod post;
mod refund;
mod reminder;
mod render_invoice;
mod shares;
mod worker;

use std::sync::Arc;

use jiff::SignedDuration;

pub use self::worker::Worker;

use self::couriers::Couriers;
use self::endpoint::Endpoints;
use crate::cx::Cx;
use crate::domain::Scope;
use crate::flows;
use crate::invoices::Invoices;
use crate::mail::Mailer;
use crate::store::{self, Work};
use crate::themes::{Themes, chain};

/// How long a job waits whose business or gateway is not there.
const PARKED: SignedDuration = SignedDuration::from_mins(5);

/// Everything that jobs work with.
pub struct Jobs {
    cx: Cx,
    themes: Arc<Themes>,
    mailer: Arc<Mailer>,
    invoices: Arc<Invoices>,
    endpoints: Endpoints,
    couriers: Arc<Couriers>,
}

/// What became of a job. The texts are for operators and hold no address and no secret.
#[derive(Debug)]
enum Verdict {
    /// It is done, or no longer wanted.
    Done,
    /// It failed in a way that may pass; again after the usual back-off, a limited number of
    /// times.
    Retry(String),
    /// The same, after a wait that the kind of work decides.
    RetryAfter(SignedDuration, String),
    /// Its turn has not come; that is no try.
    NotYet(SignedDuration),
    /// What it needs is not there at present; it waits as long as that takes.
    Park(String),
    /// It will never succeed; a person has to look.
    GiveUp(String),
}

impl Jobs {
    /// The work of a host.
    pub fn new(
        cx: Cx,
        themes: Arc<Themes>,
        mailer: Arc<Mailer>,
        invoices: Arc<Invoices>,
    ) -> Arc<Self> {
        Arc::new(Self {
            cx,
            themes,
            mailer,
            invoices,
            endpoints: Endpoints::default(),
            couriers: Arc::default(),
        })
    }

    /// Does a piece of work.
    async fn run(&self, scope: &Scope, work: Work) -> Verdict {
        let cx = &self.cx;
        let ended = match work {
            Work::Renew { subscription } => flows::renewal::due(cx, scope, &subscription).await,
            Work::Round { round } => flows::round::go_on(cx, scope, &round).await,
            Work::Resume { subscription } => flows::pause::due(cx, scope, &subscription).await,
            Work::EndGrace { subscription } => {
                flows::renewal::grace_over(cx, scope, &subscription).await
            }
            Work::Retry { subscription } => flows::dunning::retry(cx, scope, &subscription).await,
            Work::Remind { subscription } => flows::dunning::remind(cx, scope, &subscription).await,
            Work::EndLentAccess { subscription } => {
                flows::lent_access::end(cx, scope, &subscription).await
            }
            Work::NoticeRenewal { subscription } => {
                flows::notices::renewal(cx, scope, &subscription).await
            }
            Work::NoticeCard { method } => flows::notices::card(cx, scope, &method).await,
            Work::Reconcile { payment } => flows::reconciliation::look(cx, scope, &payment)
                .await
                .map(drop),
            Work::ReconcileRefund { refund } => {
                flows::refund::look(cx, scope, &refund).await.map(drop)
            }
            Work::RefundUnapplied { payment } => {
                flows::refund::give_back_unapplied(cx, scope, &payment).await
            }
            Work::Balance { gateway, .. } => flows::balance::make(cx, scope, &gateway).await,
            Work::ExpireBegin { payment } => flows::begin::expire(cx, scope, &payment).await,
            Work::ExpireSetup { setup } => {
                flows::settlement::give_up_setup(cx, scope, &setup).await
            }
            Work::RenderInvoice { invoice } => {
                return render_invoice::run(self, scope, &invoice).await;
            }
            Work::DeliverEvent { event, endpoint } => {
                return deliver_event::run(self, scope, &event, &endpoint).await;
            }
            Work::TellPlugin { event, plugin } => {
                return call_plugin::tell(self, scope, &event, &plugin).await;
            }
            Work::CallPlugin {
                plugin,
                schedule,
                due,
                ..
            } => {
                return call_plugin::tick(self, scope, &plugin, &schedule, due).await;
            }
            Work::MoveClock { .. } => flows::test_clock::step(cx, scope).await,
            Work::AnswerLogin { request } => {
                return access::answer(self, scope, &request).await.soon_or_never();
            }
            Work::AnswerStaffLogin { request } => {
                return access::answer_staff(self, &request).await.soon_or_never();
            }
            Work::Access(mail) => return access::send(self, scope, &mail).await,
            Work::Mail(order) => return mail::run(self, scope, &order).await,
        };
        ended.map_or_else(Verdict::from, |()| Verdict::Done)
    }
}

impl Verdict {
    /// The same where nobody waits for long: what was refused for good is given up.
    fn soon_or_never(self) -> Self {
        match self {
            Self::RetryAfter(_, why) => Self::GiveUp(why),
            other => other,
        }
    }
}

impl From<flows::Error> for Verdict {
    fn from(error: flows::Error) -> Self {
        match error {
            // The state has moved on since the work was ordered: nothing is left to do.
            flows::Error::Refused(_) => Self::Done,
            flows::Error::NotFound(_)
            | flows::Error::Invalid { .. }
            | flows::Error::MethodInUse(_) => Self::GiveUp(error.to_string()),
            flows::Error::Unavailable(_) => Self::Park(error.to_string()),
            flows::Error::Store(error) => error.into(),
        }
    }
}

impl From<store::Error> for Verdict {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Corrupt { .. } => Self::GiveUp(error.to_string()),
            _ => Self::Retry(chain(&error)),
        }
    }
}
