//! What was measured, as a table and as JSON, each figure beside its aim.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

/// How good a figure should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Debug, Serialize)]
struct Figure {
    group: &'static str,
    name: String,
    value: f64,
    unit: &'static str,
    aim: Option<Aim>,
    met: Option<bool>,
}

/// The figures of one run, in the order they were measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// A figure without an aim.
    pub(crate) fn add(
        &mut self,
        group: &'static str,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
    ) {
        self.push(group, name.into(), value, unit, None);
    }

    /// A figure with its aim. Missing it is told, and fails nothing.
    pub(crate) fn judge(
        &mut self,
        group: &'static str,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        aim: Aim,
    ) {
        self.push(group, name.into(), value, unit, Some(aim));
    }

    fn push(
        &mut self,
        group: &'static str,
        name: String,
        value: f64,
        unit: &'static str,
        aim: Option<Aim>,
    ) {
        let met = aim.map(|aim| match aim {
            Aim::AtLeast(least) => value >= least,
            Aim::AtMost(most) => value <= most,
        });
        self.figures.push(Figure {
            group,
            name,
            value,
            unit,
            aim,
            met,
        });
    }

    /// Prints the table to standard output.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let wide = |figure: &Figure| figure.name.chars().count();
        let width = self.figures.iter().map(wide).max().unwrap_or_default();
        let mut group = "";
        for figure in &self.figures {
            if figure.group != group {
                group = figure.group;
                writeln!(out, "\n{group}")?;
            }
            let measured = format!("{} {}", digits(figure.value), figure.unit);
            let verdict = match (figure.aim, figure.met) {
                (Some(aim), Some(met)) => {
                    let (sign, bound) = match aim {
                        Aim::AtLeast(bound) => ("≥", bound),
                        Aim::AtMost(bound) => ("≤", bound),
                    };
                    let word = if met { "met" } else { "NOT met" };
                    format!("aim {sign} {} {}: {word}", digits(bound), figure.unit)
                }
                _ => String::new(),
            };
            let line = format!("  {:width$}  {measured:>16}   {verdict}", figure.name);
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out)?;
        Ok(())
    }

    /// Writes the figures as JSON.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Three significant digits, or all of a larger number.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
