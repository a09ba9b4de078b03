//! What a run prints.

use std::fmt::{self, Display, Formatter, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::findings::Findings;
use crate::place::Database;

/// The most findings of one kind that are printed whole.
const SHOWN: usize = 10;

/// What a run did, and what the audit found.
#[derive(Debug)]
pub struct Report {
    pub(crate) hosts: u16,
    pub(crate) database: Database,
    pub(crate) seed: u64,
    pub(crate) ran: Duration,
    pub(crate) settled: Duration,
    pub(crate) operations: u64,
    pub(crate) interrupted: u64,
    pub(crate) kills: u64,
    pub(crate) freezes: u64,
    pub(crate) dropped: u64,
    pub(crate) ended_alone: Vec<String>,
    pub(crate) faults: u64,
    pub(crate) endpoint_failed: u64,
    pub(crate) findings: Findings,
    /// The folder of the run, where it was not removed.
    pub(crate) kept: Option<PathBuf>,
}

impl Report {
    /// Whether everything that must be zero is, in a run in which money moved at all.
    pub fn is_clean(&self) -> bool {
        let kinds = self.findings.kinds();
        self.findings.charges > 0 && kinds.iter().all(|(_, found)| found.is_empty())
    }

    /// How many debts were charged more than once.
    pub fn double_charges(&self) -> usize {
        self.findings.double_charges.len()
    }

    /// How many hosts were killed.
    pub fn kills(&self) -> u64 {
        self.kills
    }

    /// Every finding, however many there are.
    pub(crate) fn in_full(&self) -> String {
        let mut text = self.to_string();
        for (what, found) in self.findings.kinds() {
            for line in found.iter().skip(SHOWN) {
                let _ = writeln!(text, "\n{what}: {line}");
            }
        }
        text
    }

    /// How many charges moved money.
    pub fn charges(&self) -> usize {
        self.findings.charges
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let database = match self.database {
            Database::Sqlite => "SQLite",
            Database::Postgres => "Postgres",
        };
        writeln!(
            f,
            "torture: {} host(s) on {database} for {:.0} s, settled after {:.0} s more, --seed {}\n",
            self.hosts,
            self.ran.as_secs_f64(),
            self.settled.as_secs_f64(),
            self.seed,
        )?;
        let findings = &self.findings;
        let counted: [(&str, u64); 20] = [
            ("operations", self.operations),
            ("  of them cut off or refused", self.interrupted),
            ("kills", self.kills),
            ("freezes", self.freezes),
            ("database connections dropped", self.dropped),
            (
                "hosts that ended by themselves",
                count(self.ended_alone.len()),
            ),
            ("faults of the processor", self.faults),
            ("charges that moved money", count(findings.charges)),
            ("  of them unapplied receipts", count(findings.unapplied)),
            ("  for changes of plan", count(findings.plan_charges)),
            ("  on demand", count(findings.demand_charges)),
            ("refunds that moved money", count(findings.refunded)),
            (
                "  of them whole or part of what was bought",
                count(findings.by_merchant),
            ),
            (
                "  of them came back from the customer's bank",
                count(findings.bounced),
            ),
            ("disputes and returned debits", count(findings.disputes)),
            (
                "  of them lost, the debt owed again",
                count(findings.reopened),
            ),
            ("questions for the operator", count(findings.questions)),
            ("uses of a code", findings.uses.unsigned_abs()),
            ("failures of the merchant's endpoint", self.endpoint_failed),
            ("webhooks sent again, same id", findings.repeats),
        ];
        for (what, count) in counted {
            writeln!(f, "{what:44} {count:>9}")?;
        }
        for how in self.ended_alone.iter().take(SHOWN) {
            writeln!(f, "\na host ended by itself: {how}")?;
        }
        writeln!(f, "\nmust be 0:")?;
        for (what, found) in findings.kinds() {
            writeln!(f, "{what:44} {:>9}", found.len())?;
        }
        for (what, found) in findings.kinds() {
            for line in found.iter().take(SHOWN) {
                writeln!(f, "\n{what}: {line}")?;
            }
        }
        if let Some(kept) = &self.kept {
            writeln!(f, "\nkept: {}", kept.display())?;
        }
        Ok(())
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
