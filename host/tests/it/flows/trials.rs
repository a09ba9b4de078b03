//! Subscriptions that begin without a charge: what came with them, and what a trial is not.

use vestibule::domain::discount::{Discount, Eligibility};
use vestibule::domain::id::CustomerId;
use vestibule::domain::product::Product;
use vestibule::flows::begin::{self, Begun, NewSubscription};
use vestibule::flows::{AttemptOf, Ending, Error, discount, settlement};

use super::extras::{self, percent};
use super::{GOOD, page};
use crate::support::world::{World, buyer};

impl World {
    /// A first payment of nothing goes well: a card is saved.
    async fn begins_free(&self, begun: &Begun) {
        let (cx, scope) = (&self.cx, &self.scope);
        let attempt = begin::pay(cx, scope, &begun.payment.id).await.unwrap();
        let AttemptOf::Setup(setup) = &attempt.of else {
            panic!("a charge: {attempt:?}")
        };
        self.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        let ending = settlement::setup_returned(cx, scope, setup, &[]).await;
        assert_eq!(ending.unwrap(), Ending::Succeeded);
    }

    async fn try_to_begin_for(
        &self,
        customer: &CustomerId,
        product: &Product,
        (trial, code): (u32, Option<&str>),
    ) -> Result<Begun, Error> {
        let new = NewSubscription {
            id: self.cx.new_id(),
            payment: self.cx.new_id(),
            customer: customer.clone(),
            product: product.id.clone(),
            quantity: 1,
            addons: Vec::new(),
            codes: code.map(str::to_owned).into_iter().collect(),
            once: Vec::new(),
            trial_days: Some(trial),
            on_demand: None,
            buyer: buyer(),
            metadata: "{}".to_owned(),
            return_url: None,
        };
        begin::create_subscription(&self.cx, &self.scope, new).await
    }

    async fn code_for(&self, code: &str, eligibility: Eligibility) {
        let new = Discount {
            eligibility,
            ..percent(self, code, 1_000, None)
        };
        discount::create(&self.cx, &self.scope, new).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_nothing_once_and_comes_with_a_trial_has_its_key() {
    for world in World::each().await {
        let plan = world.product_at(2_900, true).await;
        let mut gift = world.product_at(0, true).await;
        gift.id = world.cx.new_id();
        gift.recurring = None;
        world.add_product(&gift).await;
        let wish = extras::Wish {
            trial: 7,
            once: vec![(gift.id.clone(), 1)],
            ..extras::Wish::default()
        };
        let begun = world.try_to_begin(&plan, wish).await.unwrap();
        world.begins_free(&begun).await;
        assert!(world.is_active(&begun.subscription.unwrap().id).await);
        let mut tx = world.cx.store.read().await.unwrap();
        for product in [&plan, &gift] {
            let keys = tx
                .licenses(&world.scope, None, Some(&product.id), None, 10, 0)
                .await
                .unwrap();
            assert_eq!(keys.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_only_had_a_free_trial_has_never_paid() {
    for world in World::each().await {
        world.code_for("WELCOME", Eligibility::FirstTime).await;
        world.code_for("LOYAL", Eligibility::Existing).await;
        let customer = world.customer().await.id;
        let plan = world.product_at(2_900, true).await;
        let tried = world.try_to_begin_for(&customer, &plan, (7, None)).await;
        world.begins_free(&tried.unwrap()).await;

        let loyal = world
            .try_to_begin_for(&customer, &plan, (0, Some("LOYAL")))
            .await;
        assert!(matches!(loyal, Err(Error::Invalid { .. })), "{loyal:?}");
        let welcome = world
            .try_to_begin_for(&customer, &plan, (0, Some("WELCOME")))
            .await;
        let attempt = begin::pay(&world.cx, &world.scope, &welcome.unwrap().payment.id)
            .await
            .unwrap();
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);

        let again = world
            .try_to_begin_for(&customer, &plan, (0, Some("WELCOME")))
            .await;
        assert!(matches!(again, Err(Error::Invalid { .. })), "{again:?}");
        world
            .try_to_begin_for(&customer, &plan, (0, Some("LOYAL")))
            .await
            .unwrap();
    }
}
