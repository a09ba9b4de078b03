//! What has no end yet, and how the gateways' own books compare with ours.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::room::{Doors, Room};
use crate::domain::access::Role;
use crate::domain::balance::{Balance, Difference, Movement, Problem, Unseen};
use crate::domain::money::Money;
use crate::flows::failing_jobs::FailingJob;
use crate::flows::unsettled::Unsettled;
use crate::flows::{balance, failing_jobs, unsettled};
use crate::themes::Page;
use crate::web::{Error, Web};

/// What is on the list although its outcome is known.
const ENDED: [&str; 2] = ["unapplied", "bounced"];

/// Payments and refunds without an end, and the newest comparison of each gateway.
#[derive(Debug, Serialize)]
pub(super) struct ReconciliationPage {
    doors: Doors,
    open: Vec<Open>,
    failing: Vec<Failing>,
    balances: Vec<Compared>,
}

/// Work that does not get on.
#[derive(Clone, Debug, Serialize)]
struct Failing {
    id: String,
    kind: String,
    subject: Option<String>,
    since: Timestamp,
    tries: u32,
    reason: String,
    /// When it is tried again; without it the operator has to take it up.
    next: Option<Timestamp>,
}

/// A payment or refund without an end, money that settled nothing, or a dispute to decide about.
#[derive(Clone, Debug, Serialize)]
struct Open {
    id: String,
    customer: String,
    amount: Money,
    /// The state's name; `unapplied` is money that settled nothing, `taken-back` and `came-back`
    /// are disputes about which a person has to decide, `bounced` a refund that came back.
    state: &'static str,
    refund: bool,
    /// Whether it is a dispute.
    dispute: bool,
    gateway: String,
    /// Since when: when its request was made, or the dispute was heard of.
    since: Timestamp,
    /// When it was last sent; none while it waits to be sent.
    sent_at: Option<Timestamp>,
    /// How often the gateway was asked.
    looks: u32,
    /// When it is asked next; without it somebody has to act.
    next: Option<Timestamp>,
    /// Where an owner decides what became of it; none where that is not the question, or for those
    /// who may only look.
    resolve: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Compared {
    gateway: String,
    made_at: Timestamp,
    since: Timestamp,
    movements: u64,
    differences: Vec<Difference>,
    unseen: Vec<Unseen>,
}

/// `GET /reconciliation`.
pub(super) async fn show(State(web): State<Web>, room: Room) -> Result<Response, Error> {
    let listed = unsettled::list(&web.cx).await?;
    let of_room =
        |entry: &Unsettled| entry.business == room.scope.business && entry.mode == room.scope.mode;
    let open = listed.into_iter().filter(of_room);
    let open = open.map(|entry| Open::of(&room, entry)).collect();
    let failing = failing_jobs::list(&web.cx).await?;
    let of_room =
        |job: &FailingJob| job.business == room.scope.business && job.mode == room.scope.mode;
    let failing = failing.into_iter().filter(of_room).map(Failing::of);
    let failing = failing.collect();
    let balances = balance::latest(&web.cx, Some(&room.scope)).await?;
    room.render(&ReconciliationPage {
        doors: room.doors(),
        open,
        failing,
        balances: balances.into_iter().map(Compared::of).collect(),
    })
}

impl Open {
    fn of(room: &Room, entry: Unsettled) -> Self {
        let has_no_outcome = !ENDED.contains(&entry.state) && entry.dispute.is_none();
        let may_decide = has_no_outcome && room.role == Role::Manager;
        let id = match (&entry.refund, &entry.dispute) {
            (Some(refund), _) => refund.to_string(),
            (None, Some(dispute)) => dispute.to_string(),
            (None, None) => entry.payment.to_string(),
        };
        Self {
            customer: room.path(&format!("/customers/{}", entry.customer)),
            refund: entry.refund.is_some(),
            dispute: entry.dispute.is_some(),
            resolve: may_decide.then(|| room.path(&format!("/reconciliation/{id}"))),
            id,
            amount: entry.amount,
            state: entry.state,
            gateway: entry.gateway,
            since: entry.since,
            sent_at: entry.sent_at,
            looks: entry.looks,
            next: entry.next_look,
        }
    }
}

impl Failing {
    fn of(job: FailingJob) -> Self {
        Self {
            id: job.job.to_string(),
            kind: job.kind,
            subject: job.subject,
            since: job.since,
            tries: job.tries,
            reason: job.reason,
            next: job.next_look,
        }
    }
}

impl Compared {
    fn of(balance: Balance) -> Self {
        Self {
            gateway: balance.gateway,
            made_at: balance.made_at,
            since: balance.since,
            movements: balance.movements,
            differences: balance.differences,
            unseen: balance.unseen,
        }
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid timestamp")
}

impl Page for ReconciliationPage {
    const TEMPLATE: &'static str = "pages/console/reconciliation.html";

