//! News of one payment comes on three roads: the browser's return, the processor's webhook, the
//! poll. In every order, repeated, late and contradictory they make the same one fact.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use vestibule::domain::license::LicenseStatus;
use vestibule::domain::payment::{DeclineCode, PaymentState};
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::flows::begin::{self, Begun};
use vestibule::flows::settlement::{self, Received};
use vestibule::flows::{Attempt, AttemptOf, Choice, Ending, reconciliation, renewal};
use vestibule::plugins::gateway::request::{Delivery, Pair};

use super::{CONFIRM, GOOD, page};
use crate::support::sandbox::WEBHOOK_SECRET;
use crate::support::world::World;

/// A bank account that settles; whether and when is up to the test.
const ACCOUNT: &str = "DE89370400440532013000";
const FIVE_DAYS: SignedDuration = SignedDuration::from_hours(5 * 24);
const HALF_AN_HOUR: SignedDuration = SignedDuration::from_mins(31);

/// Where news comes from.
#[derive(Clone, Copy, Debug)]
enum Road {
    Return,
    Webhook,
    Poll,
    /// A webhook that was written before the end and delivered after it.
    Stale,
}

impl World {
    /// A first payment by bank debit, which the bank has yet to move.
    pub(super) async fn debit_under_way(&self) -> (Begun, Attempt) {
        let begun = self.pending().await;
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id)
            .await
            .unwrap();
        self.sandbox
            .pay_by_debit(page(&attempt.ending), ACCOUNT)
            .await;
        assert_eq!(self.come_back(&attempt).await, Ending::Processing);
        (begun, attempt)
    }

    /// What the processor says of a payment.
    pub(super) async fn processors_word_on(&self, attempt: &Attempt) -> Value {
        let path = format!("/v1/charges?key={}", payment_of(attempt));
        let found = self.sandbox.call(Method::GET, &path, None).await;
        found["data"][0].clone()
    }

    /// The bank has moved the money, or sends it back.
    async fn bank_decides(&self, charge: &Value, moved: bool) {
        let verb = if moved { "settle" } else { "fail" };
        let path = format!("/control/charges/{}/{verb}", charge["id"].as_str().unwrap());
        self.sandbox.call(Method::POST, &path, None).await;
    }

    /// The processor's webhook about `charge`, as it stood when `charge` was read.
    pub(super) async fn hear(&self, event: &str, charge: &Value) -> Received {
        let status = charge["status"].as_str().unwrap();
        let delivery = self.delivery(event, &format!("charge.{status}"), charge);
        settlement::receive(&self.cx, &self.scope, "sandbox", &delivery)
            .await
            .unwrap()
    }

    /// A signed delivery.
    pub(super) fn delivery(&self, event: &str, kind: &str, data: &Value) -> Delivery {
        let now = self.cx.now();
        let body = json!({
            "id": event, "type": kind, "created_at": now.as_microsecond(), "data": data,
        });
        let body = body.to_string().into_bytes();
        let signer = standardwebhooks::Webhook::new(WEBHOOK_SECRET).unwrap();
        let second = now.as_second();
        let signature = signer.sign(event, second, &body).unwrap();
        let header = |name: &str, value: String| Pair {
            name: name.to_owned(),
            value,
        };
        Delivery {
            headers: vec![
                header("webhook-id", event.to_owned()),
                header("webhook-timestamp", second.to_string()),
                header("webhook-signature", signature),
            ],
            query: Vec::new(),
            body,
            received_at: now,
        }
    }

    async fn take_road(&self, road: Road, attempt: &Attempt, before: &Value, after: &Value) {
        match road {
            Road::Return => drop(self.come_back(attempt).await),
            Road::Poll => {
                let look = reconciliation::look(&self.cx, &self.scope, payment_of(attempt));
                look.await.unwrap();
            }
            Road::Webhook => drop(self.hear("evt_after", after).await),
            Road::Stale => drop(self.hear("evt_before", before).await),
        }
    }

    /// How many documents a payment made, and the numbers they have.
    async fn numbered_documents(&self, begun: &Begun) -> usize {
        let mut tx = self.cx.store.read().await.unwrap();
        let invoices = tx
            .invoices_of(&self.scope, &begun.payment.customer, 10, 0)
            .await
            .unwrap();
        let numbered = invoices.iter().filter(|one| one.number_text.is_some());
        numbered.count()
    }
}

fn payment_of(attempt: &Attempt) -> &vestibule::domain::id::PaymentId {
    let AttemptOf::Payment(payment) = &attempt.of else {
        panic!("not a payment")
    };
    payment
}

