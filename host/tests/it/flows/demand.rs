//! Charges on demand: begun, repeated, refused, failed and paid.

use serde_json::json;
use vestibule::domain::id::{PaymentId, SubscriptionId};
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::money::Money;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::subscription::{Cancellation, HoldReason, SubscriptionState};
use vestibule::flows::begin::{self, NewSubscription, OnDemand};
use vestibule::flows::on_demand::{self, Charge};
use vestibule::flows::{
    AttemptOf, Choice, Ending, Error, Refused, cancellation, reconciliation, renewal, settlement,
};

use super::{DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::{World, buyer};

impl World {
    /// A subscription on demand that began with `card`.
    pub(super) async fn on_demand(&self, how: OnDemand, card: &str) -> SubscriptionId {
        let (customer, product) = (self.customer().await, self.product().await);
        let new = NewSubscription {
            id: self.cx.new_id(),
            payment: self.cx.new_id(),
            customer: customer.id,
            product: product.id,
            quantity: 1,
            addons: Vec::new(),
            codes: Vec::new(),
            once: Vec::new(),
            trial_days: None,
            on_demand: Some(how),
            buyer: buyer(),
            metadata: "{}".to_owned(),
            return_url: None,
        };
        let begun = begin::create_subscription(&self.cx, &self.scope, new)
            .await
            .unwrap();
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id)
            .await
            .unwrap();
        self.sandbox.pay_by_card(page(&attempt.ending), card).await;
        let (cx, scope) = (&self.cx, &self.scope);
        let ending = match &attempt.of {
            AttemptOf::Payment(id) => settlement::returned(cx, scope, id, &[]).await,
            AttemptOf::Setup(id) => settlement::setup_returned(cx, scope, id, &[]).await,
            AttemptOf::Nothing => panic!("nothing"),
        };
        assert_eq!(ending.unwrap(), Ending::Succeeded);
        begun.subscription.unwrap().id
    }

    pub(super) fn seven(&self) -> Charge {
        Charge {
            payment: self.cx.new_id(),
            price: Money::new(700, "EUR".parse().unwrap()),
            description: Some("700 calls".to_owned()),
            metadata: None,
        }
    }

    pub(super) async fn charge(
        &self,
        id: &SubscriptionId,
        charge: Charge,
    ) -> Result<PaymentId, Error> {
        on_demand::charge(&self.cx, &self.scope, id, charge).await
    }

    async fn stands(&self, id: &PaymentId) -> PaymentState {
        let mut tx = self.cx.store.read().await.unwrap();
        let payment = tx.payment(&self.scope, id).await.unwrap();
        payment.unwrap().state
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandate_begins_without_a_charge_and_never_renews() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        let subscription = world.subscription(&id).await;
        assert!(subscription.on_demand && subscription.method.is_some());
        assert_eq!(Some(subscription.period.end), subscription.expires_at);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        // Even if its period were over.
        let mut tx = world.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&world.scope, &id).await.unwrap();
        let mut changed = locked.unwrap();
        changed.period.end = world.cx.now();
        tx.save_subscription(&mut changed).await.unwrap();
        tx.commit().await.unwrap();
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        assert!(world.charged().await.is_empty());

        let payment = world.charge(&id, world.seven()).await.unwrap();
        let state = world.stands(&payment).await;
        assert!(matches!(state, PaymentState::Succeeded { .. }), "{state:?}");
        assert_eq!(world.charged().await, [700]);
        let told = world.told(id.as_str()).await;
        assert_eq!(told, ["subscription.active"], "no renewal is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_charge_names_its_own_price() {
    for world in World::each().await {
        let how = OnDemand::Charge {
            price: Some(500),
            description: Some("Welcome".to_owned()),
        };
        let id = world.on_demand(how, GOOD).await;
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [500]);
        let subscription = world.subscription(&id).await;
        assert_eq!(Some(subscription.period.end), subscription.expires_at);
        let ended =
            cancellation::at_period_end(&world.cx, &world.scope, &id, Cancellation::default())
                .await
                .unwrap();
        assert_eq!(ended.state.name(), "cancelled", "there is no paid period");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_charges_once_in_two_processes_and_after_a_kill() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        let wish = world.seven();
        let other = world.process().await;
        let calls: Vec<_> = (0..20)
            .map(|n| {
                let cx = if n % 2 == 0 { &world.cx } else { &other }.clone();
                let (scope, id, wish) = (world.scope.clone(), id.clone(), wish.clone());
                tokio::spawn(async move { on_demand::charge(&cx, &scope, &id, wish).await })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), wish.payment);
        }
        assert_eq!(world.charged().await, [700]);
        // Another call is another charge.
        world.charge(&id, world.seven()).await.unwrap();
        assert_eq!(world.charged().await, [700, 700]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_out_and_not_charged_again() {
    for world in World::each().await {
        let id = world.on_demand(OnDemand::Mandate, GOOD).await;
        let fault = json!({ "operation": "charge", "answer": "cut_after" });
        world.sandbox.fault(fault).await;
        let wish = world.seven();
        let payment = world.charge(&id, wish.clone()).await.unwrap();
        let state = world.stands(&payment).await;
        assert!(matches!(state, PaymentState::Unknown { .. }), "{state:?}");
        let refused = world.charge(&id, world.seven()).await;
        assert!(matches!(
            refused,
            Err(Error::Refused(Refused::PaymentUnderWay))
        ));
        assert_eq!(world.charge(&id, wish).await.unwrap(), payment);
        reconciliation::look(&world.cx, &world.scope, &payment)
            .await
            .unwrap();
        let state = world.stands(&payment).await;
        assert!(matches!(state, PaymentState::Succeeded { .. }), "{state:?}");
        assert_eq!(world.charged().await, [700]);
        assert!(world.is_active(&id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_fails_holds_until_the_customer_has_paid_it() {
    for world in World::each().await {
        let id = world
            .on_demand(OnDemand::Mandate, DECLINED_AT_RENEWAL)
            .await;
        let before = world.subscription(&id).await.period;
        let payment = world.charge(&id, world.seven()).await.unwrap();
        let state = world.stands(&payment).await;
        assert!(matches!(state, PaymentState::Declined { .. }), "{state:?}");
        let state = world.subscription(&id).await.state;
        let SubscriptionState::OnHold { why, .. } = state else {
            panic!("{state:?}")
        };
        assert_eq!(why, HoldReason::OnDemandChargeFailed);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        assert!(world.mails().await.contains(&"failed".to_owned()));
        let refused = world.charge(&id, world.seven()).await;
        assert!(matches!(refused, Err(Error::Refused(Refused::State))));

        let attempt = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        assert!(world.is_active(&id).await);
        assert_eq!(world.key(&id).await.0, LicenseStatus::Active);
        assert_eq!(world.charged().await, [700]);
        assert_eq!(world.subscription(&id).await.period, before);
        world.charge(&id, world.seven()).await.unwrap();
        assert_eq!(world.charged().await, [700, 700], "with the newest method");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_by_the_period_is_not_charged_on_demand() {
    let world = World::sqlite().await;
    let id = world.active(GOOD).await;
    let refused = world.charge(&id, world.seven()).await;
    assert!(matches!(refused, Err(Error::Refused(Refused::NotOnDemand))));
    assert_eq!(world.charged().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_used_up_by_what_is_charged_on_demand() {
    let world = World::sqlite().await;
    world.code("HALF", 5_000, None).await;
    let (customer, product) = (world.customer().await, world.product().await);
    let new = NewSubscription {
        id: world.cx.new_id(),
        payment: world.cx.new_id(),
        customer: customer.id,
        product: product.id,
        quantity: 1,
        addons: Vec::new(),
        codes: vec!["HALF".to_owned()],
        once: Vec::new(),
        trial_days: None,
        on_demand: Some(OnDemand::Mandate),
        buyer: buyer(),
        metadata: "{}".to_owned(),
        return_url: None,
    };
    let tried = begin::create_subscription(&world.cx, &world.scope, new).await;
    assert!(matches!(
        tried,
        Err(Error::Invalid {
            field: "discount_codes",
            ..
        })
    ));
}
