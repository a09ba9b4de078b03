//! The mails of test mode: kept for some days and shown, instead of sent.

use jiff::Timestamp;

use super::macros::{execute, fetch_optional, queries};
use super::row::Columns;
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::email::Email;
use crate::domain::id::EventId;

queries! {
    INSERT = "INSERT INTO test_mails (id, business_id, mode, message_id, recipient, subject, \
        body, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
        ON CONFLICT (business_id, mode, message_id) \
        DO UPDATE SET subject = excluded.subject, body = excluded.body, at = excluded.at";
    GET = "SELECT * FROM test_mails WHERE business_id = $1 AND mode = $2 AND id = $3";
    FORGET = "DELETE FROM test_mails WHERE at < $1";
}

/// A mail of test mode.
#[derive(Clone, Debug)]
pub struct TestMail {
    /// Identity of the row.
    pub id: EventId,
    /// The same at every attempt to write the same mail.
    pub message_id: String,
    /// To whom it would have gone.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// The plain text. Its links are live.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    message_id: String,
    recipient: String,
    subject: String,
    body: String,
    at: i64,
}

impl TryFrom<Row> for TestMail {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "test_mails",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            to: columns.parse("recipient", &row.recipient)?,
            at: columns.time("at", row.at)?,
            message_id: row.message_id,
            subject: row.subject,
            body: row.body,
        })
    }
}

impl Tx {
    /// Keeps a mail, in the place of an earlier attempt at the same one.
    pub async fn keep_test_mail(&mut self, scope: &Scope, mail: &TestMail) -> Result<()> {
        execute!(
            self,
            INSERT,
            mail.id.as_str(),
            scope.business.as_str(),
            scope.mode.as_str(),
            &mail.message_id,
            mail.to.as_str(),
            &mail.subject,
            &mail.body,
            mail.at.as_microsecond(),
        )?;
        Ok(())
    }

    /// The mail with this id in this scope.
    pub async fn test_mail(&mut self, scope: &Scope, id: &EventId) -> Result<Option<TestMail>> {
        fetch_optional!(
            self,
            Row,
            GET,
            scope.business.as_str(),
            scope.mode.as_str(),
            id.as_str()
        )?
        .map(TestMail::try_from)
        .transpose()
    }

    /// Deletes mails from before `before`.
    pub async fn forget_test_mails(&mut self, before: Timestamp) -> Result<()> {
        execute!(self, FORGET, before.as_microsecond())?;
        Ok(())
    }
}
