//! What stands on a document, in words: every amount and date already written in the buyer's
//! language, so that a template only places them.

use std::collections::BTreeMap;

use fluent_bundle::FluentArgs;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::Mode;
use crate::domain::invoice::{Corrected, Invoice, InvoiceKind, Party};
use crate::domain::money::Money;
use crate::domain::tax::{Line, TaxRate};
use crate::themes::Theme;
use crate::themes::formats::Formats;
use crate::themes::locale::{Catalogue, Locale};

/// The inputs of `invoice.typ`, there `sys.inputs`.
#[derive(Serialize)]
pub(super) struct Content {
    lang: String,
    dir: &'static str,
    kind: &'static str,
    test: bool,
    /// All messages whose key starts with `invoice-`, without that beginning.
    labels: BTreeMap<String, String>,
    /// The theme's colours as `#rrggbb`.
    colours: BTreeMap<&'static str, String>,
    number: String,
    issued: String,
    /// The invoices that a credit note corrects, or the credit note that an invoice takes back:
    /// number and date of each.
    corrects: Vec<String>,
    seller: Person,
    buyer: Person,
    lines: Vec<Row>,
    /// Whether every price on the lines contains its tax.
    inclusive: bool,
    net: String,
    taxes: Vec<Tax>,
    total: String,
    /// One sentence about how it was paid; empty if it was not yet.
    paid: String,
}

#[derive(Serialize)]
struct Person {
    name: String,
    /// Everything below the name, a line each.
    lines: Vec<String>,
    tax_id: String,
    email: String,
}

#[derive(Serialize)]
struct Row {
    description: String,
    period: String,
    quantity: String,
    unit: String,
    rate: String,
    amount: String,
}

#[derive(Serialize)]
struct Tax {
    rate: String,
    net: String,
    amount: String,
}

/// How one document writes numbers and dates.
struct Writer<'a> {
    formats: &'a Formats,
    catalogue: &'a Catalogue,
    zone: TimeZone,
}

pub(super) fn of(invoice: &Invoice, theme: &Theme) -> Content {
    let locale = Locale::negotiate(&theme.languages(), &[&invoice.locale]);
    let formats = Formats::of(locale.formats());
    let catalogue = theme.catalogue(locale.catalogue());
    let writer = Writer {
        formats: &formats,
        catalogue,
        zone: TimeZone::get(&invoice.time_zone).unwrap_or(TimeZone::UTC),
    };
    let colour = |name| {
        (
            name,
            theme
                .colours()
                .light(name)
                .unwrap_or_else(|| "#000000".into()),
        )
    };
    let mut labels = writer.labels();
    if invoice.kind == InvoiceKind::Invoice {
        // What an invoice corrects is a credit note that it takes back.
        if let Some(label) = labels.get("corrects-note").cloned() {
            labels.insert("corrects".to_owned(), label);
        }
    }
    Content {
        lang: catalogue.tag().to_owned(),
        dir: if Formats::of(catalogue.tag()).is_right_to_left() {
            "rtl"
        } else {
            "ltr"
        },
        kind: match invoice.kind {
            InvoiceKind::Invoice => "invoice",
            InvoiceKind::CreditNote => "credit-note",
        },
        test: invoice.scope.mode == Mode::Test,
        labels,
        colours: ["ink", "muted", "line", "accent", "accent-text", "page"]
            .map(colour)
            .into(),
        number: invoice.number_text.clone().unwrap_or_default(),
        issued: invoice
            .issued_at
            .map(|at| writer.day(at))
            .unwrap_or_default(),
        corrects: invoice
            .corrects
            .iter()
            .map(|named| writer.corrected(named))
            .collect(),
        seller: person(&invoice.seller, &formats),
        buyer: person(&invoice.buyer, &formats),
        lines: invoice.lines.iter().map(|line| writer.row(line)).collect(),
        inclusive: invoice
            .lines
            .iter()
            .filter(|line| !line.role.is_credit())
            .all(|line| line.tax_inclusive),
        net: writer.money(invoice.totals.net),
        taxes: invoice
            .totals
            .rates
            .iter()
            .filter(|total| total.rate.0 > 0)
            .map(|total| Tax {
                rate: writer.rate(total.rate),
                net: writer.money(total.net),
                amount: writer.money(total.tax),
            })
            .collect(),
        total: writer.money(invoice.totals.gross),
        paid: writer.paid(invoice),
    }
}

fn person(party: &Party, formats: &Formats) -> Person {
    let mut lines: Vec<String> = party.attention.iter().cloned().collect();
    lines.extend(party.address.iter().cloned());
    lines.push(formats.country(&party.country));
    lines.retain(|line| !line.is_empty());
    Person {
        name: party.name.clone(),
        lines,
        tax_id: party.tax_id.clone().unwrap_or_default(),
        email: party.email.clone().unwrap_or_default(),
    }
}

impl Writer<'_> {
    fn money(&self, amount: Money) -> String {
        self.formats.money(amount)
    }

    fn day(&self, at: Timestamp) -> String {
        self.formats.day(at, &self.zone)
    }

    fn rate(&self, rate: TaxRate) -> String {
        self.formats.percent(&rate.to_percent())
    }

    fn row(&self, line: &Line) -> Row {
        // The end of a period is its first instant after; people read the last day.
        let period = line.period.map(|period| {
            let last = period
                .end
                .checked_sub(jiff::SignedDuration::from_nanos(1_000));
            format!(
                "{} – {}",
                self.day(period.start),
                self.day(last.unwrap_or(period.end))
            )
        });
        Row {
            description: self.what(line),
            period: period.unwrap_or_default(),
            quantity: self.formats.number(i64::from(line.quantity)),
            unit: self.money(line.unit),
            rate: self.rate(line.rate),
            amount: line
                .amount()
                .map(|amount| self.money(amount))
                .unwrap_or_default(),
        }
    }

    fn corrected(&self, named: &Corrected) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("number", named.number.clone());
        arguments.set("date", self.day(named.issued_at));
        self.say("invoice-corrects-named", &arguments)
    }

    fn what(&self, line: &Line) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("role", line.role.word());
        arguments.set("what", line.description.clone());
        self.say("line-what", &arguments)
    }

    fn paid(&self, invoice: &Invoice) -> String {
        let Some(paid) = &invoice.paid_with else {
            return String::new();
        };
        let mut arguments = FluentArgs::new();
        arguments.set("date", self.day(paid.at));
        let brand = paid.brand.clone().unwrap_or_else(|| "other".to_owned());
        let method = self.say("mail-method", &FluentArgs::from_iter([("brand", brand)]));
        let method = match &paid.last4 {
            Some(last4) => format!("{method} •••• {last4}"),
            None => method,
        };
        arguments.set("method", method);
        let sentence = match invoice.kind {
            InvoiceKind::Invoice => "invoice-paid-on",
            InvoiceKind::CreditNote => "invoice-refunded-on",
        };
        self.say(sentence, &arguments)
    }

    /// A message; its key where there is none, because a document must not fail over a word.
    fn say(&self, key: &str, arguments: &FluentArgs<'_>) -> String {
        self.catalogue
            .say(key, arguments)
            .unwrap_or_else(|_| key.to_owned())
    }

    fn labels(&self) -> BTreeMap<String, String> {
        self.catalogue
            .keys_with("invoice-")
            .filter_map(|key| {
                let text = self.catalogue.say(key, &FluentArgs::new()).ok()?;
                Some((key.trim_start_matches("invoice-").to_owned(), text))
            })
            .collect()
    }
}
