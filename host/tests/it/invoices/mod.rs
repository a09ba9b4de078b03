//! Documents: what stands on an invoice, in every script, and that its bytes never change.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use vestibule::domain::id::{BusinessId, CustomerId, InvoiceId, PaymentId};
use vestibule::domain::invoice::{Corrected, Invoice, InvoiceKind, InvoiceState, PaidWith, Party};
use vestibule::domain::money::{Currency, Money};
use vestibule::domain::period::Period;
use vestibule::domain::tax::{Line, Role, TaxRate, totals};
use vestibule::domain::{Mode, Scope};
use vestibule::invoices::Invoices;
use vestibule::themes::Themes;

fn at(text: &str) -> jiff::Timestamp {
    text.parse().expect("a timestamp")
}

fn eur() -> Currency {
    "EUR".parse().expect("a currency")
}

fn line(description: &str, quantity: u32, minor: i64, rate: u32) -> Line {
    Line {
        product: None,
        description: description.to_owned(),
        quantity,
        unit: Money::new(minor, eur()),
        tax_inclusive: true,
        rate: TaxRate(rate),
        period: Some(Period {
            start: at("2026-11-21T23:00:00Z"),
            end: at("2026-12-21T23:00:00Z"),
        }),
        role: Role::Product,
        share: None,
        part: None,
    }
}

fn invoice(buyer: &str) -> Invoice {
    let lines = vec![
        line("Pro", 1, 2900, 190_000),
        line("Extra seats", 3, 1000, 70_000),
    ];
    Invoice {
        id: "inv_01k0000000000000000000000a"
            .parse::<InvoiceId>()
            .expect("an id"),
        scope: Scope::new(
            "bus_01k0000000000000000000000a"
                .parse::<BusinessId>()
                .expect("an id"),
            Mode::Live,
        ),
        kind: InvoiceKind::Invoice,
        state: InvoiceState::Paid,
        customer: "cus_01k0000000000000000000000a"
            .parse::<CustomerId>()
            .expect("an id"),
        subscription: None,
        number: Some(42),
        number_text: Some("NW-2026-00042".to_owned()),
        issued_at: Some(at("2026-11-22T09:30:00Z")),
        currency: eur(),
        totals: totals(eur(), &lines).expect("sums"),
        lines,
        seller: Party {
            name: "Northwind Software GmbH".to_owned(),
            attention: None,
            address: vec!["Hafenstraße 12".to_owned(), "20457 Hamburg".to_owned()],
            country: "DE".to_owned(),
            tax_id: Some("DE123456789".to_owned()),
            email: Some("billing@northwind.example.com".to_owned()),
        },
        buyer: Party {
            name: buyer.to_owned(),
            attention: None,
            address: vec!["12 rue des Lilas".to_owned(), "75011 Paris".to_owned()],
            country: "FR".to_owned(),
            tax_id: None,
            email: None,
        },
        paid_with: Some(PaidWith {
            payment: "pay_01k0000000000000000000000a"
                .parse::<PaymentId>()
                .expect("an id"),
            at: at("2026-11-22T09:30:00Z"),
            brand: Some("visa".to_owned()),
            last4: Some("4242".to_owned()),
        }),
        corrects: Vec::new(),
        locale: "en-GB".to_owned(),
        theme: "default".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        created_at: at("2026-11-22T09:29:00Z"),
    }
}

fn invoices(themes: &Path) -> Arc<Invoices> {
    Invoices::new(Arc::new(Themes::load(themes).expect("themes load")))
}

/// The text of a PDF as `pdftotext` of poppler reads it.
fn text(pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("invoice.pdf");
    std::fs::write(&path, pdf).expect("a file");
    let output = Command::new("pdftotext")
        .args(["-layout", "-enc", "UTF-8"])
        .arg(&path)
        .arg("-")
        .output()
        .expect("pdftotext is installed (Debian: poppler-utils)");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn an_invoice_says_who_what_when_and_how_much() {
    let document = invoices(&crate::themes::root())
        .render(invoice("Amélie Dupont"))
        .await
        .expect("renders");
    assert!(document.problems.is_empty(), "{:?}", document.problems);
    let text = text(&document.pdf);
    for expected in [
        "Northwind Software GmbH",
        "Amélie Dupont",
        "France",
        "NW-2026-00042",
        "22 November 2026",
        "22 November 2026 – 21 December 2026",
        "19%",
        "7%",
        "€24.37",
        "€4.63",
        "€59.00",
        "DE123456789",
        "Paid on 22 November 2026: Visa •••• 4242",
    ] {
        assert!(text.contains(expected), "no `{expected}` in:\n{text}");
    }
    assert!(!text.contains("TEST"));
}

#[test]
fn names_in_every_script_are_set() {
    let invoices = invoices(&crate::themes::root());
    for name in [
        "山田太郎",
        "محمد",
        "Łukasz Żółć",
        "Ελένη",
        "Мария",
        "김민준",
        "דוד",
        "สมชาย",
        "रमेश",
    ] {
        let document = invoices.render_now(&invoice(name)).expect("renders");
        let text = text(&document.pdf);
        // Arabic comes out of a PDF in the order it is drawn, so its letters are compared.
        let letters = |text: &str| {
            let mut letters: Vec<char> = text.chars().collect();
            letters.sort_unstable();
            letters
        };
        let found = text.lines().any(|line| {
            line.split_whitespace()
                .any(|word| letters(word) == letters(name))
                || line.contains(name)
        });
        assert!(found, "no {name} in:\n{text}");
    }
}

/// How many of `parts` equal parts of a word on the first page have ink in them.
fn inked(pdf: &[u8], word: &str, parts: usize) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("invoice.pdf"), pdf).expect("a file");
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            .status()
            .expect("poppler-utils are installed");
        assert!(status.success());
    };
    run("pdftotext", &["-bbox", "invoice.pdf", "words.html"]);
    run(
        "pdftoppm",
        &["-gray", "-r", "144", "-singlefile", "invoice.pdf", "page"],
    );
    let words = std::fs::read_to_string(path("words.html")).expect("words");
    let line = words
        .lines()
        .find(|line| line.contains(&format!(">{word}<")));
    let line = line.unwrap_or_else(|| panic!("no {word} in {words}"));
    let pixel = |name: &str| -> usize {
        let value = line.split(&format!("{name}=\"")).nth(1).expect(name);
        let points = value.split(['.', '"']).next().expect(name);
        points.parse::<usize>().expect(name) * 2
    };
    let (left, right) = (pixel("xMin"), pixel("xMax"));
    let image = std::fs::read(path("page.pgm")).expect("an image");
    let mut head = image.splitn(4, |byte| *byte == b'\n');
    let size = head.nth(1).expect("a size").to_vec();
    let size = String::from_utf8(size).expect("a size");
    let width: usize = size
        .split(' ')
        .next()
        .expect("a width")
        .parse()
        .expect("a width");
    let pixels = head.nth(1).expect("pixels");
    let dark = |part: usize| {
        let column = |part: usize| left + (right - left) * part / parts;
        (pixel("yMin")..pixel("yMax"))
            .any(|y| (column(part)..column(part + 1)).any(|x| pixels[y * width + x] < 128))
    };
    (0..parts).filter(|part| dark(*part)).count()
}

