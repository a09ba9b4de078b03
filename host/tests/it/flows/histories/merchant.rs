//! What the merchant sells and does: plans and their changes, charges on demand, refunds.

use vestibule::domain::addon::Addon;
use vestibule::domain::id::{PaymentId, RefundId};
use vestibule::domain::payment::Initiator;
use vestibule::domain::product::Product;
use vestibule::domain::refund::parts::Wish as Part;
use vestibule::flows::begin::{self, NewSubscription, OnDemand};
use vestibule::flows::on_demand::{self, Charge};
use vestibule::flows::plan_change::{self, Order, Wish};
use vestibule::flows::refund::{self, NewRefund};
use vestibule::flows::{Attempt, AttemptOf, Ending, pause};

use super::actions::{Cart, Extras, Instrument, Plan};
use super::town::{Town, allowed, choose};
use crate::flows::extras::euros;
use crate::flows::page;
use crate::support::world::{World, buyer};

/// One takes a tenth off twice; the other makes a first period free.
const CODES: [&str; 2] = ["TENTH", "FREE"];

/// What is on sale.
pub(super) struct Sale {
    products: Vec<Product>,
    addon: Addon,
}

impl Sale {
    pub(super) async fn open(world: &World) -> Self {
        world.code(CODES[0], 1_000, Some(2)).await;
        world.code(CODES[1], 10_000, Some(1)).await;
        let mut products = Vec::new();
        for (minor, tax_inclusive) in [(900, true), (2_900, true), (5_900, false), (19_900, true)] {
            products.push(world.product_at(minor, tax_inclusive).await);
        }
        // A year of the same plan.
        let mut yearly = world.product_at(29_000, true).await;
        yearly.id = world.cx.new_id();
        if let Some(recurring) = &mut yearly.recurring {
            recurring.interval.count = 12;
        }
        world.add_product(&yearly).await;
        products.push(yearly);
        Self {
            products,
            addon: world.addon_at(450).await,
        }
    }

    fn addons(&self, extras: Extras) -> Vec<(vestibule::domain::id::AddonId, u32)> {
        let addon = (extras.addons > 0).then(|| (self.addon.id.clone(), extras.addons));
        addon.into_iter().collect()
    }
}

fn codes(extras: Extras) -> Vec<String> {
    let code = extras.code.and_then(|which| CODES.get(which));
    code.map(|code| (*code).to_owned()).into_iter().collect()
}

