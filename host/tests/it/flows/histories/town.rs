//! A town in which a history happens: subscriptions, pages that were left open, and what the
//! gateway said once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use vestibule::domain::id::{CustomerId, SubscriptionId};
use vestibule::domain::subscription::SubscriptionState;
use vestibule::flows::{
    Attempt, AttemptOf, Choice, Ending, Error, method_update, reactivation, round, settlement,
    test_clock,
};
use vestibule::invoices::Invoices;
use vestibule::jobs::{Jobs, Worker};
use vestibule::mail::Mailer;
use vestibule::mail::transport::Transport;
use vestibule::themes::Themes;

use super::actions::{Action, Instrument, Pause, Trouble, Way};
use super::bank::Telling;
use super::invariants::Reader;
use super::merchant::Sale;
use super::model::Act;
use crate::flows::page;
use crate::jobs::eventually;
use crate::support::world::World;

/// How often time passes at the end until everything must have settled.
const ROUNDS: u32 = 6;

pub(super) struct Town<'a> {
    pub(super) world: &'a World,
    jobs: Arc<Jobs>,
    pub(super) subscriptions: Vec<SubscriptionId>,
    /// Customers who come again and again.
    pub(super) regulars: Vec<CustomerId>,
    /// What is on sale.
    pub(super) sale: Sale,
    /// Attempts, with the page of each that has one.
    attempts: Vec<(Attempt, Option<String>)>,
    /// How charges stood when somebody looked.
    said: Vec<Value>,
    /// What there is to tell of disputes, oldest first.
    pub(super) disputes: Vec<Telling>,
    /// What the model did not expect, since the invariants were looked at last.
    pub(super) unexpected: Vec<String>,
    _mailbox: tempfile::TempDir,
}

impl<'a> Town<'a> {
    pub(super) async fn new(world: &'a World) -> Self {
        let clear = world.sandbox.call(Method::DELETE, "/control/faults", None);
        clear.await;
        world.sandbox.hold_debits().await;
        let mut settings = (**world.cx.settings.load()).clone();
        for business in settings.businesses.values_mut() {
            business.allow.backup_method = true;
        }
        world.cx.settings.store(settings.into());
        let settings = world.cx.settings.load();
        let mailbox = tempfile::tempdir().unwrap();
        let themes = Arc::new(Themes::load(&settings.themes.dir).unwrap());
        let transport = Transport::Mailbox(mailbox.path().to_owned());
        let mailer = Mailer::new(Arc::clone(&themes), transport, settings.mail.from.clone());
        let invoices = Invoices::new(Arc::clone(&themes));
        Self {
            world,
            jobs: Jobs::new(world.cx.clone(), themes, Arc::new(mailer), invoices),
            subscriptions: Vec::new(),
            regulars: vec![world.customer().await.id, world.customer().await.id],
            sale: Sale::open(world).await,
            attempts: Vec::new(),
            said: Vec::new(),
            disputes: Vec::new(),
            unexpected: Vec::new(),
            _mailbox: mailbox,
        }
    }

