//! The turn of one subscription in a round.

use super::super::{AttemptOf, Choice, Error, Refused, method_update, reactivation};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::MethodId;
use crate::store::{Round, Step, StepOutcome};

/// One step's turn; answers it with what became of it.
pub(super) async fn take(
    cx: &Cx,
    round: &Round,
    mut step: Step,
    choice: Choice,
) -> Result<Step, Error> {
    let scope = &round.scope;
    let subscription = &step.subscription;
    step.outcome = match (&step.quote, &step.payment, choice) {
        (Some(quote), Some(payment), choice) => {
            let made = reactivation::start_as(
                cx,
                scope,
                subscription,
                choice.clone(),
                quote,
                payment.clone(),
            );
            match (Box::pin(made).await, choice) {
                (Ok(attempt), _) => match became(&attempt.of) {
                    Some(outcome) => {
                        if let AttemptOf::Payment(id) = attempt.of {
                            step.payment = Some(id);
                        }
                        outcome
                    }
                    None => return Ok(step),
                },
                // Paid by other means meanwhile: the method pays from now on.
                (Err(Error::Refused(Refused::NothingDue)), Choice::Saved(method)) => {
                    switch(cx, scope, &step, method).await?
                }
                (Err(error), _) => refusal(error)?,
            }
        }
        (_, _, Choice::Saved(method)) => switch(cx, scope, &step, method).await?,
        (_, _, Choice::New) => return Ok(step),
    };
    let mut tx = cx.store.begin().await?;
    tx.note_round_step(&round.id, &step).await?;
    tx.commit().await?;
    Ok(step)
}

/// What became of a step by an attempt at its dues; none where it waits as before.
fn became(of: &AttemptOf) -> Option<StepOutcome> {
    match of {
        AttemptOf::Payment(_) => Some(StepOutcome::Tried),
        // Too little to charge: the next invoice has it, and the method pays that.
        AttemptOf::Nothing => Some(StepOutcome::Changed),
        // Too little to charge, and a page asks for the method: nothing uses it before it is there.
        AttemptOf::Setup(_) => None,
    }
}

async fn switch(
    cx: &Cx,
    scope: &Scope,
    step: &Step,
    method: MethodId,
) -> Result<StepOutcome, Error> {
    match method_update::choose_among(cx, scope, &step.subscription, method).await {
        Ok(()) => Ok(StepOutcome::Changed),
        Err(error) => refusal(error),
    }
}

/// What a refusal means for a step; other errors are not its own and are tried again.
fn refusal(error: Error) -> Result<StepOutcome, Error> {
    Ok(match error {
        Error::Refused(Refused::StaleQuote | Refused::NothingDue) => StepOutcome::Stale,
        Error::Refused(Refused::PaymentUnderWay) => StepOutcome::UnderWay,
        Error::Refused(Refused::MethodUnusable) | Error::NotFound("payment method") => {
            StepOutcome::Unusable
        }
        Error::Refused(Refused::TooManyTries) => StepOutcome::TooMany,
        Error::Refused(_) | Error::NotFound(_) => StepOutcome::Ended,
        other => return Err(other),
    })
}

#[cfg(test)]
mod tests;
