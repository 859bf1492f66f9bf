//! `cargo trace validate`: whether a trace keeps every promise of the format.

use std::io::{self, Write};

use serde::Serialize;
use trace_reader::Trace;

use crate::error::Error;
use crate::escape::plain;
use crate::paint::{ALARM, FAINT, HEADING, paint};
use crate::report::chunks;
use crate::units;

/// What a strict reading found: the shape of `cargo trace validate --json`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Validation {
    /// Whether there are no violations.
    pub valid: bool,
    /// Events that could be read.
    pub events: u64,
    /// Chunks that could be read.
    pub chunks: u64,
    /// Threads that they belong to.
    pub threads: u64,
    /// How many violations there are.
    pub total: u64,
    /// The first of them, at most 10,000.
    pub violations: Vec<Violation>,
}

/// Something that the format forbids.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    /// Where it is in the file, when it is at one place.
    pub offset: Option<u64>,
    /// What it is.
    pub message: String,
}

impl Validation {
    /// Reads the whole trace.
    ///
    /// # Errors
    /// When the trace cannot be read.
    pub fn of(trace: &Trace) -> Result<Self, Error> {
        let problems = trace.validate()?;
        let violation = |problem| Violation {
            offset: trace_reader::Problem::offset(problem),
            message: trace.describe(problem),
        };
        Ok(Self {
            valid: problems.is_empty(),
            events: trace.analyze()?.events,
            chunks: chunks(trace),
            threads: trace.threads().len() as u64,
            total: problems.total(),
            violations: problems.iter().map(violation).collect(),
        })
    }

    /// Writes one line per violation, and a last one that counts. Lines are not broken, so that
    /// they can be searched.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for violation in &self.violations {
            writeln!(out, "{}", plain(&violation.message))?;
        }
        let more = self.total.saturating_sub(self.violations.len() as u64);
        if more > 0 {
            writeln!(out, "{}", paint(FAINT, format!("… and {} more", units::count(more))))?;
        }
        let size = format!(
            "{} in {} of {}",
            units::things(self.events, "event"),
            units::things(self.chunks, "chunk"),
            units::things(self.threads, "thread"),
        );
        if self.valid {
            writeln!(out, "{} {size}", paint(HEADING, "valid:"))
        } else {
            let total = units::things(self.total, "violation");
            writeln!(out, "{} {total}; {size}", paint(ALARM, "invalid:"))
        }
    }
}