    fn samples() -> Vec<Self> {
        let euros = |minor| Money::new(minor, "EUR".parse().expect("a currency"));
        let open = |state, refund, next| Open {
            id: "pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            customer: "/console/bus_sample/live/customers/cus_sample".to_owned(),
            amount: euros(2900),
            state,
            refund,
            dispute: false,
            gateway: "main".to_owned(),
            since: at("2026-11-20T09:28:00Z"),
            sent_at: Some(at("2026-11-20T09:30:00Z")),
            looks: 4,
            next,
            resolve: (state == "unknown")
                .then(|| "/console/bus_sample/live/reconciliation/pay_1".to_owned()),
        };
        let soon = Some(at("2026-11-22T12:00:00Z"));
        let states = ["created", "awaiting-customer", "processing", "unknown"];
        let mut listed: Vec<Open> = states
            .into_iter()
            .map(|state| open(state, false, soon))
            .collect();
        listed.push(open("unknown", true, soon));
        listed.push(open("bounced", true, None));
        listed.push(open("unapplied", false, None));
        listed.extend(["taken-back", "came-back"].map(|state| Open {
            id: "dsp_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            dispute: true,
            sent_at: None,
            ..open(state, false, None)
        }));
        let differences = Problem::ALL.iter().zip(Movement::ALL.iter().cycle());
        let differences = differences.map(|(problem, kind)| Difference {
            problem: *problem,
            kind: *kind,
            own: Some("pay_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned()),
            reference: Some("ch_9Qm2".to_owned()),
            ours: Some(euros(2900)),
            theirs: (*problem != Problem::NotThere).then(|| euros(1900)),
            at: Some(at("2026-11-20T09:30:00Z")),
        });
        let compared = Compared {
            gateway: "main".to_owned(),
            made_at: at("2026-11-22T03:00:00Z"),
            since: at("2026-10-13T03:00:00Z"),
            movements: 12_481,
            differences: differences.collect(),
            unseen: vec![
                Unseen::NoList,
                Unseen::NoAnswer {
                    why: "no answer in time".to_owned(),
                },
                Unseen::NoEnd { pages: 10_000 },
                Unseen::OtherKinds {
                    kinds: [("fee".to_owned(), 12)].into(),
                },
            ],
        };
        let agreed = Compared {
            differences: Vec::new(),
            unseen: Vec::new(),
            ..compared.clone()
        };
        let failing = |kind: &str, subject: &str, next| Failing {
            id: "job_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            kind: kind.to_owned(),
            subject: Some(subject.to_owned()),
            since: at("2026-11-21T18:00:00Z"),
            tries: 20,
            reason: "the mail was not taken".to_owned(),
            next,
        };
        let stuck = vec![
            failing("renew", "sub_01k9z3v6e8q4w2r7t5y1p0s9d8", soon),
            failing("mail", "due:dun_01k9z3v6e8q4w2r7t5y1p0s9d8:1", None),
        ];
        let page = |open, failing, balances| Self {
            doors: Doors::sample(),
            open,
            failing,
            balances,
        };
        vec![
            page(listed, stuck, vec![compared, agreed]),
            page(Vec::new(), Vec::new(), Vec::new()),
        ]
    }
}
