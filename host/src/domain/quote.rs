//! What paying the dues of a subscription costs and buys, told before the button is pressed.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::debt::{Debt, DebtKind};
use super::money::MoneyError;
use super::period::{OutOfRange, Period};
use super::subscription::{Subscription, SubscriptionState};
use super::tax::{self, Line, Totals};
use super::text_enum;

text_enum! {
    /// From where the period bought by a reactivation counts.
    pub enum ReactivationAnchor {
        /// It starts with the payment; time on hold is neither supplied nor billed.
        Payment = "payment",
        /// It runs from the last date before now to the next.
        Keep = "keep",
    }
}

/// Why no quote could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// The sums do not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The dates do not fit.
    #[error(transparent)]
    Date(#[from] OutOfRange),
}

/// The price and the result of paying everything that is due on a subscription.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Equal for equal contents; a page that shows another one is stale.
    pub id: String,
    /// What is billed, with the period that is bought.
    pub lines: Vec<Line>,
    /// The sums.
    pub totals: Totals,
    /// The period that the subscription is in after the payment.
    pub period: Period,
    /// The instant that dates count from after the payment.
    pub anchor: Timestamp,
    /// Whether that period is bought; otherwise it was paid for before and stays as it is.
    pub buys: bool,
}

/// Whether paying `due` buys a period: one that was supplied already, and whose payment was taken
/// back, does not. The cause of a period's debt is the period's start.
pub fn buys_period(subscription: &Subscription, due: &Debt) -> bool {
    let supplied = due
        .cause
        .parse()
        .ok()
        .and_then(|start| Timestamp::from_microsecond(start).ok())
        .is_some_and(|start| start < subscription.period.end);
    due.kind == DebtKind::Period && !supplied
}

/// Quotes the open `dues` of `subscription` if they are paid at `now` (business time).
pub fn quote(
    subscription: &Subscription,
    dues: &[Debt],
    policy: ReactivationAnchor,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Quote, QuoteError> {
    let unpaid_period = dues.iter().any(|due| buys_period(subscription, due));
    let interval = subscription.interval;
    let starts_now = policy == ReactivationAnchor::Payment
        && !matches!(subscription.state, SubscriptionState::PastDue { .. });
    let (anchor, period) = match (unpaid_period, starts_now) {
        (false, _) => (subscription.anchor, subscription.period),
        (true, true) => (
            now,
            Period {
                start: now,
                end: interval.after(now, 1, zone)?,
            },
        ),
        (true, false) => (
            subscription.anchor,
            interval.containing(subscription.anchor, now, zone)?,
        ),
    };
    let lines: Vec<Line> = dues
        .iter()
        .flat_map(|due| {
            due.lines.iter().cloned().map(|mut line| {
                if buys_period(subscription, due) {
                    line.period = Some(period);
                }
                line
            })
        })
        .collect();
    let totals = tax::totals(subscription.unit_price.currency, &lines)?;
    let id = identify(subscription, dues, starts_now, &totals);
    Ok(Quote {
        id,
        lines,
        totals,
        period,
        anchor,
        buys: unpaid_period,
    })
}

/// What the customer agrees to: which debts, how much, and which way the period counts. The
/// seconds that pass between looking and pressing are not part of it.
fn identify(
    subscription: &Subscription,
    dues: &[Debt],
    starts_now: bool,
    totals: &Totals,
) -> String {
    let mut hash = Sha256::new();
    hash.update(subscription.id.as_str());
    for due in dues {
        hash.update([0]);
        hash.update(due.id.as_str());
    }
    hash.update([0, u8::from(starts_now)]);
    hash.update(totals.gross.minor.to_be_bytes());
    hash.update(totals.gross.currency.code());
    data_encoding::BASE32_NOPAD
        .encode(&hash.finalize()[..10])
        .to_ascii_lowercase()
}
