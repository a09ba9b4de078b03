//! Words, dates, numbers and money.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use vestibule::domain::money::Money;
use vestibule::themes::Locale;
use vestibule::themes::formats::Formats;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn negotiated(wishes: &[&str]) -> (String, String) {
    let locale = Locale::negotiate(&["en".to_owned(), "es".to_owned()], wishes);
    (locale.catalogue().to_owned(), locale.formats().to_owned())
}

fn pair(catalogue: &str, formats: &str) -> (String, String) {
    (catalogue.to_owned(), formats.to_owned())
}

#[test]
fn the_best_language_is_chosen_and_its_regional_formats_kept() {
    assert_eq!(
        negotiated(&["es-MX,es;q=0.9,en;q=0.5"]),
        pair("es", "es-MX")
    );
    assert_eq!(negotiated(&["en;q=0.2, es;q=0.8"]), pair("es", "es"));
    assert_eq!(negotiated(&["es", "en-GB"]), pair("es", "es"));
    assert_eq!(negotiated(&["en-GB,en;q=0.7"]), pair("en", "en-GB"));
    assert_eq!(negotiated(&["ja, fr;q=0.4"]), pair("en", "en"));
    assert_eq!(negotiated(&["", "*", ";;q=x,,"]), pair("en", "en"));
}

#[test]
fn money_is_written_as_the_locale_does_and_never_rounded() {
    for (tag, minor, code, expect) in [
        ("en", 2900, "USD", "$29.00"),
        ("en", 2900, "EUR", "€29.00"),
        ("es", 2900, "EUR", "29,00\u{a0}€"),
        ("de", 123_456, "EUR", "1.234,56\u{a0}€"),
        ("en", -2900, "USD", "-$29.00"),
        ("en", 12_000, "JPY", "¥12,000"),
        ("en", 1_500, "KWD", "KWD\u{a0}1.500"),
        ("en", i64::MAX, "USD", "$92,233,720,368,547,758.07"),
    ] {
        let money = Money::new(minor, code.parse().expect("a currency"));
        assert_eq!(Formats::of(tag).money(money), expect);
    }
    // Every currency shows as many decimals as ISO 4217 gives it, whatever CLDR thinks.
    for code in [
        "IDR", "HUF", "TWD", "LAK", "CLF", "UYW", "ISK", "BHD", "MRU", "CRC",
    ] {
        let money = Money::new(123_456, code.parse().expect("a currency"));
        for tag in ["en", "es"] {
            let shown = Formats::of(tag).money(money);
            let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(digits, "123456", "{code} in {tag}: {shown}");
        }
    }
}

#[test]
fn dates_are_those_of_the_business_and_read_like_the_locale() {
    let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
    let late = at("2026-11-30T23:30:00Z");
    assert_eq!(Formats::of("en-GB").day(late, &berlin), "1 December 2026");
    assert_eq!(
        Formats::of("en").day(late, &TimeZone::UTC),
        "November 30, 2026"
    );
    assert_eq!(
        Formats::of("es").day(late, &berlin),
        "1 de diciembre de 2026"
    );
    assert!(Formats::of("en-GB").moment(late, &berlin).contains("00:30"));
}

#[test]
fn distances_count_days_by_the_calendar() {
    let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
    let now = at("2026-11-22T09:30:00Z");
    for (tag, then, expect) in [
        ("en", "2026-11-22T09:50:00Z", "in 20 minutes"),
        ("en", "2026-11-22T12:30:00Z", "in 3 hours"),
        ("en", "2026-11-23T22:30:00Z", "tomorrow"),
        ("en", "2026-11-23T23:30:00Z", "in 2 days"),
        ("en", "2026-11-21T09:00:00Z", "yesterday"),
        ("es", "2026-11-25T09:30:00Z", "dentro de 3 días"),
    ] {
        assert_eq!(
            Formats::of(tag).relative(at(then), now, &berlin),
            expect,
            "{then}"
        );
    }
}

#[test]
fn nonsense_from_a_header_is_english() {
    let day = Formats::of("x'; drop table--").day(at("2026-11-22T09:30:00Z"), &TimeZone::UTC);
    assert_eq!(day, "November 22, 2026");
    assert!(Formats::of("ar").is_right_to_left());
}
