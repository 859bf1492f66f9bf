//! `cargo trace recover`: a clean file out of a trace that was not stopped, or is damaged.

use std::io::{self, Write};

use trace_reader::{PoolFile, Problem, RecoverError, Recovered, Trace};

use crate::escape::plain;
use crate::paint::{HEADING, paint};
use crate::units;

/// What was recovered.
pub(crate) struct Recovery {
    recovered: Recovered,
    problems: Vec<String>,
    /// The pool file, which is of no use any more.
    pool: Option<String>,
}

impl Recovery {
    /// Writes the clean file.
    pub(crate) fn of(trace: &Trace, file: &mut dyn Write) -> Result<Self, RecoverError> {
        let recovered = trace.recover(file)?;
        let pool = trace.problems().iter().find_map(|problem| match problem {
            Problem::NotStopped { pool: PoolFile::Joined { path, .. } } => {
                Some(path.to_string_lossy().into_owned())
            }
            _ => None,
        });
        let problems = trace.problems().iter().map(|problem| trace.describe(problem)).collect();
        Ok(Self { recovered, problems, pool })
    }

    /// Tells about it.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for problem in &self.problems {
            writeln!(out, "{}", plain(problem))?;
        }
        let Recovered { bytes, chunks, left_out, .. } = self.recovered;
        let size = format!("{} in {}", units::things(chunks, "chunk"), units::bytes(bytes));
        write!(out, "{} {size}", paint(HEADING, "recovered:"))?;
        if left_out > 0 {
            write!(out, "; {} left out", units::bytes(left_out))?;
        }
        writeln!(out)?;
        if let Some(pool) = &self.pool {
            writeln!(
                out,
                "The pool file can be removed, unless the program still runs: {}",
                plain(pool)
            )?;
        }
        Ok(())
    }
}
