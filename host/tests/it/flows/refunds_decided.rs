//! Refunds that no gateway tells of: asked for before the next one, or decided by an owner.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use vestibule::domain::refund::RefundState;
use vestibule::domain::refund::parts::Wish;
use vestibule::flows::refund;
use vestibule::flows::settlement::Finding;
use vestibule::flows::{Error, Refused};

use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_outcome_is_asked_for_just_before_another_refund() {
    let world = World::sqlite().await;
    let (_, payment) = world.paid().await;
    let held = Some(json!({ "held": true }));
    world
        .sandbox
        .call(Method::PUT, "/control/refunds", held)
        .await;
    let first = world.refund(&payment, Wish::Rest).await.unwrap();
    let reference = first.gateway_ref.clone().unwrap();
    let path = format!("/control/refunds/{reference}/fail");
    world.sandbox.call(Method::POST, &path, None).await;
    world.cx.clock.advance(SignedDuration::from_mins(2));
    // Nobody told of the failure: the next wish finds out by itself.
    let second = world.refund(&payment, Wish::Rest).await.unwrap();
    assert!(matches!(second.state, RefundState::Processing { .. }));
    assert_eq!(world.refund_now(&first.id).await.state.name(), "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_may_decide_a_refund_that_no_gateway_tells_of_with_evidence() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        world.faulty("cut_after").await;
        let lost = world.refund(&payment, Wish::Rest).await.unwrap();
        let decide = async |finding, evidence| {
            refund::resolve(&world.cx, &world.scope, &lost.id, finding, evidence).await
        };
        let unproved = decide(Finding::Never, "").await;
        assert!(matches!(
            unproved,
            Err(Error::Invalid {
                field: "evidence",
                ..
            })
        ));
        let decided = decide(Finding::Happened, "statement, line 9")
            .await
            .unwrap();
        assert_eq!(decided.state.name(), "succeeded");
        assert!(decided.credit_note.is_some());
        let again = decide(Finding::Never, "a mistake").await;
        assert!(matches!(again, Err(Error::Refused(Refused::State))));
        assert_eq!(world.told(lost.id.as_str()).await, ["refund.succeeded"]);
    }
}
