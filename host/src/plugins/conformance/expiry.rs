//! A wish that ends before anybody pays. It is begun first and looked at last, so that its end comes
//! while the rest is tried.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{Judged, PATIENCE, PAUSE, Suite, stand, told};
use crate::plugins::Error;
use crate::plugins::gateway::answer::{ClientAction, Lookup, Outcome, Payment};
use crate::plugins::gateway::request::ChargeRequest;

/// How soon the wish ends.
const SOON: SignedDuration = SignedDuration::from_secs(15);
/// How much longer a page may live that is still waited for.
const WAITED: SignedDuration = SignedDuration::from_secs(30);

/// A payment that was begun, to end by itself.
pub(super) struct Expiring {
    request: ChargeRequest,
    begun: Result<Payment, Error>,
}

impl Suite {
    /// Begins the payment that nobody pays in time.
    pub(super) async fn begin_expiring(&mut self) {
        let mut request = self.collecting("expiring");
        request.expires_at = self.now() + SOON;
        let begun = self.gateway.charge(&request).await;
        self.expiring = Some(Expiring { request, begun });
    }

    /// Looks at it after its end.
    pub(super) async fn expiry(&mut self) {
        let promise = "a payment that nobody made in time cannot be made any more";
        let Some(Expiring { request, begun }) = self.expiring.take() else {
            return;
        };
        let begun = match begun {
            Ok(begun) => begun,
            Err(error) => {
                let why = format!("it takes no wish that ends in {SOON:#}: {error}");
                self.not_tried(promise, &why);
                return;
            }
        };
        let Outcome::RequiresAction { action, until } = &begun.outcome else {
            let why = format!("it says {} at once", stand(&begun));
            self.not_tried(promise, &why);
            return;
        };
        if *until > request.expires_at + WAITED {
            let why = format!("its page lives until {until}, which is not waited for");
            self.not_tried(promise, &why);
            return;
        }
        let page = if let ClientAction::Redirect { url } = action {
            Some(url.clone())
        } else {
            None
        };
        let judged = self.is_over(&request, &begun, *until, page).await;
        self.judge(promise, judged);
    }

    async fn is_over(
        &self,
        request: &ChargeRequest,
        begun: &Payment,
        until: Timestamp,
        page: Option<String>,
    ) -> Judged {
        let waiting = Instant::now();
        while self.now() <= until && waiting.elapsed() < PATIENCE {
            tokio::time::sleep(PAUSE).await;
        }
        if let (Some(customers), Some(page)) = (&self.bench.customers, page) {
            // The page may say no, or be gone: what counts is that nothing was paid.
            let _ = customers(page).await;
        }
        let sent = self.answered(request, begun);
        let lag = self.gateway.description().lookup_lag.min(PATIENCE);
        let asking = Instant::now();
        loop {
            let answer = self.gateway.lookup(&sent).await;
            match &answer {
                Ok(Lookup::Found(payment)) => match payment.outcome {
                    Outcome::Cancelled | Outcome::Declined(_) => return Ok(()),
                    Outcome::Succeeded | Outcome::Processing { .. } => {
                        return Err(format!("after its end it is {}", stand(payment)));
                    }
                    Outcome::RequiresAction { .. } => {}
                },
                Ok(Lookup::Absent) => return Ok(()),
                Ok(Lookup::CannotTell) | Err(_) => {}
            }
            if asking.elapsed() >= lag {
                return Err(format!("after its end, lookup says: {}", told(&answer)));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
