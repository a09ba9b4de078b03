//! The business's time in test mode, by the API.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use vestibule::domain::{Mode, Scope};

use super::Api;
use crate::support::world::World;

#[tokio::test]
async fn the_clock_goes_ahead_in_test_mode_and_nowhere_else() {
    for world in World::each().await {
        let api = Api::of(&world).await;
        let stands = api.get("/test-clock").await.ok();
        assert_eq!(stands["target"], json!(null));
        let now: Timestamp = stands["now"].as_str().unwrap().parse().unwrap();
        let tomorrow = now + SignedDuration::from_hours(24);
        let scope = Scope::new(world.scope.business.clone(), Mode::Live);
        let live = Api::with(&world.cx, &scope, true).await;
        let reader = Api::with(&world.cx, &world.scope, false).await;

        let ahead = json!({ "to": tomorrow });
        let refused = live.post("/test-clock", ahead.clone()).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "to: the time of live mode");
        let refused = reader.post("/test-clock", ahead.clone()).await;
        assert_eq!(refused.status.as_u16(), 403, "{}", refused.json());
        let past = now - SignedDuration::from_hours(1);
        let refused = api.post("/test-clock", json!({ "to": past })).await;
        refused.refuses(422, "INVALID_REQUEST_BODY", "a clock never goes back");
        assert_eq!(api.get("/test-clock").await.ok()["target"], json!(null));

        let moving = api.post("/test-clock", ahead).await.ok();
        assert_eq!(moving["target"], json!(tomorrow));
        assert_eq!(api.get("/test-clock").await.ok()["target"], json!(tomorrow));
    }
}
