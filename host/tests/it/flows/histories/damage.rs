//! The invariants against damage: each of them finds what was done to it by hand, and nothing else
//! was wrong before. What cannot fail shows nothing.

use vestibule::domain::plan::OnFailure;
use vestibule::domain::proration::Mode;
use vestibule::domain::subscription::SubscriptionState;

use super::actions::{Action, Cart, Extras, Instrument, Plan, Rule, Trouble, Way};
use super::invariants::Invariants;
use super::town::Town;
use crate::support::world::World;

const GOOD: Instrument = Instrument::Card("4242424242424242");
const DECLINED: Instrument = Instrument::Card("4000000000000002");
const DECLINED_AT_RENEWAL: Instrument = Instrument::Card("4000000000000341");

/// What is found, and after which damage.
const DAMAGES: [(&str, &str); 53] = [
    (
        "at the gateway",
        "UPDATE debts SET amount_minor = amount_minor + 1 WHERE state = 'settled'",
    ),
    (
        "not known yet",
        "UPDATE payments SET unapplied = NOT unapplied",
    ),
    (
        "money for",
        "UPDATE payments SET state = 'declined' WHERE state = 'succeeded'",
    ),
    (
        "money went back for",
        "UPDATE refunds SET state = 'failed' WHERE state = 'succeeded'",
    ),
    (
        "two open payments for one debt",
        "UPDATE payments SET state = 'unknown' \
         WHERE state = 'declined' AND purpose = 'renewal'",
    ),
    (
        "held by a payment that has ended",
        "UPDATE payments SET state = 'cancelled' WHERE state = 'processing'",
    ),
    (
        "nobody asks for the debt",
        "UPDATE debts SET state = 'open', disputed = NOT disputed WHERE state = 'settled'",
    ),
    ("undecided", "UPDATE plan_changes SET state = 'pending'"),
    (
        "plan changes and what was told",
        "DELETE FROM events WHERE type = 'subscription.plan_changed'",
    ),
    (
        "uses of codes",
        "UPDATE discounts SET times_used = times_used + 1",
    ),
    (
        "more back than was taken",
        "UPDATE refunds SET amount_minor = 1000000",
    ),
    (
        "no document",
        "UPDATE payments SET invoice_id = NULL WHERE state = 'succeeded'",
    ),
    ("no document", "UPDATE refunds SET credit_note_id = NULL"),
    (
        "no invoice 1",
        "UPDATE invoices SET number = -1 WHERE kind = 'invoice' AND number = 1",
    ),
    (
        "says something else",
        "UPDATE invoices SET totals = totals || ' ' WHERE number = 1",
    ),
    (
        "says something else",
        "UPDATE invoices SET buyer = buyer || ' ' WHERE number = 1",
    ),
    (
        "has other bytes",
        "UPDATE invoices SET pdf_sha256 = 'other' WHERE number = 1",
    ),
    (
        "has bytes of another hash",
        "UPDATE invoices SET pdf = (SELECT other.pdf FROM invoices AS other \
         WHERE other.kind = 'invoice' AND other.number = 2) \
         WHERE kind = 'invoice' AND number = 1",
    ),
    (
        "while active",
        "UPDATE licenses SET suspended = NOT suspended",
    ),
    (
        "while past-due",
        "UPDATE licenses SET suspended = NOT suspended",
    ),
    (
        "while paused",
        "UPDATE licenses SET suspended = NOT suspended",
    ),
    ("while on-hold", "DELETE FROM lent_access"),
    ("keys: ", "UPDATE licenses SET expires_at = created_at"),
    (
        "keys: ",
        "UPDATE subscriptions SET quantity = quantity + 1 WHERE state = 'active'",
    ),
    (
        "is cancelled",
        "UPDATE subscriptions SET state = 'cancelled' WHERE state = 'active'",
    ),
    (
        "mailed twice",
        "UPDATE jobs SET id = id || 'x' WHERE kind = 'mail'",
    ),
    ("no mail about", "UPDATE refunds SET id = id || 'x'"),
    (
        "no mail about",
        "UPDATE subscriptions SET state = 'cancelled' WHERE state = 'paused'",
    ),
    (
        "told twice: payment.succeeded",
        "INSERT INTO events (id, business_id, mode, type, object_id, occurred_at) \
         SELECT id || 'x', business_id, mode, type, object_id, occurred_at FROM events",
    ),
    (
        "renewed more often",
        "INSERT INTO events (id, business_id, mode, type, object_id, occurred_at) \
         SELECT id || 'x', business_id, mode, 'subscription.renewed', object_id, occurred_at \
         FROM events WHERE type = 'subscription.active'",
    ),
    (
        "nobody was told: pay_",
        "DELETE FROM events WHERE type = 'payment.succeeded'",
    ),
    (
        "nobody was told: pay_",
        "DELETE FROM events WHERE type = 'payment.failed'",
    ),
    (
        "nobody was told: ref_",
        "DELETE FROM events WHERE type = 'refund.succeeded'",
    ),
    (
        "something else was told last",
        "DELETE FROM events WHERE type = 'subscription.on_hold'",
    ),
    (
        "given up",
        "UPDATE jobs SET state = 'failed' WHERE kind = 'mail'",
    ),
    (
        "nobody will look: pay_",
        "DELETE FROM jobs WHERE kind = 'reconcile'",
    ),
    (
        "nobody will renew or end",
        "DELETE FROM jobs WHERE kind = 'renew'",
    ),
    (
        "nobody will renew in time",
        "UPDATE jobs SET run_at = run_at + 172800000000 WHERE kind = 'renew'",
    ),
    (
        "nobody will give up the beginning",
        "DELETE FROM jobs WHERE kind = 'expire-begin'",
    ),
    (
        "nobody will give up: ",
        "UPDATE setups SET state = 'created'; DELETE FROM jobs WHERE kind = 'expire-setup'",
    ),
    (
        "nobody will look at the refund",
        "DELETE FROM jobs WHERE kind = 'reconcile-refund'",
    ),
    (
        "nobody will end the grace",
        "DELETE FROM jobs WHERE kind = 'end-grace'",
    ),
    (
        "nobody will go on after the pause",
        "DELETE FROM jobs WHERE kind = 'resume'",
    ),
    ("nobody will retry", "DELETE FROM jobs WHERE kind = 'retry'"),
    (
        "nobody will remind",
        "DELETE FROM jobs WHERE kind = 'remind'",
    ),
    (
        "nobody asks for what is due",
        "UPDATE dunnings SET state = 'stopped'",
    ),
    (
        "nobody will tell of",
        "DELETE FROM jobs WHERE kind = 'notice-renewal'",
    ),
    (
        "nobody will make the document",
        "UPDATE invoices SET pdf = NULL; DELETE FROM jobs WHERE kind = 'render-invoice'",
    ),
    (
        "nobody will take lent access back",
        "DELETE FROM jobs WHERE kind = 'end-lent-access'",
    ),
    (
        "nobody will go on with the round",
        "UPDATE rounds SET ended_at = NULL; DELETE FROM jobs WHERE kind = 'round'",
    ),
    (
        "nobody will move the clock",
        "DELETE FROM jobs WHERE kind = 'move-clock'",
    ),
    (
        "nobody will give it back",
        "DELETE FROM jobs WHERE kind = 'refund-unapplied'",
    ),
    (
        "is processing",
        "UPDATE payments SET state = 'processing' WHERE purpose = 'renewal'",
    ),
];

