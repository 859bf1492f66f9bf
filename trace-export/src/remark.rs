//! What a target cannot express.

use std::fmt;

use trace_reader::Problem;

use crate::Exported;

/// Something of a trace that a target cannot express, and what was done instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What, in words that begin in lower case: `strings are cut at 1,024 bytes`.
    pub text: &'static str,
    /// How often it was met.
    pub count: u64,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, count } = self;
        write!(f, "{text} ({count} {})", if *count == 1 { "time" } else { "times" })
    }
}

/// So many problems of a trace are kept.
const MOST_PROBLEMS: usize = 10;

/// The remarks on one export, each counted, and what was wrong with the events.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// A target has few, so that a list is searched faster than anything else.
    all: Vec<Remark>,
    problems: Vec<Problem>,
    problem_count: u64,
}

impl Remarks {
    /// Something was met.
    pub(crate) fn met(&mut self, text: &'static str) {
        self.met_times(text, 1);
    }

    /// Something was met so many times.
    pub(crate) fn met_times(&mut self, text: &'static str, count: u64) {
        if count == 0 {
            return;
        }
        match self.all.iter_mut().find(|remark| remark.text == text) {
            Some(remark) => remark.count += count,
            None => self.all.push(Remark { text, count }),
        }
    }

    /// The reader found something wrong with the events.
    #[cold]
    pub(crate) fn problem(&mut self, problem: &Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem.clone());
        }
        self.problem_count += 1;
    }

    /// What is known of an export of so many bytes.
    pub(crate) fn finish(self, bytes: u64) -> Exported {
        let Self { all, problems, problem_count } = self;
        Exported { bytes, remarks: all, problems, problem_count }
    }
}
