//! Money that goes back: the same rules as for charges, and never more than was taken.

use super::Work;
use crate::clock;
use crate::error::Error;
use crate::money::Money;
use crate::orders::NewRefund;
use crate::store::{EntryKind, Kind, MethodKind, Refund, RefundStatus, Status};
use crate::wire::RefundOut;

impl Work<'_> {
    /// Gives money back. A card gets it at once, an account after the debit's delay.
    pub(crate) async fn refund(
        &mut self,
        key: &str,
        order: &NewRefund,
    ) -> Result<RefundOut, Error> {
        let charge = self
            .tx
            .intent(&self.account.name, Kind::Charge, &order.charge)
            .await?
            .filter(|charge| charge.status == Status::Succeeded)
            .ok_or_else(|| Error::invalid("charge", "There is no such successful charge."))?;
        let (Some(captured), Some(currency)) = (charge.amount, charge.currency.clone()) else {
            return Err(Error::invalid(
                "charge",
                "A set-up has no money to give back.",
            ));
        };
        let left = captured
            .saturating_sub(self.tx.refunded(&charge.id).await?)
            .saturating_sub(self.tx.contested(&charge.id).await?);
        let wanted = order.amount.clone().unwrap_or(Money {
            minor: left,
            currency: currency.clone(),
        });
        if wanted.currency != currency {
            return Err(Error::invalid(
                "currency",
                "The charge was made in another currency.",
            ));
        }
        if wanted.minor < 1 || wanted.minor > left {
            return Err(Error::invalid(
                "amount",
                format!("At most {left} can be given back."),
            ));
        }
        let mut refund = Refund::new(
            &charge,
            key.to_owned(),
            wanted.minor,
            currency,
            &order.metadata,
            self.now,
        );
        let debited = match &charge.method {
            Some(id) => self
                .tx
                .method(&self.account.name, id)
                .await?
                .is_some_and(|method| method.kind == MethodKind::BankDebit),
            None => false,
        };
        if debited {
            let delay = self.account.faults().debit_delay;
            refund.status = RefundStatus::Processing;
            refund.settles_at = delay.map(|delay| self.now.saturating_add(clock::micros(delay)));
        } else if self.account.faults().refunds_held {
            refund.status = RefundStatus::Processing;
        } else {
            self.book_refund(&refund).await?;
        }
        self.tx.insert_refund(&refund).await?;
        self.announce_refund(refund).await
    }

    /// Ends a refund that is under way.
    pub(crate) async fn settle_refund(
        &mut self,
        mut refund: Refund,
        succeeds: bool,
    ) -> Result<RefundOut, Error> {
        if refund.status != RefundStatus::Processing {
            return Err(Error::invalid("status", "This is not under way."));
        }
        refund.status = if succeeds {
            RefundStatus::Succeeded
        } else {
            RefundStatus::Failed
        };
        refund.settles_at = None;
        refund.updated_at = self.now;
        if succeeds {
            self.book_refund(&refund).await?;
        }
        self.tx.save_refund(&refund).await?;
        self.announce_refund(refund).await
    }

    /// The bank of the one who was to have the money sends it back, days after it was given back.
    pub(crate) async fn bounce_refund(&mut self, mut refund: Refund) -> Result<RefundOut, Error> {
        if refund.status != RefundStatus::Succeeded {
            return Err(Error::invalid("status", "This has not succeeded."));
        }
        refund.status = RefundStatus::Failed;
        refund.updated_at = self.now;
        let Refund {
            id,
            idempotency_key,
            amount,
            currency,
            ..
        } = &refund;
        let kind = EntryKind::ReversalReturned;
        self.book(kind, id, idempotency_key, *amount, currency)
            .await?;
        self.tx.save_refund(&refund).await?;
        self.announce_refund(refund).await
    }

    async fn book_refund(&mut self, refund: &Refund) -> Result<(), Error> {
        let Refund {
            id,
            idempotency_key,
            amount,
            currency,
            ..
        } = refund;
        self.book(EntryKind::Refund, id, idempotency_key, *amount, currency)
            .await
    }

    async fn announce_refund(&mut self, refund: Refund) -> Result<RefundOut, Error> {
        let kind = format!("refund.{}", refund.status.word());
        let out = RefundOut::from(refund);
        self.announce(&kind, &out).await?;
        Ok(out)
    }
}