fn cart(code: Option<usize>) -> Cart {
    let extras = Extras {
        code,
        ..Extras::default()
    };
    Cart {
        customer: 2,
        extras,
        trial: false,
    }
}

/// A bit of everything: each subscription is in another state.
fn stage() -> Vec<Action> {
    let yearly = Plan {
        product: 4,
        extras: Extras::default(),
        mode: Mode::Full,
        at_next_date: false,
        on_failure: OnFailure::Prevent,
        replaces_scheduled: false,
        customer: None,
    };
    let less = Trouble {
        operation: "charge",
        answer: "less",
        times: 1,
    };
    vec![
        Action::Buy(GOOD, Cart::default()),
        Action::Buy(DECLINED_AT_RENEWAL, cart(None)),
        Action::BillNow(1),
        Action::Rule(Rule::Grace(3)),
        Action::Buy(DECLINED_AT_RENEWAL, cart(None)),
        Action::BillNow(2),
        Action::Buy(GOOD, cart(None)),
        Action::PauseFor5Days(3),
        Action::Buy(GOOD, cart(None)),
        Action::ChangePlan(4, yearly),
        Action::Buy(GOOD, cart(Some(0))),
        Action::Buy(GOOD, cart(None)),
        Action::Trouble(less),
        Action::BillNow(6),
        Action::Buy(DECLINED, cart(None)),
        Action::ChangeMethod(0, Way::New(GOOD)),
        Action::Round(0, Way::Saved),
        Action::Refund(0, Some(100)),
        Action::HoldRefunds(true),
        Action::Refund(0, Some(50)),
        Action::Work,
        Action::Rule(Rule::Lend(true)),
        Action::PayDue(1, Way::New(Instrument::Debit)),
        Action::Rehearse(2),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_invariant_notices_its_own_damage() {
    for world in World::each().await {
        let mut town = Town::new(&world).await;
        for action in stage() {
            town.step(&action).await;
        }
        let mut invariants = Invariants::new(&world).await;
        let before = invariants.broken(&world, &town).await;
        assert!(before.is_empty(), "{before:?}");
        assert!(invariants.altered().await.is_empty());
        let mut unnoticed = Vec::new();
        for (what, damage) in DAMAGES {
            invariants.damage(damage).await;
            let mut found = invariants.broken(&world, &town).await;
            found.extend(invariants.unsettled().await);
            found.extend(invariants.altered().await);
            invariants.undo().await;
            if !found.iter().any(|wrong| wrong.contains(what)) {
                unnoticed.push(format!("{damage}: no {what} in {found:?}"));
            }
        }
        assert!(unnoticed.is_empty(), "{unnoticed:#?}");
        let ended = SubscriptionState::Cancelled { at: world.cx.now() };
        invariants.remember_end(&town.subscriptions[0], ended);
        let found = invariants.broken(&world, &town).await;
        assert!(
            found.iter().any(|wrong| wrong.contains("came back")),
            "{found:?}"
        );
        town.unexpected.push("the model".to_owned());
        let found = invariants.broken(&world, &town).await;
        assert!(found.iter().any(|wrong| wrong == "the model"), "{found:?}");
    }
}
