//! Making the bytes of an issued document. A reader who comes first makes them as well; the
//! first that are stored stay.

use sha2::{Digest, Sha256};

use super::{Jobs, Verdict};
use crate::domain::Scope;
use crate::domain::id::InvoiceId;
use crate::store;

pub(super) async fn run(jobs: &Jobs, scope: &Scope, id: &InvoiceId) -> Verdict {
    match render(jobs, scope, id).await {
        Ok(verdict) => verdict,
        Err(error) => error.into(),
    }
}

async fn render(jobs: &Jobs, scope: &Scope, id: &InvoiceId) -> store::Result<Verdict> {
    let store = &jobs.cx.store;
    let mut tx = store.read().await?;
    if tx.invoice_pdf(scope, id).await?.is_some() {
        return Ok(Verdict::Done);
    }
    let Some(invoice) = tx.invoice(scope, id).await? else {
        return Ok(Verdict::GiveUp("there is no such document".to_owned()));
    };
    drop(tx);
    let document = match jobs.invoices.render(invoice).await {
        Ok(document) => document,
        Err(error) => return Ok(Verdict::Retry(error.to_string())),
    };
    for problem in &document.problems {
        tracing::error!(error.message = %problem, "a document could not be set in its own theme");
    }
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(&document.pdf));
    let mut tx = store.begin().await?;
    tx.keep_invoice_pdf(scope, id, &document.pdf, &hash).await?;
    tx.commit().await?;
    Ok(Verdict::Done)
}
