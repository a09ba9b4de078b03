//! Webhooks in the console: what became of deliveries, and sending them again.

use axum::http::StatusCode;
use vestibule::domain::access::Role;
use vestibule::domain::endpoint::DeliveryState;
use vestibule::flows::delivery;
use vestibule::flows::endpoint::{self, NewEndpoint};
use vestibule::store::Event;

use super::console::{member, staff_in};
use super::{House, harbour, lumen};

/// Until a try of the event has ended for good `times` times.
async fn given_up(house: &House, endpoint: &endpoint::View, event: &Event, times: usize) {
    crate::jobs::eventually("it is given up", async || {
        let mut tx = house.cx.store.read().await.unwrap();
        let found = tx.delivery(&lumen(), &endpoint.id, &event.id).await;
        let tries = tx.attempts(&lumen(), &endpoint.id, &event.id).await;
        let failed = found.unwrap().unwrap().state == DeliveryState::Failed;
        failed && tries.unwrap().len() == times
    })
    .await;
}

#[tokio::test]
async fn staff_see_what_became_of_deliveries_and_managers_send_them_again() {
    for house in House::each().await {
        let cx = &house.cx;
        member(&house, "manager@host.example", Role::Manager).await;
        member(&house, "reader@host.example", Role::Reader).await;
        let mut manager = staff_in(&house, "manager@host.example", 1).await;
        let mut reader = staff_in(&house, "reader@host.example", 2).await;
        let new = NewEndpoint {
            id: cx.new_id(),
            url: "https://hooks.lumen.invalid/billing?token=sesame".to_owned(),
            description: String::new(),
            metadata: "{}".to_owned(),
            disabled: false,
            filter_types: None,
            headers: std::collections::BTreeMap::new(),
            rate_limit: None,
            idempotency_key: None,
        };
        let made = endpoint::create(cx, &lumen(), new).await.unwrap();
        // Nothing is known of this subscription, so that no try can succeed.
        let event = Event {
            id: cx.new_id(),
            kind: "subscription.on_hold".to_owned(),
            object: "sub_01gone".to_owned(),
            occurred_at: cx.now(),
        };
        let mut tx = cx.store.begin().await.unwrap();
        delivery::tell(cx, &mut tx, &lumen(), &event).await.unwrap();
        tx.commit().await.unwrap();
        given_up(&house, &made, &event, 1).await;

        let list = "/console/bus_lumen/live/webhooks";
        let page = format!("{list}/{}", made.id);
        let action = format!("{page}/replay");
        let listed = manager.get(list).await.body;
        assert!(listed.contains("hooks.lumen.invalid/billing"), "{listed}");
        assert!(!listed.contains("sesame"), "{listed}");
        let shown = manager.get(&page).await.body;
        for part in [
            "subscription.on_hold",
            "sub_01gone",
            "what it is about is gone",
            &action,
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("sesame") && !shown.contains("whsec_"));

        let again = [("event", event.id.as_str())];
        let done = manager.fill(&page, &action, &again).await;
        assert_eq!(done.status, StatusCode::OK);
        assert!(
            done.body.contains("One event is on its way again"),
            "{}",
            done.body
        );
        given_up(&house, &made, &event, 2).await;
        let done = manager.fill(&page, &action, &[]).await;
        assert!(
            done.body.contains("One event is on its way again"),
            "{}",
            done.body
        );
        given_up(&house, &made, &event, 3).await;

        let seen = reader.get(&page).await.body;
        assert!(
            seen.contains("sub_01gone") && !seen.contains(&action),
            "{seen}"
        );
        for page in [list, &page] {
            let seen = reader.get(page).await.body;
            assert!(seen.contains("hooks.lumen.invalid"), "{seen}");
            assert!(
                !seen.contains("invalid/billing"),
                "its path may be a secret: {seen}"
            );
        }
        let refused = reader.fill(&page, &action, &again).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        let foreign = format!("/console/{}/live/webhooks/{}", harbour().business, made.id);
        assert_eq!(manager.get(&foreign).await.status, StatusCode::NOT_FOUND);
    }
}
