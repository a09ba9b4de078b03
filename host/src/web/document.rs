//! The bytes of an issued document: those that are stored, or made and stored by whoever reads
//! them first.

use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use super::{Error, Web};
use crate::domain::Scope;
use crate::domain::id::InvoiceId;
use crate::flows::documents;

/// The PDF of a document that was issued; a draft is not found.
pub(super) async fn pdf(web: &Web, scope: &Scope, id: &InvoiceId) -> Result<Response, Error> {
    let mut tx = web.cx.store.read().await?;
    let invoice = tx.invoice(scope, id).await?;
    let stored = tx.invoice_pdf(scope, id).await?;
    drop(tx);
    let (Some(invoice), stored) = (invoice, stored) else {
        return Err(Error::not_found());
    };
    let Some(number) = invoice.number_text.clone() else {
        return Err(Error::not_found());
    };
    let bytes = if let Some(bytes) = stored {
        bytes
    } else {
        let document = web
            .invoices
            .render(invoice)
            .await
            .map_err(Error::internal)?;
        for problem in &document.problems {
            tracing::error!(error.message = %problem, "a document could not be set in its own theme");
        }
        let (cx, scope, id) = (web.cx.clone(), scope.clone(), id.clone());
        web.perform(async move { documents::keep_bytes(&cx, &scope, &id, document.pdf).await })
            .await?
    };
    // Numbers are made of a prefix from the configuration and digits.
    let name: String = number
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .collect();
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("inline; filename=\"{name}.pdf\""),
        ),
        (CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}
