//! What can happen. A new kind of act is a line in `Action`, one in `action`, and an arm in
//! `Town::step`.

use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use vestibule::domain::plan::OnFailure;
use vestibule::domain::proration::Mode;

/// A step of a history. Numbers choose among whoever is there at the time.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Somebody buys.
    Buy(Instrument, Cart),
    /// Somebody agrees to what the merchant will charge.
    BuyOnDemand(usize, Instrument),
    /// The merchant charges so much on demand.
    Charge(usize, i64),
    /// Somebody changes the plan.
    ChangePlan(usize, Plan),
    /// A change that waits for its date is taken back.
    KeepPlan(usize),
    /// The customer pays what is due.
    PayDue(usize, Way),
    /// The customer changes the method of a subscription that runs.
    ChangeMethod(usize, Way),
    /// A page is opened to pay what is due, and left.
    LeavePage(usize),
    /// A page that was left is finished after all.
    FinishPage(usize, Instrument),
    /// A browser comes back, or comes again.
    Return(usize),
    CancelNow(usize),
    CancelAtEnd(usize),
    Keep(usize),
    /// Pauses, or goes on.
    Pause(usize),
    /// Pauses, and goes on by a date.
    PauseFor5Days(usize),
    /// The customer marks their method as backup, or no more.
    BackUp(usize, bool),
    /// The customer takes every method away that pays for nothing.
    Detach(usize),
    /// The bank withdraws a method.
    Withdraw(usize),
    /// A refund that succeeded comes back. The gateway tells at once, or later.
    Bounce(usize, bool),
    /// The operator changes a rule.
    Rule(Rule),
    /// The customer pays everything with one method, which pays for all from now on.
    Round(usize, Way),
    /// The merchant moves the test clock so many days ahead.
    Rehearse(i64),
    /// Pauses, and what was used is charged.
    PauseAndSettle(usize, i64),
    Resume(usize),
    /// The merchant gives back the whole rest of a charge, or so much.
    Refund(usize, Option<i64>),
    /// The bank takes its time for what goes back, or no longer.
    HoldRefunds(bool),
    /// The gateway tells how a refund stands.
    TellRefund(usize),
    /// A customer contests a charge at the bank, or a part of it. The gateway tells at once, or not.
    Contest(usize, Option<i64>, bool),
    /// The bank decides for the merchant, or against.
    DecideDispute(usize, bool, bool),
    /// The bank returns a debit that had arrived.
    ReturnDebit(usize, bool),
    /// The gateway tells something of a dispute, perhaps again, perhaps something old.
    TellDispute(usize),
    /// The merchant moves the next billing date to now.
    BillNow(usize),
    /// The next requests to the gateway go wrong.
    Trouble(Trouble),
    /// The bank decides about a debit that is under way.
    BankDecides {
        moved: bool,
    },
    /// The gateway tells how a charge stands, or how it stood once.
    Webhook(usize),
    OldWebhook(usize),
    ForgetKeys,
    /// Time passes.
    Wait(Pause),
    /// The hosts do whatever is due.
    Work,
}

/// A rule that the operator may change at any time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// So many days of grace after a failed renewal.
    Grace(i64),
    /// Whether access is lent while a bank moves money.
    Lend(bool),
    /// Whether what is due stays owed after a cancellation.
    KeepDues(bool),
    /// Whether periods run from their old dates after a hold.
    KeepDates(bool),
    /// Whether money that was taken back ends a subscription.
    EndOnReversal(bool),
}

/// What somebody buys.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cart {
    /// Who: one of a few who come again and again, or somebody new.
    pub(super) customer: usize,
    pub(super) extras: Extras,
    /// A week without a charge.
    pub(super) trial: bool,
}

/// What comes with a plan.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extras {
    /// How many more than one.
    pub(super) more: u32,
    /// How many add-ons.
    pub(super) addons: u32,
    /// Which code.
    pub(super) code: Option<usize>,
}

/// A plan that somebody wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) product: usize,
    pub(super) extras: Extras,
    pub(super) mode: Mode,
    pub(super) at_next_date: bool,
    pub(super) on_failure: OnFailure,
    pub(super) replaces_scheduled: bool,
    /// Whether the customer does it, who sees the price first and answers the bank so.
    pub(super) customer: Option<bool>,
}

/// With what somebody pays.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instrument {
    Card(&'static str),
    /// A card whose bank asks, and what the customer says.
    Confirmed(bool),
    /// A bank account.
    Debit,
}

/// With a saved method, or a new one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Saved,
    New(Instrument),
}

/// How the gateway goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trouble {
    pub(super) operation: &'static str,
    pub(super) answer: &'static str,
    /// Look-ups do not see what is made in it until somebody forgets to hide it.
    pub(super) times: u32,
}

/// How long nothing happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pause {
    Minutes(i64),
    Days(i64),
}

fn instrument() -> impl Strategy<Value = Instrument> {
    prop_oneof![
        3 => Just(Instrument::Card("4242424242424242")),
        4 => Just(Instrument::Card("4000000000000341")),
        1 => Just(Instrument::Card("4000000000000515")),
        1 => Just(Instrument::Card("4000000000009995")),
        1 => Just(Instrument::Card("4000002760003184")),
        1 => any::<bool>().prop_map(Instrument::Confirmed),
        2 => Just(Instrument::Debit),
    ]
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Saved), instrument().prop_map(Way::New)]
}

fn extras() -> impl Strategy<Value = Extras> {
    (0..3_u32, 0..3_u32, weighted(0.4, 0..2_usize)).prop_map(|(more, addons, code)| Extras {
        more,
        addons,
        code,
    })
}

