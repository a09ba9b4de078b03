//! Dates, times, numbers and money as a person's locale writes them (ICU4X).
//!
//! Formatters are built once per locale and shared; money formatters once per currency.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, LazyLock, Mutex, RwLock};

use icu::calendar::Date;
use icu::datetime::fieldsets::{YMD, YMDT};
use icu::datetime::options::TimePrecision;
use icu::datetime::{DateTimeFormatter, input};
use icu::decimal::DecimalFormatter;
use icu::decimal::input::Decimal;
use icu::decimal::options::DecimalFormatterOptions;
use icu::experimental::dimension::currency::CurrencyType;
use icu::experimental::dimension::currency::formatter::CurrencyFormatter;
use icu::experimental::dimension::currency::options::CurrencyUsage;
use icu::experimental::dimension::percent::formatter::PercentFormatter;
use icu::experimental::dimension::percent::options::PercentFormatterOptions;
use icu::experimental::displaynames::DisplayNamesOptions;
use icu::experimental::displaynames::multi::RegionDisplayNames;
use icu::experimental::relativetime::options::Numeric;
use icu::experimental::relativetime::{RelativeTimeFormatter, RelativeTimeFormatterOptions};
use icu::locale::{Direction, Locale, LocaleDirectionality, locale};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::money::{Currency, Money};

/// How many locales are kept; they come from `Accept-Language`, so the number is bounded.
const KEPT: usize = 64;

static SHARED: LazyLock<Mutex<HashMap<String, Arc<Formats>>>> = LazyLock::new(Mutex::default);

/// How many days, distances and amounts each locale remembers.
const REMEMBERED: usize = 4096;

/// Texts that were formatted before. Pages show the same few days and prices again and again.
struct Memory<K>(RwLock<HashMap<K, Box<str>>>);

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash> Memory<K> {
    fn get(&self, key: K, format: impl FnOnce() -> String) -> String {
        let sound = "nothing panics while it holds the lock";
        if let Some(text) = self.0.read().expect(sound).get(&key) {
            return text.to_string();
        }
        let text = format();
        let mut known = self.0.write().expect(sound);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, text.clone().into());
        text
    }
}

/// How far off something is.
#[derive(PartialEq, Eq, Hash)]
enum Distance {
    Minutes(i64),
    Hours(i64),
    Days(i64),
}

/// The formatters of one locale.
pub struct Formats {
    locale: Locale,
    day: DateTimeFormatter<YMD>,
    moment: DateTimeFormatter<YMDT>,
    number: DecimalFormatter,
    percent: PercentFormatter<DecimalFormatter>,
    regions: RegionDisplayNames,
    minutes: RelativeTimeFormatter,
    hours: RelativeTimeFormatter,
    days: RelativeTimeFormatter,
    money: Mutex<HashMap<Currency, Arc<MoneyFormat>>>,
    known_days: Memory<jiff::civil::Date>,
    known_distances: Memory<Distance>,
    known_amounts: Memory<Money>,
}

/// How one currency is written in one locale.
enum MoneyFormat {
    /// By the locale's own pattern and symbol.
    Pattern(Box<CurrencyFormatter<DecimalFormatter>>),
    /// As number and code, because the locale's pattern would round minor units away.
    Code,
}

impl MoneyFormat {
    fn of(locale: &Locale, currency: Currency) -> Self {
        let formatter = CurrencyType::try_from_str(currency.code())
            .ok()
            .and_then(|kind| {
                CurrencyFormatter::try_new_symbol(
                    locale.into(),
                    kind,
                    CurrencyUsage::Standard.into(),
                )
                .ok()
            });
        // CLDR gives some currencies fewer decimals than ISO 4217 does, and its pattern would
        // round. The smallest whole amount tells: every digit of 1.00 is there, or is not.
        let exponent = currency.exponent();
        let one = decimal(Money::new(10_i64.pow(u32::from(exponent)), currency));
        formatter
            .filter(|formatter| {
                let shown = formatter.format_fixed_decimal(&one).to_string();
                shown.chars().filter(|c| c.is_numeric()).count() == usize::from(exponent) + 1
            })
            .map_or(Self::Code, |formatter| Self::Pattern(Box::new(formatter)))
    }
}

fn decimal(amount: Money) -> Decimal {
    let mut number = Decimal::from(amount.minor);
    number.multiply_pow10(-i16::from(amount.currency.exponent()));
    number
}

impl Formats {
    /// The shared formatters of `tag`; English ones if the tag is not a locale, or one of a
    /// language that nobody speaks.
    pub fn of(tag: &str) -> Arc<Self> {
        let mut shared = SHARED.lock().expect("building formatters never panics");
        if let Some(formats) = shared.get(tag) {
            return Arc::clone(formats);
        }
        if shared.len() >= KEPT {
            shared.clear();
        }
        let formats = tag.parse().ok().and_then(Self::new);
        let formats = formats.or_else(|| Self::new(locale!("en")));
        let formats = Arc::new(formats.expect("all ICU data for English are compiled in"));
        shared.insert(tag.to_owned(), Arc::clone(&formats));
        formats
    }

