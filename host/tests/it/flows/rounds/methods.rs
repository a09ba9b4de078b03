//! What becomes of the methods in a round.

use futures_util::future::join_all;
use vestibule::domain::id::RoundId;
use vestibule::flows::{AttemptOf, Choice, Ending, round, settlement};
use vestibule::store::StepOutcome;

use super::super::{DECLINED_AT_RENEWAL, GOOD, page};
use super::Family;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_round_whose_first_dues_are_too_little_begins_with_a_set_up() {
    let world = World::sqlite().await;
    let customer = world.customer().await.id;
    let held = world.member(&customer, DECLINED_AT_RENEWAL).await;
    world.renew(&held).await;
    let cheap = world.member(&customer, GOOD).await;
    world.cheapen(&cheap).await;
    world.revoke(&cheap, 1).await;
    world.renew(&cheap).await;
    let family = Family {
        customer,
        held: Vec::new(),
        active: held.clone(),
    };
    let charged = world.charged().await;
    let round = world.begin_round(&family, Choice::New).await;
    let waiting = round::waits_for(&world.cx, &world.scope, &round).await;
    world
        .sandbox
        .pay_by_card(page(&waiting.unwrap()[0]), GOOD)
        .await;
    let mut tx = world.cx.store.read().await.unwrap();
    let known = tx.round(&world.scope, &round).await.unwrap().unwrap();
    drop(tx);
    let setup = known.setup.unwrap();
    let (cx, scope) = (&world.cx, &world.scope);
    let saved = settlement::setup_returned(cx, scope, &setup, &[]).await;
    assert_eq!(saved.unwrap(), Ending::Succeeded);
    let gone_on = round::after(cx, scope, &AttemptOf::Setup(setup)).await;
    assert_eq!(gone_on.unwrap(), Some(round));
    assert!(world.is_active(&cheap).await && world.is_active(&held).await);
    assert_eq!(world.charged().await[charged.len()..], [2_900]);
    assert_eq!(world.method_of(&cheap).await, world.method_of(&held).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_pays_for_all_is_told_of_once_where_it_is_new_and_not_where_it_paid() {
    for world in World::each().await {
        let customer = world.customer().await.id;
        let (same, other) = (
            world.member(&customer, GOOD).await,
            world.member(&customer, "5555555555554444").await,
        );
        let card = world.method_of(&same).await;
        let family = Family {
            customer,
            held: vec![other.clone()],
            active: same.clone(),
        };
        let (seen, named) = (world.seen(&family).await, world.cx.new_id::<RoundId>());
        let press = |_| {
            let (cx, scope) = (&world.cx, &world.scope);
            let choice = Choice::Saved(card.clone());
            round::start(cx, scope, &family.customer, &named, choice, &seen)
        };
        for pressed in join_all((0..10).map(press)).await {
            let outcomes = world.outcomes(&pressed.unwrap()).await;
            assert_eq!(outcomes, [StepOutcome::Changed; 2]);
        }
        assert_eq!(world.method_of(&other).await, card);
        let updated = async |id: &str| {
            let told = world.told(id).await;
            let is_update = |name: &&String| *name == "subscription.update_payment_method";
            told.iter().filter(is_update).count()
        };
        assert_eq!(updated(other.as_str()).await, 1);
        assert_eq!(updated(same.as_str()).await, 0, "it pays with it already");
        let mails = world.mails().await;
        assert_eq!(mails.iter().filter(|mail| *mail == "method").count(), 1);
    }
}
