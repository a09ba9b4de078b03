//! What the gateway charges at least and at most, and a code asks for at least: a first payment
//! beside that is not made.

use vestibule::domain::discount::{CurrencyOption, Discount, DiscountKind};
use vestibule::domain::product::Product;
use vestibule::flows::begin::{self, Begun, NewPurchase};
use vestibule::flows::{Error, discount};

use super::extras::{Wish, percent};
use crate::support::world::{World, buyer};

impl World {
    async fn try_to_buy(&self, product: &Product, quantity: u32) -> Result<Begun, Error> {
        let new = NewPurchase {
            payment: self.cx.new_id(),
            customer: self.customer().await.id,
            items: vec![(product.id.clone(), quantity)],
            buyer: buyer(),
            metadata: "{}".to_owned(),
            return_url: None,
        };
        begin::create_purchase(&self.cx, &self.scope, new).await
    }

    /// A code that leaves `minor` of a price of 2900, and is for `minimum` or more.
    async fn leaves(&self, code: &str, minor: i64, minimum: i64) {
        let new = Discount {
            kind: DiscountKind::Flat,
            usage_limit: Some(1),
            options: vec![CurrencyOption {
                currency: "EUR".parse().unwrap(),
                is_default: true,
                max_amount_possible: Some(2_900 - minor),
                minimum_subtotal: minimum,
            }],
            ..percent(self, code, 0, None)
        };
        let made = discount::create(&self.cx, &self.scope, new).await;
        made.unwrap();
    }
}

fn is_refused(made: &Result<Begun, Error>, of: &str) -> bool {
    matches!(made, Err(Error::Invalid { field, .. }) if *field == of)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_payment_that_the_gateway_would_never_take_is_not_made() {
    for world in World::each().await {
        let mut little = world.product_at(30, true).await;
        let refused = world.try_to_begin(&little, Wish::default()).await;
        assert!(is_refused(&refused, "product_id"));
        let two = Wish {
            quantity: 2,
            ..Wish::default()
        };
        world.try_to_begin(&little, two).await.unwrap();
        // Nothing is charged before the trial is over, and then it is carried.
        let trial = Wish {
            trial: 14,
            ..Wish::default()
        };
        world.try_to_begin(&little, trial).await.unwrap();

        little.id = world.cx.new_id();
        little.recurring = None;
        world.add_product(&little).await;
        let refused = world.try_to_buy(&little, 1).await;
        assert!(is_refused(&refused, "product_cart"));
        world.try_to_buy(&little, 2).await.unwrap();
        let refused = world.try_to_buy(&little, 100_000_000 / 30).await;
        assert!(refused.is_ok(), "99999990 can be charged");
        let refused = world.try_to_buy(&little, 100_000_000 / 30 + 1).await;
        assert!(is_refused(&refused, "product_cart"));

        // A currency that the processor does not take.
        let mut krona = world.product_at(2_900, true).await;
        krona.id = world.cx.new_id();
        krona.price.currency = "ISK".parse().unwrap();
        world.add_product(&krona).await;
        let refused = world.try_to_begin(&krona, Wish::default()).await;
        assert!(is_refused(&refused, "product_id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_leaves_less_than_the_gateway_charges_is_refused_and_stays_unused() {
    for world in World::each().await {
        let product = world.product_at(2_900, true).await;
        for (code, minor) in [("TEN", 10), ("FIFTY", 50), ("ALL", 0)] {
            world.leaves(code, minor, 0).await;
            let wish = || Wish {
                codes: vec![code.to_owned()],
                ..Wish::default()
            };
            let made = world.try_to_begin(&product, wish()).await;
            if minor == 10 {
                assert!(is_refused(&made, "product_id"));
                // It can still be redeemed, for something that costs more.
                let more = Wish {
                    quantity: 2,
                    ..wish()
                };
                world.try_to_begin(&product, more).await.unwrap();
            } else {
                assert_eq!(made.unwrap().payment.amount.minor, minor, "{code}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_more_than_is_bought_is_refused_and_stays_unused() {
    for world in World::each().await {
        let product = world.product_at(2_900, true).await;
        world.leaves("LARGE", 1_900, 5_800).await;
        let wish = |quantity| Wish {
            quantity,
            codes: vec!["LARGE".to_owned()],
            ..Wish::default()
        };
        let refused = world.try_to_begin(&product, wish(1)).await;
        assert!(is_refused(&refused, "discount_code"));
        let made = world.try_to_begin(&product, wish(2)).await.unwrap();
        assert_eq!(made.payment.amount.minor, 4_800);
    }
}
