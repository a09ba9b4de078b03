//! One method for all subscriptions: what is due on each, the method, the button. And the page
//! that says what became of each.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::method_update::{self, Chosen};
use super::progress::Stage;
use super::records::Records;
use super::view::{Document, Method, Plan};
use super::{reactivation, sample, trouble};
use crate::domain::id::RoundId;
use crate::domain::money::Money;
use crate::domain::payment::{CustomerAction, PaymentState};
use crate::flows::{self, Ending, round};
use crate::store::{Round, Step, StepOutcome};
use crate::themes::Page;
use crate::web::{Error, Posted, SignedIn, leaving};

/// The offer of one method for everything.
#[derive(Clone, Debug, Serialize)]
pub struct RoundPage {
    /// The subscriptions, those with dues first.
    pub rows: Vec<Turn>,
    /// What is charged, in each currency.
    pub totals: Vec<Money>,
    /// Names what is shown.
    pub quote: String,
    /// Names the round that the form starts.
    pub round: String,
    /// Saved methods.
    pub methods: Vec<Method>,
    /// The value of the choice that is marked: a method's id, or `new`.
    pub chosen: String,
    /// Why the last try did not work: the ending of a message key.
    pub trouble: Option<&'static str>,
}

/// A subscription of the offer.
#[derive(Clone, Debug, Serialize)]
pub struct Turn {
    /// The subscription.
    pub plan: Plan,
    /// What is charged now; none when only the method changes.
    pub due: Option<Money>,
}

/// What became of each subscription.
#[derive(Clone, Debug, Serialize)]
pub struct RoundResultPage {
    /// The subscriptions in their order.
    pub rows: Vec<Outcome>,
    /// Whether more is to come by itself.
    pub waits: bool,
    /// The page on which a new method is given, while that is to be done.
    pub collect: Option<String>,
}

/// What became of one.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The subscription.
    pub subscription: String,
    /// The product's name.
    pub product: String,
    /// What was, or is to be, charged.
    pub amount: Option<Money>,
    /// What became of it: `paid`, `changed`, `waiting`, or a stage or refusal.
    pub kind: &'static str,
    /// How that is meant.
    pub tone: &'static str,
    /// Why it was declined: the ending of a message key.
    pub reason: Option<&'static str>,
    /// The payment that says more.
    pub payment: Option<String>,
    /// Its invoice.
    pub invoice: Option<Document>,
    /// Whether it can be paid by itself.
    pub again: bool,
}

/// The form.
#[derive(Debug, Deserialize)]
pub struct Agreed {
    #[serde(flatten)]
    chosen: Chosen,
    quote: String,
    round: String,
}

/// `GET /pay-all`.
pub(super) async fn show(who: SignedIn, Query(asked): Query<Chosen>) -> Result<Response, Error> {
    page(&who, asked, None).await
}

/// `POST /pay-all`.
pub(super) async fn create(who: SignedIn, Posted(form): Posted<Agreed>) -> Result<Response, Error> {
    allowed(&who)?;
    let named: RoundId = form.round.parse().map_err(|_| Error::invalid())?;
    let Some(choice) = form.chosen.read() else {
        return page(&who, form.chosen, Some("choose")).await;
    };
    let (cx, scope, customer) = (who.cx(), who.scope().clone(), who.customer.id.clone());
    let quote = form.quote;
    let flow = Box::pin(async move {
        let started = round::start(&cx, &scope, &customer, &named, choice, &quote).await;
        Ok::<_, flows::Error>(started)
    });
    let id = match who.web.perform(flow).await? {
        Ok(id) => id,
        Err(error) => {
            return match trouble::word(&error) {
                Some(word) => page(&who, form.chosen, Some(word)).await,
                None => Err(error.into()),
            };
        }
    };
    // The one page that the customer is needed on, if there is only that.
    let waiting = round::waits_for(&who.web.cx, who.scope(), &id).await?;
    if let [Ending::Action(CustomerAction::Redirect { url })] = &waiting[..]
        && leaving::is_allowed(&who.web, who.scope(), url)
    {
        return Ok(who.redirect_to(url));
    }
    Ok(who.redirect(&format!("/pay-all/{id}")))
}