    /// None where ICU lacks something for the language, as names of regions.
    fn new(locale: Locale) -> Option<Self> {
        let in_words = || {
            let mut options = RelativeTimeFormatterOptions::default();
            options.numeric = Some(Numeric::Auto);
            options
        };
        let moment = YMDT::long().with_time_precision(TimePrecision::Minute);
        Some(Self {
            day: DateTimeFormatter::try_new((&locale).into(), YMD::long()).ok()?,
            moment: DateTimeFormatter::try_new((&locale).into(), moment).ok()?,
            number: DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default())
                .ok()?,
            percent: PercentFormatter::try_new(
                (&locale).into(),
                PercentFormatterOptions::default(),
            )
            .ok()?,
            regions: RegionDisplayNames::try_new((&locale).into(), DisplayNamesOptions::default())
                .ok()?,
            minutes: RelativeTimeFormatter::try_new_long_minute((&locale).into(), in_words())
                .ok()?,
            hours: RelativeTimeFormatter::try_new_long_hour((&locale).into(), in_words()).ok()?,
            days: RelativeTimeFormatter::try_new_long_day((&locale).into(), in_words()).ok()?,
            money: Mutex::default(),
            known_days: Memory::default(),
            known_distances: Memory::default(),
            known_amounts: Memory::default(),
            locale,
        })
    }

    /// Whether the script of this locale runs from right to left.
    pub fn is_right_to_left(&self) -> bool {
        LocaleDirectionality::new_common().get(&self.locale.id) == Some(Direction::RightToLeft)
    }

    /// A day, such as "1 December 2026", as it is in `zone`.
    pub fn day(&self, at: Timestamp, zone: &TimeZone) -> String {
        let at = at.to_zoned(zone.clone()).datetime();
        self.known_days
            .get(at.date(), || self.day.format(&civil(at).date).to_string())
    }

    /// A day with the time to the minute, as they are in `zone`.
    pub fn moment(&self, at: Timestamp, zone: &TimeZone) -> String {
        let at = at.to_zoned(zone.clone()).datetime();
        self.moment.format(&civil(at)).to_string()
    }

    /// `at` as seen from `now`: "in 20 minutes", "yesterday", "in 3 days". Days are counted by
    /// the calendar of `zone`, so that tonight is never "in 1 day".
    pub fn relative(&self, at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
        let seconds = at.as_second() - now.as_second();
        let today = now.to_zoned(zone.clone()).date();
        let days = today
            .until(at.to_zoned(zone.clone()).date())
            .map_or(0, |span| i64::from(span.get_days()));
        let distance = if seconds.abs() < 55 * 60 {
            Distance::Minutes(seconds / 60)
        } else if seconds.abs() < 6 * 3600 {
            Distance::Hours((seconds + seconds.signum() * 1800) / 3600)
        } else {
            Distance::Days(days)
        };
        let (format, count) = match distance {
            Distance::Minutes(count) => (&self.minutes, count),
            Distance::Hours(count) => (&self.hours, count),
            Distance::Days(count) => (&self.days, count),
        };
        self.known_distances
            .get(distance, || format.format(Decimal::from(count)).to_string())
    }

    /// A whole number with the locale's grouping.
    pub fn number(&self, number: i64) -> String {
        self.number.format(&Decimal::from(number)).to_string()
    }

    /// The name of a country given by its ISO 3166-1 code; the code if it is none.
    pub fn country(&self, code: &str) -> String {
        let region = code.parse().ok();
        let name = region.and_then(|region| self.regions.of(region));
        name.unwrap_or(code).to_owned()
    }

    /// A percentage given as a plain decimal such as "5.5", written as the locale does.
    pub fn percent(&self, percent: &str) -> String {
        let number = Decimal::try_from_str(percent).unwrap_or_default();
        self.percent
            .format(&number)
            .to_string()
            .replace(' ', "\u{a0}")
    }

    /// An amount, such as "29,00 €". The text holds no ordinary space, so it does not wrap.
    pub fn money(&self, amount: Money) -> String {
        self.known_amounts
            .get(amount, || self.written_amount(amount))
    }

    fn written_amount(&self, amount: Money) -> String {
        let number = decimal(amount);
        let text = match &*self.money_format(amount.currency) {
            MoneyFormat::Pattern(formatter) => formatter.format_fixed_decimal(&number).to_string(),
            MoneyFormat::Code => {
                format!(
                    "{}\u{a0}{}",
                    self.number.format(&number),
                    amount.currency.code()
                )
            }
        };
        text.replace(' ', "\u{a0}")
    }

    fn money_format(&self, currency: Currency) -> Arc<MoneyFormat> {
        let mut known = self.money.lock().expect("building formatters never panics");
        let format = known
            .entry(currency)
            .or_insert_with(|| Arc::new(MoneyFormat::of(&self.locale, currency)));
        Arc::clone(format)
    }
}

/// A wall-clock reading in ICU's types.
fn civil(at: jiff::civil::DateTime) -> input::DateTime<icu::calendar::Iso> {
    let number = |value: i8| u8::try_from(value).expect("civil fields are not negative");
    let date = Date::try_new_iso(i32::from(at.year()), number(at.month()), number(at.day()))
        .expect("jiff's dates are valid");
    let time = input::Time::try_new(
        number(at.hour()),
        number(at.minute()),
        number(at.second()),
        0,
    )
    .expect("jiff's times are valid");
    input::DateTime { date, time }
}
