//! Charges of a saved method, lookups, and the bounds of amounts.

use super::{Judged, Suite, same, stand, told};
use crate::domain::money::{Currency, Money};
use crate::plugins::Error;
use crate::plugins::gateway::answer::{Cancellation, Lookup, Outcome, Payment};

impl Suite {
    pub(super) async fn charges(&mut self) {
        let once = "a key charges once, however often it is sent";
        if self.method.is_some() {
            let judged = self.twice().await;
            self.judge(once, judged);
            let judged = self.another_key().await;
            self.judge("another key is another charge", judged);
            let judged = self.another_amount().await;
            self.judge("a key that was used does not charge another amount", judged);
        } else {
            let promised = self.gateway.description().methods;
            let reusable = promised.iter().any(|method| method.reusable);
            let paid = !self.paid.is_empty();
            let honest = "a method that can be charged again was saved";
            if reusable && paid {
                let why = "it says that a method is reusable, and saved none when it was asked to";
                self.judge(honest, Err(why.to_owned()));
            }
            self.not_tried(once, "no method was saved that could be charged");
        }
        let judged = self.unknown_key().await;
        self.judge("a key that was never sent is not found", judged);
        let judged = self.cancel_unknown().await;
        self.judge("what was never sent is not confirmed as cancelled", judged);
        let judged = self.bounds().await;
        self.judge("what it says it does not take is refused", judged);
    }

    async fn twice(&mut self) -> Judged {
        let request = self.charging("twice");
        let before = self.line.sent();
        let first = self.gateway.charge(&request).await;
        let first = first.map_err(|error| format!("a renewal: {error}"))?;
        charged(&first, request.amount)?;
        if self.line.sent() == before {
            return Err("it says that it charged, and has asked nobody".to_owned());
        }
        self.paid.push((request.key.clone(), request.amount));
        let second = self.gateway.charge(&request).await;
        let second = second.map_err(|error| format!("the second time: {error}"))?;
        same(
            "the reference of the second charge with the same key",
            &second.reference,
            &first.reference,
        )?;
        let found = self.find(&self.unanswered(&request)).await?;
        same(
            "the reference at lookup",
            &found.reference,
            &first.reference,
        )?;
        charged(&found, request.amount)
    }

    async fn another_key(&mut self) -> Judged {
        let request = self.charging("another");
        let payment = self.gateway.charge(&request).await;
        let payment = payment.map_err(|error| format!("a second renewal: {error}"))?;
        charged(&payment, request.amount)?;
        self.paid.push((request.key.clone(), request.amount));
        let first = self.find(&self.unanswered(&self.charging("twice"))).await?;
        if payment.reference == first.reference {
            return Err("two keys are one charge".to_owned());
        }
        Ok(())
    }

    async fn another_amount(&self) -> Judged {
        let first = self.find(&self.unanswered(&self.charging("twice"))).await?;
        let mut request = self.charging("twice");
        request.amount = Money::new(self.range.least, self.range.currency);
        match self.gateway.charge(&request).await {
            // The first charge, as it was.
            Ok(payment) if payment.reference == first.reference => {
                same("the amount", &payment.amount, &first.amount)
            }
            Ok(payment) => Err(format!("it says {}", stand(&payment))),
            Err(error) if error.outcome_unknown() => Ok(()),
            Err(Error::InvalidRequest { .. }) => Ok(()),
            Err(error) => Err(format!("it says: {error}")),
        }
    }

    async fn unknown_key(&self) -> Judged {
        let sent = self.unanswered(&self.charging("never-sent"));
        match self.gateway.lookup(&sent).await {
            Ok(Lookup::Absent | Lookup::CannotTell) => Ok(()),
            answer => Err(format!(
                "lookup of a key that was never sent says: {}",
                told(&answer)
            )),
        }
    }

    async fn cancel_unknown(&self) -> Judged {
        let sent = self.unanswered(&self.charging("never-sent"));
        match self.gateway.cancel(&sent).await {
            Ok(Cancellation::Cancelled) => Err(
                "it confirms as cancelled what may still be on its way to the processor".to_owned(),
            ),
            Ok(Cancellation::TooLate(payment)) => Err(format!(
                "it knows a payment that was never sent: {}",
                stand(&payment)
            )),
            Ok(Cancellation::Unsupported) | Err(_) => Ok(()),
        }
    }

    async fn bounds(&self) -> Judged {
        let mut wrong = Vec::new();
        if self.range.least > 1 {
            wrong.push(Money::new(self.range.least - 1, self.range.currency));
        }
        // Some say the greatest number for "no greatest amount": nothing is more than that.
        let more = self.range.greatest.and_then(|most| most.checked_add(1));
        wrong.extend(more.map(|more| Money::new(more, self.range.currency)));
        let taken = self.gateway.description().amounts;
        let other = ["XOF", "MGA", "ISK", "BTN"]
            .iter()
            .filter_map(|code| code.parse::<Currency>().ok())
            .find(|currency| taken.iter().all(|range| range.currency != *currency));
        wrong.extend(other.map(|currency| Money::new(100_000, currency)));
        for (at, amount) in wrong.into_iter().enumerate() {
            let mut request = self.charging(&format!("bounds{at}"));
            request.amount = amount;
            let shown = format!("{} {}", amount.minor, amount.currency.code());
            match self.gateway.charge(&request).await {
                Err(Error::InvalidRequest { .. } | Error::Unsupported { .. }) => {}
                Ok(payment) if matches!(payment.outcome, Outcome::Declined(_)) => {}
                Ok(payment) => return Err(format!("{shown} is taken: {}", stand(&payment))),
                Err(error) => return Err(format!("{shown} is not refused for good: {error}")),
            }
        }
        Ok(())
    }
}

/// Whether this is a charge that took its way, of this amount.
pub(super) fn charged(payment: &Payment, amount: Money) -> Judged {
    same("the amount", &payment.amount, &amount)?;
    if payment.reference.is_none() {
        return Err("a charge has no reference".to_owned());
    }
    match payment.outcome {
        Outcome::Succeeded | Outcome::Processing { .. } => Ok(()),
        _ => Err(format!("a renewal is {}", stand(payment))),
    }
}
