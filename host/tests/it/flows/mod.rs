//! The flows of money against the real component and the real processor. What was charged is
//! counted in the processor's ledger, never in our own database.

mod announced;
mod asked_before;
mod asking;
mod audited;
mod backup;
mod balances;
mod bounced;
mod by_support;
mod clock_locks;
mod codes;
mod coming_back;
mod crosswise;
mod dates;
mod debits_told;
mod decided_in_console;
mod demand;
mod disputes;
mod dunning;
mod dying;
mod extras;
mod first_payment;
mod frozen;
mod histories;
mod holds;
mod kept;
mod keys;
mod late;
mod late_yes;
mod least;
mod lent_access;
mod lies;
mod looks;
mod lost_commit;
mod methods_gone;
mod off_renewal;
mod other_amounts;
mod overturned;
mod owed;
mod pausing;
mod plan_changes;
mod plan_delays;
mod plan_mails;
mod plan_rules;
mod plan_shares;
mod refunds;
mod refunds_decided;
mod refunds_in_console;
mod replayed;
mod reversals;
mod roads;
mod rounds;
mod strangers;
mod terms;
mod test_clock;
mod transfers;
mod trials;
mod trouble;
mod unapplied;
mod unreachable;
mod webhooks;

use jiff::Timestamp;
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::payment::{CustomerAction, PaymentState};
use vestibule::domain::product::Product;
use vestibule::domain::subscription::{Subscription, SubscriptionState};
use vestibule::flows::begin::{self, Begun, NewSubscription};
use vestibule::flows::{Attempt, AttemptOf, Choice, Ending, reactivation, renewal, settlement};

use crate::support::world::{World, buyer};

const GOOD: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";
const CONFIRM: &str = "4000002500003155";
const DECLINED_AT_RENEWAL: &str = "4000000000000341";

impl World {
    /// A subscription that waits for its first payment.
    async fn pending(&self) -> Begun {
        self.pending_with_trial(0).await
    }

    async fn pending_with_trial(&self, days: u32) -> Begun {
        let product = self.product().await;
        self.pending_for(product, days).await
    }

    /// The same at a price of nothing.
    async fn pending_for_nothing(&self) -> Begun {
        let mut product = self.product().await;
        product.id = self.cx.new_id();
        product.price.minor = 0;
        let mut tx = self.cx.store.begin().await.unwrap();
        tx.insert_product(&product).await.unwrap();
        tx.commit().await.unwrap();
        self.pending_for(product, 0).await
    }

    async fn pending_for(&self, product: Product, days: u32) -> Begun {
        let customer = self.customer().await;
        let new = NewSubscription {
            id: self.cx.new_id(),
            payment: self.cx.new_id(),
            customer: customer.id,
            product: product.id,
            quantity: 1,
            addons: Vec::new(),
            codes: Vec::new(),
            once: Vec::new(),
            trial_days: Some(days),
            on_demand: None,
            buyer: buyer(),
            metadata: "{}".to_owned(),
            return_url: None,
        };
        begin::create_subscription(&self.cx, &self.scope, new)
            .await
            .unwrap()
    }

    /// The customer types `card` on the page that `attempt` leads to, and comes back.
    async fn give_card(&self, attempt: &Attempt, card: &str) -> Ending {
        self.sandbox.pay_by_card(page(&attempt.ending), card).await;
        self.come_back(attempt).await
    }

    async fn come_back(&self, attempt: &Attempt) -> Ending {
        let AttemptOf::Payment(payment) = &attempt.of else {
            panic!("not a payment")
        };
        settlement::returned(&self.cx, &self.scope, payment, &[])
            .await
            .unwrap()
    }

