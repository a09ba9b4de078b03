//! What paying the dues of a subscription costs and buys, told before the button is pressed.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::credit::{self, Credit};
use super::debt::{self, Debt, DebtKind};
use super::money::MoneyError;
use super::part::Part;
use super::period::{OutOfRange, Period};
use super::proration::part_of_period;
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
    /// Equal for equal contents; a page that shows another one is stale. Where the price falls with
    /// every second that passes, it names the second that it is for, as a plan change's does.
    pub id: String,
    /// What is paid, at the prices that are asked now: the end of the term cuts the period that is
    /// bought, and the tax of all of them is rounded once.
    pub dues: Vec<Debt>,
    /// Credit that a period which is cut leaves over.
    pub returned: Vec<Credit>,
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
/// back, does not, nor does one of a subscription that has ended. The cause of a period's debt is
/// the period's start.
pub fn buys_period(subscription: &Subscription, due: &Debt) -> bool {
    let supplied = due
        .cause
        .parse()
        .ok()
        .and_then(|start| Timestamp::from_microsecond(start).ok())
        .is_some_and(|start| start < subscription.period.end);
    due.kind == DebtKind::Period && !supplied && !subscription.state.is_final()
}

/// Quotes the open `dues` of `subscription` if they are paid at `now` (business time). A period that
/// the end of the agreed term cuts is paid by the second: at its full price for the part that runs.
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
    let from = |start: Timestamp| -> Result<Period, OutOfRange> {
        let end = interval.after(start, 1, zone)?;
        Ok(Period { start, end })
    };
    let ends = subscription.expires_at;
    let mut second = None;
    let (anchor, whole) = match (unpaid_period, starts_now) {
        (false, _) => (subscription.anchor, subscription.period),
        (true, true) => {
            let start = Timestamp::from_second(now.as_second()).unwrap_or(now);
            let (at_once, rounded) = (from(now)?, from(start)?);
            let whole = if at_once.until(ends) == at_once {
                at_once
            } else {
                rounded
            };
            if whole.until(ends) != whole {
                // Its price falls by the second.
                second = Some(start.as_second());
            }
            (whole.start, whole)
        }
        (true, false) => (
            subscription.anchor,
            interval.containing(subscription.anchor, now, zone)?,
        ),
    };
    let period = if unpaid_period {
        whole.until(ends)
    } else {
        whole
    };
    let mut dues = dues.to_vec();
    let mut returned = Vec::new();
    let buys: Vec<bool> = dues
        .iter()
        .map(|due| buys_period(subscription, due))
        .collect();
    for (due, _) in dues
        .iter_mut()
        .zip(&buys)
        .filter(|(due, buys)| **buys && !due.disputed)
    {
        returned.extend(price_part(due, Part::within(period, whole), period)?);
    }
    let totals = debt::together(subscription.unit_price.currency, &mut dues)?;
    let lines: Vec<Line> = dues
        .iter()
        .zip(&buys)
        .flat_map(|(due, buys)| {
            due.lines.iter().cloned().map(|mut line| {
                if *buys {
                    line.period = Some(period);
                }
                line
            })
        })
        .collect();
    let id = identify(subscription, &dues, starts_now, &totals);
    Ok(Quote {
        id: match second {
            Some(second) => format!("{second}.{id}"),
            None => id,
        },
        dues,
        returned,
        lines,
        totals,
        period,
        anchor,
        buys: unpaid_period,
    })
}

/// Lets `due` be `part` of a whole period; answers the credit that it no longer uses up.
fn price_part(due: &mut Debt, part: Part, period: Period) -> Result<Vec<Credit>, MoneyError> {
    let (credits, supplies): (Vec<Line>, Vec<Line>) =
        due.lines.drain(..).partition(|line| line.role.is_credit());
    let was_whole = supplies.iter().all(|line| line.share.is_none());
    if part.is_all() && was_whole {
        due.lines = supplies;
        due.lines.extend(credits);
        return Ok(Vec::new());
    }
    due.lines = part_of_period(&supplies, part, period)?;
    let gross = tax::totals(due.amount.currency, &due.lines)?.gross;
    let held: Vec<Credit> = credits.iter().map(credit::of_line).collect();
    let taken = credit::take(&held, gross)?;
    due.lines.extend(taken.lines);
    Ok(taken.left)
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
