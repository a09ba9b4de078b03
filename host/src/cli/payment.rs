//! `vestibule payment`: what an operator has to know about money, and may decide.

use std::fmt;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use crate::app;
use crate::domain::balance::{Balance, Unseen};
use crate::domain::id::{DisputeId, PaymentId, RefundId};
use crate::domain::money::Money;
use crate::flows::balance;
use crate::flows::dispute;
use crate::flows::failing_jobs::{self, FailingJob};
use crate::flows::refund;
use crate::flows::settlement::{self, Finding};
use crate::flows::unsettled::{self, Unsettled};

use super::{Place, ScopeArgs, block_on, print};

#[derive(Debug, Subcommand)]
pub(super) enum Payment {
    /// List payments without an end, money that settled nothing, disputes to decide about, and work
    /// that does not get on.
    ///
    /// Each with where it stands, how old it is, when it was sent last, and when its gateway is
    /// asked next, or what you have to decide. A payment whose outcome is not known is never failed
    /// by time: it is asked for, and stays here until the gateway answers or you resolve it.
    #[command(
        after_help = "Examples:\n  vestibule payment unsettled\n  vestibule payment unsettled --json"
    )]
    Unsettled {
        /// Print one JSON array, for scripts and alarms.
        #[arg(long)]
        json: bool,
    },
    /// Show how each gateway's own books compare with ours.
    ///
    /// They are compared daily; the newest result is shown: each difference by name, and what could
    /// not be seen.
    #[command(
        after_help = "Examples:\n  vestibule payment balance\n  vestibule payment balance --now --json"
    )]
    Balance {
        /// Compare now instead of showing the last result.
        #[arg(long)]
        now: bool,
        /// Print one JSON array, for scripts and alarms.
        #[arg(long)]
        json: bool,
    },
    /// Decide what became of a payment or refund whose gateway no longer tells.
    ///
    /// Look at the gateway's own records first: `--never` frees what it was to pay for another
    /// charge. The decision and its evidence stand in the audit. What the gateway says later still
    /// counts.
    #[command(after_help = "\
Example:
  vestibule payment resolve pay_01k9z3v6e8q4w2r7t5y1p0s9d8 --happened \\
    --evidence 'statement of 12 November, line 7' --business bus_lumen --mode test")]
    Resolve {
        /// The id of the payment, or of the refund.
        subject: Subject,
        #[command(flatten)]
        found: Found,
        /// Where you saw it.
        #[arg(long, value_name = "TEXT")]
        evidence: String,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Note what you decided about money that a bank took back or gave again, or a refund that came
    /// back.
    ///
    /// `payment unsettled` names the question. The dispute or refund leaves that list; the decision stands in
    /// the audit. Later news of the dispute still counts.
    #[command(after_help = "\
Example:
  vestibule payment decide dsp_01k9z3v6e8q4w2r7t5y1p0s9d8 \\
    --evidence 'we bear it; agreed with the customer on the phone' --business bus_lumen --mode test")]
    Decide {
        /// The id of the dispute, or of the refund.
        subject: Decidable,
        /// What was decided, and on what grounds.
        #[arg(long, value_name = "TEXT")]
        evidence: String,
        #[command(flatten)]
        scope: ScopeArgs,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Found {
    /// The money moved.
    #[arg(long)]
    happened: bool,
    /// The charge never happened, and never will.
    #[arg(long)]
    never: bool,
}

/// What is decided about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Payment(PaymentId),
    Refund(RefundId),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refund = || text.parse().map(Self::Refund);
        let subject = text.parse().map(Self::Payment).or_else(|_| refund());
        subject.map_err(|_| "not an id that starts with `pay_` or `ref_`".to_owned())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(id) => id.fmt(f),
            Self::Refund(id) => id.fmt(f),
        }
    }
}

/// What an owner may have to decide about.
#[derive(Clone, Debug)]
pub(super) enum Decidable {
    Dispute(DisputeId),
    Refund(RefundId),
}

impl FromStr for Decidable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refund = || text.parse().map(Self::Refund);
        let subject = text.parse().map(Self::Dispute).or_else(|_| refund());
        subject.map_err(|_| "not an id that starts with `dsp_` or `ref_`".to_owned())
    }
}

impl fmt::Display for Decidable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dispute(id) => id.fmt(f),
            Self::Refund(id) => id.fmt(f),
        }
    }
}

