//! Long lists that people read page by page. A page starts beside a row of the page before it, so
//! rows that come meanwhile move nothing, and the hundredth page costs what the first does.

use super::customers::Row as CustomerRow;
use super::licenses::Row as LicenseRow;
use super::macros::{fetch_all, queries};
use super::payments::Row as PaymentRow;
use super::test_mails::{Row as TestMailRow, TestMail};
use super::{Result, Tx};
use crate::domain::Scope;
use crate::domain::customer::Customer;
use crate::domain::id::{CustomerId, EventId, LicenseId, PaymentId};
use crate::domain::license::License;
use crate::domain::payment::Payment;

queries! {
    CUSTOMERS_OLDER = "SELECT * FROM customers WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $5 + 0";
    CUSTOMERS_NEWER = "SELECT * FROM customers WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) > ($3, $4) ORDER BY created_at, id LIMIT $5 + 0";
    FOUND_OLDER = "SELECT * FROM customers WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) < ($3, $4) \
        AND (email_folded LIKE $6 ESCAPE '!' OR name_folded LIKE $6 ESCAPE '!' OR id = $7) \
        ORDER BY created_at DESC, id DESC LIMIT $5 + 0";
    FOUND_NEWER = "SELECT * FROM customers WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) > ($3, $4) \
        AND (email_folded LIKE $6 ESCAPE '!' OR name_folded LIKE $6 ESCAPE '!' OR id = $7) \
        ORDER BY created_at, id LIMIT $5 + 0";
    PAYMENTS_OLDER = "SELECT * FROM payments WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) < ($3, $4) AND customer_id = $6 \
        ORDER BY created_at DESC, id DESC LIMIT $5 + 0";
    PAYMENTS_NEWER = "SELECT * FROM payments WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) > ($3, $4) AND customer_id = $6 ORDER BY created_at, id LIMIT $5 + 0";
    LICENSES_OLDER = "SELECT licenses.*, (SELECT COUNT(*) FROM license_instances \
        WHERE license_id = licenses.id) AS activations \
        FROM licenses WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) < ($3, $4) AND customer_id = $6 \
        ORDER BY created_at DESC, id DESC LIMIT $5 + 0";
    LICENSES_NEWER = "SELECT licenses.*, (SELECT COUNT(*) FROM license_instances \
        WHERE license_id = licenses.id) AS activations \
        FROM licenses WHERE business_id = $1 AND mode = $2 \
        AND (created_at, id) > ($3, $4) AND customer_id = $6 ORDER BY created_at, id LIMIT $5 + 0";
    TEST_MAILS_OLDER = "SELECT * FROM test_mails WHERE business_id = $1 AND mode = $2 \
        AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5 + 0";
    TEST_MAILS_NEWER = "SELECT * FROM test_mails WHERE business_id = $1 AND mode = $2 \
        AND (at, id) > ($3, $4) ORDER BY at, id LIMIT $5 + 0";
}

/// Where a page starts, by a row that stands on the page before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seek<I> {
    /// At the top of the list.
    Newest,
    /// Behind this row.
    OlderThan(I),
    /// Before this row.
    NewerThan(I),
}

impl<I> Seek<I> {
    pub(super) fn row(&self) -> Option<&I> {
        match self {
            Self::Newest => None,
            Self::OlderThan(id) | Self::NewerThan(id) => Some(id),
        }
    }

    /// The row's place in the order; the top of the list if there is no such row.
    pub(super) fn edge(&self, row: Option<(jiff::Timestamp, String)>) -> Edge {
        match row {
            Some((at, id)) => Edge {
                at: at.as_microsecond(),
                id,
                newer: matches!(self, Self::NewerThan(_)),
                is_top: false,
            },
            None => Edge {
                at: i64::MAX,
                id: String::new(),
                newer: false,
                is_top: true,
            },
        }
    }
}

/// A place between two rows, and on which side of it the page lies.
pub(super) struct Edge {
    pub(super) at: i64,
    pub(super) id: String,
    pub(super) newer: bool,
    is_top: bool,
}

/// A page of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Whether there are rows before them.
    pub newer: bool,
    /// Whether there are rows behind them.
    pub older: bool,
}

impl<T> Page<T> {
    /// The page of `rows`, one of which may be more than it holds and tells that the list goes
    /// on. None when it would be shorter than the top of the list, which is shown instead.
    pub(super) fn of(mut rows: Vec<T>, edge: &Edge, limit: u32) -> Option<Self> {
        let limit = limit as usize;
        let more = rows.len() > limit;
        if !edge.is_top && (rows.is_empty() || (edge.newer && !more)) {
            return None;
        }
        rows.truncate(limit);
        if edge.newer {
            rows.reverse();
        }
        Some(Self {
            rows,
            newer: if edge.newer { more } else { !edge.is_top },
            older: edge.newer || more,
        })
    }
}

