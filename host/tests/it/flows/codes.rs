//! Codes of what never began: they were not used.

use vestibule::domain::discount::Discount;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::payment::PaymentState;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::{Ending, begin, cancellation, discount};

use super::GOOD;
use super::extras::{Wish, percent};
use crate::support::world::World;

impl World {
    async fn cancelled(&self, id: &SubscriptionId) {
        let why = Cancellation::default();
        cancellation::now(&self.cx, &self.scope, id, why)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_subscription_that_was_cancelled_before_it_began_can_be_redeemed_again() {
    for world in World::each().await {
        let once = Discount {
            usage_limit: Some(1),
            ..percent(&world, "ONCE", 1_000, None)
        };
        discount::create(&world.cx, &world.scope, once)
            .await
            .unwrap();
        let product = world.product_at(2_900, true).await;
        let wish = || Wish {
            codes: vec!["ONCE".to_owned()],
            ..Wish::default()
        };
        let begun = world.try_to_begin(&product, wish()).await.unwrap();
        assert!(world.try_to_begin(&product, wish()).await.is_err());
        let id = begun.subscription.unwrap().id;
        world.cancelled(&id).await;
        // Nobody can pay for it any more, and the merchant hears of that once.
        let first = world.payment(&begun.payment.id).await;
        assert!(matches!(first.state, PaymentState::Cancelled { .. }));
        let told = world.told(first.id.as_str()).await;
        assert_eq!(told, ["payment.cancelled"]);
        assert!(world.dues(&id).await.is_empty());
        begin::expire(&world.cx, &world.scope, &first.id)
            .await
            .unwrap();

        let again = world.begun(&product, wish()).await;
        assert!(world.is_active(&again).await);
        assert!(world.try_to_begin(&product, wish()).await.is_err(), "once");
        world.cancelled(&again).await;
        assert!(
            world.try_to_begin(&product, wish()).await.is_err(),
            "it was used"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_open_when_its_subscription_was_cancelled_buys_nothing() {
    for world in World::each().await {
        let begun = world.pending().await;
        let pay = || begin::pay(&world.cx, &world.scope, &begun.payment.id);
        let attempt = pay().await.unwrap();
        let id = begun.subscription.clone().unwrap().id;
        world.cancelled(&id).await;
        // The customer was on the gateway's page, and pays there.
        assert_eq!(world.give_card(&attempt, GOOD).await, Ending::Succeeded);
        let paid = world.payment(&begun.payment.id).await;
        assert!(paid.unapplied, "it goes back");
        assert_eq!(world.subscription(&id).await.state.name(), "cancelled");
        assert!(pay().await.is_ok_and(|again| again.of == attempt.of));
    }
}
