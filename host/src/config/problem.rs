//! What is wrong in a configuration, said so that the operator can mend it: where, which key,
//! what, and what to do. Never holds a secret's value.

use std::fmt;
use std::path::PathBuf;

/// Where a wrong value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, and the line where it is known (absent keys have none).
    File {
        /// As it was opened, so that it can be pasted into an editor.
        path: PathBuf,
        /// Counted from 1.
        line: Option<usize>,
    },
    /// An environment variable, by name.
    Environment(String),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The key from the top of the file, such as `live.gateways.sandbox.plugin`; empty for a
    /// problem of the whole file.
    pub key: String,
    /// What is wrong, as a clause without a full stop.
    pub what: String,
    /// What to do about it, as a sentence; empty where `what` says it all.
    pub mend: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File {
                path,
                line: Some(line),
            } => write!(formatter, "{}:{line}: ", path.display())?,
            Place::File { path, line: None } => write!(formatter, "{}: ", path.display())?,
            Place::Environment(name) => write!(formatter, "environment {name}: ")?,
        }
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        formatter.write_str(&self.what)?;
        if !self.mend.is_empty() {
            write!(formatter, "\n    {}", self.mend)?;
        }
        Ok(())
    }
}

/// Everything that was found wrong in one reading of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }

    /// `Ok` when the list is empty.
    pub(super) fn check(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self(problems))
        }
    }

    /// In the order in which they were found: the main file first, then businesses by file name.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            problem.fmt(formatter)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