impl Town<'_> {
    pub(super) async fn buy(&mut self, with: Instrument, cart: Cart) {
        let new = NewSubscription {
            quantity: 1 + cart.extras.more,
            addons: self.sale.addons(cart.extras),
            codes: codes(cart.extras),
            trial_days: Some(if cart.trial { 7 } else { 0 }),
            ..self.order(cart.customer).await
        };
        self.begin(new, with).await;
    }

    pub(super) async fn buy_on_demand(&mut self, customer: usize, with: Instrument) {
        let new = NewSubscription {
            on_demand: Some(OnDemand::Mandate),
            ..self.order(customer).await
        };
        self.begin(new, with).await;
    }

    /// One of the usual plan, by somebody who comes again or somebody new.
    async fn order(&self, customer: usize) -> NewSubscription {
        let world = self.world;
        let customer = match self.regulars.get(customer) {
            Some(known) => known.clone(),
            None => world.customer().await.id,
        };
        NewSubscription {
            id: world.cx.new_id(),
            payment: world.cx.new_id(),
            customer,
            product: self.sale.products[1].id.clone(),
            quantity: 1,
            addons: Vec::new(),
            codes: Vec::new(),
            once: Vec::new(),
            trial_days: None,
            on_demand: None,
            buyer: buyer(),
            metadata: "{}".to_owned(),
            return_url: None,
        }
    }

    async fn begin(&mut self, new: NewSubscription, with: Instrument) {
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let begun = begin::create_subscription(cx, scope, new).await.unwrap();
        self.subscriptions.push(begun.subscription.unwrap().id);
        self.pay_first(&begun.payment.id, with).await;
    }

    async fn pay_first(&mut self, payment: &PaymentId, with: Instrument) {
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let attempt = allowed(begin::pay(cx, scope, payment).await);
        self.finish(attempt, Some(with)).await;
    }

    pub(super) async fn charge(&self, who: usize, minor: i64) {
        let Some(id) = self.who(who) else { return };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let charge = Charge {
            payment: cx.new_id(),
            price: euros(minor),
            description: None,
            metadata: None,
        };
        // The caller's answer was lost, and it asks again.
        for _ in 0..2 {
            allowed(on_demand::charge(cx, scope, &id, charge.clone()).await);
        }
    }

    pub(super) async fn change_plan(&mut self, who: usize, plan: &Plan) {
        let Some(id) = self.who(who) else { return };
        let Some(product) = choose(&self.sale.products, plan.product) else {
            return;
        };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let wish = Wish {
            product: product.id,
            quantity: 1 + plan.extras.more,
            addons: self.sale.addons(plan.extras),
            codes: plan.extras.code.map(|_| codes(plan.extras)),
            mode: plan.mode,
            at_next_date: plan.at_next_date,
            on_failure: plan.on_failure,
            replaces_scheduled: plan.replaces_scheduled,
        };
        let quote = match plan.customer {
            Some(_) => match allowed(plan_change::preview(cx, scope, &id, &wish).await) {
                Some(seen) => Some(seen.quote),
                None => return,
            },
            None => None,
        };
        let order = Order {
            change: cx.new_id(),
            payment: cx.new_id(),
            quote,
            initiator: match plan.customer {
                Some(_) => Initiator::Customer,
                None => Initiator::Unscheduled,
            },
            metadata: None,
        };
        let Some(started) = allowed(plan_change::start(cx, scope, &id, wish, order).await) else {
            return;
        };
        if let (Some(payment), Some(ending)) = (started.change.payment, started.ending) {
            let attempt = Attempt {
                of: AttemptOf::Payment(payment),
                ending,
            };
            self.remember(&attempt);
            if let (Ending::Action(_), Some(yes)) = (&attempt.ending, plan.customer) {
                let bank = page(&attempt.ending).to_owned();
                self.confirm(Some(bank), yes).await;
                self.come_back(&attempt).await;
            }
        }
    }

    pub(super) async fn keep_plan(&self, who: usize) {
        if let Some(id) = self.who(who) {
            let (cx, scope) = (&self.world.cx, &self.world.scope);
            allowed(plan_change::cancel_scheduled(cx, scope, &id).await);
        }
    }

    pub(super) async fn pause_and_settle(&self, who: usize, minor: i64) {
        let Some(id) = self.who(who) else { return };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let wish = pause::Pause {
            resume_at: None,
            settlement: Some(pause::Settlement {
                payment: cx.new_id(),
                price: euros(minor),
                description: None,
            }),
        };
        allowed(pause::start(cx, scope, &id, wish).await);
    }

    pub(super) async fn refund(&self, which: usize, part: Option<i64>) {
        let Some((_, key)) = choose(&self.taken().await, which) else {
            return;
        };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let new = NewRefund {
            id: cx.new_id::<RefundId>(),
            payment: key.parse().unwrap(),
            wish: part.map_or(Part::Rest, Part::Amount),
            reason: None,
            metadata: "{}".to_owned(),
            cancel_subscription: false,
        };
        for _ in 0..2 {
            allowed(refund::create(cx, scope, new.clone()).await);
        }
    }

    /// Charges that took money: the processor's reference and the key of each.
    pub(super) async fn taken(&self) -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let ledger = self.world.sandbox.ledger().await;
        let charges = ledger.iter().filter(|entry| entry["kind"] == "charge");
        charges
            .map(|entry| (text(&entry["reference"]), text(&entry["idempotency_key"])))
            .collect()
    }
}
