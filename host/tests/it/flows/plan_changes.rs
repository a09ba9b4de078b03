//! Changes of plan: priced by the second, charged as shown, kept as credit, prevented or standing
//! when the charge fails, and scheduled. Amounts are those of the processor's ledger.

use jiff::SignedDuration;
use serde_json::json;
use vestibule::domain::id::{DiscountId, PlanChangeId, SubscriptionId};
use vestibule::domain::invoice::InvoiceState;
use vestibule::domain::payment::Initiator;
use vestibule::domain::plan::{ChangeState, OnFailure};
use vestibule::domain::product::Product;
use vestibule::domain::proration::Mode;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::domain::tax::Role;
use vestibule::flows::plan_change::{self, Order, Preview, Started, Wish};
use vestibule::flows::{
    Attempt, AttemptOf, Choice, Ending, Error, Refused, begin, reconciliation, renewal, settlement,
};

use super::extras::{self, words};
use super::{DECLINED_AT_RENEWAL, GOOD, page};
use crate::support::world::World;

/// Asks for a confirmation whenever the customer is there, and is declined when not.
const CONFIRM_ALWAYS: &str = "4000002760003184";

pub(super) fn to(product: &Product) -> Wish {
    Wish {
        product: product.id.clone(),
        quantity: 1,
        addons: Vec::new(),
        codes: None,
        mode: Mode::Prorated,
        at_next_date: false,
        on_failure: OnFailure::Prevent,
        replaces_scheduled: false,
    }
}

impl World {
    pub(super) fn order(&self, quote: Option<&str>) -> Order {
        Order {
            change: self.cx.new_id(),
            payment: self.cx.new_id(),
            quote: quote.map(str::to_owned),
            initiator: Initiator::Unscheduled,
            metadata: None,
        }
    }

    pub(super) async fn preview(&self, id: &SubscriptionId, wish: &Wish) -> Preview {
        let seen = plan_change::preview(&self.cx, &self.scope, id, wish).await;
        seen.unwrap()
    }

    pub(super) async fn try_to_change(
        &self,
        id: &SubscriptionId,
        wish: Wish,
    ) -> Result<Started, Error> {
        plan_change::start(&self.cx, &self.scope, id, wish, self.order(None)).await
    }

    pub(super) async fn switch(&self, id: &SubscriptionId, wish: Wish) -> Started {
        self.try_to_change(id, wish).await.unwrap()
    }

    /// Lets half of the running period pass.
    pub(super) async fn wait_half(&self, id: &SubscriptionId) {
        let period = self.subscription(id).await.period;
        let half = period.end.duration_since(period.start) / 2;
        let middle = period.start + half;
        self.cx.clock.advance(middle.duration_since(self.cx.now()));
    }

    /// Lets the running period pass and renews.
    pub(super) async fn wait_and_renew(&self, id: &SubscriptionId) {
        let end = self.subscription(id).await.period.end;
        self.cx.clock.advance(end.duration_since(self.cx.now()));
        renewal::due(&self.cx, &self.scope, id).await.unwrap();
    }

    /// An active subscription at `minor`, tax included, paid with `card`.
    pub(super) async fn paying(&self, minor: i64, card: &str) -> SubscriptionId {
        let product = self.product_at(minor, true).await;
        let begun = self
            .try_to_begin(&product, extras::Wish::default())
            .await
            .unwrap();
        let attempt = begin::pay(&self.cx, &self.scope, &begun.payment.id)
            .await
            .unwrap();
        let mut ending = self.give_card(&attempt, card).await;
        if let Ending::Action(_) = &ending {
            self.sandbox.confirm(page(&ending), true).await;
            ending = self.come_back(&attempt).await;
        }
        assert_eq!(ending, Ending::Succeeded);
        begun.subscription.unwrap().id
    }

    pub(super) async fn state(&self, change: &PlanChangeId) -> ChangeState {
        let mut tx = self.cx.store.read().await.unwrap();
        let change = tx.plan_change(&self.scope, change).await.unwrap();
        change.unwrap().state
    }

