//! One invoice as PDF: the first of a process, and those after it.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use vestibule::cx::Clock;
use vestibule::domain::invoice::{Invoice, InvoiceKind, InvoiceState, Party};
use vestibule::domain::money::{Currency, Money};
use vestibule::domain::period::Period;
use vestibule::domain::tax::{Line, Role, TaxRate, totals};
use vestibule::invoices::Invoices;
use vestibule::themes::Themes;

use crate::host::Host;
use crate::report::{Report, median};

const GROUP: &str = "Invoice as PDF, one page";
const REPEATED: u64 = 20;

pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let themes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes");
    let invoices = Invoices::new(Arc::new(Themes::load(&themes)?));
    let set = |number| {
        let invoice = invoice(number)?;
        let begun = Instant::now();
        let document = invoices.render_now(&invoice)?;
        anyhow::ensure!(document.problems.is_empty(), "{:?}", document.problems);
        anyhow::Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    report.add(GROUP, "first of the process", set(0)?, "ms");
    let times: anyhow::Result<Vec<f64>> = (1..=REPEATED).map(set).collect();
    report.add(GROUP, "every other, another invoice", median(&times?), "ms");
    Ok(())
}

fn invoice(number: u64) -> anyhow::Result<Invoice> {
    let now = Clock::default().now();
    let currency: Currency = "EUR".parse()?;
    let lines = vec![
        line("Pro", 1, 2_900, currency, now),
        line("Extra seats", 3, 1_000, currency, now),
    ];
    Ok(Invoice {
        id: format!("inv_{number}").parse()?,
        scope: Host::scope(),
        kind: InvoiceKind::Invoice,
        state: InvoiceState::Paid,
        customer: "cus_1".parse()?,
        subscription: None,
        number: Some(42),
        number_text: Some(format!("INV-{number:06}")),
        issued_at: Some(now),
        currency,
        totals: totals(currency, &lines)?,
        lines,
        seller: party("Lumen Software GmbH", Some("DE123456789")),
        buyer: party(&format!("Customer {number}"), None),
        paid_with: None,
        corrects: Vec::new(),
        locale: "en-GB".to_owned(),
        theme: "default".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        created_at: now,
    })
}

fn line(what: &str, quantity: u32, minor: i64, currency: Currency, now: Timestamp) -> Line {
    Line {
        product: None,
        description: what.to_owned(),
        quantity,
        unit: Money::new(minor, currency),
        tax_inclusive: true,
        rate: TaxRate(190_000),
        period: Some(Period {
            start: now,
            end: now + SignedDuration::from_hours(30 * 24),
        }),
        role: Role::Product,
        share: None,
        part: None,
    }
}

fn party(name: &str, tax_id: Option<&str>) -> Party {
    Party {
        name: name.to_owned(),
        attention: None,
        address: vec!["Example Street 1".to_owned(), "10115 Berlin".to_owned()],
        country: "DE".to_owned(),
        tax_id: tax_id.map(str::to_owned),
        email: None,
    }
}
