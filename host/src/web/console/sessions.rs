//! The open sessions of a customer, and how each came to be.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::access::{Session, SessionSource};
use crate::domain::customer::Customer;
use crate::store::{Result, Tx};
use crate::web::Web;

/// A browser that is signed in as the customer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SessionRow {
    since: Timestamp,
    last_used: Timestamp,
    network: String,
    by: By,
}

/// How it got in.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
enum By {
    /// With a link or code that was mailed to the customer's address.
    Mail,
    /// With a link that a member of staff made.
    Staff {
        /// Their name and address.
        who: String,
    },
    /// With a link that the merchant's backend asked the API for.
    Api {
        /// The key's id.
        key: String,
    },
    /// With a link that the operator made.
    Operator,
}

impl SessionRow {
    /// The open sessions of `customer`, newest first.
    pub(super) async fn all(web: &Web, tx: &mut Tx, customer: &Customer) -> Result<Vec<Self>> {
        let idle = web.cx.settings.load().login.session_idle;
        let now = web.cx.now();
        let mut rows = Vec::new();
        for session in tx.sessions_of(&customer.scope, &customer.id).await? {
            if session.is_live(now, idle) {
                rows.push(Self {
                    by: By::of(tx, &session).await?,
                    since: session.signed_in_at,
                    last_used: session.last_used_at,
                    network: session.network,
                });
            }
        }
        Ok(rows)
    }

    pub(super) fn samples() -> Vec<Self> {
        let at = |text: &str| -> Timestamp { text.parse().expect("a valid timestamp") };
        let row = |by| Self {
            since: at("2026-11-22T08:10:00Z"),
            last_used: at("2026-11-22T09:10:00Z"),
            network: "203.0.113.0/24".to_owned(),
            by,
        };
        vec![
            row(By::Mail),
            row(By::Staff {
                who: "Robin (robin@northwind.example.com)".to_owned(),
            }),
            row(By::Api {
                key: "key_01k9z3v6e8q4w2r7t5y1p0s9d8".to_owned(),
            }),
            row(By::Operator),
        ]
    }
}

impl By {
    async fn of(tx: &mut Tx, session: &Session) -> Result<Self> {
        let Some(maker) = session.made_by.as_deref() else {
            return Ok(match session.source {
                SessionSource::Request => Self::Mail,
                SessionSource::Link => Self::Operator,
            });
        };
        if let Ok(id) = maker.parse() {
            let staff = tx.staff(&id).await?;
            return Ok(Self::Staff {
                who: staff.map_or_else(
                    || maker.to_owned(),
                    |staff| format!("{} ({})", staff.name, staff.email.as_str()),
                ),
            });
        }
        Ok(match maker.parse::<crate::domain::id::ApiKeyId>() {
            Ok(key) => Self::Api { key: key.into() },
            Err(_) => Self::Operator,
        })
    }
}