/// Every order of the four.
fn orders() -> Vec<Vec<Road>> {
    fn put(rest: &[Road], order: &[Road], orders: &mut Vec<Vec<Road>>) {
        if rest.is_empty() {
            orders.push(order.to_vec());
        }
        for at in 0..rest.len() {
            let mut rest = rest.to_vec();
            let next = [order, &[rest.remove(at)]].concat();
            put(&rest, &next, orders);
        }
    }
    let mut orders = Vec::new();
    let roads = [Road::Return, Road::Webhook, Road::Poll, Road::Stale];
    put(&roads, &[], &mut orders);
    orders
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_return_webhook_and_poll_each_twice_makes_the_same_one_fact() {
    assert_eq!(orders().len(), 24);
    for world in World::each().await {
        world.sandbox.hold_debits().await;
        for moved in [true, false] {
            for order in orders() {
                let (begun, attempt) = world.debit_under_way().await;
                let before = world.processors_word_on(&attempt).await;
                world.bank_decides(&before, moved).await;
                let after = world.processors_word_on(&attempt).await;
                for road in &order {
                    world.take_road(*road, &attempt, &before, &after).await;
                    world.take_road(*road, &attempt, &before, &after).await;
                }
                for road in &order {
                    world.take_road(*road, &attempt, &before, &after).await;
                }

                let payment = payment_of(&attempt).as_str();
                let fact = if moved {
                    "payment.succeeded"
                } else {
                    "payment.failed"
                };
                let told = world.told(payment).await;
                assert_eq!(told, ["payment.processing", fact], "{order:?}");
                let id = begun.subscription.as_ref().unwrap().id.clone();
                let of_subscription = world.told(id.as_str()).await;
                let lives: &[&str] = if moved { &["subscription.active"] } else { &[] };
                assert_eq!(of_subscription, lives, "{order:?}");
                assert_eq!(world.is_active(&id).await, moved, "{order:?}");
                assert_eq!(
                    world.numbered_documents(&begun).await,
                    usize::from(moved),
                    "{order:?}"
                );
            }
        }
        assert_eq!(
            world.charged().await,
            [2900; 24],
            "one each time the bank moved it"
        );
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_after_the_money_moved_is_not_believed_and_a_yes_after_a_no_is() {
    let world = World::sqlite().await;
    world.sandbox.hold_debits().await;
    for moved in [true, false] {
        let (begun, attempt) = world.debit_under_way().await;
        let charge = world.processors_word_on(&attempt).await;
        world.bank_decides(&charge, moved).await;
        let mut said = world.processors_word_on(&attempt).await;
        world.hear("evt_first", &said).await;
        if moved {
            said["status"] = json!("declined");
            said["decline"] = json!({ "code": "generic_decline", "advice": "later" });
        } else {
            said["status"] = json!("succeeded");
            said["decline"] = Value::Null;
        }
        world.hear("evt_second", &said).await;
        let state = world.state_of(&attempt).await;
        assert!(matches!(state, PaymentState::Succeeded { .. }), "{state:?}");
        let id = begun.subscription.unwrap().id;
        assert!(world.is_active(&id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_debit_that_fails_after_five_days_leaves_the_hold_as_it_was() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let held = world.subscription(&id).await.state;
        world.sandbox.hold_debits().await;
        let attempt = world.reactivate(&id, Choice::New).await;
        world
            .sandbox
            .pay_by_debit(page(&attempt.ending), ACCOUNT)
            .await;
        assert_eq!(world.come_back(&attempt).await, Ending::Processing);
        let again = world.reactivate(&id, Choice::New).await;
        assert_eq!(again.of, attempt.of, "nothing else is offered meanwhile");
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);

        world.cx.clock.advance(FIVE_DAYS);
        let look = || reconciliation::look(&world.cx, &world.scope, payment_of(&attempt));
        assert_eq!(look().await.unwrap(), Ending::Processing);
        let charge = world.processors_word_on(&attempt).await;
        world.bank_decides(&charge, false).await;
        let Ending::Declined(decline) = look().await.unwrap() else {
            panic!("not declined")
        };
        assert_eq!(decline.gateway_code.as_deref(), Some("debit_failed"));

        assert_eq!(
            world.subscription(&id).await.state,
            held,
            "why and since when"
        );
        assert_eq!(world.key(&id).await.0, LicenseStatus::Disabled);
        assert_eq!(
            world.charged().await,
            [2900],
            "never paid before it settled"
        );
        assert!(
            world.mails().await.contains(&"failed".to_owned()),
            "they are told"
        );
        let card = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&card, GOOD).await, Ending::Succeeded);
        assert_eq!(world.charged().await, [2900, 2900]);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_by_bank_debit_is_a_period_only_when_the_money_is_there() {
    for world in World::each().await {
        world.sandbox.hold_debits().await;
        let (begun, attempt) = world.debit_under_way().await;
        let charge = world.processors_word_on(&attempt).await;
        world.bank_decides(&charge, true).await;
        assert_eq!(world.come_back(&attempt).await, Ending::Succeeded);
        let id = begun.subscription.unwrap().id;

        world.renew(&id).await;
        let mut tx = world.cx.store.read().await.unwrap();
        let open = tx.open_payments_of(&world.scope, &id).await.unwrap();
        drop(tx);
        let state = open[0].standing();
        assert!(
            matches!(state, PaymentState::Processing { .. }),
            "{state:?}"
        );
        world.cx.clock.advance(FIVE_DAYS);
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        let waits = world.subscription(&id).await;
        assert_eq!(waits.state, SubscriptionState::Active, "access goes on");
        assert!(
            waits.period.end <= world.cx.now(),
            "and no period is bought"
        );
        assert_eq!(world.charged().await, [2900]);

        let key = format!("/v1/charges?key={}", open[0].id);
        let found = world.sandbox.call(Method::GET, &key, None).await;
        world.bank_decides(&found["data"][0], false).await;
        reconciliation::look(&world.cx, &world.scope, &open[0].id)
            .await
            .unwrap();
        let SubscriptionState::OnHold { why, .. } = world.subscription(&id).await.state else {
            panic!("not on hold")
        };
        assert_eq!(why, HoldReason::RenewalFailed);
        assert_eq!(world.charged().await, [2900]);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_page_that_is_refused_or_left_open_moves_no_dunning() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let held = world.subscription(&id).await.state;
    let (mails, told) = (world.mails().await, world.told(id.as_str()).await);

    let refused = world.reactivate(&id, Choice::New).await;
    let bank = world
        .sandbox
        .pay_by_card(page(&refused.ending), CONFIRM)
        .await;
    world.sandbox.confirm(&bank, false).await;
    let Ending::Declined(decline) = world.come_back(&refused).await else {
        panic!("not declined")
    };
    assert_eq!(decline.code, DeclineCode::AuthenticationFailed);

    let left = world.reactivate(&id, Choice::New).await;
    world.sandbox.pay_by_card(page(&left.ending), CONFIRM).await;
    assert!(matches!(world.come_back(&left).await, Ending::Action(_)));
    world.cx.clock.advance(HALF_AN_HOUR);
    let look = reconciliation::look(&world.cx, &world.scope, payment_of(&left));
    assert_eq!(look.await.unwrap(), Ending::Cancelled);

    assert_eq!(world.subscription(&id).await.state, held);
    assert_eq!(world.mails().await, mails);
    assert_eq!(world.told(id.as_str()).await, told);
    assert_eq!(world.charged().await, [2900]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_page_that_is_finished_after_the_debt_was_paid_otherwise_takes_nothing() {
    for world in World::each().await {
        let id = world.on_hold().await;
        let saved = world.subscription(&id).await.method.unwrap();
        let left = world.reactivate(&id, Choice::New).await;
        world.sandbox.pay_by_card(page(&left.ending), CONFIRM).await;
        let charge = world.processors_word_on(&left).await;
        let bank = charge["action"]["url"].as_str().unwrap().to_owned();

        let paid = world.reactivate(&id, Choice::Saved(saved)).await;
        assert_eq!(paid.ending, Ending::Succeeded);
        world.sandbox.try_to_decide(&bank, true).await;
        assert_eq!(world.come_back(&left).await, Ending::Cancelled);
        world
            .hear("evt_late", &world.processors_word_on(&left).await)
            .await;
        assert_eq!(world.charged().await, [2900, 2900], "the dues once");
        assert!(world.is_active(&id).await);
        world.books_agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_page_whose_cancelling_is_not_confirmed_keeps_the_debt_to_itself() {
    let world = World::sqlite().await;
    let id = world.on_hold().await;
    let saved = world.subscription(&id).await.method.unwrap();
    let left = world.reactivate(&id, Choice::New).await;
    let bank = world.sandbox.pay_by_card(page(&left.ending), CONFIRM).await;
    let silent = json!({ "operation": "any", "answer": "cut_before", "times": 2 });
    world.sandbox.fault(silent).await;
    let other = world.reactivate(&id, Choice::Saved(saved)).await;
    assert_eq!(other.of, left.of, "no second charge is begun");
    world
        .sandbox
        .call(Method::DELETE, "/control/faults", None)
        .await;
    world.sandbox.try_to_decide(&bank, true).await;
    world.come_back(&left).await;
    // The cancel never arrived, so that the page is paid, and nothing else was.
    assert_eq!(world.charged().await, [2900, 2900]);
    assert!(world.is_active(&id).await);
    world.books_agree().await;
}
