//! What customers do besides paying: end, keep, pause and go on, each held against the model; give a
//! backup, and take methods away.

use jiff::{SignedDuration, Timestamp};
use vestibule::domain::debt::DebtKind;
use vestibule::domain::id::{RoundId, SubscriptionId};
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::{Attempt, AttemptOf, Ending, cancellation, method_update, pause, round};

use super::actions::Way;
use super::model::{self, Act, Seen, UnderWay};
use super::town::{Town, allowed};

impl Town<'_> {
    pub(super) async fn seen(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for id in &self.subscriptions {
            seen.push(Seen::of(&self.world.subscription(id).await));
        }
        seen
    }

    pub(super) async fn under_way(&self, id: &SubscriptionId, today: Timestamp) -> UnderWay {
        let subscription = self.world.subscription(id).await;
        let scope = &self.world.scope;
        let mut tx = self.world.cx.store.read().await.unwrap();
        if !tx.open_payments_of(scope, id).await.unwrap().is_empty() {
            return UnderWay::Payment;
        }
        let dues = tx.dues_of(scope, id).await.unwrap();
        let is_due =
            subscription.period.end <= today || dues.iter().any(|due| due.kind == DebtKind::Period);
        if is_due && !subscription.on_demand {
            UnderWay::Renewal
        } else {
            UnderWay::Nothing
        }
    }

    /// Acts on a subscription, and notes what the model did not expect.
    pub(super) async fn act(&mut self, who: usize, act: Act) {
        let Some(id) = self.who(who) else { return };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let (before, today) = (self.seen().await, self.today().await);
        let under_way = self.under_way(&id, today).await;
        let why = Cancellation::default();
        match act {
            Act::CancelNow => drop(allowed(cancellation::now(cx, scope, &id, why).await)),
            Act::CancelAtEnd => {
                drop(allowed(
                    cancellation::at_period_end(cx, scope, &id, why).await,
                ));
            }
            Act::Keep => drop(allowed(cancellation::undo(cx, scope, &id).await)),
            Act::Pause { dated } => {
                let wish = pause::Pause {
                    resume_at: dated.then(|| today + SignedDuration::from_hours(5 * 24)),
                    settlement: None,
                };
                drop(allowed(pause::start(cx, scope, &id, wish).await));
            }
            Act::Resume => drop(allowed(pause::resume(cx, scope, &id).await)),
        }
        let after = self.seen().await;
        let wrong = model::wrong((act, &id), under_way, &before, &after);
        self.unexpected.extend(wrong);
    }

    /// The customer marks the method of a subscription as their backup, or no more.
    pub(super) async fn back_up(&self, who: usize, is_backup: bool) {
        let Some(id) = self.who(who) else { return };
        let subscription = self.world.subscription(&id).await;
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        if let Some(method) = subscription.method {
            let customer = &subscription.customer;
            let set = method_update::set_backup(cx, scope, customer, &method, is_backup).await;
            allowed(set);
        }
    }

    /// The customer takes a method away, which is refused while it pays for anything.
    pub(super) async fn detach(&self, who: usize) {
        let Some(id) = self.who(who) else { return };
        let customer = self.world.subscription(&id).await.customer;
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let methods = {
            let mut tx = cx.store.read().await.unwrap();
            tx.methods_of(scope, &customer).await.unwrap()
        };
        for method in methods {
            allowed(method_update::detach(cx, scope, &customer, &method.id).await);
        }
    }

    /// The customer pays everything with one method, by a page that is sent twice.
    pub(super) async fn round(&mut self, who: usize, way: Way) {
        let Some(id) = self.who(who) else { return };
        let Some((choice, with)) = self.choice(&id, way).await else {
            return;
        };
        let customer = self.world.subscription(&id).await.customer;
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let Some(offer) = allowed(round::offer(cx, scope, &customer).await) else {
            return;
        };
        let named = cx.new_id();
        let mut started = None;
        for _ in 0..2 {
            let choice = choice.clone();
            let sent = round::start(cx, scope, &customer, &named, choice, &offer.id).await;
            started = allowed(sent).or(started);
        }
        let Some(started) = started else { return };
        // The page that brings the method, and those that charges with it lead to.
        for _ in 0..2 {
            for attempt in self.pages_of(&started).await {
                self.remember(&attempt);
                self.finish_last(&attempt, with).await;
            }
        }
    }

    /// Where a round waits for its customer.
    async fn pages_of(&self, id: &RoundId) -> Vec<Attempt> {
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let endings = round::waits_for(cx, scope, id).await.unwrap();
        let mut tx = cx.store.read().await.unwrap();
        let mut waiting = Vec::new();
        for step in tx.round_steps(id).await.unwrap() {
            let Some(id) = step.payment else { continue };
            if let Some(payment) = tx.payment(scope, &id).await.unwrap()
                && let Ending::Action(_) = Ending::of(&payment)
            {
                waiting.push(AttemptOf::Payment(id));
            }
        }
        let round = tx.round(scope, id).await.unwrap().unwrap();
        waiting.extend(round.setup.map(AttemptOf::Setup));
        let pages = waiting.into_iter().zip(endings);
        pages.map(|(of, ending)| Attempt { of, ending }).collect()
    }

    /// The bank withdraws the method of a subscription, and the gateway tells it twice.
    pub(super) async fn withdraw(&self, who: usize) {
        let Some(id) = self.who(who) else { return };
        let Some(method) = self.world.subscription(&id).await.method else {
            return;
        };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let known = {
            let mut tx = cx.store.read().await.unwrap();
            tx.method(scope, &method).await.unwrap()
        };
        let Some(known) = known else { return };
        let path = format!("/control/methods/{}/revoke", known.reference);
        if let Some(gone) = self.world.sandbox.try_call(&path, None).await {
            let telling = ("method.gone".to_owned(), gone, cx.now());
            self.tell(&telling).await;
            self.tell(&telling).await;
        }
    }
}
