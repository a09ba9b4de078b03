//! `[invoices]`: how the numbers of documents look, and when they are given.

use serde::Deserialize;

use super::problem::Problem;
use super::source::Source;

/// How the numbers of documents look, and when they are given.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Invoices {
    /// When a document gets its number.
    pub issue: Issue,
    /// Stands before the number of an invoice.
    pub prefix: String,
    /// Stands before the number of a credit note.
    pub credit_note_prefix: String,
    /// Stands before both in test mode.
    pub test_prefix: String,
    /// The least digits of the number; shorter ones are filled with zeros.
    pub digits: u8,
}

/// When a document gets its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Issue {
    /// When it is paid.
    Settlement,
    /// When it falls due; refused, with what to write instead.
    DueDate,
}

impl Default for Invoices {
    fn default() -> Self {
        Self {
            issue: Issue::Settlement,
            prefix: "INV-".into(),
            credit_note_prefix: "CN-".into(),
            test_prefix: "TEST-".into(),
            digits: 6,
        }
    }
}

impl Invoices {
    pub(super) fn check(&self, source: &Source, problems: &mut Vec<Problem>) {
        if self.issue == Issue::DueDate {
            problems.push(source.problem(
                "invoices.issue",
                "is \"due-date\", which this version cannot do",
                "Write \"settlement\": a document gets its number when it is paid.",
            ));
        }
        if self.prefix == self.credit_note_prefix {
            problems.push(source.problem(
                "invoices.credit_note_prefix",
                "equals invoices.prefix",
                "Credit notes are a series of their own; give them another prefix.",
            ));
        }
        if !(1..=12).contains(&self.digits) {
            problems.push(source.problem(
                "invoices.digits",
                format!("is {}", self.digits),
                "Write 1 to 12.",
            ));
        }
    }
}
