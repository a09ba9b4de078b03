//! Pausing and resuming as Dodo's SDKs do it, and this host's own call with a date.

use serde_json::json;
use vestibule::domain::subscription::SubscriptionState;

use super::Api;
use super::methods::Rows;
use crate::support::world::World;

#[tokio::test]
async fn a_status_sent_alone_pauses_and_resumes() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let case = Rows::of(&world, SubscriptionState::Active).await;
        let path = format!("/subscriptions/{}", case.subscription.id);
        let with_more = json!({ "status": "paused", "tax_id": "X1" });
        let refused = api.patch(&path, with_more).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "status");
        let refused = api.patch(&path, json!({ "status": "active" })).await;
        refused.refuses(409, "SUBSCRIPTION_NOT_PAUSED", "not paused");
        assert_eq!(refused.headers["x-should-retry"], "false");

        let paused = api.patch(&path, json!({ "status": "paused" })).await.ok();
        assert_eq!(paused["status"], "paused");
        assert!(paused["paused_at"].is_string() && paused["resume_at"].is_null());
        let refused = api.patch(&path, json!({ "status": "paused" })).await;
        refused.refuses(409, "SUBSCRIPTION_ALREADY_PAUSED", "paused already");

        let active = api.patch(&path, json!({ "status": "active" })).await.ok();
        assert_eq!(active["status"], "active");
        assert!(active["paused_at"].is_null());
        assert_eq!(
            case.told(&world).await,
            ["subscription.paused", "subscription.unpaused"]
        );
    }
}

#[tokio::test]
async fn a_pause_with_a_date_is_kept_once_however_often_it_is_sent() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let case = Rows::of(&world, SubscriptionState::Active).await;
        let path = format!("/subscriptions/{}/pause", case.subscription.id);
        let date = "2099-01-02T03:04:05Z";
        let body = json!({ "resume_at": date });
        let key = ("idempotency-key", "pause-1");
        let paused = api.post_as(&path, body.clone(), key.0, key.1).await.ok();
        assert_eq!(paused["status"], "paused");
        assert_eq!(paused["resume_at"], date);
        assert!(paused["payment_id"].is_null());
        // Resumed meanwhile, it is not paused again by a late repeat.
        let one = format!("/subscriptions/{}", case.subscription.id);
        api.patch(&one, json!({ "status": "active" })).await.ok();
        let again = api.post_as(&path, body, key.0, key.1).await.ok();
        assert_eq!(again["status"], "active");

        let past = json!({ "resume_at": "2001-01-01T00:00:00Z" });
        let refused = api.post(&path, past).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "resume_at");
        let nothing = json!({ "settlement": { "product_price": 0 } });
        let refused = api.post(&path, nothing).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "product_price");
    }
}