#[test]
fn every_letter_of_a_name_is_drawn() {
    let invoices = invoices(&crate::themes::root());
    for name in ["山田太郎", "王小明", "김민준", "สมชาย", "Amélie"] {
        let document = invoices.render_now(&invoice(name)).expect("renders");
        let letters = match name {
            // Marks stand above the letters before them.
            "สมชาย" | "Amélie" => 3,
            name => name.chars().count(),
        };
        assert_eq!(inked(&document.pdf, name, letters), letters, "{name}");
    }
}

#[test]
fn equal_records_give_equal_bytes() {
    let invoices = invoices(&crate::themes::root());
    let one = invoices
        .render_now(&invoice("Amélie Dupont"))
        .expect("renders");
    let other = invoices
        .render_now(&invoice("Amélie Dupont"))
        .expect("renders");
    assert_eq!(one.pdf, other.pdf);
}

#[test]
fn test_documents_and_credit_notes_say_so_in_the_buyers_language() {
    let mut record = invoice("Lucía");
    record.scope.mode = Mode::Test;
    record.kind = InvoiceKind::CreditNote;
    record.locale = "es".to_owned();
    record.corrects = vec![Corrected {
        invoice: record.id.clone(),
        number: "LUM-000041".to_owned(),
        issued_at: record.issued_at.expect("issued"),
    }];
    let document = invoices(&crate::themes::root())
        .render_now(&record)
        .expect("renders");
    let text = text(&document.pdf);
    // The mark runs across the page: its letters come out one by one.
    let alone = |letter: &str| text.split_whitespace().any(|word| word == letter);
    assert!(
        ["P", "R", "U", "E", "B", "A"].into_iter().all(alone),
        "no mark in:\n{text}"
    );
    for expected in [
        "Nota de crédito",
        "No es una factura",
        "29,00 €",
        "22 de noviembre",
        "Corrige la factura",
        "LUM-000041 del 22 de noviembre de 2026",
        "Reembolsado el 22 de noviembre",
    ] {
        assert!(
            text.replace('\u{a0}', " ").contains(expected),
            "no `{expected}` in:\n{text}"
        );
    }
}

#[test]
fn what_a_customer_writes_is_never_code() {
    let hostile = "#panic(\"x\") $x$ *b* \\ #{} <a> @b `c` ] [";
    let document = invoices(&crate::themes::root())
        .render_now(&invoice(hostile))
        .expect("renders");
    assert!(document.problems.is_empty(), "{:?}", document.problems);
    assert!(text(&document.pdf).contains("#panic(\"x\") $x$ *b*"));
}

#[test]
fn a_broken_or_curious_document_falls_back_and_says_why() {
    for (source, because) in [
        ("#nonsense()", "unknown variable"),
        ("#read(\"/etc/passwd\")", "access"),
        ("#import \"@preview/cetz:0.3.0\"", "access"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let link = |name: &str| {
            let target = folder.path().join(name);
            std::os::unix::fs::symlink(crate::themes::root().join(name), target).expect("a link");
        };
        link("default");
        let theme = folder.path().join("probe");
        std::fs::create_dir(&theme).expect("a folder");
        std::fs::write(
            theme.join("theme.toml"),
            "name = \"P\"\nextends = \"default\"\n",
        )
        .expect("a file");
        std::fs::write(theme.join("invoice.typ"), source).expect("a file");
        let mut record = invoice("Amélie Dupont");
        record.theme = "probe".to_owned();
        let document = invoices(folder.path())
            .render_now(&record)
            .expect("renders");
        assert_eq!(document.problems.len(), 1, "{source}");
        assert!(
            document.problems[0].contains(because),
            "{source}: {:?}",
            document.problems
        );
        assert!(text(&document.pdf).contains("NW-2026-00042"));
    }
}