    pub(super) async fn dues(&self, id: &SubscriptionId) -> Vec<i64> {
        let mut tx = self.cx.store.read().await.unwrap();
        let dues = tx.dues_of(&self.scope, id).await.unwrap();
        dues.iter().map(|due| due.amount.minor).collect()
    }

    pub(super) async fn credit(&self, id: &SubscriptionId) -> i64 {
        let credits = self.subscription(id).await.extras.credits;
        credits.iter().map(|credit| credit.amount.minor).sum()
    }
}

pub(super) fn is_refused(tried: &Result<Started, Error>, why: Refused) -> bool {
    matches!(tried, Err(Error::Refused(refused)) if *refused == why)
}

fn attempt(started: &Started) -> Attempt {
    Attempt {
        of: AttemptOf::Payment(started.change.payment.clone().unwrap()),
        ending: started.ending.clone().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_previewed_is_charged_and_the_dates_stay() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let before = world.subscription(&id).await;
        let seen = world.preview(&id, &to(&pro)).await;
        assert_eq!(seen.totals.gross.minor, 1_500);
        assert_eq!(seen.totals.tax.minor, 239);
        // Minutes later another amount would be right; the one that was shown is charged.
        world.cx.clock.advance(SignedDuration::from_mins(14));
        let order = world.order(Some(&seen.quote));
        let started = plan_change::start(&world.cx, &world.scope, &id, to(&pro), order).await;
        let started = started.unwrap();
        assert_eq!(started.ending, Some(Ending::Succeeded));
        assert_eq!(world.charged().await, [2_900, 1_500]);
        let after = world.subscription(&id).await;
        assert_eq!(after.product, pro.id);
        assert_eq!((after.period, after.anchor), (before.period, before.anchor));
        assert_eq!(world.state(&started.change.id).await, ChangeState::Applied);
        let told = world.told(id.as_str()).await;
        assert_eq!(told, ["subscription.active", "subscription.plan_changed"]);
        let invoice = world.invoices(&id).await.remove(1);
        assert_eq!(
            words(&invoice),
            [("product", 1, 2_950), ("unused", 1, -1_450)]
        );
        assert_eq!(invoice.totals.tax.minor, 239);
        // Keys of equal terms go on working.
        world.key(&id).await;
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await[2..], [5_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_is_old_or_of_another_plan_is_refused_and_nothing_is_charged() {
    let world = World::sqlite().await;
    let id = world.paying(2_900, GOOD).await;
    let (pro, team) = (
        world.product_at(5_900, true).await,
        world.product_at(9_900, true).await,
    );
    let quote = world.preview(&id, &to(&pro)).await.quote;
    for (product, minutes) in [(&team, 0), (&pro, 16)] {
        world.cx.clock.advance(SignedDuration::from_mins(minutes));
        let order = world.order(Some(&quote));
        let tried = plan_change::start(&world.cx, &world.scope, &id, to(product), order).await;
        assert!(is_refused(&tried, Refused::StaleQuote));
    }
    assert_eq!(world.charged().await, [2_900]);
    assert_eq!(world.told(id.as_str()).await, ["subscription.active"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downgrade_is_kept_as_credit_that_the_next_debts_use_up() {
    for world in World::each().await {
        let id = world.paying(10_000, GOOD).await;
        let basic = world.product_at(2_900, true).await;
        world.wait_half(&id).await;
        let seen = world.preview(&id, &to(&basic)).await;
        assert_eq!((seen.totals.gross.minor, seen.credit), (0, 3_550));
        let started = world.switch(&id, to(&basic)).await;
        assert_eq!(started.change.payment, None);
        assert_eq!(world.credit(&id).await, 3_550);
        world.wait_and_renew(&id).await;
        assert_eq!(world.credit(&id).await, 650);
        world.wait_and_renew(&id).await;
        assert_eq!(world.credit(&id).await, 0);
        assert_eq!(world.charged().await, [10_000, 2_250]);
        let invoices = world.invoices(&id).await;
        let totals: Vec<_> = invoices.iter().map(|one| one.totals.gross.minor).collect();
        assert_eq!(totals, [10_000, 0, 2_250], "never below zero");
        assert_eq!(
            words(&invoices[1]),
            [("product", 1, 2_900), ("credit", 1, -2_900)]
        );
        assert_eq!(
            words(&invoices[2]),
            [("product", 1, 2_900), ("credit", 1, -650)]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prevented_change_owes_nothing_and_gives_back_credit_and_codes() {
    for world in World::each().await {
        let id = world.paying(10_000, DECLINED_AT_RENEWAL).await;
        let basic = world.product_at(2_900, true).await;
        world.wait_half(&id).await;
        world.switch(&id, to(&basic)).await;
        let credit = world.credit(&id).await;
        let team = world.product_at(90_000, true).await;
        let code: DiscountId = world.code("TENTH", 1_000, None).await;
        let wish = Wish {
            codes: Some(vec!["TENTH".to_owned()]),
            ..to(&team)
        };
        let started = world.switch(&id, wish).await;
        assert!(matches!(started.ending, Some(Ending::Declined(_))));
        assert_eq!(world.state(&started.change.id).await, ChangeState::Dropped);
        let after = world.subscription(&id).await;
        assert_eq!(after.product, basic.id, "the old plan stays");
        assert_eq!(after.state, SubscriptionState::Active);
        assert!(world.dues(&id).await.is_empty());
        assert_eq!(world.credit(&id).await, credit);
        let mut tx = world.cx.store.read().await.unwrap();
        let used = tx.discount(&world.scope, &code).await.unwrap().unwrap();
        assert_eq!(used.times_used, 0);
        drop(tx);
        assert_eq!(world.charged().await, [10_000]);
        // Nothing stands in the way of another try.
        let again = world.switch(&id, to(&team)).await;
        assert!(matches!(again.ending, Some(Ending::Declined(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applied_change_stands_and_holds_the_subscription_until_it_is_paid() {
    for world in World::each().await {
        let id = world.paying(2_900, DECLINED_AT_RENEWAL).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let wish = Wish {
            on_failure: OnFailure::Apply,
            ..to(&pro)
        };
        let started = world.switch(&id, wish).await;
        assert!(matches!(started.ending, Some(Ending::Declined(_))));
        let held = world.subscription(&id).await;
        assert_eq!(held.product, pro.id, "the new plan stands");
        let why = HoldReason::PlanChangeFailed;
        assert!(matches!(held.state, SubscriptionState::OnHold { why: w, .. } if w == why));
        assert_eq!(world.dues(&id).await, [1_500]);
        let told = world.told(id.as_str()).await;
        let (changed, hold) = ("subscription.plan_changed", "subscription.on_hold");
        assert_eq!(told, ["subscription.active", changed, hold]);

        let back = world.reactivate(&id, Choice::New).await;
        assert_eq!(world.give_card(&back, GOOD).await, Ending::Succeeded);
        assert_eq!(world.charged().await, [2_900, 1_500]);
        let after = world.subscription(&id).await;
        assert_eq!(after.state, SubscriptionState::Active);
        assert_eq!(after.period, held.period, "the period was paid for before");
        world.wait_and_renew(&id).await;
        assert_eq!(world.charged().await[2..], [5_900]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_with_an_unknown_end_changes_the_plan_once_it_is_known_and_blocks_the_rest() {
    for world in World::each().await {
        let id = world.paying(2_900, GOOD).await;
        let pro = world.product_at(5_900, true).await;
        world.wait_half(&id).await;
        let fault = json!({ "operation": "charge", "answer": "cut_after", "times": 1 });
        world.sandbox.fault(fault).await;
        let started = world.switch(&id, to(&pro)).await;
        assert_eq!(started.ending, Some(Ending::Unknown));
        let old = world.subscription(&id).await;
        assert_ne!(old.product, pro.id, "the plan waits for the money");
        let again = world.try_to_change(&id, to(&pro)).await;
        assert!(is_refused(&again, Refused::ChangePending));
        // The period ends meanwhile: which plan renews is not decided yet.
        world.wait_and_renew(&id).await;
        assert_eq!(world.subscription(&id).await.period, old.period);

        let payment = started.change.payment.unwrap();
        let found = reconciliation::look(&world.cx, &world.scope, &payment).await;
        assert_eq!(found.unwrap(), Ending::Succeeded);
        let found = reconciliation::look(&world.cx, &world.scope, &payment).await;
        assert_eq!(found.unwrap(), Ending::Succeeded, "again changes nothing");
        assert_eq!(world.subscription(&id).await.product, pro.id);
        renewal::due(&world.cx, &world.scope, &id).await.unwrap();
        assert_eq!(world.charged().await, [2_900, 1_500, 5_900]);
        let told = world.told(id.as_str()).await;
        let changed = told.iter().filter(|kind| kind.ends_with("plan_changed"));
        assert_eq!(changed.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_ends_through_the_one_settlement_or_is_given_up() {
    let world = World::sqlite().await;
    let id = world.paying(2_900, CONFIRM_ALWAYS).await;
    let pro = world.product_at(5_900, true).await;
    world.wait_half(&id).await;
    let there = |world: &World| Order {
        initiator: Initiator::Customer,
        ..world.order(None)
    };
    let order = there(&world);
    let first = plan_change::start(&world.cx, &world.scope, &id, to(&pro), order).await;
    let first = first.unwrap();
    assert!(matches!(first.ending, Some(Ending::Action(_))));
    let payment = first.change.payment.clone().unwrap();
    let left = settlement::give_up(&world.cx, &world.scope, &payment).await;
    assert_eq!(left.unwrap(), Ending::Cancelled);
    assert_eq!(world.state(&first.change.id).await, ChangeState::Dropped);
    assert!(world.dues(&id).await.is_empty());

    let order = there(&world);
    let second = plan_change::start(&world.cx, &world.scope, &id, to(&pro), order).await;
    let second = attempt(&second.unwrap());
    world.sandbox.confirm(page(&second.ending), true).await;
    assert_eq!(world.come_back(&second).await, Ending::Succeeded);
    assert_eq!(world.subscription(&id).await.product, pro.id);
    assert_eq!(world.charged().await, [2_900, 1_500]);

    // Without the customer nobody can confirm: the charge has failed, the old plan stays.
    let team = world.product_at(9_900, true).await;
    let alone = world.switch(&id, to(&team)).await;
    assert!(matches!(alone.ending, Some(Ending::Declined(_))));
    assert_eq!(world.subscription(&id).await.product, pro.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_credit_pays_whole_has_its_invoice() {
    for world in World::each().await {
        let id = world.paying(9_900, GOOD).await;
        let (cheap, dear) = (
            world.product_at(900, true).await,
            world.product_at(2_900, true).await,
        );
        world.wait_half(&id).await;
        world.switch(&id, to(&cheap)).await;
        let before = world.credit(&id).await;
        let issued = world.invoices(&id).await.len();
        world.switch(&id, to(&dear)).await;
        let used = before - world.credit(&id).await;
        assert!((900..=1_100).contains(&used), "{used}");
        assert_eq!(world.charged().await, [9_900], "credit has paid");
        let invoices = world.invoices(&id).await;
        assert_eq!(invoices.len(), issued + 1);
        let document = invoices.last().unwrap();
        assert_eq!(document.state, InvoiceState::Paid);
        assert_eq!(document.totals.gross.minor, 0);
        let credit = document.lines.iter().find(|line| line.role == Role::Credit);
        assert_eq!(-credit.unwrap().unit.minor, used);
    }
}