/// Reads on the side of `$edge` that is asked for.
macro_rules! beside {
    ($tx:expr, $scope:expr, $edge:expr, $limit:expr, $row:ty, $older:expr, $newer:expr $(, $bind:expr)* $(,)?) => {{
        let query = if $edge.newer { $newer } else { $older };
        let rows = fetch_all!(
            $tx, $row, query,
            $scope.business.as_str(), $scope.mode.as_str(),
            $edge.at, $edge.id.as_str(), i64::from($limit) + 1
            $(, $bind)*
        )?;
        let rows: Result<Vec<_>> = rows.into_iter().map(TryFrom::try_from).collect();
        Page::of(rows?, &$edge, $limit)
    }};
}

pub(super) use beside;

impl Tx {
    /// A page of the customers whose name or address contains `text`, or whose id it is; of all
    /// if it is empty.
    pub async fn customers_page(
        &mut self,
        scope: &Scope,
        text: &str,
        seek: &Seek<CustomerId>,
        limit: u32,
    ) -> Result<Page<Customer>> {
        let row = match seek.row() {
            Some(id) => self.customer(scope, id).await?,
            None => None,
        };
        let edge = seek.edge(row.map(|row| (row.created_at, row.id.into())));
        let page = if text.is_empty() {
            beside!(
                self,
                scope,
                edge,
                limit,
                CustomerRow,
                CUSTOMERS_OLDER,
                CUSTOMERS_NEWER
            )
        } else {
            beside!(
                self,
                scope,
                edge,
                limit,
                CustomerRow,
                FOUND_OLDER,
                FOUND_NEWER,
                super::row::contains(text),
                text,
            )
        };
        match page {
            Some(page) => Ok(page),
            None => Box::pin(self.customers_page(scope, text, &Seek::Newest, limit)).await,
        }
    }

    /// A page of a customer's payments.
    pub async fn payments_page(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        seek: &Seek<PaymentId>,
        limit: u32,
    ) -> Result<Page<Payment>> {
        let row = match seek.row() {
            Some(id) => self.payment(scope, id).await?,
            None => None,
        };
        let row = row.filter(|row| row.customer == *customer);
        let edge = seek.edge(row.map(|row| (row.created_at, row.id.into())));
        let page = beside!(
            self,
            scope,
            edge,
            limit,
            PaymentRow,
            PAYMENTS_OLDER,
            PAYMENTS_NEWER,
            customer.as_str(),
        );
        match page {
            Some(page) => Ok(page),
            None => Box::pin(self.payments_page(scope, customer, &Seek::Newest, limit)).await,
        }
    }

    /// A page of a customer's license keys.
    pub async fn licenses_page(
        &mut self,
        scope: &Scope,
        customer: &CustomerId,
        seek: &Seek<LicenseId>,
        limit: u32,
    ) -> Result<Page<License>> {
        let row = match seek.row() {
            Some(id) => self.license(scope, id).await?,
            None => None,
        };
        let row = row.filter(|row| row.customer == *customer);
        let edge = seek.edge(row.map(|row| (row.created_at, row.id.into())));
        let page = beside!(
            self,
            scope,
            edge,
            limit,
            LicenseRow,
            LICENSES_OLDER,
            LICENSES_NEWER,
            customer.as_str(),
        );
        match page {
            Some(page) => Ok(page),
            None => Box::pin(self.licenses_page(scope, customer, &Seek::Newest, limit)).await,
        }
    }

    /// A page of the mails of test mode.
    pub async fn test_mails_page(
        &mut self,
        scope: &Scope,
        seek: &Seek<EventId>,
        limit: u32,
    ) -> Result<Page<TestMail>> {
        let row = match seek.row() {
            Some(id) => self.test_mail(scope, id).await?,
            None => None,
        };
        let edge = seek.edge(row.map(|row| (row.at, row.id.into())));
        let page = beside!(
            self,
            scope,
            edge,
            limit,
            TestMailRow,
            TEST_MAILS_OLDER,
            TEST_MAILS_NEWER
        );
        match page {
            Some(page) => Ok(page),
            None => Box::pin(self.test_mails_page(scope, &Seek::Newest, limit)).await,
        }
    }
}
