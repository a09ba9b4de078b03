//! Payments that the customer makes at the gateway's page.

use super::{Judged, Suite, same, stand};
use crate::domain::money::Money;
use crate::plugins::Error;
use crate::plugins::gateway::answer::{Cancellation, ClientAction, Lookup, Outcome, Payment};
use crate::plugins::gateway::request::{ChargeRequest, Pair, StoredMethod};

/// What a forger would write into the address that a browser comes back with.
const FORGED: [(&str, &str); 4] = [
    ("status", "succeeded"),
    ("redirect_status", "succeeded"),
    ("result", "success"),
    ("success", "true"),
];

impl Suite {
    pub(super) async fn visits(&mut self) {
        let request = self.collecting("visit");
        let before = self.line.sent();
        let begun = match self.gateway.charge(&request).await {
            Ok(begun) => begun,
            Err(error) => {
                let why = format!("a payment cannot be begun: {error}");
                self.judge("a payment begins with a page for the customer", Err(why));
                return;
            }
        };
        let asked = self.line.sent() > before;
        let page = self.begins(&request, &begun, asked);
        let begins = page.as_ref().map(|_| ()).map_err(Clone::clone);
        self.judge("a payment begins with a page for the customer", begins);

        let again = self.same_again(&request, &begun).await;
        self.judge("the same key again is the same payment", again);
        let forged = self.forged_return(&request, &begun).await;
        self.judge("what a browser brings back pays nothing", forged);
        let cancelled = self.cancel_an_open_one().await;
        self.judge("a payment that is cancelled cannot succeed", cancelled);

        let paying = "a customer who paid has paid, the amount that was asked";
        let (Some(customers), Ok(page)) = (self.bench.customers.clone(), page) else {
            self.not_tried(paying, "nobody plays the customer at the page");
            return;
        };
        let paid = match customers(page).await {
            Ok(()) => self.paid(&request, &begun).await,
            Err(why) => Err(format!("the customer could not pay: {why}")),
        };
        self.judge(paying, paid);
        let late = self.cancel_a_paid_one(&request, &begun).await;
        self.judge("a paid payment cannot be cancelled", late);
    }

    fn begins(
        &self,
        request: &ChargeRequest,
        begun: &Payment,
        asked: bool,
    ) -> Result<String, String> {
        same("the amount", &begun.amount, &request.amount)?;
        match &begun.outcome {
            Outcome::RequiresAction { action, until } => {
                if *until > request.expires_at || *until <= self.now() {
                    return Err(format!(
                        "the page ends at {until}, and the wish at {}",
                        request.expires_at
                    ));
                }
                match action {
                    ClientAction::Redirect { url } => Ok(url.clone()),
                    ClientAction::Refused { origin } => Err(format!(
                        "it sends the customer to {origin}, and `browser` of its plugin.toml and of \
                         the grants does not permit that"
                    )),
                    ClientAction::Wait => Err("the customer is not sent to a page".to_owned()),
                }
            }
            _ if !asked => Err(format!("it says {} and has asked nobody", stand(begun))),
            _ => Err(format!("it says {} before the customer paid", stand(begun))),
        }
    }

    async fn same_again(&self, request: &ChargeRequest, begun: &Payment) -> Judged {
        let again = self.gateway.charge(request).await;
        let again = again.map_err(|error| format!("the second time: {error}"))?;
        same("the reference", &again.reference, &begun.reference)
    }

    async fn forged_return(&self, request: &ChargeRequest, begun: &Payment) -> Judged {
        let returned = FORGED.map(|(name, value)| Pair {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        let sent = self.answered(request, begun);
        match self.gateway.resume(&sent, &returned).await {
            Ok(payment) if payment.outcome == Outcome::Succeeded => {
                Err("it believed a forged address that the customer had paid".to_owned())
            }
            _ => Ok(()),
        }
    }

    async fn cancel_an_open_one(&self) -> Judged {
        let request = self.collecting("cancelled");
        let begun = self.gateway.charge(&request).await;
        let begun = begun.map_err(|error| format!("it cannot be begun: {error}"))?;
        let sent = self.answered(&request, &begun);
        match self.gateway.cancel(&sent).await {
            Ok(Cancellation::Unsupported) => return Ok(()),
            Ok(Cancellation::Cancelled) => {}
            Ok(Cancellation::TooLate(payment)) => {
                return Err(format!("too late, it says: {}", stand(&payment)));
            }
            Err(error) => return Err(format!("cancel of an open payment: {error}")),
        }
        match self.gateway.lookup(&sent).await {
            Ok(Lookup::Found(payment))
                if !matches!(payment.outcome, Outcome::Cancelled | Outcome::Declined(_)) =>
            {
                Err(format!("cancelled, and then {}", stand(&payment)))
            }
            _ => Ok(()),
        }
    }

    /// The customer has paid at the page.
    async fn paid(&mut self, request: &ChargeRequest, begun: &Payment) -> Judged {
        let sent = self.answered(request, begun);
        let payment = self.gateway.resume(&sent, &[]).await;
        let payment = payment.map_err(|error| format!("after the customer paid: {error}"))?;
        same("the amount", &payment.amount, &request.amount)?;
        if payment.outcome != Outcome::Succeeded {
            return Err(format!("after the customer paid it is {}", stand(&payment)));
        }
        self.paid.push((request.key.clone(), request.amount));
        self.customer.clone_from(&payment.customer_reference);
        self.method = payment.method.map(|method| StoredMethod {
            reference: method.reference,
            mandate: method.mandate,
            network: method.network,
        });
        // A lookup by the key alone, as after a lost answer, says the same.
        let found = self.find(&self.unanswered(request)).await?;
        same("the reference", &found.reference, &payment.reference)?;
        same("the outcome", &found.outcome, &payment.outcome)?;
        same::<Money>("the amount", &found.amount, &payment.amount)
    }

    async fn cancel_a_paid_one(&self, request: &ChargeRequest, begun: &Payment) -> Judged {
        match self.gateway.cancel(&self.answered(request, begun)).await {
            Ok(Cancellation::Cancelled) => {
                Err("it says that a payment is cancelled which has succeeded".to_owned())
            }
            Ok(Cancellation::TooLate(payment)) if payment.outcome != Outcome::Succeeded => {
                Err(format!("it was paid, and now is {}", stand(&payment)))
            }
            Ok(_) | Err(Error::NotExecuted { .. } | Error::InvalidRequest { .. }) => Ok(()),
            Err(error) => Err(format!("cancel of a paid payment: {error}")),
        }
    }
}
