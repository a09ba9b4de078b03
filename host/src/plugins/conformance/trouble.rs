//! What a gateway says when its line to the processor breaks: never more than it knows.

use super::charges::charged;
use super::line::Trouble;
use super::{Judged, Suite, stand, told};
use crate::plugins::Error;
use crate::plugins::gateway::answer::{Lookup, Outcome};

/// What leaves a question without an answer.
pub(super) const SILENT: [Trouble; 5] = [
    Trouble::NotSent,
    Trouble::LostOnTheWay,
    Trouble::Status(500),
    Trouble::Status(502),
    Trouble::Garbage,
];
/// What another server answers in the processor's place.
pub(super) const STRANGE: [Trouble; 2] = [Trouble::Status(404), Trouble::Stranger];

impl Suite {
    pub(super) async fn trouble(&mut self) {
        for (promise, name, trouble) in [
            (
                "a lost answer is an unknown outcome, and lookup finds the one charge",
                "answer-lost",
                Trouble::AnswerLost,
            ),
            (
                "an unreadable answer is an unknown outcome, and lookup finds the one charge",
                "garbage",
                Trouble::Garbage,
            ),
            (
                "a request that was lost on its way is an unknown outcome, and can be sent again",
                "lost",
                Trouble::LostOnTheWay,
            ),
            (
                "an answer of 500 is an unknown outcome, and can be sent again",
                "status-500",
                Trouble::Status(500),
            ),
            (
                "a request that never left is not executed, and can be sent again",
                "not-sent",
                Trouble::NotSent,
            ),
            (
                "an answer of 429 is not an outcome, and can be sent again",
                "status-429",
                Trouble::Status(429),
            ),
        ] {
            let judged = self.charge_in(name, trouble).await;
            self.judge(promise, judged);
        }
        let judged = self.cannot_tell(&SILENT).await;
        self.judge("a lookup without an answer cannot tell", judged);
        let judged = self.cannot_tell(&STRANGE).await;
        self.judge("what another server answers tells a lookup nothing", judged);
    }

    async fn charge_in(&mut self, name: &str, trouble: Trouble) -> Judged {
        let request = self.charging(name);
        self.line.breaks(trouble, true);
        let answer = self.gateway.charge(&request).await;
        self.line.mend();
        let error = match answer {
            Ok(payment) => return Err(format!("it says {} all the same", stand(&payment))),
            Err(error) => error,
        };
        let fits = match trouble {
            // Perhaps what was asked first moves no money, and the gateway knows.
            Trouble::AnswerLost
            | Trouble::Garbage
            | Trouble::LostOnTheWay
            | Trouble::Stranger
            | Trouble::Status(500..) => {
                error.outcome_unknown()
                    || (self.method.is_none() && matches!(error, Error::NotExecuted { .. }))
            }
            Trouble::NotSent => matches!(error, Error::NotExecuted { .. }),
            Trouble::Status(_) => matches!(error, Error::RateLimited { .. }),
        };
        if !fits {
            return Err(format!("it says: {error}"));
        }
        let done =
            error.outcome_unknown() && matches!(trouble, Trouble::AnswerLost | Trouble::Garbage);
        let sent = self.unanswered(&request);
        let found = if done {
            Some(self.find(&sent).await?)
        } else {
            match self.gateway.lookup(&sent).await {
                Ok(Lookup::Found(payment)) => {
                    return Err(format!(
                        "lookup finds what was never done: {}",
                        stand(&payment)
                    ));
                }
                _ => None,
            }
        };
        let again = self.gateway.charge(&request).await;
        let again = again.map_err(|error| format!("sent again: {error}"))?;
        if self.method.is_some() {
            charged(&again, request.amount)?;
            self.paid.push((request.key.clone(), request.amount));
        }
        match found {
            Some(found) if found.reference != again.reference => {
                Err("sent again, it is a second charge".to_owned())
            }
            Some(found) if self.method.is_some() && found.outcome != Outcome::Succeeded => {
                charged(&found, request.amount)
            }
            _ => Ok(()),
        }
    }

    /// Looks up what was charged, while each of these goes wrong.
    async fn cannot_tell(&self, troubles: &[Trouble]) -> Judged {
        let sent = self.unanswered(&self.charging("answer-lost"));
        for &trouble in troubles {
            self.line.breaks(trouble, false);
            let answer = self.gateway.lookup(&sent).await;
            self.line.mend();
            match answer {
                Ok(Lookup::CannotTell) | Err(_) => {}
                answer => {
                    return Err(format!(
                        "without an answer of the processor ({trouble:?}) it says: {}",
                        told(&answer)
                    ));
                }
            }
        }
        Ok(())
    }
}
