//! The asking that a failed renewal caused, as events tell it.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::dunning::{Dunning, DunningState, DunningTrigger};
use crate::domain::id::{BusinessId, CustomerId, PaymentId, SubscriptionId};

/// Dodo's `DunningAttempt`.
#[derive(Debug, Serialize)]
pub struct DunningAttempt {
    brand_id: BusinessId,
    created_at: Timestamp,
    customer_id: CustomerId,
    payment_id: Option<PaymentId>,
    status: &'static str,
    subscription_id: SubscriptionId,
    trigger_state: &'static str,
}

impl From<Dunning> for DunningAttempt {
    fn from(dunning: Dunning) -> Self {
        Self {
            brand_id: dunning.scope.business,
            created_at: dunning.failed_at,
            customer_id: dunning.customer,
            payment_id: dunning.payment,
            status: match dunning.state {
                DunningState::Recovering => "recovering",
                DunningState::Recovered => "recovered",
                // Dodo has no word for one that was stopped: it is not asked for any more.
                DunningState::Exhausted | DunningState::Stopped => "exhausted",
            },
            subscription_id: dunning.subscription,
            trigger_state: match dunning.trigger {
                DunningTrigger::OnHold => "on_hold",
                DunningTrigger::PastDue => "past_due",
            },
        }
    }
}
