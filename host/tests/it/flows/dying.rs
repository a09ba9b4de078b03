//! The process dies wherever a charge waits for something: before the row, after it, after the
//! request has left, after the answer, before the commit. Whoever comes after it finds out what
//! happened, and the money moves once.

use std::pin::Pin;
use std::task::{Context, Poll};

use jiff::SignedDuration;
use reqwest::Method;
use vestibule::domain::id::SubscriptionId;
use vestibule::domain::plan::{ChangeState, OnFailure};
use vestibule::domain::proration::Mode;
use vestibule::flows::plan_change::{self, Wish};
use vestibule::flows::{Choice, reactivation, reconciliation, renewal};

use super::plan_changes::to;
use super::{DECLINED_AT_RENEWAL, GOOD};
use crate::support::world::World;

/// Longer than the lag of look-ups and every least age of an answer.
const OLD_ENOUGH: SignedDuration = SignedDuration::from_mins(16);
/// Until the declines of a method are forgotten.
const A_MONTH: SignedDuration = SignedDuration::from_hours(24 * 31);
/// How often the heirs look.
const LOOKS: u32 = 6;

/// A task whose process dies when it would go on for the `left`-th time.
pub(super) struct Mortal<F> {
    task: Pin<Box<F>>,
    left: u32,
}

impl<F: Future> Future for Mortal<F> {
    /// None when it died.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.task.as_mut().poll(context).map(Some)
    }
}

pub(super) fn mortal<F: Future>(task: F, left: u32) -> Mortal<F> {
    Mortal {
        task: Box::pin(task),
        left,
    }
}

impl World {
    /// What a new process does with what an old one left open.
    pub(super) async fn heirs_look(&self, id: &SubscriptionId) {
        for _ in 0..LOOKS {
            let mut tx = self.cx.store.read().await.unwrap();
            let open = tx.open_payments_of(&self.scope, id).await.unwrap();
            drop(tx);
            let Some(payment) = open.first() else { return };
            // What had left the dead process may still be on its way.
            self.sandbox
                .call(Method::GET, "/control/charges", None)
                .await;
            self.cx.clock.advance(OLD_ENOUGH);
            reconciliation::look(&self.cx, &self.scope, &payment.id)
                .await
                .unwrap();
        }
        panic!("a payment stays open");
    }

    pub(super) async fn make_due_now(&self, id: &SubscriptionId) {
        let mut tx = self.cx.store.begin().await.unwrap();
        let locked = tx.lock_subscription(&self.scope, id).await.unwrap();
        let mut subscription = locked.unwrap();
        subscription.period.end = self.cx.now();
        subscription.anchor = subscription.period.end;
        tx.save_subscription(&mut subscription).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_dies_at_any_wait_is_charged_once_by_those_who_come_after() {
    for world in World::each().await {
        let id = world.active(GOOD).await;
        let mut charges = 1;
        for left in 0.. {
            world.make_due_now(&id).await;
            let renewal = renewal::due(&world.cx, &world.scope, &id);
            let lived = mortal(renewal, left).await.is_some();
            world.heirs_look(&id).await;
            // The job is taken by another process when its lease ends.
            renewal::due(&world.cx, &world.scope, &id).await.unwrap();
            charges += 1;
            let ledger = world.sandbox.ledger().await;
            assert_eq!(ledger.len(), charges, "it died after {left} steps");
            let subscription = world.subscription(&id).await;
            assert!(subscription.period.end > world.cx.now(), "{left}");
            if lived {
                assert!(left > 2, "it never waited");
                break;
            }
        }
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reactivation_that_dies_at_any_wait_is_charged_once_though_the_customer_presses_again() {
    let world = World::sqlite().await;
    let id = world.active(DECLINED_AT_RENEWAL).await;
    let saved = world.subscription(&id).await.method.unwrap();
    let mut charges = 1;
    for left in 0.. {
        world.make_due_now(&id).await;
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        let quote = reactivation::quote(&world.cx, &world.scope, &id).await;
        let quote = quote.unwrap().unwrap().id;
        let choice = Choice::Saved(saved.clone());
        let press = reactivation::start(&world.cx, &world.scope, &id, choice, &quote);
        let lived = mortal(press, left).await.is_some();
        world.heirs_look(&id).await;
        if !world.is_active(&id).await {
            world.reactivate(&id, Choice::Saved(saved.clone())).await;
        }
        charges += 1;
        let ledger = world.sandbox.ledger().await;
        assert_eq!(ledger.len(), charges, "it died after {left} steps");
        assert!(world.is_active(&id).await, "{left}");
        // So many declines of one method in a month would be too many.
        world.cx.clock.advance(A_MONTH);
        if lived {
            assert!(left > 2, "it never waited");
            break;
        }
    }
    world.books_agree().await;
}

/// Each change costs 10.00 € more than the last: whatever died is seen in the ledger, in the plan
/// and in the dues, which never contradict each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_plan_that_dies_at_any_wait_is_charged_once_and_stands_where_it_was_paid() {
    let policies = [OnFailure::Prevent, OnFailure::Apply];
    for (world, on_failure) in World::each().await.into_iter().zip(policies) {
        for left in 0.. {
            // Each its own: a change is priced by all that was paid for the period before it.
            let id = world.paying(2_900, GOOD).await;
            let charges = world.charged().await.len();
            let dearer = world.product_at(3_900, true).await;
            let wish = Wish {
                on_failure,
                mode: Mode::Difference,
                ..to(&dearer)
            };
            let order = world.order(None);
            let (cx, scope) = (&world.cx, &world.scope);
            let change = plan_change::start(cx, scope, &id, wish.clone(), order.clone());
            let lived = mortal(change, left).await.is_some();
            world.heirs_look(&id).await;
            // The caller repeats itself: what was written is not begun again, only looked after.
            let again = plan_change::start(cx, scope, &id, wish.clone(), order.clone()).await;
            again.unwrap();
            world.heirs_look(&id).await;
            match world.state(&order.change).await {
                // It never happened: another wish, another key.
                ChangeState::Dropped => {
                    assert_eq!(world.charged().await.len(), charges, "{left}");
                    world.switch(&id, wish).await;
                }
                ChangeState::Applied => {}
                open => panic!("it is {open} though its payment has ended"),
            }
            let dues = world.dues(&id).await;
            if !dues.is_empty() {
                // The new plan stands, its charge never left: it is due, and tried again.
                assert_eq!(on_failure, OnFailure::Apply, "{left}");
                assert_eq!(dues, [1_000], "{left}");
                let next = world.due(&format!("renew:{id}")).await;
                world.cx.clock.advance(next.duration_since(world.cx.now()));
                renewal::due(&world.cx, &world.scope, &id).await.unwrap();
            }
            let charged = world.charged().await;
            assert_eq!(charged.len(), charges + 1, "it died after {left} steps");
            assert_eq!(charged.last(), Some(&1_000), "{left}");
            let after = world.subscription(&id).await;
            assert_eq!(after.product, dearer.id, "{left}");
            assert!(world.is_active(&id).await && world.dues(&id).await.is_empty());
            if lived {
                assert!(left > 2, "it never waited");
                break;
            }
        }
        world.books_agree().await;
    }
}
