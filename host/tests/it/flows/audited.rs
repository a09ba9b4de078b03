//! What the audit keeps of a customer's own decisions: who, from where, what it was before and
//! after, once for each thing that happened.

use vestibule::cx::Actor;
use vestibule::domain::subscription::Cancellation;
use vestibule::flows::{Choice, cancellation, method_update};

use super::GOOD;
use crate::support::dump::dump;
use crate::support::world::World;

const FROM: &str = "203.0.113.0/24";

impl World {
    /// The audit of `action`, oldest first.
    pub(super) async fn audited(&self, action: &str) -> Vec<String> {
        let mut rows = dump(&self.url).await.remove("audit").unwrap();
        let exactly = |row: &String| {
            let mut columns = row.split(['|', ',']);
            columns.any(|column| column.trim_matches(['\'', '"', '(']) == action)
        };
        rows.retain(exactly);
        // The first column is an id, and ids count up.
        rows.sort();
        rows
    }
}

fn says(row: &str, parts: &[&str]) {
    for part in parts {
        assert!(row.contains(part), "{part}: {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_taking_that_back_and_ending_are_audited_with_who_and_why() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let customer = world.subscription(&id).await.customer;
        let cx = world.cx.acting(Actor {
            id: customer.to_string(),
            origin: Some(FROM.to_owned()),
        });
        let scope = &world.scope;
        for _ in 0..2 {
            // The second press finds it done.
            cancellation::at_period_end(&cx, scope, &id, Cancellation::default())
                .await
                .unwrap();
        }
        cancellation::undo(&cx, scope, &id).await.unwrap();
        cancellation::now(&cx, scope, &id, Cancellation::default())
            .await
            .unwrap();
        assert!(
            cancellation::now(&cx, scope, &id, Cancellation::default())
                .await
                .is_err()
        );
        for (action, state) in [
            ("subscription.cancel-at-period-end", "active"),
            ("subscription.keep", "active"),
            ("subscription.cancel", "cancelled"),
        ] {
            let rows = world.audited(action).await;
            assert_eq!(rows.len(), 1, "{action}: {rows:?}");
            says(&rows[0], &[id.as_str(), customer.as_str(), FROM, state]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_method_is_audited_with_the_method_before_and_after() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let first = world.subscription(&id).await.method.unwrap();
        let second = world.second_method(&id, GOOD).await;
        let before = world
            .audited("subscription.update-payment-method")
            .await
            .len();
        let customer = world.subscription(&id).await.customer;
        let cx = world.cx.acting(Actor {
            id: customer.to_string(),
            origin: Some(FROM.to_owned()),
        });
        let choice = Choice::Saved(second.clone());
        method_update::start(&cx, &world.scope, &id, choice, None)
            .await
            .unwrap();
        let rows = world.audited("subscription.update-payment-method").await;
        assert_eq!(rows.len(), before + 1, "{rows:?}");
        let row = rows.last().unwrap();
        says(
            row,
            &[
                id.as_str(),
                customer.as_str(),
                FROM,
                first.as_str(),
                second.as_str(),
            ],
        );
        let (old, new) = (row.find(first.as_str()), row.find(second.as_str()));
        assert!(old < new, "before stands before after: {row}");
        for secret in ["4242", "@"] {
            assert!(!row.contains(secret), "{row}");
        }
    }
}
