//! The billing history: every payment, whatever became of it.

use axum::extract::Query;
use axum::response::Response;
use serde::Serialize;

use super::records::Reading;
use super::sample;
use super::view::Charge;
use crate::themes::Page;
use crate::web::Error;
use crate::web::paging::{Asked, Paging};

/// The list of payments.
#[derive(Debug, Serialize)]
pub struct BillingPage {
    /// The payments, newest first.
    pub charges: Vec<Charge>,
    /// The pages beside this one.
    pub paging: Paging,
}

/// `GET /billing`.
pub(super) async fn index(reading: Reading, asked: Query<Asked>) -> Result<Response, Error> {
    let Reading { who, mut records } = reading;
    let page = records.payments_page(&asked).await?;
    let paging = Paging::of(&page, |payment| payment.id.as_str());
    let charges = records.charges(&page.rows).await?;
    who.render(&BillingPage { charges, paging })
}

impl Page for BillingPage {
    const TEMPLATE: &'static str = "pages/billing.html";

    fn samples() -> Vec<Self> {
        let page = |charges, paging| Self { charges, paging };
        vec![
            page(sample::charges(), Paging::default()),
            page(Vec::new(), Paging::default()),
            page(vec![sample::charges().remove(0); 20], Paging::sample()),
        ]
    }
}
