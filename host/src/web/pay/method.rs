//! `/pay/{token}` for a new method: what is due if anything is, what happens next, and the way to
//! the gateway.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::status::{Standing, StatusPage};
use crate::domain::Scope;
use crate::domain::id::PageId;
use crate::domain::payment::CustomerAction;
use crate::domain::subscription::SubscriptionState;
use crate::flows::method_page::{self, Offer};
use crate::flows::{self, Attempt, AttemptOf, Ending, Refused, settlement};
use crate::themes::Page;
use crate::web::portal::done::{Paid, ReturnTo};
use crate::web::portal::progress::Stage;
use crate::web::portal::reactivation::Bill;
use crate::web::portal::records::Records;
use crate::web::portal::view::decline_word;
use crate::web::{Error, Visitor, leaving};

/// The offer to give a new method.
#[derive(Clone, Debug, Serialize)]
pub struct GiveMethodPage {
    /// Where the form posts to.
    pub action: String,
    /// The name of what it will pay for.
    pub product: String,
    /// What is due and paid in the same step.
    pub quote: Option<Bill>,
    /// The next charge, when nothing is due.
    pub next: Option<Timestamp>,
    /// Why the last try was declined: the ending of a message key.
    pub declined: Option<&'static str>,
    /// Whether the last try was left open.
    pub left_open: bool,
    /// Whether what is due has changed since the page was shown.
    pub stale: bool,
}

/// `GET /pay/{token}`.
pub(super) async fn show(
    visitor: &Visitor,
    scope: &Scope,
    token: &str,
    id: &PageId,
) -> Result<Response, Error> {
    page(visitor, scope, token, id, false).await
}

/// `POST /pay/{token}`.
pub(super) async fn create(
    visitor: &Visitor,
    scope: &Scope,
    token: &str,
    id: &PageId,
    quote: Option<String>,
) -> Result<Response, Error> {
    let offer = method_page::offer(&visitor.web.cx, scope, id).await?;
    let cx = visitor.acting(offer.customer.id.as_str());
    let (of, row) = (scope.clone(), id.clone());
    let flow = async move {
        let pressed = Box::pin(method_page::press(&cx, &of, &row, quote.as_deref()));
        Ok::<_, flows::Error>(pressed.await)
    };
    let here = format!("/pay/{token}");
    match visitor.web.perform(flow).await? {
        Ok(Attempt {
            ending: Ending::Action(CustomerAction::Redirect { url }),
            ..
        }) if leaving::is_allowed(&visitor.web, scope, &url) => Ok(visitor.redirect_to(&url)),
        Ok(_) | Err(flows::Error::Refused(Refused::Expired)) => Ok(visitor.redirect_to(&here)),
        Err(flows::Error::Refused(Refused::StaleQuote)) => {
            page(visitor, scope, token, id, true).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /pay/{token}/give-up`: another method is wanted.
pub(super) async fn give_up(
    visitor: &Visitor,
    scope: &Scope,
    token: &str,
    id: &PageId,
) -> Result<Response, Error> {
    let offer = method_page::offer(&visitor.web.cx, scope, id).await?;
    if let Some(AttemptOf::Payment(payment)) = offer.last.map(|last| last.of) {
        let cx = visitor.acting(offer.customer.id.as_str());
        let of = scope.clone();
        let flow = async move { settlement::give_up(&cx, &of, &payment).await };
        visitor.web.perform(flow).await?;
    }
    Ok(visitor.redirect_to(&format!("/pay/{token}")))
}

async fn page(
    visitor: &Visitor,
    scope: &Scope,
    token: &str,
    id: &PageId,
    stale: bool,
) -> Result<Response, Error> {
    let cx = &visitor.web.cx;
    let offer = method_page::offer(cx, scope, id).await?;
    let mut visitor = visitor
        .for_scope(scope, offer.customer.locale.as_deref())
        .await?;
    let mut records = Records::open(cx, scope, &offer.customer.id).await?;
    visitor.frame.now = records.now;
    let product = records.product(&offer.subscription.product).await?;
    if !offer.is_open(cx.now()) {
        let page = status(&visitor, &mut records, token, &offer, product).await?;
        return visitor.render(&page);
    }
    let ending = offer.last.as_ref().map(|last| &last.ending);
    let renews = offer.subscription.state == SubscriptionState::Active
        && !offer.subscription.cancel_at_period_end;
    let response = visitor.render(&GiveMethodPage {
        action: format!("/pay/{token}"),
        product,
        next: renews.then_some(offer.subscription.period.end),
        declined: match ending {
            Some(Ending::Declined(decline)) => Some(decline_word(decline.code)),
            _ => None,
        },
        left_open: ending == Some(&Ending::Cancelled),
        quote: offer.quote.map(Into::into),
        stale,
    })?;
    Ok(leaving::allow(&visitor.web, scope, response))
}

/// Where the newest press has led to.
async fn status(
    visitor: &Visitor,
    records: &mut Records,
    token: &str,
    offer: &Offer,
    product: String,
) -> Result<StatusPage, Error> {
    let scope = &offer.page.scope;
    let standing = match offer.last.as_ref().map(|last| &last.of) {
        Some(AttemptOf::Payment(id)) => {
            let payment = records.tx.payment(scope, id).await?;
            let payment = payment.ok_or_else(Error::not_found)?;
            let paid = Paid::of(records, &payment).await?;
            match (paid, Stage::of(&visitor.web.cx, &payment)) {
                (Some(paid), _) => Standing::Paid { paid },
                (None, Some(stage)) => Standing::Open { stage },
                (None, None) => Standing::Expired,
            }
        }
        Some(AttemptOf::Setup(id)) => {
            let setup = records.tx.setup(scope, id).await?;
            let setup = setup.ok_or_else(Error::not_found)?;
            let stage = Stage::of_setup(&setup);
            stage.map_or(Standing::Saved, |stage| Standing::Open { stage })
        }
        Some(AttemptOf::Nothing) | None => Standing::Expired,
    };
    let stoppable = matches!(
        (&standing, offer.last.as_ref().map(|last| &last.of)),
        (
            Standing::Open {
                stage: Stage::Confirm { .. } | Stage::Approve
            },
            Some(AttemptOf::Payment(_))
        )
    );
    Ok(StatusPage {
        product,
        standing,
        give_up: stoppable.then(|| format!("/pay/{token}/give-up")),
        return_to: ReturnTo::with_id(
            offer.page.return_url.as_deref(),
            "subscription_id",
            offer.subscription.id.as_str(),
        ),
        portal: super::login(visitor, scope),
    })
}

impl Page for GiveMethodPage {
    const TEMPLATE: &'static str = "pages/pay-method.html";

    fn samples() -> Vec<Self> {
        let bill = Bill::sample();
        let free = Self {
            action: "/pay/sample".to_owned(),
            product: "Pro".to_owned(),
            next: Some(bill.next),
            quote: None,
            declined: None,
            left_open: false,
            stale: false,
        };
        let due = Self {
            quote: Some(bill),
            next: None,
            ..free.clone()
        };
        let declined = Self {
            declined: Some("insufficient-funds"),
            ..due.clone()
        };
        let left_open = Self {
            left_open: true,
            next: None,
            ..free.clone()
        };
        let stale = Self {
            stale: true,
            quote: Some(Bill::long_sample()),
            ..due.clone()
        };
        vec![free, due, declined, left_open, stale]
    }
}