    /// One step. What the rules refuse is an answer like any other.
    pub(super) async fn step(&mut self, action: &Action) {
        let world = self.world;
        match action {
            Action::Buy(with, cart) => self.buy(*with, *cart).await,
            Action::BuyOnDemand(who, with) => self.buy_on_demand(*who, *with).await,
            Action::Charge(who, minor) => self.charge(*who, *minor).await,
            Action::ChangePlan(who, plan) => self.change_plan(*who, plan).await,
            Action::KeepPlan(who) => self.keep_plan(*who).await,
            Action::PauseAndSettle(who, minor) => self.pause_and_settle(*who, *minor).await,
            Action::Refund(which, part) => self.refund(*which, *part).await,
            Action::HoldRefunds(held) => self.hold_refunds(*held).await,
            Action::TellRefund(which) => self.tell_refund(*which).await,
            Action::Contest(which, part, told) => self.contest(*which, *part, *told).await,
            Action::DecideDispute(which, won, told) => self.decide(*which, *won, *told).await,
            Action::ReturnDebit(which, told) => self.return_debit(*which, *told).await,
            Action::TellDispute(which) => {
                if let Some(telling) = choose(&self.disputes, *which) {
                    self.tell(&telling).await;
                }
            }
            Action::PayDue(who, way) => {
                self.pay_due(*who, *way).await;
            }
            Action::ChangeMethod(who, way) => self.change_method(*who, *way).await,
            Action::LeavePage(who) => {
                if let Some(id) = self.who(*who) {
                    self.open(&id, Choice::New).await;
                }
            }
            Action::FinishPage(which, with) => {
                let pages = self.attempts.iter().filter(|(_, page)| page.is_some());
                let pages: Vec<_> = pages.cloned().collect();
                if let Some((attempt, Some(page))) = choose(&pages, *which) {
                    self.type_in(&page, *with).await;
                    self.come_back(&attempt).await;
                }
            }
            Action::Return(which) => {
                if let Some((attempt, _)) = choose(&self.attempts, *which) {
                    self.come_back(&attempt).await;
                }
            }
            Action::CancelNow(who) => self.act(*who, Act::CancelNow).await,
            Action::CancelAtEnd(who) => self.act(*who, Act::CancelAtEnd).await,
            Action::Keep(who) => self.act(*who, Act::Keep).await,
            Action::Pause(who) => self.act(*who, Act::Pause { dated: false }).await,
            Action::PauseFor5Days(who) => self.act(*who, Act::Pause { dated: true }).await,
            Action::Resume(who) => self.act(*who, Act::Resume).await,
            Action::BackUp(who, is_backup) => self.back_up(*who, *is_backup).await,
            Action::Detach(who) => self.detach(*who).await,
            Action::Withdraw(who) => self.withdraw(*who).await,
            Action::Bounce(which, told) => self.bounce_one(*which, *told).await,
            Action::Rule(rule) => self.decree(*rule),
            Action::Round(who, way) => self.round(*who, *way).await,
            Action::Rehearse(days) => self.rehearse(*days).await,
            Action::BillNow(who) => {
                self.bill_now(*who).await;
            }
            Action::Trouble(trouble) => self.trouble(*trouble).await,
            Action::BankDecides { moved } => self.bank_decides(*moved).await,
            Action::Webhook(which) => {
                if let Some(charge) = choose(&self.charges().await, *which) {
                    self.said.push(charge.clone());
                    self.hear(&charge).await;
                }
            }
            Action::OldWebhook(which) => {
                if let Some(charge) = choose(&self.said, *which) {
                    self.hear(&charge).await;
                }
            }
            Action::ForgetKeys => {
                let forget = "/control/forget-keys";
                world.sandbox.call(Method::POST, forget, None).await;
            }
            Action::Wait(pause) => world.cx.clock.advance(match pause {
                Pause::Minutes(minutes) => SignedDuration::from_mins(*minutes),
                Pause::Days(days) => SignedDuration::from_hours(24 * days),
            }),
            Action::Work => self.work().await,
        }
    }

    /// Nothing goes wrong any more, banks decide, time passes and the hosts work.
    pub(super) async fn settle(&mut self) {
        let sandbox = &self.world.sandbox;
        sandbox.call(Method::DELETE, "/control/faults", None).await;
        self.hold_refunds(false).await;
        for _ in 0..ROUNDS {
            while self.bank_decides_one(true).await {}
            self.bank_gives_back().await;
            self.tell_all_disputes().await;
            self.world.cx.clock.advance(SignedDuration::from_hours(25));
            self.work().await;
        }
        // What renewed in the last round by debit ends as well, without that time passes.
        while self.bank_decides_one(true).await {
            for charge in self.charges().await {
                self.hear(&charge).await;
            }
            self.work().await;
        }
    }

    pub(super) fn who(&self, who: usize) -> Option<SubscriptionId> {
        choose(&self.subscriptions, who)
    }

    /// Begins to pay what is due; what that led to is remembered.
    pub(super) async fn open(&mut self, id: &SubscriptionId, choice: Choice) -> Option<Attempt> {
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let quote = allowed(reactivation::quote(cx, scope, id).await)??;
        let attempt = allowed(reactivation::start(cx, scope, id, choice, &quote.id).await)?;
        self.remember(&attempt);
        Some(attempt)
    }

    async fn change_method(&mut self, who: usize, way: Way) {
        let Some(id) = self.who(who) else { return };
        let Some((choice, with)) = self.choice(&id, way).await else {
            return;
        };
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        let attempt = allowed(method_update::start(cx, scope, &id, choice, None).await);
        self.finish(attempt, with).await;
    }

    pub(super) async fn choice(
        &self,
        id: &SubscriptionId,
        way: Way,
    ) -> Option<(Choice, Option<Instrument>)> {
        match way {
            Way::New(with) => Some((Choice::New, Some(with))),
            Way::Saved => {
                let method = self.world.subscription(id).await.method?;
                Some((Choice::Saved(method), None))
            }
        }
    }

    pub(super) async fn finish(&mut self, attempt: Option<Attempt>, with: Option<Instrument>) {
        if let Some(attempt) = attempt {
            self.remember(&attempt);
            self.finish_last(&attempt, with).await;
        }
    }

    pub(super) async fn finish_last(&self, attempt: &Attempt, with: Option<Instrument>) {
        if let (Ending::Action(_), Some(with)) = (&attempt.ending, with) {
            self.type_in(page(&attempt.ending), with).await;
            self.come_back(attempt).await;
        }
    }

