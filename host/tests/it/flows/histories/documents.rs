//! Issued documents: numbers without gaps, and words and bytes that stay what they were.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use super::invariants::{Invariants, Reader};

/// Everything that an issued document says.
const DOCUMENTS: &str = "SELECT id, kind, number, number_text || ' ' || CAST(issued_at AS TEXT) \
    || ' ' || lines || ' ' || totals || ' ' || seller || ' ' || buyer || COALESCE(corrects, '') \
    AS text, pdf_sha256 FROM invoices WHERE number IS NOT NULL ORDER BY kind, number";
/// The bytes that are sent to whoever asks, and the hash that they were written down with.
const BYTES: &str = "SELECT id, pdf, pdf_sha256 FROM invoices WHERE pdf IS NOT NULL";

#[derive(FromRow)]
struct Document {
    id: String,
    kind: String,
    number: i64,
    text: String,
    pdf_sha256: Option<String>,
}

#[derive(FromRow)]
struct Bytes {
    id: String,
    pdf: Vec<u8>,
    pdf_sha256: Option<String>,
}

impl Reader {
    async fn documents(&mut self) -> Vec<Document> {
        let all = match self {
            Self::Sqlite(own) => sqlx::query_as(DOCUMENTS).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_as(DOCUMENTS).fetch_all(own).await,
        };
        all.unwrap()
    }

    async fn bytes(&mut self) -> Vec<Bytes> {
        let all = match self {
            Self::Sqlite(own) => sqlx::query_as(BYTES).fetch_all(own).await,
            Self::Postgres(own) => sqlx::query_as(BYTES).fetch_all(own).await,
        };
        all.unwrap()
    }
}

impl Invariants {
    /// Numbers without gaps, and documents that say what they said.
    pub(super) async fn documents(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut last: BTreeMap<String, i64> = BTreeMap::new();
        for document in self.reader.documents().await {
            let number = last.entry(document.kind.clone()).or_default();
            *number += 1;
            if *number != document.number {
                wrong.push(format!("no {} {number}", document.kind));
            }
            let known = self.documents.entry(document.id.clone());
            if *known.or_insert_with(|| document.text.clone()) != document.text {
                wrong.push(format!("{} says something else", document.id));
            }
            let Some(hash) = document.pdf_sha256 else {
                continue;
            };
            let known = self.bytes.entry(document.id.clone());
            if *known.or_insert_with(|| hash.clone()) != hash {
                wrong.push(format!("{} has other bytes", document.id));
            }
        }
        wrong
    }

    /// Documents whose bytes are not those of their hash. Nothing mends them, so that it is enough to
    /// read all of them at the end.
    pub(super) async fn altered(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        for document in self.reader.bytes().await {
            let hash = HEXLOWER.encode(&Sha256::digest(&document.pdf));
            if document.pdf_sha256 != Some(hash) {
                wrong.push(format!("{} has bytes of another hash", document.id));
            }
        }
        wrong
    }
}
