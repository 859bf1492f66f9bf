//! A list of problems that cannot grow without bounds.

use crate::Problem;

/// Problems in the order in which they were found. Only the first
/// [`KEPT_LEN`](Self::KEPT_LEN) are kept, so that a hostile file cannot fill the memory; all are
/// counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<Problem>,
    total: u64,
}

impl Problems {
    /// How many problems are kept.
    pub const KEPT_LEN: usize = 10_000;

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.kept.len() < Self::KEPT_LEN {
            self.kept.push(problem);
        }
        self.total += 1;
    }

    /// Counts so many that nobody knows more about.
    pub(crate) fn count(&mut self, count: u64) {
        self.total = self.total.saturating_add(count);
    }

    /// Counts those of `others` that are not kept there. To be called behind a
    /// [push](Self::push) of all that are.
    pub(crate) fn push_uncounted(&mut self, others: &Self) {
        self.total += others.total - others.kept.len() as u64;
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Those that were kept.
    pub fn kept(&self) -> &[Problem] {
        &self.kept
    }

    /// Those that were kept, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.kept.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