/// `GET /pay-all/{id}`.
pub(super) async fn result(who: SignedIn, Path(id): Path<String>) -> Result<Response, Error> {
    let id: RoundId = id.parse().map_err(|_| Error::not_found())?;
    let mut records = who.records().await?;
    let round = records.tx.round(who.scope(), &id).await?;
    let round = round
        .filter(|round| round.customer == who.customer.id)
        .ok_or_else(Error::not_found)?;
    let steps = records.tx.round_steps(&id).await?;
    let mut rows = Vec::with_capacity(steps.len());
    for step in &steps {
        rows.push(outcome(&who, &mut records, step).await?);
    }
    let collect = collecting(&mut records, &round).await?;
    let moves = ["processing", "unknown", "approve", "waiting"];
    let waits = round.ended_at.is_none() || rows.iter().any(|row| moves.contains(&row.kind));
    let confirms = rows.iter().any(|row| row.kind == "confirm");
    let page = RoundResultPage {
        waits: waits && collect.is_none() && !confirms,
        rows,
        collect,
    };
    let response = who.render(&page)?;
    Ok(leaving::allow(&who.web, who.scope(), response))
}

/// Whether the business lets its customers pay and choose.
pub(super) fn allowed(who: &SignedIn) -> Result<(), Error> {
    method_update::allowed(who)?;
    reactivation::allowed(who)
}