fn cart() -> impl Strategy<Value = Cart> {
    let plain = (0..4_usize).prop_map(|customer| Cart {
        customer,
        ..Cart::default()
    });
    let rich = (0..4_usize, extras(), any::<bool>()).prop_map(|(customer, extras, trial)| Cart {
        customer,
        extras,
        trial,
    });
    prop_oneof![2 => plain, 1 => rich]
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        4 => (0..6_i64).prop_map(Rule::Grace),
        1 => any::<bool>().prop_map(Rule::Lend),
        1 => any::<bool>().prop_map(Rule::KeepDues),
        1 => any::<bool>().prop_map(Rule::KeepDates),
        1 => weighted(0.3, Just(())).prop_map(|end| Rule::EndOnReversal(end.is_some())),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let mode = prop_oneof![
        3 => Just(Mode::Prorated), 1 => Just(Mode::Full), 1 => Just(Mode::Difference),
        1 => Just(Mode::DoNotBill),
    ];
    let on_failure = prop_oneof![Just(OnFailure::Prevent), Just(OnFailure::Apply)];
    let times = (any::<bool>(), any::<bool>());
    let who = weighted(0.4, any::<bool>());
    (0..5_usize, extras(), mode, times, on_failure, who).prop_map(
        |(product, extras, mode, (next, replaces_scheduled), on_failure, customer)| Plan {
            product,
            extras,
            mode,
            at_next_date: next && extras.more == 0,
            on_failure,
            replaces_scheduled,
            customer,
        },
    )
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let operation = prop_oneof![
        3 => Just("charge"), 1 => Just("setup"), 1 => Just("lookup"), 1 => Just("cancel"),
        1 => Just("any"), 2 => Just("refund"),
    ];
    let answer = prop_oneof![
        3 => Just("cut_after"), 2 => Just("cut_before"), 1 => Just("error_before"),
        2 => Just("error_after"), 1 => Just("garbage"), 1 => Just("rate_limited"),
        2 => Just("twice"), 1 => Just("less"),
    ];
    (operation, answer, 1..3_u32).prop_map(|(operation, answer, times)| Trouble {
        operation,
        answer,
        times,
    })
}

fn pause() -> impl Strategy<Value = Pause> {
    prop_oneof![
        3 => (1..40_i64).prop_map(Pause::Minutes),
        1 => (1..4_i64).prop_map(Pause::Days),
        2 => (28..33_i64).prop_map(Pause::Days),
    ]
}

/// Any step, the usual ones more often.
pub(super) fn action() -> impl Strategy<Value = Action> {
    let who = || any::<usize>();
    prop_oneof![
        5 => (instrument(), cart()).prop_map(|(with, cart)| Action::Buy(with, cart)),
        1 => (0..4_usize, instrument()).prop_map(|(who, with)| Action::BuyOnDemand(who, with)),
        3 => (who(), 1..9_000_i64).prop_map(|(who, minor)| Action::Charge(who, minor)),
        7 => (who(), plan()).prop_map(|(who, plan)| Action::ChangePlan(who, plan)),
        1 => who().prop_map(Action::KeepPlan),
        6 => (who(), way()).prop_map(|(who, way)| Action::PayDue(who, way)),
        2 => (who(), way()).prop_map(|(who, way)| Action::ChangeMethod(who, way)),
        2 => who().prop_map(Action::LeavePage),
        2 => (who(), instrument()).prop_map(|(who, with)| Action::FinishPage(who, with)),
        2 => who().prop_map(Action::Return),
        1 => who().prop_map(Action::CancelNow),
        1 => who().prop_map(Action::CancelAtEnd),
        1 => who().prop_map(Action::Keep),
        1 => who().prop_map(Action::Pause),
        1 => (who(), 1..9_000_i64).prop_map(|(who, minor)| Action::PauseAndSettle(who, minor)),
        1 => who().prop_map(Action::PauseFor5Days),
        2 => who().prop_map(Action::Resume),
        1 => (who(), any::<bool>()).prop_map(|(who, yes)| Action::BackUp(who, yes)),
        1 => who().prop_map(Action::Detach),
        1 => who().prop_map(Action::Withdraw),
        2 => (who(), any::<bool>()).prop_map(|(which, told)| Action::Bounce(which, told)),
        2 => rule().prop_map(Action::Rule),
        3 => (who(), way()).prop_map(|(who, way)| Action::Round(who, way)),
        2 => (1..45_i64).prop_map(Action::Rehearse),
        4 => (who(), weighted(0.5, 1..3_000_i64))
            .prop_map(|(which, part)| Action::Refund(which, part)),
        1 => any::<bool>().prop_map(Action::HoldRefunds),
        1 => who().prop_map(Action::TellRefund),
        2 => (who(), weighted(0.2, 1..3_000_i64), any::<bool>())
            .prop_map(|(which, part, told)| Action::Contest(which, part, told)),
        3 => (who(), weighted(0.3, Just(())), any::<bool>())
            .prop_map(|(which, won, told)| Action::DecideDispute(which, won.is_some(), told)),
        1 => (who(), any::<bool>()).prop_map(|(which, told)| Action::ReturnDebit(which, told)),
        1 => who().prop_map(Action::TellDispute),
        5 => who().prop_map(Action::BillNow),
        5 => trouble().prop_map(Action::Trouble),
        2 => any::<bool>().prop_map(|moved| Action::BankDecides { moved }),
        2 => who().prop_map(Action::Webhook),
        2 => who().prop_map(Action::OldWebhook),
        1 => Just(Action::ForgetKeys),
        5 => pause().prop_map(Action::Wait),
        6 => Just(Action::Work),
    ]
}
