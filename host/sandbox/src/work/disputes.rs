//! Money that the customer's bank takes back. It is booked when it is gone: when a dispute is
//! lost, or a debit is returned.

use super::Work;
use crate::error::Error;
use crate::orders::NewDispute;
use crate::store::{self, Dispute, DisputeStatus, EntryKind, Kind, MethodKind, Status};
use crate::wire::{DisputeOut, MethodOut};

impl Work<'_> {
    /// The customer contests a charge.
    pub(crate) async fn dispute(
        &mut self,
        charge: &str,
        order: &NewDispute,
    ) -> Result<DisputeOut, Error> {
        let dispute = self.contest(charge, order, DisputeStatus::Opened).await?;
        self.tx.insert_dispute(&dispute).await?;
        self.announce_dispute(dispute).await
    }

    /// The bank returns a debit that had succeeded.
    pub(crate) async fn return_debit(&mut self, charge: &str) -> Result<DisputeOut, Error> {
        let order = NewDispute::default();
        let dispute = self
            .contest(charge, &order, DisputeStatus::Returned)
            .await?;
        self.tx.insert_dispute(&dispute).await?;
        self.book_dispute(&dispute, EntryKind::Reversal).await?;
        self.announce_dispute(dispute).await
    }

    /// Ends a dispute. One that was lost may be won after all.
    pub(crate) async fn decide_dispute(
        &mut self,
        mut dispute: Dispute,
        won: bool,
    ) -> Result<DisputeOut, Error> {
        let overturned = won && dispute.status == DisputeStatus::Lost;
        if dispute.status != DisputeStatus::Opened && !overturned {
            return Err(Error::invalid("status", "This is not open."));
        }
        dispute.status = if won {
            DisputeStatus::Won
        } else {
            DisputeStatus::Lost
        };
        dispute.updated_at = self.now;
        self.tx.save_dispute(&dispute).await?;
        if overturned {
            self.book_dispute(&dispute, EntryKind::ReversalReturned)
                .await?;
        } else if !won {
            self.book_dispute(&dispute, EntryKind::Reversal).await?;
        }
        self.announce_dispute(dispute).await
    }

    async fn contest(
        &mut self,
        charge: &str,
        order: &NewDispute,
        status: DisputeStatus,
    ) -> Result<Dispute, Error> {
        let charge = self
            .tx
            .intent(&self.account.name, Kind::Charge, charge)
            .await?
            .filter(|charge| charge.status == Status::Succeeded)
            .ok_or_else(|| Error::invalid("charge", "There is no such successful charge."))?;
        let (Some(captured), Some(currency)) = (charge.amount, charge.currency.clone()) else {
            return Err(Error::invalid("charge", "A set-up has no money."));
        };
        if status == DisputeStatus::Returned {
            let method = match &charge.method {
                Some(id) => self.tx.method(&self.account.name, id).await?,
                None => None,
            };
            if method.is_none_or(|method| method.kind != MethodKind::BankDebit) {
                return Err(Error::invalid("charge", "Only a debit can be returned."));
            }
        }
        let left = captured
            .saturating_sub(self.tx.refunded(&charge.id).await?)
            .saturating_sub(self.tx.contested(&charge.id).await?);
        let amount = order.amount.unwrap_or(left);
        if amount < 1 || amount > left {
            return Err(Error::invalid(
                "amount",
                format!("At most {left} can be taken back."),
            ));
        }
        Ok(Dispute {
            id: store::new_id("dp"),
            account: self.account.name.clone(),
            charge: charge.id,
            idempotency_key: charge.idempotency_key,
            amount,
            currency,
            reason: order.reason.clone().unwrap_or_else(|| match status {
                DisputeStatus::Returned => "returned".to_owned(),
                _ => "not_recognised".to_owned(),
            }),
            status,
            created_at: self.now,
            updated_at: self.now,
        })
    }

    async fn book_dispute(&mut self, dispute: &Dispute, kind: EntryKind) -> Result<(), Error> {
        let Dispute {
            id,
            idempotency_key,
            amount,
            currency,
            ..
        } = dispute;
        self.book(kind, id, idempotency_key, *amount, currency)
            .await
    }

    /// The customer's bank revokes a saved method.
    pub(crate) async fn revoke_method(&mut self, id: &str) -> Result<MethodOut, Error> {
        let account = &self.account.name;
        self.tx.mark_method_detached(account, id, self.now).await?;
        let method = self.tx.method(account, id).await?;
        let out = MethodOut::from(method.ok_or_else(|| Error::not_found("method"))?);
        self.announce("method.gone", &out).await?;
        Ok(out)
    }

    async fn announce_dispute(&mut self, dispute: Dispute) -> Result<DisputeOut, Error> {
        let kind = match dispute.status {
            DisputeStatus::Returned => "debit.returned".to_owned(),
            status => format!("dispute.{}", status.word()),
        };
        let out = DisputeOut::from(dispute);
        self.announce(&kind, &out).await?;
        Ok(out)
    }
}
