//! What can happen. A new kind of act is a line in `Action`, one in `action`, and an arm in
//! `Town::step`.

use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// A step of a history. Numbers choose among whoever is there at the time.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Somebody buys.
    Buy(Instrument),
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
    Resume(usize),
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

fn trouble() -> impl Strategy<Value = Trouble> {
    let operation = prop_oneof![
        3 => Just("charge"), 1 => Just("setup"), 1 => Just("lookup"), 1 => Just("cancel"),
        1 => Just("any"),
    ];
    let answer = prop_oneof![
        3 => Just("cut_after"), 2 => Just("cut_before"), 1 => Just("error_before"),
        2 => Just("error_after"), 1 => Just("garbage"), 1 => Just("rate_limited"),
        2 => Just("twice"),
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
        5 => instrument().prop_map(Action::Buy),
        6 => (who(), way()).prop_map(|(who, way)| Action::PayDue(who, way)),
        2 => (who(), way()).prop_map(|(who, way)| Action::ChangeMethod(who, way)),
        2 => who().prop_map(Action::LeavePage),
        2 => (who(), instrument()).prop_map(|(who, with)| Action::FinishPage(who, with)),
        2 => who().prop_map(Action::Return),
        1 => who().prop_map(Action::CancelNow),
        1 => who().prop_map(Action::CancelAtEnd),
        1 => who().prop_map(Action::Keep),
        1 => who().prop_map(Action::Pause),
        1 => who().prop_map(Action::Resume),
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
