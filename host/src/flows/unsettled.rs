//! What an operator has to know about money: payments without an end, money that settled nothing,
//! and money that banks moved in a way of which a person has to decide.

use jiff::Timestamp;
use serde::Serialize;

use super::{Error, charge};
use crate::cx::Cx;
use crate::domain::Mode;
use crate::domain::dispute::Attention;
use crate::domain::id::{BusinessId, CustomerId, DisputeId, PaymentId, RefundId, SubscriptionId};
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;
use crate::store::{Tx, Work};

/// The most that is listed of each kind.
const MOST: u32 = 10_000;

/// A payment on the operator's list.
#[derive(Clone, Debug, Serialize)]
pub struct Unsettled {
    /// Which.
    pub payment: PaymentId,
    /// Its refund, when that is what has no end.
    pub refund: Option<RefundId>,
    /// The dispute over it or the debit that was returned, when that is what is to be decided.
    pub dispute: Option<DisputeId>,
    /// Whose business.
    pub business: BusinessId,
    /// In which mode.
    pub mode: Mode,
    /// Who pays.
    pub customer: CustomerId,
    /// For which subscription; none for a purchase.
    pub subscription: Option<SubscriptionId>,
    /// Through which gateway.
    pub gateway: String,
    /// What the gateway calls it, where that is known.
    pub gateway_reference: Option<String>,
    /// How much.
    pub amount: Money,
    /// Where it stands; `unapplied` is money that settled nothing, `taken-back` money that a bank
    /// took and that nobody can be asked for, `came-back` money that it gave again after a part of
    /// what it had paid was paid otherwise, `bounced` a refund that succeeded and came back.
    pub state: &'static str,
    /// What a person has to decide; none when nobody has to.
    pub decide: Option<&'static str>,
    /// Since when: when its request was made, or a dispute was heard of (host time).
    pub since: Timestamp,
    /// When the request was last sent (host time); none while it waits to be sent, first or again.
    pub sent_at: Option<Timestamp>,
    /// How often the gateway was asked.
    pub looks: u32,
    /// When it is asked next, or goes back by the rule (host time). Without one it needs an operator.
    pub next_look: Option<Timestamp>,
}

/// What is to be decided about a refund that came back.
const BOUNCED: &str = "the money of this refund came back to you: give it back again, or by other means, and note that with `vestibule payment decide`";

/// What is to be decided about a dispute.
fn question(attention: Attention) -> &'static str {
    match attention {
        Attention::TakenBack => {
            "bear the loss, or ask the customer for it by other means: it is not the price of whole debts of a living subscription"
        }
        Attention::CameBack => {
            "refund this part or keep it: what it had paid was paid otherwise meanwhile"
        }
    }
}

/// Every payment of the host that was sent and has not ended, every such refund, every refund that
/// came back, then all money that settled nothing, then every dispute to decide about; oldest first.
pub async fn list(cx: &Cx) -> Result<Vec<Unsettled>, Error> {
    let mut tx = cx.store.read().await?;
    let mut listed = Vec::new();
    for payment in tx.unsettled_payments(MOST).await? {
        let (state, id) = (payment.standing().name(), payment.id.clone());
        let look = Work::Reconcile { payment: id };
        listed.push(entry(&mut tx, payment, state, &look).await?);
    }
    for refund in tx.unsettled_refunds(MOST).await? {
        let Some(payment) = tx.payment(&refund.scope, &refund.payment).await? else {
            continue;
        };
        let look = Work::ReconcileRefund {
            refund: refund.id.clone(),
        };
        let of = entry(&mut tx, payment, refund.standing().name(), &look).await?;
        listed.push(Unsettled {
            since: made_at(&refund),
            gateway_reference: refund.gateway_ref,
            amount: refund.amount,
            sent_at: refund.sent_at,
            looks: refund.lookups,
            refund: Some(refund.id),
            ..of
        });
    }
    for refund in tx.refunds_to_decide(MOST).await? {
        let Some(payment) = tx.payment(&refund.scope, &refund.payment).await? else {
            continue;
        };
        listed.push(Unsettled {
            since: made_at(&refund),
            gateway_reference: refund.gateway_ref,
            amount: refund.amount,
            decide: Some(BOUNCED),
            sent_at: refund.sent_at,
            looks: refund.lookups,
            refund: Some(refund.id),
            ..plain(payment, "bounced", None)
        });
    }
    for payment in tx.unapplied_payments(MOST).await? {
        let look = Work::RefundUnapplied {
            payment: payment.id.clone(),
        };
        let amount = payment.captured();
        let of = entry(&mut tx, payment, "unapplied", &look).await?;
        listed.push(Unsettled { amount, ..of });
    }
    for dispute in tx.disputes_to_decide(MOST).await? {
        let payment = tx.payment(&dispute.scope, &dispute.payment).await?;
        let (Some(payment), Some(attention)) = (payment, dispute.attention) else {
            continue;
        };
        listed.push(Unsettled {
            since: dispute.id.made_at().unwrap_or(dispute.created_at),
            gateway_reference: Some(dispute.reference),
            amount: dispute.amount,
            decide: Some(question(attention)),
            dispute: Some(dispute.id),
            sent_at: None,
            looks: 0,
            next_look: None,
            ..plain(payment, attention.as_str(), None)
        });
    }
    Ok(listed)
}

/// When a refund was intended, by the host's clock, which is the one that dates its id.
fn made_at(refund: &Refund) -> Timestamp {
    refund.id.made_at().unwrap_or(refund.created_at)
}

async fn entry(
    tx: &mut Tx,
    payment: Payment,
    state: &'static str,
    look: &Work,
) -> Result<Unsettled, Error> {
    let next_look = match look.unique_key() {
        Some(key) => tx.next_run_of(&key).await?,
        None => None,
    };
    Ok(plain(payment, state, next_look))
}

fn plain(payment: Payment, state: &'static str, next_look: Option<Timestamp>) -> Unsettled {
    Unsettled {
        since: charge::made_at(&payment),
        payment: payment.id,
        refund: None,
        dispute: None,
        decide: None,
        business: payment.scope.business,
        mode: payment.scope.mode,
        customer: payment.customer,
        subscription: payment.subscription,
        gateway: payment.gateway,
        gateway_reference: payment.gateway_ref,
        amount: payment.amount,
        state,
        sent_at: payment.sent_at,
        looks: payment.lookups,
        next_look,
    }
}
