//! What a target cannot express.

use std::fmt;

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

/// The remarks on one export, each counted.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// A target has few, so that a list is searched faster than anything else.
    all: Vec<Remark>,
}

impl Remarks {
    /// Something was met.
    #[cold]
    pub(crate) fn met(&mut self, text: &'static str) {
        match self.all.iter_mut().find(|remark| remark.text == text) {
            Some(remark) => remark.count += 1,
            None => self.all.push(Remark { text, count: 1 }),
        }
    }

    pub(crate) fn finish(self) -> Vec<Remark> {
        self.all
    }
}
