//! What a page needs to know before anything else: whose session it is. Each page asks it, so it is
//! one question.

use super::macros::{fetch_optional, queries};
use super::row::Columns;
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::access::Session;
use crate::domain::customer::Customer;

queries! {
    BY_TOKEN = "SELECT s.id, s.customer_id, s.email_folded, s.source, s.made_by, s.return_url, \
        s.network, s.agent, s.signed_in_at, s.last_used_at, s.ends_at, c.email, c.name, c.phone, \
        c.locale, c.metadata, c.created_at, c.updated_at, c.version, clocks.offset_us, \
        staff.name AS staff_name FROM sessions s \
        LEFT JOIN customers c ON c.business_id = s.business_id AND c.mode = s.mode \
        AND c.id = s.customer_id \
        LEFT JOIN clocks ON clocks.business_id = s.business_id AND clocks.mode = s.mode \
        LEFT JOIN staff ON staff.id = s.made_by \
        WHERE s.business_id = $1 AND s.mode = $2 AND s.token_hash = $3 AND s.ended_at IS NULL";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    customer_id: Option<String>,
    email_folded: String,
    source: String,
    made_by: Option<String>,
    return_url: Option<String>,
    network: String,
    agent: String,
    signed_in_at: i64,
    last_used_at: i64,
    ends_at: i64,
    email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    locale: Option<String>,
    metadata: Option<String>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    version: Option<i64>,
    offset_us: Option<i64>,
    staff_name: Option<String>,
}

/// A session with whom it acts for.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The session; it may have run out.
    pub session: Session,
    /// For whom it acts; none until one of several accounts was chosen.
    pub customer: Option<Customer>,
    /// By how many microseconds business time is ahead of host time.
    pub offset_us: i64,
    /// The member of staff whose link opened it, by name.
    pub opened_by: Option<String>,
}

impl Row {
    fn customer(&self, columns: &Columns<'_>, scope: &Scope) -> Result<Option<Customer>> {
        let (Some(id), Some(email)) = (&self.customer_id, &self.email) else {
            return Ok(None);
        };
        let time = |column, micros| columns.time(column, columns.present(column, micros)?);
        Ok(Some(Customer {
            id: columns.parse("customer_id", id)?,
            scope: scope.clone(),
            email: columns.parse("email", email)?,
            name: columns.present("name", self.name.clone())?,
            phone: self.phone.clone(),
            locale: self.locale.clone(),
            metadata: columns.present("metadata", self.metadata.clone())?,
            created_at: time("created_at", self.created_at)?,
            updated_at: time("updated_at", self.updated_at)?,
            version: columns.present("version", self.version)?,
        }))
    }
}

impl Tx {
    /// The session with this hash that nobody has ended, with whom it acts for.
    pub async fn entrance(&mut self, scope: &Scope, token_hash: &str) -> Result<Option<Entrance>> {
        let row = fetch_optional!(
            self,
            Row,
            BY_TOKEN,
            scope.business.as_str(),
            scope.mode.as_str(),
            token_hash
        )?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns {
            table: "sessions",
            id: &row.id,
        };
        let customer = row.customer(&columns, scope)?;
        Ok(Some(Entrance {
            customer,
            offset_us: row.offset_us.unwrap_or_default(),
            session: Session {
                id: columns.parse("id", &row.id)?,
                scope: scope.clone(),
                customer: columns.parse_some("customer_id", row.customer_id.as_deref())?,
                source: columns.parse("source", &row.source)?,
                signed_in_at: columns.time("signed_in_at", row.signed_in_at)?,
                last_used_at: columns.time("last_used_at", row.last_used_at)?,
                ends_at: columns.time("ends_at", row.ends_at)?,
                email_folded: row.email_folded,
                made_by: row.made_by,
                return_url: row.return_url,
                network: row.network,
                agent: row.agent,
            },
            opened_by: row.staff_name,
        }))
    }
}
