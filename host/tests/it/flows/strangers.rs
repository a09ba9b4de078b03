//! A gateway that speaks of what is not its own: payments of another business, of the other mode, of
//! another gateway of the same business.

use serde_json::json;
use vestibule::domain::subscription::SubscriptionState;
use vestibule::domain::{Mode, Scope};
use vestibule::flows::begin;
use vestibule::flows::settlement::{self, Received};

use super::{GOOD, page};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_webhook_about_what_is_another_business_modes_or_gateways_moves_nothing() {
    for world in World::each().await {
        let begun = world.pending().await;
        let attempt = begin::pay(&world.cx, &world.scope, &begun.payment.id)
            .await
            .unwrap();
        world.sandbox.pay_by_card(page(&attempt.ending), GOOD).await;
        let charge = world.processors_word_on(&attempt).await;
        let id = begun.subscription.unwrap().id;
        let payment = async || {
            let mut tx = world.cx.store.read().await.unwrap();
            let payment = tx.payment(&world.scope, &begun.payment.id).await;
            format!("{:?}", payment.unwrap().unwrap())
        };
        let before = payment().await;

        // The same plugin with the same secrets, so that each of them believes the signature.
        let settings = world.cx.settings.load();
        let business = &settings.businesses[&world.scope.business];
        let config = business.mode(Mode::Test).gateways["sandbox"].clone();
        let other = Scope::new("bus_other".parse().unwrap(), Mode::Test);
        let live = Scope::new(world.scope.business.clone(), Mode::Live);
        let strangers = [
            (other, "sandbox"),
            (live, "sandbox"),
            (world.scope.clone(), "second"),
        ];
        let key = |scope: &Scope, name: &str| (scope.clone(), name.to_owned());
        let mut configs = strangers
            .iter()
            .map(|(scope, name)| (key(scope, name), config.clone()))
            .collect::<std::collections::HashMap<_, _>>();
        configs.insert(key(&world.scope, "sandbox"), config.clone());
        world.cx.plugins.configure(configs);

        let by_reference = {
            let mut charge = charge.clone();
            charge["key"] = json!("pay_00000000000000000000000000");
            charge
        };
        for (scope, gateway) in &strangers {
            for (number, said) in [&charge, &by_reference].into_iter().enumerate() {
                for kind in ["charge.succeeded", "charge.failed"] {
                    let event = format!("evt_{number}_{kind}");
                    let delivery = world.delivery(&event, kind, said);
                    let taken = settlement::receive(&world.cx, scope, gateway, &delivery).await;
                    let taken = taken.unwrap();
                    assert!(
                        matches!(taken, Received::Acknowledged { .. } | Received::Unavailable),
                        "{scope} {gateway} {kind}: {taken:?}"
                    );
                    assert_eq!(payment().await, before, "{scope} {gateway} {kind}");
                    let state = world.subscription(&id).await.state;
                    assert_eq!(state, SubscriptionState::Pending);
                }
            }
        }
        // Its own gateway's word counts.
        let delivery = world.delivery("evt_own", "charge.succeeded", &charge);
        let taken = settlement::receive(&world.cx, &world.scope, "sandbox", &delivery).await;
        assert!(matches!(taken.unwrap(), Received::Acknowledged { .. }));
        assert!(world.is_active(&id).await);
        assert_eq!(world.charged().await, [2900]);
    }
}
