//! The main job through a gateway of another shape: bank transfers that the customer approves.
//! No method is saved, so nothing is ever charged without the customer.

use vestibule::domain::license::LicenseStatus;
use vestibule::flows::settlement::{self, Received};
use vestibule::flows::{AttemptOf, Choice, Ending, begin};

use super::page;
use crate::support::bank::{Bank, MERCHANT};
use crate::support::sandbox::{API_KEY, WEBHOOK_SECRET};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_lives_and_comes_back_by_approved_transfers() {
    let bank = Bank::open(API_KEY).await;
    let origin = bank.origin();
    let table = format!(
        r#"
[test.gateways.transfer]
plugin = "transfer"
settings = {{ base_url = "{origin}", merchant = "{MERCHANT}" }}
secrets = {{ password = {{ secret_env = "SANDBOX_KEY" }}, webhook_secret = {{ secret_env = "SANDBOX_WEBHOOK" }} }}
grants = {{ http = [{{ origin = "{origin}", private = true }}], browser = ["{origin}"] }}
"#
    );
    let world = World::through("transfer", &table).await;
    let begun = world.pending().await;
    let first = begin::pay(&world.cx, &world.scope, &begun.payment.id)
        .await
        .unwrap();
    // Approved is not yet there: the bank takes its time, and says so by a notice.
    bank.approve(page(&first.ending)).await;
    let waiting = world.come_back(&first).await;
    assert!(matches!(waiting, Ending::Processing), "{waiting:?}");
    let id = begun.subscription.unwrap().id;
    assert!(!world.is_active(&id).await);
    bank.settle(true);
    notice(&world, &first.of).await;
    assert!(world.is_active(&id).await);
    let (_, key) = world.key(&id).await;

    // Nobody can renew it but the customer.
    world.renew(&id).await;
    assert_eq!(world.subscription(&id).await.state.name(), "on-hold");
    assert_eq!(bank.arrived(), ["29.00"]);

    // A transfer that is refused leaves it on hold; the next one brings it back.
    for executes in [false, true] {
        let attempt = world.reactivate(&id, Choice::New).await;
        bank.approve(page(&attempt.ending)).await;
        let waiting = world.come_back(&attempt).await;
        assert!(matches!(waiting, Ending::Processing), "{waiting:?}");
        bank.settle(executes);
        for _ in 0..2 {
            notice(&world, &attempt.of).await;
        }
        assert_eq!(world.is_active(&id).await, executes);
    }
    assert_eq!(bank.arrived(), ["29.00", "29.00"]);
    assert_eq!(world.key(&id).await, (LicenseStatus::Active, key));
    assert!(world.charged().await.is_empty(), "the sandbox took no part");
}

/// The bank's notice of a payment comes.
async fn notice(world: &World, of: &AttemptOf) {
    let AttemptOf::Payment(payment) = of else {
        panic!("not a payment")
    };
    let delivery = Bank::delivery(payment.as_str(), WEBHOOK_SECRET);
    let taken = settlement::receive(&world.cx, &world.scope, "transfer", &delivery).await;
    let taken = taken.unwrap();
    assert!(matches!(taken, Received::Acknowledged { .. }), "{taken:?}");
}
