//! What happens to money: every change of a charge, set-up, method or refund, inside one
//! transaction, together with its ledger entry and its webhook. Knows no HTTP and no faults
//! but those that concern webhooks and debits.

mod disputes;
mod refunds;

use serde::Serialize;
use url::Url;

use crate::account::Account;
use crate::clock;
use crate::error::Error;
use crate::instrument::{Instrument, Verdict};
use crate::orders::{NewCharge, NewSetup, Source};
use crate::store::{
    self, Entry, EntryKind, Initiator, Intent, Kind, Method, MethodKind, Status, Tx,
};
use crate::wire::{self, IntentOut};

/// One piece of work for one account, at one moment.
pub(crate) struct Work<'a> {
    pub(crate) tx: &'a mut Tx,
    pub(crate) account: &'a Account,
    pub(crate) public_url: &'a Url,
    pub(crate) now: i64,
}

/// What a customer entered on the hosted page.
pub(crate) struct Entered {
    pub(crate) kind: MethodKind,
    pub(crate) instrument: &'static Instrument,
    pub(crate) holder: String,
    /// Month and year of a card.
    pub(crate) expiry: Option<(i64, i64)>,
}

impl Work<'_> {
    /// Makes a charge.
    pub(crate) async fn charge(
        &mut self,
        key: &str,
        order: &NewCharge,
    ) -> Result<IntentOut, Error> {
        let mut intent = Intent::new(
            Kind::Charge,
            self.account.name.clone(),
            key.to_owned(),
            order.customer.reference.clone(),
            &order.metadata,
            self.now,
        );
        intent.customer_name.clone_from(&order.customer.name);
        intent.amount = Some(order.amount.minor);
        intent.currency = Some(order.amount.currency.clone());
        intent.initiator = order.initiator;
        intent.save_method = order.save_method;
        intent.return_url = order.return_url.as_ref().map(ToString::to_string);
        intent.expires_at = order.expires_at;
        intent.description.clone_from(&order.description);
        intent.only_kind = order.only_kind;
        if let Source::Method(id) = &order.source {
            let method = self.usable_method(id, order).await?;
            let verdict = self.verdict(&method, &intent).await?;
            intent.method = Some(method.id);
            self.decide(&mut intent, verdict).await?;
        }
        self.tx.insert_intent(&intent).await?;
        self.announce_intent(&intent).await
    }

    /// Asks for a method without a charge.
    pub(crate) async fn setup(&mut self, key: &str, order: &NewSetup) -> Result<IntentOut, Error> {
        let mut intent = Intent::new(
            Kind::Setup,
            self.account.name.clone(),
            key.to_owned(),
            order.customer.reference.clone(),
            &order.metadata,
            self.now,
        );
        intent.customer_name.clone_from(&order.customer.name);
        intent.return_url = Some(order.return_url.to_string());
        intent.expires_at = order.expires_at;
        intent.description.clone_from(&order.description);
        intent.only_kind = order.only_kind;
        self.tx.insert_intent(&intent).await?;
        self.announce_intent(&intent).await
    }

    /// A saved method that this order may charge.
    async fn usable_method(&mut self, id: &str, order: &NewCharge) -> Result<Method, Error> {
        let method = self
            .tx
            .method(&self.account.name, id)
            .await?
            .filter(|method| {
                method.saved
                    && method.detached_at.is_none()
                    && method.customer == order.customer.reference
            });
        let method = method
            .ok_or_else(|| Error::invalid("method", "This customer has no such saved method."))?;
        match &order.network_reference {
            Some(reference) if *reference != method.network_reference => Err(Error::invalid(
                "network_reference",
                "This is not the reference of the method.",
            )),
            _ => Ok(method),
        }
    }

    async fn verdict(&mut self, method: &Method, intent: &Intent) -> Result<Verdict, Error> {
        use crate::decline::DeclineCode::{AuthenticationRequired, ExpiredCard};
        let expired = method
            .expiry_month
            .zip(method.expiry_year)
            .is_some_and(|end| has_passed(end, self.now));
        if expired {
            return Ok(Verdict::Decline(ExpiredCard));
        }
        Ok(match intent.initiator {
            Initiator::CustomerPresent => match method.behaviour.when_chosen() {
                // Without a way back the customer cannot be sent anywhere to confirm.
                Verdict::Confirm if intent.return_url.is_none() => {
                    Verdict::Decline(AuthenticationRequired)
                }
                verdict => verdict,
            },
            Initiator::MerchantRecurring | Initiator::MerchantUnscheduled => {
                let declined = self.tx.declined_renewals(&method.id).await?;
                method.behaviour.when_renewed(declined)
            }
        })
    }

    /// Takes the method that the customer entered, and tries it once.
    pub(crate) async fn enter(
        &mut self,
        intent: &mut Intent,
        entered: Entered,
    ) -> Result<(), Error> {
        let fingerprint_key = self.tx.secret("fingerprint").await?;
        let method = Method {
            id: store::new_id("pm"),
            account: intent.account.clone(),
            customer: intent.customer.clone(),
            kind: entered.kind,
            brand: entered.instrument.brand.to_owned(),
            funding: entered.instrument.funding.to_owned(),
            last_four: entered.instrument.last_four().to_owned(),
            expiry_month: entered.expiry.map(|(month, _)| month),
            expiry_year: entered.expiry.map(|(_, year)| year),
            holder: entered.holder,
            fingerprint: entered.instrument.fingerprint(&fingerprint_key),
            behaviour: entered.instrument.behaviour,
            network_reference: store::new_id("nr"),
            saved: false,
            detached_at: None,
            created_at: self.now,
        };
        self.tx.insert_method(&method).await?;
        intent.method = Some(method.id);
        self.decide(intent, entered.instrument.behaviour.when_entered())
            .await?;
        self.save(intent).await
    }

    /// Takes the customer's answer on the confirmation page.
    pub(crate) async fn confirm(
        &mut self,
        intent: &mut Intent,
        approved: bool,
    ) -> Result<(), Error> {
        let method = match &intent.method {
            Some(id) => self.tx.method(&intent.account, id).await?,
            None => None,
        };
        let verdict = match method {
            Some(method) if approved => method.behaviour.when_confirmed(),
            _ => Verdict::Decline(crate::decline::DeclineCode::AuthenticationFailed),
        };
        self.decide(intent, verdict).await?;
        self.save(intent).await
    }

    /// Ends an intent that still awaits its customer; says whether it did. One that is
    /// cancelled already counts as done.
    pub(crate) async fn cancel(&mut self, intent: &mut Intent) -> Result<bool, Error> {
        if intent.status.awaits_customer() {
            intent.status = Status::Cancelled;
            self.save(intent).await?;
        }
        Ok(intent.status == Status::Cancelled)
    }

    /// Ends a bank debit that is under way.
    pub(crate) async fn settle(
        &mut self,
        intent: &mut Intent,
        verdict: Verdict,
    ) -> Result<(), Error> {
        if intent.status != Status::Processing {
            return Err(Error::invalid("status", "This is not under way."));
        }
        self.decide(intent, verdict).await?;
        self.save(intent).await
    }

    /// Applies a verdict. The one place where a charge's money is booked.
    async fn decide(&mut self, intent: &mut Intent, verdict: Verdict) -> Result<(), Error> {
        intent.decline = None;
        intent.settles_at = None;
        intent.status = match (verdict, intent.kind) {
            (Verdict::Succeed, _) | (Verdict::Process, Kind::Setup) => Status::Succeeded,
            (Verdict::Process, Kind::Charge) => {
                let delay = self.account.faults().debit_delay;
                intent.settles_at =
                    delay.map(|delay| self.now.saturating_add(clock::micros(delay)));
                Status::Processing
            }
            (Verdict::Confirm, _) => Status::AwaitingAuthentication,
            (Verdict::Decline(code), _) => {
                intent.decline = Some(code);
                Status::Declined
            }
        };
        if let (true, Status::Succeeded | Status::Processing, Some(method)) =
            (intent.save_method, intent.status, &intent.method)
        {
            self.tx.mark_method_saved(method).await?;
        }
        if let (Status::Succeeded, Some(amount), Some(currency)) =
            (intent.status, intent.amount, &intent.currency)
        {
            self.book(
                EntryKind::Charge,
                &intent.id,
                &intent.idempotency_key,
                amount,
                currency,
            )
            .await?;
        }
        Ok(())
    }

    async fn book(
        &mut self,
        kind: EntryKind,
        reference: &str,
        key: &str,
        amount: i64,
        currency: &str,
    ) -> Result<(), Error> {
        let entry = Entry {
            seq: 0,
            account: self.account.name.clone(),
            kind,
            reference: reference.to_owned(),
            idempotency_key: key.to_owned(),
            amount,
            currency: currency.to_owned(),
            at: self.now,
        };
        Ok(self.tx.append_entry(&entry).await?)
    }

    async fn save(&mut self, intent: &mut Intent) -> Result<(), Error> {
        intent.updated_at = self.now;
        self.tx.save_intent(intent).await?;
        self.announce_intent(intent).await?;
        Ok(())
    }

    async fn announce_intent(&mut self, intent: &Intent) -> Result<IntentOut, Error> {
        let out = wire::intent_out(self.tx, intent, self.public_url).await?;
        let noun = match intent.kind {
            Kind::Charge => "charge",
            Kind::Setup => "setup",
        };
        self.announce(&format!("{noun}.{}", intent.status.word()), &out)
            .await?;
        Ok(out)
    }

    async fn announce(&mut self, kind: &str, object: &impl Serialize) -> Result<(), Error> {
        crate::webhooks::queue(self.tx, self.account, kind, object, self.now).await?;
        Ok(())
    }
}

/// Whether a card that is valid through this month is no longer valid. Cards end with their
/// month, here in UTC.
pub(crate) fn has_passed((month, year): (i64, i64), now: i64) -> bool {
    let Ok(now) = jiff::Timestamp::from_microsecond(now) else {
        return false;
    };
    let today = now.to_zoned(jiff::tz::TimeZone::UTC);
    (year, month) < (i64::from(today.year()), i64::from(today.month()))
}