impl Payment {
    pub(super) fn run(self, place: &Place) -> anyhow::Result<ExitCode> {
        let settings = place.load()?;
        match self {
            Self::Unsettled { json } => {
                let (listed, failing, now) = block_on(async {
                    let cx = app::open(settings).await?;
                    let failing = failing_jobs::list(&cx).await?;
                    Ok((unsettled::list(&cx).await?, failing, cx.now()))
                })?;
                show(&listed, &failing, now, json)?;
            }
            Self::Balance { now, json } => {
                let balances = block_on(async {
                    let cx = app::open(settings).await?;
                    if now {
                        balance::make_all(&cx).await?;
                    }
                    Ok(balance::latest(&cx, None).await?)
                })?;
                if json {
                    print(&serde_json::to_string_pretty(&balances)?)?;
                } else {
                    for line in balance_lines(&balances) {
                        print(&line)?;
                    }
                }
            }
            Self::Resolve {
                subject,
                found,
                evidence,
                scope,
            } => {
                let scope = scope.among(&settings)?;
                let finding = if found.happened {
                    Finding::Happened
                } else {
                    Finding::Never
                };
                let after = block_on(async {
                    let cx = app::open(settings).await?;
                    let ended = match &subject {
                        Subject::Payment(id) => {
                            settlement::resolve(&cx, &scope, id, finding, &evidence)
                                .await
                                .map(|after| after.state.name())
                        }
                        Subject::Refund(id) => refund::resolve(&cx, &scope, id, finding, &evidence)
                            .await
                            .map(|after| after.state.name()),
                    };
                    ended.with_context(|| format!("{subject} of {scope} was not resolved"))
                })?;
                print(&format!("{subject} is {after}"))?;
            }
            Self::Decide {
                subject,
                evidence,
                scope,
            } => {
                let scope = scope.among(&settings)?;
                block_on(async {
                    let cx = app::open(settings).await?;
                    let decided = match &subject {
                        Decidable::Dispute(id) => {
                            dispute::decide(&cx, &scope, id, &evidence).await.map(drop)
                        }
                        Decidable::Refund(id) => {
                            refund::decide(&cx, &scope, id, &evidence).await.map(drop)
                        }
                    };
                    decided.with_context(|| format!("{subject} of {scope} was not decided"))
                })?;
                print(&format!("{subject} is decided"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(
    listed: &[Unsettled],
    failing: &[FailingJob],
    now: Timestamp,
    json: bool,
) -> anyhow::Result<()> {
    if json {
        let all = listed.iter().map(serde_json::to_value);
        let all = all.chain(failing.iter().map(serde_json::to_value));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        return print(&serde_json::to_string_pretty(&all)?);
    }
    if listed.is_empty() && failing.is_empty() {
        return print("every payment has ended, all money is applied, and all work gets on");
    }
    for entry in listed {
        let sent = match (&entry.dispute, entry.sent_at) {
            (Some(_), _) => "contested".to_owned(),
            (None, Some(at)) => format!("sent {at:.0}"),
            (None, None) => "not sent".to_owned(),
        };
        let age = age(now.duration_since(entry.since));
        let next = match (entry.decide, entry.next_look) {
            (Some(question), _) => format!("decide: {question}"),
            (None, Some(at)) => format!("asked {} times, next {at:.0}", entry.looks),
            (None, None) => "nobody asks".to_owned(),
        };
        let which = match (&entry.refund, &entry.dispute) {
            (Some(refund), _) => format!("{refund} of {}", entry.payment),
            (None, Some(dispute)) => format!("{dispute} over {}", entry.payment),
            (None, None) => entry.payment.to_string(),
        };
        let Unsettled {
            business,
            mode,
            amount,
            state,
            gateway,
            ..
        } = entry;
        print(&format!(
            "{which}  {business}/{mode}  {} {}  {state}  {gateway}  for {age}  {sent}  {next}",
            amount.to_decimal(),
            amount.currency.code(),
        ))?;
    }
    for job in failing {
        print(&super::job::line(job))?;
    }
    Ok(())
}

/// How long something is open, in its largest whole unit.
fn age(open: SignedDuration) -> String {
    let minutes = open.as_mins().max(0);
    match (minutes / (24 * 60), minutes / 60) {
        (0, 0) => format!("{minutes}m"),
        (0, hours) => format!("{hours}h"),
        (days, _) => format!("{days}d"),
    }
}

fn balance_lines(balances: &[Balance]) -> Vec<String> {
    if balances.is_empty() {
        return vec!["no gateway was compared yet; --now does it".to_owned()];
    }
    let mut lines = Vec::new();
    for balance in balances {
        let Balance {
            scope,
            gateway,
            made_at,
            since,
            movements,
            ..
        } = balance;
        let found = match balance.differences.len() {
            0 => "no differences".to_owned(),
            count => format!("{count} differences"),
        };
        lines.push(format!(
            "{scope}  {gateway}  {made_at:.0}  {movements} movements since {since:.0}  {found}"
        ));
        for difference in &balance.differences {
            let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let amount = |money: Option<Money>| {
                money.map_or_else(
                    || "-".to_owned(),
                    |money| format!("{} {}", money.to_decimal(), money.currency.code()),
                )
            };
            lines.push(format!(
                "  {}  {}  {}  {}  ours {}  theirs {}",
                difference.problem,
                difference.kind,
                or_none(&difference.own),
                or_none(&difference.reference),
                amount(difference.ours),
                amount(difference.theirs),
            ));
        }
        lines.extend(balance.unseen.iter().map(|unseen| {
            let what = match unseen {
                Unseen::NoList => "the gateway cannot list its books".to_owned(),
                Unseen::NoAnswer { why } => format!("the gateway did not answer to the end: {why}"),
                Unseen::NoEnd { pages } => {
                    format!("the gateway's list of its books does not end; {pages} pages were read")
                }
                Unseen::OtherKinds { kinds } => {
                    let kinds = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
                    format!("not compared: {}", kinds.collect::<Vec<_>>().join(", "))
                }
            };
            format!("  not seen: {what}")
        }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_whole_unit() {
        let ages = [-1, 59, 60, 3_599, 3_600, 86_399, 86_400, 40 * 86_400];
        let told = ages.map(|seconds| age(SignedDuration::from_secs(seconds)));
        assert_eq!(told, ["0m", "0m", "1m", "59m", "1h", "23h", "1d", "40d"]);
    }
}
