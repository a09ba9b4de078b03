//! Where a payment or set-up stands, told without sign-in: at `/pay/{token}` once there is
//! nothing to press there, and after a gateway sent somebody back who is not signed in.

use serde::Serialize;

use crate::domain::Scope;
use crate::domain::subscription::SubscriptionState;
use crate::flows::begin::Offer;
use crate::themes::Page;
use crate::web::portal::done::{Paid, ReturnTo};
use crate::web::portal::progress::Stage;
use crate::web::portal::records::Records;
use crate::web::{Error, Visitor};

/// Where a first payment stands.
#[derive(Clone, Debug, Serialize)]
pub struct StatusPage {
    /// What is bought.
    pub product: String,
    /// Where it stands.
    pub standing: Standing,
    /// The path that gives this try up, to use another method.
    pub give_up: Option<String>,
    /// The merchant's page, offered when it is paid.
    pub return_to: Option<ReturnTo>,
    /// The sign-in page of the portal.
    pub portal: String,
}

/// Where a first payment stands.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "one a page, on its way to the template"
)]
pub enum Standing {
    /// Under way.
    Open {
        /// How far.
        stage: Stage,
    },
    /// Paid.
    Paid {
        /// The facts.
        paid: Paid,
    },
    /// A method is saved and the trial runs.
    Trial,
    /// A method is saved and the subscription runs, at a price of nothing.
    Started,
    /// A method is saved for a subscription that runs already.
    Saved,
    /// Too old to be used.
    Expired,
}

impl StatusPage {
    /// Where the first payment of `offer` stands.
    pub(super) fn new(
        visitor: &Visitor,
        offer: &Offer,
        product: String,
        standing: Standing,
    ) -> Self {
        Self {
            product,
            standing,
            give_up: None,
            return_to: ReturnTo::of(&offer.payment),
            portal: super::login(visitor, &offer.payment.scope),
        }
    }

    /// Where the first payment of `offer` stands, when its page has nothing to press.
    pub(super) async fn of_offer(
        visitor: &Visitor,
        scope: &Scope,
        token: &str,
        offer: &Offer,
    ) -> Result<Self, Error> {
        let cx = &visitor.web.cx;
        let mut records = Records::open(cx, scope, &offer.customer.id).await?;
        let paid = Paid::of(&mut records, &offer.payment).await?;
        let runs = offer
            .subscription
            .as_ref()
            .is_some_and(|s| s.state != SubscriptionState::Pending && !s.state.is_final());
        let open = offer.payment.state.is_open() && offer.payment.sent_at.is_some();
        let is_trial = offer
            .subscription
            .as_ref()
            .is_some_and(|s| s.trial_days > 0);
        let begun = if is_trial {
            Standing::Trial
        } else {
            Standing::Started
        };
        let standing = match (paid, Stage::of(cx, &offer.payment)) {
            (Some(paid), _) if paid.amount.is_zero() => begun,
            (Some(paid), _) => Standing::Paid { paid },
            (None, Some(stage)) if open => Standing::Open { stage },
            _ if runs => begun,
            _ => Standing::Expired,
        };
        let stoppable = matches!(
            standing,
            Standing::Open {
                stage: Stage::Confirm { .. } | Stage::Approve
            }
        );
        let product = records.what(&offer.payment).await?;
        Ok(Self {
            give_up: stoppable.then(|| format!("/pay/{token}/give-up")),
            ..Self::new(visitor, offer, product, standing)
        })
    }
}

impl Page for StatusPage {
    const TEMPLATE: &'static str = "pages/pay-status.html";

    fn samples() -> Vec<Self> {
        let page = |standing| Self {
            product: "Pro".to_owned(),
            standing,
            give_up: Some("/pay/sample/give-up".to_owned()),
            return_to: None,
            portal: "/login/bus_sample".to_owned(),
        };
        let mut samples: Vec<Self> = Stage::samples()
            .into_iter()
            .map(|stage| page(Standing::Open { stage }))
            .collect();
        let bare = Paid {
            active: false,
            method: None,
            invoice: None,
            next: None,
            ..Paid::sample()
        };
        samples.extend([
            page(Standing::Paid {
                paid: Paid::sample(),
            }),
            Self {
                give_up: None,
                return_to: Some(ReturnTo {
                    url: "https://northwind.example.com/thanks".to_owned(),
                    host: "northwind.example.com".to_owned(),
                }),
                ..page(Standing::Paid { paid: bare })
            },
            page(Standing::Trial),
            page(Standing::Started),
            page(Standing::Saved),
            page(Standing::Expired),
        ]);
        samples
    }
}
