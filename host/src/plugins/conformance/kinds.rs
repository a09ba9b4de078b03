//! Money of other shapes than the usual, methods that are declined, and kinds of methods that a
//! gateway does not take.

use super::{Judged, Suite, same, stand};
use crate::plugins::Error;
use crate::plugins::gateway::answer::{AmountRange, ClientAction, MethodKind, Outcome};
use crate::plugins::gateway::request::MethodChoice;

impl Suite {
    pub(super) async fn kinds(&mut self) {
        for (exponent, promise) in [
            (0, "money without decimals is the amount that was asked"),
            (3, "money with three decimals is the amount that was asked"),
        ] {
            let mut amounts = self.gateway.description().amounts.into_iter();
            if let Some(range) = amounts.find(|range| range.currency.exponent() == exponent) {
                let judged = self.in_currency(range).await;
                self.judge(promise, judged);
            }
        }
        let judged = self.no_such_kind().await;
        self.judge("a kind of method that it does not take is refused", judged);
        let declined = "a method that is declined pays nothing, and is not said to have paid";
        if self.bench.declining.is_some() {
            let judged = self.declined().await;
            self.judge(declined, judged);
        } else {
            self.not_tried(declined, "nobody plays a customer whose method is declined");
        }
    }

    async fn in_currency(&mut self, range: AmountRange) -> Judged {
        let code = range.currency.code();
        let usual = std::mem::replace(&mut self.range, range);
        let request = self.collecting(&format!("in-{}", code.to_ascii_lowercase()));
        self.range = usual;
        let begun = self.gateway.charge(&request).await;
        let begun = begun.map_err(|error| format!("in {code} it cannot be begun: {error}"))?;
        same("the amount", &begun.amount, &request.amount)?;
        let found = self.find(&self.unanswered(&request)).await?;
        same("the amount at lookup", &found.amount, &request.amount)?;
        let Outcome::RequiresAction {
            action: ClientAction::Redirect { url },
            ..
        } = &begun.outcome
        else {
            return Ok(());
        };
        if let Some(customers) = self.bench.customers.clone() {
            let paid = customers(url.clone()).await;
            paid.map_err(|why| format!("the customer could not pay in {code}: {why}"))?;
            let sent = self.answered(&request, &begun);
            let paid = self.gateway.resume(&sent, &[]).await;
            let paid = paid.map_err(|error| format!("after the customer paid: {error}"))?;
            same("the amount that was paid", &paid.amount, &request.amount)?;
            if paid.outcome == Outcome::Succeeded {
                // The books must say the same.
                self.paid.push((request.key, request.amount));
            }
        }
        Ok(())
    }

    async fn no_such_kind(&self) -> Judged {
        let mut request = self.collecting("no-such-kind");
        let kind = MethodKind::Other("conformance-no-such-kind".to_owned());
        request.method = MethodChoice::Collect(vec![kind]);
        match self.gateway.charge(&request).await {
            Err(Error::InvalidRequest { .. } | Error::Unsupported { .. }) => Ok(()),
            Ok(payment) if matches!(payment.outcome, Outcome::Declined(_)) => Ok(()),
            Ok(payment) => Err(format!("it begins with another one: {}", stand(&payment))),
            Err(error) => Err(format!("it is not refused for good: {error}")),
        }
    }

    async fn declined(&self) -> Judged {
        let Some(customers) = self.bench.declining.clone() else {
            return Ok(());
        };
        let request = self.collecting("declined");
        let begun = self.gateway.charge(&request).await;
        let begun = begun.map_err(|error| format!("it cannot be begun: {error}"))?;
        let Outcome::RequiresAction {
            action: ClientAction::Redirect { url },
            ..
        } = &begun.outcome
        else {
            return Err("the customer is not sent to a page".to_owned());
        };
        // A page that says no is a page.
        let _ = customers(url.clone()).await;
        let sent = self.answered(&request, &begun);
        let resumed = self.gateway.resume(&sent, &[]).await;
        let resumed = resumed.map_err(|error| format!("after the customer was there: {error}"))?;
        let found = self.find(&sent).await?;
        for payment in [resumed, found] {
            match payment.outcome {
                // Also where the customer may try another method on the page.
                Outcome::Declined(_) | Outcome::RequiresAction { .. } | Outcome::Cancelled => {}
                Outcome::Succeeded | Outcome::Processing { .. } => {
                    return Err(format!("it is {}", stand(&payment)));
                }
            }
        }
        Ok(())
    }
}
