//! A hosted page on which a customer gives a new method for a subscription, without signing in.
//! The merchant has it made; the gateway is asked only when its button is pressed, and what is
//! due then is paid in the same step.

use jiff::Timestamp;

use super::reactivation::{self, available};
use super::{Attempt, AttemptOf, Choice, Ending, Error, Refused};
use super::{charge, facts, method_update, settlement};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::{PageId, SubscriptionId};
use crate::domain::quote::Quote;
use crate::domain::subscription::Subscription;
use crate::store::{MethodPage, Tx};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The page.
    pub page: MethodPage,
    /// What the method will pay for.
    pub subscription: Subscription,
    /// Who pays.
    pub customer: Customer,
    /// What is due and paid in the same step.
    pub quote: Option<Quote>,
    /// What the newest press led to.
    pub last: Option<Attempt>,
}

/// Makes the page with this id for a subscription, or answers it when it is there already.
pub async fn create(
    cx: &Cx,
    scope: &Scope,
    id: PageId,
    subscription: &SubscriptionId,
    return_url: Option<String>,
) -> Result<MethodPage, Error> {
    let (_, mode) = available(cx, scope)?;
    charge::default_gateway(&mode)?;
    let owes = reactivation::quote(cx, scope, subscription)
        .await?
        .is_some();
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.method_page(scope, &id).await? {
        return Ok(known);
    }
    let subscription = tx
        .subscription(scope, subscription)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    if !owes {
        method_update::takes_method(&subscription)?;
    }
    let now = cx.now();
    let lifetime = cx.settings.load().billing.payment_link_lifetime;
    let page = MethodPage {
        id,
        scope: scope.clone(),
        subscription: subscription.id,
        return_url,
        attempt: None,
        made_at: now,
        expires_at: now.checked_add(lifetime).unwrap_or(Timestamp::MAX),
    };
    tx.insert_method_page(&page).await?;
    facts::audit(
        cx,
        &mut tx,
        scope,
        "subscription.ask-payment-method",
        page.subscription.as_str(),
        None,
        Some(serde_json::json!({ "page": page.id })),
    )
    .await?;
    tx.commit().await?;
    Ok(page)
}

/// What the page offers now.
pub async fn offer(cx: &Cx, scope: &Scope, id: &PageId) -> Result<Offer, Error> {
    let mut tx = cx.store.read().await?;
    let page = tx
        .method_page(scope, id)
        .await?
        .ok_or(Error::NotFound("page"))?;
    let subscription = tx
        .subscription(scope, &page.subscription)
        .await?
        .ok_or(Error::NotFound("subscription"))?;
    let customer = tx
        .customer(scope, &subscription.customer)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let last = last(&mut tx, &page).await?;
    drop(tx);
    Ok(Offer {
        quote: reactivation::quote(cx, scope, &subscription.id).await?,
        page,
        subscription,
        customer,
        last,
    })
}

async fn last(tx: &mut Tx, page: &MethodPage) -> Result<Option<Attempt>, Error> {
    let Some(attempt) = &page.attempt else {
        return Ok(None);
    };
    if let Ok(id) = attempt.parse() {
        let payment = tx.payment(&page.scope, &id).await?;
        return Ok(payment.map(|payment| Attempt {
            ending: Ending::of(&payment),
            of: AttemptOf::Payment(id),
        }));
    }
    let Ok(id) = attempt.parse() else {
        return Ok(None);
    };
    let setup = tx.setup(&page.scope, &id).await?;
    Ok(setup.map(|setup| Attempt {
        ending: settlement::ending_of_setup(&setup),
        of: AttemptOf::Setup(id),
    }))
}

impl Offer {
    /// Whether the button does something at `now` (host time).
    pub fn is_open(&self, now: Timestamp) -> bool {
        let over = self
            .last
            .as_ref()
            .is_none_or(|last| matches!(last.ending, Ending::Declined(_) | Ending::Cancelled));
        over && now < self.page.expires_at
            && (self.quote.is_some() || method_update::takes_method(&self.subscription).is_ok())
    }
}

/// The customer pressed the button. `agreed` is the id of the quote that the page showed, if
/// anything was due.
pub async fn press(
    cx: &Cx,
    scope: &Scope,
    id: &PageId,
    agreed: Option<&str>,
) -> Result<Attempt, Error> {
    let offer = offer(cx, scope, id).await?;
    if !offer.is_open(cx.now()) {
        return offer.last.ok_or(Error::Refused(Refused::Expired));
    }
    let subscription = &offer.subscription.id;
    let return_url = offer.page.return_url.clone();
    let attempt = match (&offer.quote, agreed) {
        (Some(_), Some(agreed)) => {
            let choice = Choice::New;
            reactivation::start_and_return(cx, scope, subscription, choice, agreed, return_url)
                .await?
        }
        (None, None) => method_update::set_up(cx, scope, subscription, return_url).await?,
        _ => return Err(Error::Refused(Refused::StaleQuote)),
    };
    let made = match &attempt.of {
        AttemptOf::Payment(id) => Some(id.as_str()),
        AttemptOf::Setup(id) => Some(id.as_str()),
        AttemptOf::Nothing => None,
    };
    if let Some(made) = made {
        let mut tx = cx.store.begin().await?;
        tx.note_method_attempt(scope, id, made).await?;
        tx.commit().await?;
    }
    Ok(attempt)
}