    pub(super) fn remember(&mut self, attempt: &Attempt) {
        let open = matches!(attempt.ending, Ending::Action(_));
        let page = open.then(|| page(&attempt.ending).to_owned());
        self.attempts.push((attempt.clone(), page));
    }

    /// On a page of the processor, which may be over.
    async fn type_in(&self, page: &str, with: Instrument) {
        let sandbox = &self.world.sandbox;
        match with {
            Instrument::Debit => {
                sandbox.try_debit(page, "DE89370400440532013000").await;
            }
            Instrument::Card(number) => {
                let next = sandbox.try_card(page, number).await;
                // Where no card is asked for, the bank asks.
                self.confirm(next.or_else(|| Some(page.to_owned())), true)
                    .await;
            }
            Instrument::Confirmed(yes) => {
                let next = sandbox.try_card(page, "4000002500003155").await;
                self.confirm(next.or_else(|| Some(page.to_owned())), yes)
                    .await;
            }
        }
    }

    /// The bank's page, when there is one.
    pub(super) async fn confirm(&self, next: Option<String>, yes: bool) {
        let sandbox = &self.world.sandbox;
        let origin = sandbox.origin();
        if let Some(bank) = next.filter(|next| next.starts_with('/') || next.starts_with(&origin)) {
            sandbox.try_to_decide(&bank, yes).await;
        }
    }

    pub(super) async fn come_back(&self, attempt: &Attempt) {
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        match &attempt.of {
            AttemptOf::Payment(id) => {
                allowed(settlement::returned(cx, scope, id, &[]).await);
            }
            AttemptOf::Setup(id) => {
                allowed(settlement::setup_returned(cx, scope, id, &[]).await);
            }
            AttemptOf::Nothing => {}
        }
        allowed(round::after(cx, scope, &attempt.of).await);
    }

    /// The business's time.
    pub(super) async fn today(&self) -> Timestamp {
        let (cx, scope) = (&self.world.cx, &self.world.scope);
        test_clock::read(cx, scope).await.unwrap().now
    }

    async fn trouble(&self, trouble: Trouble) {
        let fault = json!({
            "operation": trouble.operation, "answer": trouble.answer, "times": trouble.times,
        });
        self.world.sandbox.fault(fault).await;
    }

    async fn charges(&self) -> Vec<Value> {
        let sandbox = &self.world.sandbox;
        let all = sandbox.call(Method::GET, "/control/charges", None).await;
        all["data"].as_array().cloned().unwrap_or_default()
    }

    async fn bank_decides(&self, moved: bool) {
        self.bank_decides_one(moved).await;
    }

    /// Whether there was something to decide.
    async fn bank_decides_one(&self, moved: bool) -> bool {
        let charges = self.charges().await;
        let mut open = charges.iter().filter(|one| one["status"] == "processing");
        let Some(charge) = open.next() else {
            return false;
        };
        let verb = if moved { "settle" } else { "fail" };
        let path = format!("/control/charges/{}/{verb}", charge["id"].as_str().unwrap());
        self.world.sandbox.call(Method::POST, &path, None).await;
        true
    }

    async fn hear(&self, charge: &Value) {
        let event = format!("evt_{}_{}", charge["id"], charge["status"]);
        self.world.hear(&event.replace('"', ""), charge).await;
    }

    /// The hosts' own worker does what is due, and stops. It is waited for as long as it gets on.
    pub(super) async fn work(&self) {
        let stop = CancellationToken::new();
        let worker = Worker::new(Arc::clone(&self.jobs));
        let running = tokio::spawn(worker.run(stop.clone()));
        let mut reader = Reader::connect(&self.world.url).await;
        loop {
            let left = reader.left(self.world).await;
            if left.is_empty() {
                break;
            }
            let (what, before) = (left.join(", "), reader.done().await);
            eventually(&what, async || {
                reader.left(self.world).await.is_empty() || reader.done().await != before
            })
            .await;
        }
        stop.cancel();
        running.await.unwrap();
    }

    /// Where each subscription of this town stands.
    pub(super) async fn states(&self) -> Vec<(SubscriptionId, SubscriptionState)> {
        let mut states = Vec::new();
        for id in &self.subscriptions {
            states.push((id.clone(), self.world.subscription(id).await.state));
        }
        states
    }
}

pub(super) fn choose<T: Clone>(from: &[T], which: usize) -> Option<T> {
    from.get(which.checked_rem(from.len())?).cloned()
}

/// The answer; none when the rules refused. A database that fails is no answer.
pub(super) fn allowed<T>(answer: Result<T, Error>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(Error::Store(error)) => panic!("{error}"),
        Err(_) => None,
    }
}