async fn page(
    who: &SignedIn,
    asked: Chosen,
    trouble: Option<&'static str>,
) -> Result<Response, Error> {
    allowed(who)?;
    let offer = round::offer(&who.web.cx, who.scope(), &who.customer.id).await?;
    if offer.items.is_empty() {
        return Ok(who.redirect("/subscriptions"));
    }
    let mut records = who.records().await?;
    let mut rows = Vec::with_capacity(offer.items.len());
    for (subscription, quote) in &offer.items {
        rows.push(Turn {
            plan: records.plan(subscription).await?,
            due: quote.as_ref().map(|quote| quote.totals.gross),
        });
    }
    let methods = records.methods().await?;
    let usable = methods.iter().find(|method| !method.expired);
    let chosen = usable.map_or_else(|| "new".to_owned(), |method| method.id.clone());
    let round: RoundId = who.web.cx.new_id();
    let page = RoundPage {
        totals: totals(&rows),
        rows,
        quote: offer.id,
        round: round.to_string(),
        chosen: asked.choice.unwrap_or(chosen),
        methods,
        trouble,
    };
    let status = match trouble {
        Some("stale") => StatusCode::CONFLICT,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let response = who.render_as(status, &page)?;
    Ok(leaving::allow(&who.web, who.scope(), response))
}

/// The sums of what is due, a currency each.
fn totals(rows: &[Turn]) -> Vec<Money> {
    let mut totals: Vec<Money> = Vec::new();
    for due in rows.iter().filter_map(|row| row.due) {
        match totals.iter_mut().find(|sum| sum.currency == due.currency) {
            Some(sum) => *sum = sum.checked_add(due).unwrap_or(*sum),
            None => totals.push(due),
        }
    }
    totals
}

/// The gateway's page for the new method of a round that begins with a set-up.
async fn collecting(records: &mut Records, round: &Round) -> Result<Option<String>, Error> {
    let Some(id) = round.setup.as_ref().filter(|_| round.method.is_none()) else {
        return Ok(None);
    };
    let setup = records.tx.setup(&round.scope, id).await?;
    Ok(setup.and_then(|setup| match Stage::of_setup(&setup) {
        Some(Stage::Confirm { .. }) => Some(format!("/setups/{}", setup.id)),
        _ => None,
    }))
}

async fn outcome(who: &SignedIn, records: &mut Records, step: &Step) -> Result<Outcome, Error> {
    let subscription = records
        .tx
        .subscription(who.scope(), &step.subscription)
        .await?;
    let subscription = subscription.ok_or_else(Error::not_found)?;
    let payment = match &step.payment {
        Some(id) => records.tx.payment(who.scope(), id).await?,
        None => None,
    };
    let payment = payment.filter(|_| step.outcome == StepOutcome::Tried);
    let mut row = Outcome {
        subscription: step.subscription.to_string(),
        product: records.product(&subscription.product).await?,
        amount: payment.as_ref().map(|payment| payment.amount),
        kind: step.outcome.as_str(),
        tone: match step.outcome {
            StepOutcome::Changed => "good",
            StepOutcome::Waiting | StepOutcome::Tried => "info",
            _ => "warn",
        },
        reason: None,
        payment: payment.as_ref().map(|payment| payment.id.to_string()),
        invoice: None,
        again: subscription.state.has_dues(),
    };
    let Some(payment) = payment else {
        return Ok(row);
    };
    row.tone = super::view::payment_tone(&payment.standing());
    row.again &= !payment.state.is_open();
    row.kind = match Stage::of(&who.web.cx, &payment) {
        None => "paid",
        Some(Stage::Confirm { .. }) => "confirm",
        Some(Stage::Approve) => "approve",
        Some(Stage::Processing { .. }) => "processing",
        Some(Stage::Unknown) => "unknown",
        Some(Stage::Declined { reason, .. }) => {
            row.reason = Some(reason);
            "declined"
        }
        Some(Stage::Cancelled) => "cancelled",
    };
    if matches!(payment.state, PaymentState::Succeeded { .. }) {
        let invoice = records.invoice(&payment).await?;
        row.invoice = invoice.as_ref().and_then(Document::of);
    }
    Ok(row)
}

impl Page for RoundPage {
    const TEMPLATE: &'static str = "pages/round.html";

    fn samples() -> Vec<Self> {
        let turn = |plan: Plan, due| Turn { plan, due };
        let due = Some(sample::money(2900, "EUR"));
        let mut rows: Vec<Turn> = sample::plans()
            .into_iter()
            .filter(|plan| plan.state != "pending")
            .map(|plan| turn(plan, None))
            .collect();
        for row in &mut rows[..2] {
            row.due = due;
        }
        let page = Self {
            totals: totals(&rows),
            rows,
            quote: "sample".to_owned(),
            round: "rnd_sample".to_owned(),
            methods: sample::methods(),
            chosen: "pm_visa".to_owned(),
            trouble: None,
        };
        let nothing_due = Self {
            rows: vec![turn(sample::active(), None), turn(sample::active(), None)],
            totals: Vec::new(),
            methods: Vec::new(),
            chosen: "new".to_owned(),
            ..page.clone()
        };
        let two = Self {
            totals: vec![sample::money(2900, "EUR"), sample::money(120_000, "JPY")],
            ..page.clone()
        };
        let mut samples = vec![page.clone(), nothing_due, two];
        samples.extend(trouble::ALL.iter().map(|trouble| Self {
            trouble: Some(trouble),
            ..page.clone()
        }));
        samples
    }
}

impl Page for RoundResultPage {
    const TEMPLATE: &'static str = "pages/round-result.html";

    fn samples() -> Vec<Self> {
        let row = |kind, tone| Outcome {
            subscription: "sub_sample".to_owned(),
            product: "Pro".to_owned(),
            amount: Some(sample::money(2900, "EUR")),
            kind,
            tone,
            reason: None,
            payment: Some("pay_sample".to_owned()),
            invoice: None,
            again: false,
        };
        let bare = |kind, tone| Outcome {
            amount: None,
            payment: None,
            ..row(kind, tone)
        };
        let done = vec![
            Outcome {
                invoice: Some(sample::document()),
                ..row("paid", "good")
            },
            Outcome {
                product: sample::LONG.to_owned(),
                ..bare("changed", "good")
            },
            Outcome {
                reason: Some("insufficient-funds"),
                again: true,
                ..row("declined", "bad")
            },
        ];
        let mut all = done.clone();
        all.extend([
            row("confirm", "warn"),
            row("approve", "warn"),
            row("processing", "info"),
            row("unknown", "info"),
            row("cancelled", "plain"),
        ]);
        for refused in [
            "stale",
            "under-way",
            "unusable",
            "too-many",
            "ended",
            "skipped",
        ] {
            all.push(Outcome {
                again: true,
                ..bare(refused, "warn")
            });
        }
        let page = |rows, waits, collect| Self {
            rows,
            waits,
            collect,
        };
        vec![
            page(done, false, None),
            page(all, false, None),
            page(vec![bare("waiting", "info")], true, None),
            page(
                vec![bare("waiting", "info")],
                false,
                Some("/setups/set_sample".to_owned()),
            ),
        ]
    }
}