    /// A subscription whose first payment succeeded with `card`.
    async fn active(&self, card: &str) -> SubscriptionId {
        let begun = self.pending().await;
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id)
            .await
            .unwrap();
        assert_eq!(self.give_card(&attempt, card).await, Ending::Succeeded);
        begun.subscription.unwrap().id
    }

    /// Makes the renewal due and runs it.
    async fn renew(&self, id: &SubscriptionId) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let mut subscription = tx
            .lock_subscription(&self.scope, id)
            .await
            .unwrap()
            .unwrap();
        subscription.period.end = self.cx.now();
        subscription.anchor = subscription.period.end;
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
        renewal::due(&self.cx, &self.scope, id).await.unwrap();
    }

    /// A subscription that a declined renewal put on hold.
    async fn on_hold(&self) -> SubscriptionId {
        let id = self.active(DECLINED_AT_RENEWAL).await;
        self.renew(&id).await;
        let subscription = self.subscription(&id).await;
        assert_eq!(subscription.state.name(), "on-hold");
        id
    }

    async fn reactivate(&self, id: &SubscriptionId, choice: Choice) -> Attempt {
        let quote = reactivation::quote(&self.cx, &self.scope, id)
            .await
            .unwrap()
            .unwrap();
        reactivation::start(&self.cx, &self.scope, id, choice, &quote.id)
            .await
            .unwrap()
    }

    async fn subscription(&self, id: &SubscriptionId) -> Subscription {
        let mut tx = self.cx.store.read().await.unwrap();
        tx.subscription(&self.scope, id).await.unwrap().unwrap()
    }

    async fn is_active(&self, id: &SubscriptionId) -> bool {
        self.subscription(id).await.state == SubscriptionState::Active
    }

    /// The amounts that were really charged, oldest first.
    pub(crate) async fn charged(&self) -> Vec<i64> {
        let ledger = self.sandbox.ledger().await;
        ledger
            .iter()
            .map(|entry| entry["amount"].as_i64().unwrap())
            .collect()
    }

    /// The status of the subscription's one license key, and the key.
    async fn key(&self, id: &SubscriptionId) -> (LicenseStatus, String) {
        let mut tx = self.cx.store.read().await.unwrap();
        let keys = tx
            .licenses(&self.scope, None, None, Some(id), 10, 0)
            .await
            .unwrap();
        assert_eq!(keys.len(), 1);
        (keys[0].status(self.cx.now()), keys[0].key.clone())
    }

    /// The payment that the subscription's one license key came with.
    async fn paid_by(&self, id: &SubscriptionId) -> Option<PaymentId> {
        let mut tx = self.cx.store.read().await.unwrap();
        let keys = tx
            .licenses(&self.scope, None, None, Some(id), 10, 0)
            .await
            .unwrap();
        assert_eq!(keys.len(), 1);
        keys[0].payment.clone()
    }

    /// The types of what the merchant is told about `object`, oldest first.
    async fn told(&self, object: &str) -> Vec<String> {
        let mut tx = self.cx.store.read().await.unwrap();
        let events = tx.events_of(&self.scope, object).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }

    /// The keys of the mails that are queued.
    async fn mails(&self) -> Vec<String> {
        let mut tx = self.cx.store.read().await.unwrap();
        let jobs = tx.jobs(&self.scope, u32::MAX).await.unwrap();
        let mut keys: Vec<_> = jobs
            .into_iter()
            .filter(|job| job.kind == "mail")
            .filter_map(|job| job.unique_key)
            .map(|key| key.split(':').nth(1).unwrap().to_owned())
            .collect();
        keys.sort();
        keys
    }

    /// When the queued work runs whose key begins so.
    async fn due(&self, work: &str) -> Timestamp {
        let mut tx = self.cx.store.read().await.unwrap();
        let jobs = tx.jobs(&self.scope, u32::MAX).await.unwrap();
        let is_it = |key: &String| key.starts_with(work);
        let mut found = jobs
            .into_iter()
            .filter(|job| job.unique_key.as_ref().is_some_and(is_it));
        found
            .next()
            .unwrap_or_else(|| panic!("no {work} is queued"))
            .run_at
    }

    async fn state_of(&self, attempt: &Attempt) -> PaymentState {
        let AttemptOf::Payment(id) = &attempt.of else {
            panic!("not a payment")
        };
        let mut tx = self.cx.store.read().await.unwrap();
        tx.payment(&self.scope, id)
            .await
            .unwrap()
            .unwrap()
            .standing()
    }
}

/// Where the customer is sent.
fn page(ending: &Ending) -> &str {
    match ending {
        Ending::Action(CustomerAction::Redirect { url }) => url,
        other => panic!("no page: {other:?}"),
    }
}
