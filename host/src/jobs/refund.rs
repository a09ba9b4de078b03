//! Mails about a refund: that it was issued, and that its money came back. Each says nothing when it
//! has come to nothing meanwhile.

use super::post::Post;
use super::reminder::{letter, named};
use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::RefundId;
use crate::domain::refund::{Bounce, Refund, RefundState};
use crate::mail::billing::Method;
use crate::mail::refund::{RefundIssued, RefundReturned};
use crate::store::{self, Tx};

/// Which of the two mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Money went back.
    Issued,
    /// It came back from there.
    Returned,
}

pub(super) async fn run(
    jobs: &Jobs,
    scope: &Scope,
    (news, id): (News, &RefundId),
    message_id: &str,
) -> Verdict {
    let Some(post) = Post::of(jobs, scope) else {
        return Verdict::Park("the business's file is not there".to_owned());
    };
    let facts = async {
        let mut tx = jobs.cx.store.read().await?;
        Facts::read(&mut tx, scope, (news, id)).await
    };
    let facts = match facts.await {
        Ok(Some(facts)) => facts,
        Ok(None) => return Verdict::GiveUp("what the mail is about is not there".to_owned()),
        Err(error) => return error.into(),
    };
    let letter = letter(&facts.customer, message_id);
    let link = post.payment(&facts.refund.payment);
    match news {
        News::Issued => post.send(&letter, facts.issued(&link)).await,
        News::Returned => post.send(&letter, facts.returned(&link)).await,
    }
}

/// What a mail can speak of, as it is now.
struct Facts {
    customer: Customer,
    refund: Refund,
    /// What was paid for; empty for money that settled nothing.
    product: String,
    method: Option<Method>,
    /// The number of the refund's document, or of the one that takes it back.
    document: Option<String>,
}

impl Facts {
    /// None when what the order names is not there.
    async fn read(
        tx: &mut Tx,
        scope: &Scope,
        (news, id): (News, &RefundId),
    ) -> store::Result<Option<Self>> {
        let Some(refund) = tx.refund(scope, id).await? else {
            return Ok(None);
        };
        let Some(payment) = tx.payment(scope, &refund.payment).await? else {
            return Ok(None);
        };
        let Some(customer) = tx.customer(scope, &refund.customer).await? else {
            return Ok(None);
        };
        let subscription = match &payment.subscription {
            Some(id) => tx.subscription(scope, id).await?,
            None => None,
        };
        let chosen = subscription
            .as_ref()
            .and_then(|known| known.method.as_ref());
        let method = match payment.method.as_ref().or(chosen) {
            Some(id) => tx.method_ever(scope, id).await?,
            None => None,
        };
        let document = match news {
            News::Issued => refund.credit_note.as_ref(),
            News::Returned => refund.correction.as_ref(),
        };
        let document = match document {
            Some(id) => tx.invoice(scope, id).await?,
            None => None,
        };
        let product = match subscription.filter(|_| !payment.unapplied) {
            Some(subscription) => tx.product(scope, &subscription.product).await?,
            None => None,
        };
        // Money that settled nothing has no document either.
        let line = || Some(document.as_ref()?.lines.first()?.description.clone());
        let product = product.map(|product| product.name).or_else(line);
        Ok(Some(Self {
            customer,
            refund,
            product: product.unwrap_or_default(),
            method: method.as_ref().map(named),
            document: document.and_then(|document| document.number_text),
        }))
    }

    /// None when it has come back before the mail was written.
    fn issued(&self, link: &str) -> Option<RefundIssued> {
        let RefundState::Succeeded { at } = self.refund.state else {
            return None;
        };
        Some(RefundIssued {
            product: self.product.clone(),
            amount: self.refund.total(),
            at,
            method: self.method.clone(),
            credit_note: self.document.clone(),
            link: link.to_owned(),
        })
    }

    /// None when the amount was given back again before the mail was written.
    fn returned(&self, link: &str) -> Option<RefundReturned> {
        let (RefundState::Failed { at, .. }, Some(Bounce::Open)) =
            (&self.refund.state, self.refund.bounced)
        else {
            return None;
        };
        Some(RefundReturned {
            product: self.product.clone(),
            amount: self.refund.total(),
            at: *at,
            method: self.method.clone(),
            correction: self.document.clone(),
            link: link.to_owned(),
        })
    }
}
