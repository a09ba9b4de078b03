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
    /// Fewer show nothing.
    pub(crate) least_kills: u64,
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
    /// Whether everything that must be zero is, in a run that could have shown it.
    pub fn is_clean(&self) -> bool {
        let kinds = self.findings.kinds();
        self.too_few().is_empty() && kinds.iter().all(|(_, found)| found.is_empty())
    }

    /// What did not happen often enough for the run to show anything: how often, and the least.
    fn too_few(&self) -> Vec<(&'static str, u64, u64)> {
        let mut counted = vec![
            ("charges that moved money", count(self.findings.charges), 1),
            ("kills", self.kills, self.least_kills),
        ];
        counted.retain(|(_, times, least)| times < least);
        counted
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
        for (what, times, least) in self.too_few() {
            writeln!(
                f,
                "\ntoo few {what}: {times}, and less than {least} shows nothing"
            )?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Report;
    use crate::findings::Findings;
    use crate::killer::least_kills;
    use crate::place::Database;

    /// A run of twenty minutes in which nothing was found.
    fn quiet(kills: u64, charges: usize) -> Report {
        let ran = Duration::from_mins(20);
        Report {
            hosts: 1,
            database: Database::Sqlite,
            seed: 7,
            ran,
            settled: Duration::ZERO,
            operations: 1,
            interrupted: 0,
            kills,
            least_kills: least_kills(ran, false),
            freezes: 0,
            dropped: 0,
            ended_alone: Vec::new(),
            faults: 0,
            endpoint_failed: 0,
            findings: Findings {
                charges,
                ..Findings::default()
            },
            kept: None,
        }
    }

    #[test]
    fn a_run_that_killed_too_few_or_moved_no_money_is_not_clean_and_says_why() {
        assert!(quiet(500, 1).is_clean());
        for (report, why) in [
            (quiet(499, 1), "too few kills: 499, and less than 500"),
            (quiet(500, 0), "too few charges that moved money: 0"),
        ] {
            assert!(!report.is_clean());
            assert!(report.to_string().contains(why), "{report}");
        }
    }

    #[test]
    fn short_runs_need_one_kill_and_those_that_spare_the_hosts_none() {
        assert_eq!(least_kills(Duration::from_secs(24), false), 1);
        assert_eq!(least_kills(Duration::from_mins(5), false), 125);
        assert_eq!(least_kills(Duration::from_mins(20), true), 0);
    }
}
