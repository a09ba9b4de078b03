//! The optional operations: refunds, set-ups, the books, and forgetting methods. What is
//! exported must work.

use jiff::SignedDuration;

use super::trouble::{SILENT, STRANGE};
use super::{Judged, Suite, same};
use crate::domain::money::Money;
use crate::plugins::gateway::answer::{LedgerKind, Lookup, Outcome, RefundOutcome};
use crate::plugins::gateway::request::{DetachRequest, RefundRequest, SentRequest, SetupRequest};

/// How many pages of the books are read.
const MOST_PAGES: usize = 50;

impl Suite {
    pub(super) async fn money_back(&mut self) {
        let has = self.gateway.capabilities();
        if has.setup {
            let judged = self.set_up().await;
            self.judge("a method is set up at a page, once per key", judged);
        }
        if has.ledger {
            let judged = self.books().await;
            self.judge(
                "the books have every charge once, and no other amount",
                judged,
            );
        }
        if has.refunds {
            let once = "money goes back once per key, and never more than was taken";
            if let Some((key, amount)) = self.paid.first().cloned() {
                let judged = self.refund(&key, amount).await;
                self.judge(once, judged);
                let judged = self.refund_unheard(amount).await;
                self.judge("a lookup of a refund without an answer cannot tell", judged);
            } else {
                self.not_tried(once, "nothing was paid that could be given back");
            }
        }
        if has.methods {
            let forgotten = "a forgotten method cannot be charged, and can be forgotten again";
            if self.method.is_some() {
                let judged = self.forget().await;
                self.judge(forgotten, judged);
            } else {
                self.not_tried(forgotten, "no method was saved");
            }
        }
    }

    async fn set_up(&self) -> Judged {
        let request = SetupRequest {
            key: self.key("set-up"),
            customer: self.customer(),
            kinds: Vec::new(),
            currency: self.range.currency,
            return_url: "https://portal.example.com/return".to_owned(),
            expires_at: self.now() + SignedDuration::from_hours(1),
        };
        let begun = self.gateway.setup_begin(&request).await;
        let begun = begun.map_err(|error| format!("it cannot be begun: {error}"))?;
        if !matches!(begun.outcome, Outcome::RequiresAction { .. }) {
            return Err("a set-up is over before the customer gave anything".to_owned());
        }
        let again = self.gateway.setup_begin(&request).await;
        let again = again.map_err(|error| format!("the second time: {error}"))?;
        same("the reference", &again.reference, &begun.reference)?;
        let sent = SentRequest {
            key: request.key,
            reference: begun.reference,
            customer_reference: None,
            first_sent_at: self.now(),
            amount: None,
        };
        match self.gateway.setup_complete(&sent, &[]).await {
            Ok(state) if state.outcome == Outcome::Succeeded => {
                Err("it succeeded, and nobody gave a method".to_owned())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(format!("asked how it stands: {error}")),
        }
    }

    async fn refund(&self, key: &str, amount: Money) -> Judged {
        let part = Money::new(amount.minor / 2, amount.currency);
        let payment = SentRequest {
            key: key.to_owned(),
            reference: None,
            customer_reference: self.customer.clone(),
            first_sent_at: self.now(),
            amount: Some(amount),
        };
        let request = RefundRequest {
            key: self.key("refund"),
            payment: payment.clone(),
            amount: part,
            reason: None,
        };
        let too_much = RefundRequest {
            key: self.key("refund-too-much"),
            amount: Money::new(amount.minor.saturating_add(1), amount.currency),
            ..request.clone()
        };
        match self.gateway.refund(&too_much).await {
            Ok(refund) if !matches!(refund.outcome, RefundOutcome::Failed(_)) => {
                return Err("it gives back more than was taken, at once".to_owned());
            }
            _ => {}
        }
        let first = self.gateway.refund(&request).await;
        let first = first.map_err(|error| format!("a refund: {error}"))?;
        same("the amount given back", &first.amount, &part)?;
        if let RefundOutcome::Failed(why) = &first.outcome {
            return Err(format!("a refund of what was paid failed: {why}"));
        }
        let second = self.gateway.refund(&request).await;
        let second = second.map_err(|error| format!("the second time: {error}"))?;
        same("the reference", &second.reference, &first.reference)?;
        let of = |name: &str| SentRequest {
            key: self.key(name),
            ..payment.clone()
        };
        match self.gateway.refund_lookup(&of("refund")).await {
            Ok(Lookup::Found(found)) => same("the reference", &found.reference, &first.reference)?,
            answer => return Err(format!("lookup of a refund says: {answer:?}")),
        }
        if let Ok(Lookup::Found(_)) = self.gateway.refund_lookup(&of("no-refund")).await {
            return Err("lookup finds a refund that was never sent".to_owned());
        }
        let more = RefundRequest {
            key: self.key("refund-more"),
            amount,
            ..request
        };
        match self.gateway.refund(&more).await {
            Ok(refund) if !matches!(refund.outcome, RefundOutcome::Failed(_)) => {
                Err("it gives back more than was taken, in two parts".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Looks the refund up while the processor cannot be heard, or another server is: what is called
    /// absent is given back again.
    async fn refund_unheard(&self, amount: Money) -> Judged {
        let sent = SentRequest {
            key: self.key("refund"),
            reference: None,
            customer_reference: self.customer.clone(),
            first_sent_at: self.now(),
            amount: Some(amount),
        };
        for trouble in SILENT.into_iter().chain(STRANGE) {
            self.line.breaks(trouble, false);
            let answer = self.gateway.refund_lookup(&sent).await;
            self.line.mend();
            match answer {
                Ok(Lookup::CannotTell) | Err(_) => {}
                Ok(answer) => {
                    return Err(format!(
                        "without an answer of the processor ({trouble:?}) it says: {answer:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    async fn forget(&self) -> Judged {
        let Some(method) = self.method.clone() else {
            return Ok(());
        };
        let request = DetachRequest {
            method,
            customer_reference: self.customer.clone(),
        };
        for time in ["the first time", "again"] {
            let gone = self.gateway.detach(&request).await;
            gone.map_err(|error| format!("{time}: {error}"))?;
        }
        match self.gateway.charge(&self.charging("forgotten")).await {
            Ok(payment)
                if matches!(
                    payment.outcome,
                    Outcome::Succeeded | Outcome::Processing { .. }
                ) =>
            {
                Err("it charged a method that was forgotten".to_owned())
            }
            _ => Ok(()),
        }
    }

    async fn books(&self) -> Judged {
        let (start, end) = (
            self.now() - SignedDuration::from_hours(1),
            self.now() + SignedDuration::from_mins(5),
        );
        let mut entries = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .gateway
                .ledger_list(start, end, cursor.as_deref())
                .await;
            let page = page.map_err(|error| format!("the books cannot be read: {error}"))?;
            entries.extend(page.entries);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if cursor.is_some() {
            return Err("the pages of the books do not end".to_owned());
        }
        for (key, amount) in &self.paid {
            let charges: Vec<_> = entries
                .iter()
                .filter(|entry| entry.kind == LedgerKind::Charge)
                .filter(|entry| entry.key.as_ref() == Some(key))
                .collect();
            match charges[..] {
                [charge] => same("an amount in the books", &charge.amount, amount)?,
                [] => return Err(format!("the charge {key} is not in the books")),
                _ => return Err(format!("the charge {key} is {} times there", charges.len())),
            }
        }
        Ok(())
    }
}
