//! What is paid with a good card while neither a fault nor a bank nor anything under way has a say:
//! then the model knows what comes of it.

use jiff::SignedDuration;
use reqwest::Method;
use vestibule::domain::subscription::{Subscription, SubscriptionState};
use vestibule::flows::{AttemptOf, Ending, details};

use super::actions::{Instrument, Way};
use super::invariants::Reader;
use super::model::{self, UnderWay};
use super::town::{Town, allowed};

/// A card that pays whenever it is charged, and how it is told from others.
const GOOD: &str = "4242424242424242";
const LAST_4: &str = "4242";
/// What may still change the method of a customer or use up its tries, what their bank took back or
/// wants to, and clocks on their way; needs the customer.
const HAVE_A_SAY: &str = "SELECT id FROM payments WHERE customer_id = $1 \
    AND state IN ('created', 'awaiting-customer', 'processing', 'unknown') \
    UNION ALL SELECT id FROM setups WHERE customer_id = $1 \
    AND state IN ('created', 'awaiting-customer') \
    UNION ALL SELECT id FROM rounds WHERE customer_id = $1 AND ended_at IS NULL \
    UNION ALL SELECT disputes.id FROM disputes JOIN payments \
    ON payments.id = disputes.payment_id WHERE payments.customer_id = $1 \
    UNION ALL SELECT business_id FROM clocks WHERE target_us IS NOT NULL";

impl Town<'_> {
    /// The customer pays what is due. Answers whether the model knew what comes of it.
    pub(super) async fn pay_due(&mut self, who: usize, way: Way) -> bool {
        let Some(id) = self.who(who) else {
            return false;
        };
        let Some((choice, with)) = self.choice(&id, way).await else {
            return false;
        };
        let before = self.seen().await;
        let is_free = self.under_way(&id, self.today().await).await != UnderWay::Payment
            && self.has_no_faults().await;
        let Some(attempt) = self.open(&id, choice).await else {
            return false;
        };
        self.finish_last(&attempt, with).await;
        let is_good = matches!(with, Some(Instrument::Card(GOOD)));
        let on_a_page = matches!(attempt.of, AttemptOf::Payment(_))
            && matches!(attempt.ending, Ending::Action(_));
        if !(is_free && is_good && on_a_page) {
            return false;
        }
        let after = self.seen().await;
        let mut wrong = model::wrong_when_paid(&id, &before, &after);
        let mut tx = self.world.cx.store.read().await.unwrap();
        let dues = tx.dues_of(&self.world.scope, &id).await.unwrap();
        wrong.extend((!dues.is_empty()).then(|| format!("{id} was paid and owes {dues:?}")));
        self.unexpected.extend(wrong);
        true
    }

    /// The merchant moves the next billing date to now. Answers whether the model knew what comes of
    /// it.
    pub(super) async fn bill_now(&mut self, who: usize) -> bool {
        let Some(id) = self.who(who) else {
            return false;
        };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let before = self.world.subscription(&id).await;
        let is_sure = self.renews_for_sure(&before).await;
        let date = self.today().await + SignedDuration::from_mins(1);
        let changes = details::Changes {
            next_billing_date: Some(date),
            ..details::Changes::default()
        };
        let moved = allowed(details::update(cx, scope, &id, changes, false).await);
        cx.clock.advance(SignedDuration::from_mins(2));
        self.work().await;
        if !is_sure || moved.is_none() {
            return false;
        }
        let after = self.world.subscription(&id).await;
        let wrong = model::wrong_when_renewed(&before, &after, date);
        self.unexpected.extend(wrong);
        true
    }

    async fn renews_for_sure(&self, subscription: &Subscription) -> bool {
        let today = self.today().await;
        let goes_on = subscription.state == SubscriptionState::Active
            && !subscription.on_demand
            && !subscription.cancel_at_period_end
            && subscription
                .expires_at
                .is_none_or(|end| end > today + SignedDuration::from_hours(1));
        goes_on
            && self.has_a_good_card(subscription).await
            && self.under_way(&subscription.id, today).await == UnderWay::Nothing
            && self.has_no_faults().await
            && self.nobody_has_a_say(subscription).await
    }

    /// Whether host and processor would charge it again.
    async fn has_a_good_card(&self, subscription: &Subscription) -> bool {
        let Some(method) = &subscription.method else {
            return false;
        };
        let known = {
            let mut tx = self.world.cx.store.read().await.unwrap();
            tx.method(&self.world.scope, method).await.unwrap()
        };
        let Some(known) = known.filter(|known| known.refused_at.is_none()) else {
            return false;
        };
        let path = format!("/v1/methods/{}", known.reference);
        let card = self.world.sandbox.call(Method::GET, &path, None).await;
        card["last_four"] == LAST_4 && card["saved"] == true
    }

    async fn has_no_faults(&self) -> bool {
        let sandbox = &self.world.sandbox;
        let faults = sandbox.call(Method::GET, "/control/faults", None).await;
        faults["data"].as_array().unwrap().is_empty()
    }

    async fn nobody_has_a_say(&self, subscription: &Subscription) -> bool {
        let mut reader = Reader::connect(&self.world.url).await;
        let says = reader.about(HAVE_A_SAY, &subscription.customer).await;
        says.is_empty()
    }
}
