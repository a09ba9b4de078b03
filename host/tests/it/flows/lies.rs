//! A gateway that lies: what it says is believed as far as the books bear it out, and no further.

use vestibule::domain::Mode;
use vestibule::domain::balance::Problem;
use vestibule::flows::unsettled;
use vestibule::plugins::gateway::config::{GatewayConfig, GatewayConfigs};
use vestibule::plugins::grants::Grant;

use crate::plugins::guest::{self, MANIFEST, OnCharge};
use crate::support::world::World;

impl World {
    /// From now on the gateway says of every charge that this much was taken, and takes nothing.
    async fn lie(&self, minor: i64) {
        let body = format!(
            "(i64.store (i32.const 4168) (i64.const {minor}))
             (i32.const 4096)"
        );
        let liar = guest::plugin(MANIFEST, &OnCharge::Does(body.leak()));
        self.have_plugin("guest.wasm", &liar).await;
        let liar = GatewayConfig {
            plugin: "guest".to_owned(),
            settings: [("base_url".to_owned(), "http://127.0.0.1:9".into())].into(),
            secrets: std::collections::BTreeMap::new(),
            grant: Grant::default(),
        };
        let key = (self.scope.clone(), "sandbox".to_owned());
        self.cx.plugins.configure([(key, liar)].into());
    }

    /// And now it is the honest one again.
    fn tell_the_truth(&self) {
        let settings = self.cx.settings.load();
        let business = &settings.businesses[&self.scope.business];
        let gateways = business.mode(Mode::Test).gateways.iter();
        let gateways: GatewayConfigs = gateways
            .map(|(name, config)| ((self.scope.clone(), name.clone()), config.clone()))
            .collect();
        self.cx.plugins.configure(gateways);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_without_a_charge_is_found_when_the_books_are_compared() {
    let world = World::sqlite().await;
    let (subscription, _) = world.paid().await;
    world.lie(2_900).await;
    world.renew(&subscription).await;
    world.tell_the_truth();
    // One charge at the processor, and two that succeeded here.
    assert_eq!(world.charged().await, [2_900]);
    let wrong = world.compared().await.differences;
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].problem, Problem::NotThere);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_of_another_amount_settles_nothing_and_is_on_the_operators_list() {
    for minor in [1, 2_899, 290_000] {
        let world = World::sqlite().await;
        let (subscription, _) = world.paid().await;
        let before = world.subscription(&subscription).await.period.end;
        world.lie(minor).await;
        world.renew(&subscription).await;
        let listed = unsettled::list(&world.cx).await.unwrap();
        assert_eq!(listed.len(), 1, "{minor}");
        let (state, amount) = (listed[0].state, listed[0].amount.minor);
        assert_eq!((state, amount), ("unapplied", minor));
        let after = world.subscription(&subscription).await;
        assert!(after.period.end <= world.cx.now(), "no period was bought");
        assert!(after.period.end <= before);
    }
}
